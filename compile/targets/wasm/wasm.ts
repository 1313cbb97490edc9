// The WebAssembly target's door: a program becomes a function of typed arrays.

import type { Address, Program } from "../../program/program.ts";
import { eachInstruction } from "../../program/uses.ts";
import { sizeOf, typedValues, type TensorType, type TypedValues } from "../../type.ts";
import { emitProgram, threadsOf } from "./emitProgram.ts";
import { compileModule, compileModuleLater } from "./engine.ts";
import { detectFeatures, type Features } from "./features.ts";
import { alone, arena, firstAddress, readTensor, writeTensor } from "./memory.ts";
import { threadPool } from "./threads.ts";

/** All that it takes to run a program: its module, and where its tensors lie. Plain data. */
export interface Executable {
  /** The module. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Addresses that the program uses end below this. */
  readonly memoryEnd: number;
  /** How many threads its widest section takes; 1 if it has none. */
  readonly threads: number;
  readonly inputs: readonly PlacedTensor[];
  readonly outputs: readonly PlacedTensor[];
  readonly constants: readonly { readonly address: number; readonly values: TypedValues }[];
  /** Whether constants survive a run. */
  readonly keepsConstants: boolean;
  /** Whether each input survives one. */
  readonly keepsInputs: readonly boolean[];
}

export interface PlacedTensor {
  readonly address: number;
  readonly type: TensorType;
}

export interface CompiledProgram {
  /** Copies `inputs` in, runs the program, copies its results out into arrays of their own. A bool tensor is a Uint8Array.
   *  @param identities what has the same identity as at the last run has the same values, and need not be copied again */
  run(inputs: readonly TypedValues[], identities?: readonly object[]): TypedValues[];
  readonly executable: Executable;
}

/** @param hasClock the module tells a clock which kernel runs, on one thread */
function makeExecutable(program: Program, features: Features, hasClock: boolean): Executable {
  const { bytes, memoryEnd, threads } = emitProgram(program, features, hasClock);
  const place = (address: Address): number => {
    if (!("buffer" in address.base)) throw new Error("internal: inputs and outputs live in buffers, please report");
    return firstAddress + program.buffers[address.base.buffer]!.start + address.offset;
  };
  const placed = ({ address, type }: Program["inputs"][number]): PlacedTensor => ({ address: place(address), type });
  return {
    bytes,
    memoryEnd,
    threads: hasClock ? 1 : threads,
    inputs: program.inputs.map(placed),
    outputs: program.outputs.map(placed),
    constants: program.constants.map(({ buffer, values }) => ({
      address: firstAddress + program.buffers[buffer]!.start,
      values,
    })),
    keepsConstants: keepsConstants(program),
    keepsInputs: keptInputs(program),
  };
}

/** Compiles synchronously. Browsers allow that for small modules only, on their main thread: see `loadExecutable`.
 *  @param clock told a kernel's number before each call of it and -1 behind it, in a program that runs on one thread then */
export function compileWasm(
  program: Program,
  features: Features = detectFeatures(),
  clock?: (kernel: number) => void,
): CompiledProgram {
  const threads = clock ? 1 : threadsOf(program);
  if (threads > 1) threadPool(arena().memory).start(threads); // while the code is written
  const executable = makeExecutable(program, features, clock !== undefined);
  arena().ensure(executable.memoryEnd);
  const module = compileModule(executable.bytes);
  return bind(executable, module, new WebAssembly.Instance(module, imports(clock)));
}

/** An executable made earlier, or elsewhere. */
export async function loadExecutable(executable: Executable): Promise<CompiledProgram> {
  arena().ensure(executable.memoryEnd);
  const module = await compileModuleLater(executable.bytes);
  const instance = await WebAssembly.instantiate(module, imports());
  return bind(executable, module, instance);
}

const imports = (clock?: (kernel: number) => void): WebAssembly.Imports => ({
  env: { memory: arena().memory, ...(clock ? { clock } : {}) },
});

