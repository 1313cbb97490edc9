// The meaning of programs: one memory, instructions in turn. Slow and obvious; what emitters are compared with.

import { sizeOf, typedValues, type TensorType, type TypedValues } from "../type.ts";
import { interpretKernel, type TensorTarget } from "./interpretKernel.ts";
import type { TensorView } from "./interpretScalar.ts";
import type { Address, Instruction, Program } from "./program.ts";

export function interpretProgram(program: Program, inputs: readonly TypedValues[]): TypedValues[] {
  const memory = new ArrayBuffer(Math.ceil(program.bytes / 64) * 64);
  const pointers = new Array<number>(program.pointers).fill(0);
  const loops = new Array<number>(program.loops).fill(0);

  const addressOf = ({ base, offset, strides }: Address): number =>
    strides.reduce(
      (sum, { loop, bytes }) => sum + bytes * loops[loop]!,
      offset + ("buffer" in base ? program.buffers[base.buffer]!.start : pointers[base.pointer]!),
    );
  const view = (address: Address, { shape, dtype }: TensorType): TensorTarget & TensorView => {
    const words = dtype === "float32" ? Float32Array : Int32Array;
    // An operand of which only some rows are read may end behind the memory: those beyond are not there.
    const start = addressOf(address);
    return { shape, values: new words(memory, start, Math.min(sizeOf(shape), (memory.byteLength - start) >>> 2)) };
  };
  const run = (instructions: readonly Instruction[]): void => instructions.forEach(step);
  const step = (instruction: Instruction): void => {
    switch (instruction.kind) {
      case "call": {
        const kernel = program.kernels[instruction.kernel]!;
        const views = [...kernel.operands, ...kernel.results].map((type, i) => view(instruction.addresses[i]!, type));
        // A kernel may write over an operand that it reads at the written position only.
        interpretKernel(kernel, views.slice(0, kernel.operands.length), views.slice(kernel.operands.length));
        return;
      }
      case "copy":
        new Uint8Array(memory, addressOf(instruction.to)).set(
          new Uint8Array(memory, addressOf(instruction.from), instruction.bytes),
        );
        return;
      case "point": {
        const targets = instruction.moves.map(({ to }) => addressOf(to));
        instruction.moves.forEach(({ pointer }, i) => (pointers[pointer] = targets[i]!));
        return;
      }
      case "loop": {
        const { count, reverse, limit } = instruction;
        let [from, to] = [0, count];
        if (limit) {
          const n = Math.max(new Int32Array(memory, addressOf(limit.at), 1)[0]!, 0);
          const steps = Math.min(count, Math.ceil(n / limit.per));
          if (limit.side === "below") to = steps;
          else
            [from, to] = [steps, limit.until ? Math.min(count, Math.ceil(steps / limit.until) * limit.until) : count];
        }
        for (let i = from; i < to; i++) {
          loops[instruction.loop] = reverse ? to - 1 - (i - from) : i;
          run(instruction.body);
        }
        return;
      }
      case "parallel": {
        const [first, ...others] = instruction.parts;
        for (const part of others) {
          const before = [...pointers];
          run(part);
          pointers.splice(0, pointers.length, ...before);
        }
        run(first!);
        return;
      }
      case "branch":
        run(new Int32Array(memory, addressOf(instruction.predicate), 1)[0] ? instruction.onTrue : instruction.onFalse);
        return;
      default:
        instruction satisfies never;
    }
  };

  for (const { buffer, values } of program.constants) {
    const words = values instanceof Float32Array ? Float32Array : Int32Array;
    new words(memory, program.buffers[buffer]!.start, values.length).set(values);
  }
  program.inputs.forEach(({ address, type }, i) => {
    const words = type.dtype === "float32" ? Float32Array : Int32Array;
    new words(memory, addressOf(address), sizeOf(type.shape)).set(inputs[i]!);
  });
  run(program.instructions);
  return program.outputs.map(({ address, type }) => {
    const values = typedValues(type.dtype, sizeOf(type.shape));
    for (let i = 0; i < values.length; i++) values[i] = view(address, type).values[i]!;
    return values;
  });
}