/** Programs that nobody can run any more leave the workers, too. */
const forgotten = new FinalizationRegistry((id: number) => threadPool(arena().memory).drop(id));

/** Runs `main` alone or with the help of as many threads as the program takes. */
function runner(
  module: WebAssembly.Module,
  main: (helped: number) => void,
  threads: number,
  owner: object,
): () => void {
  if (threads < 2) return () => main(alone);
  const pool = threadPool(arena().memory);
  const id = pool.load(module, threads);
  forgotten.register(owner, id);
  return () => pool.run(id, threads, main);
}

function bind(executable: Executable, module: WebAssembly.Module, instance: WebAssembly.Instance): CompiledProgram {
  const main = instance.exports.main as (helped: number) => void; // exported by emitProgram, with this type
  const { inputs, outputs, constants, threads } = executable;
  const identity = {};
  let inPlace: readonly (WeakRef<object> | null)[] = [];
  const compiled: CompiledProgram = {
    executable,
    run(values, identities) {
      const memory = arena();
      if (values.length !== inputs.length) {
        throw new Error(`internal: the program takes ${inputs.length} inputs, got ${values.length}, please report`);
      }
      const stayed = memory.owner === identity;
      if (!stayed || !executable.keepsConstants) {
        memory.owner = identity;
        for (const constant of constants) writeTensor(memory, constant.address, constant.values);
      }
      const before = stayed && identities ? inPlace : [];
      inPlace = []; // should this call fail half-way
      inputs.forEach(({ address, type }, i) => {
        const given = values[i]!;
        const size = sizeOf(type.shape);
        if (given.length !== size || given.constructor !== typedValues(type.dtype, 0).constructor) {
          throw new Error(
            `internal: input ${i} is ${given.constructor.name}(${given.length}), expected ${size} elements of ${type.dtype}, please report`,
          );
        }
        const isThere = identities !== undefined && before[i]?.deref() === identities[i];
        if (!isThere) writeTensor(memory, address, given);
      });
      go();
      if (identities) inPlace = executable.keepsInputs.map((kept, i) => (kept ? new WeakRef(identities[i]!) : null));
      return outputs.map(({ address, type }) => readTensor(memory, address, type.dtype, sizeOf(type.shape)));
    },
  };
  // The function is what callers keep.
  const go = runner(module, main, threads, compiled.run);
  return compiled;
}

/** Whether constants survive a run: no other buffer shares their memory, and nothing writes there. */
export function keepsConstants(program: Program): boolean {
  const written = writtenIn(program);
  for (const { address } of program.inputs) for (const buffer of bufferOf(address)) written.add(buffer);
  return program.constants.every(({ buffer }) => isKept(program, buffer, written));
}

function keptInputs(program: Program): readonly boolean[] {
  const written = writtenIn(program);
  return program.inputs.map(({ address }) => bufferOf(address).every((buffer) => isKept(program, buffer, written)));
}

/** The buffers that instructions write. */
function writtenIn({ instructions, kernels }: Program): Set<number> {
  const written = new Set<number>();
  const add = (address: Address): void => bufferOf(address).forEach((buffer) => written.add(buffer));
  eachInstruction(instructions, (instruction) => {
    if (instruction.kind === "call") {
      instruction.addresses.slice(kernels[instruction.kernel]!.operands.length).forEach(add);
    } else if (instruction.kind === "copy") add(instruction.to);
    // Writes through pointers are not followed: what is pointed to counts as written.
    else if (instruction.kind === "point") instruction.moves.forEach(({ to }) => add(to));
  });
  return written;
}

/** Whether a buffer has after a run what it had before. */
function isKept({ buffers }: Program, kept: number, written: ReadonlySet<number>): boolean {
  const { start, bytes } = buffers[kept]!;
  return buffers.every((other, buffer) => {
    const apart = other.start >= start + bytes || other.start + other.bytes <= start;
    return buffer === kept ? !written.has(buffer) : apart;
  });
}

const bufferOf = (address: Address): number[] => ("buffer" in address.base ? [address.base.buffer] : []);
