// Laws of programs and targets, as functions of a graph and operands; they throw where the law is broken.
//
//   M1  The program of a graph means what the graph does (interpretProgram), with and without the passes.
//   M2  The WebAssembly module computes what the program means, with and without fused multiply-add, for registers of both
//       widths, with and without sweeps, packed weights and matrices in blocks.
//   M4  Blocks of rows, parts for threads and sweeps change nothing, to the bit, however small they are made; nor does the number
//       of threads where weights are packed and matrices go in blocks.
//   M3  A run leaves nothing behind: the same operands give the same results after a run on others.
//   M5  A program saved as bytes and loaded computes the same bits.

import * as tf from "@tensorflow/tfjs-core";
import { load } from "../../compile/index.ts";
import type { Graph } from "../../compile/graph/graph.ts";
import { passes } from "../../compile/passes/index.ts";
import { interpretProgram } from "../../compile/program/interpret.ts";
import { lowerGraph } from "../../compile/program/lower.ts";
import type { Instruction, Program } from "../../compile/program/program.ts";
import { inlineCalls } from "../../compile/passes/inlineCalls.ts";
import { detectFeatures } from "../../compile/targets/wasm/features.ts";
import { shareAlways } from "../../compile/targets/wasm/memory.ts";
import { lowerForWasm } from "../../compile/targets/wasm/lower.ts";
import { saveProgram } from "../../compile/targets/wasm/saved.ts";
import { compileWasm } from "../../compile/targets/wasm/wasm.ts";
import type { TypedValues } from "../../compile/type.ts";
import type { Operand } from "../arbitraries/operand.ts";
import { passed, withGraph } from "./pass.ts";
import { expectClose } from "./expectClose.ts";
import { run } from "./primitive.ts";

const typed = (program: Program, values: readonly TypedValues[]): Operand[] =>
  values.map((v, i) => ({ type: program.outputs[i]!.type, values: v }));

const optimised = (graph: Graph): Graph => passes.reduce((g, pass) => passed(pass, g), graph);

/** M1 */
export function programsAgree(graph: Graph, operands: readonly Operand[], tolerance: number): void {
  const expected = run(graph, operands);
  const inputs = operands.map(({ values }) => values);
  for (const [name, lowered] of [
    ["unoptimised", inlineCalls(graph)],
    ["optimised", optimised(graph)],
  ] as const) {
    const program = lowerGraph(lowered);
    withGraph(lowered, () =>
      expectClose(`M1: ${name}`, typed(program, interpretProgram(program, inputs)), expected, tolerance),
    );
  }
}

/** M4, by the program's own meaning: threads one after the other, in either order. */
export function sectionsChangeNothing(graph: Graph, operands: readonly Operand[]): void {
  const inputs = operands.map(({ values }) => values);
  for (const lowered of [inlineCalls(graph), optimised(graph)]) {
    const whole = lowerGraph(lowered);
    const expected = typed(whole, interpretProgram(whole, inputs));
    for (const threads of [1, 2, 3]) {
      for (const blockBytes of [16, 64]) {
        const small = { leastWork: 0, leastBytes: 0, sharedBytes: 1024, blockBytes };
        const never = { leastBytes: Infinity, leastSteps: Infinity, columnBytes: Infinity };
        for (const [name, program] of [
          ["kernels apart", lowerGraph(lowered, threads, small)],
          ["sweeps", lowerForWasm(lowered, threads, { program: small, sweepPoints: 1, packing: never })],
        ] as const) {
          withGraph(
            lowered,
            () =>
            expectClose(`M4: ${name}, ${threads} threads`, typed(program, interpretProgram(program, inputs)), expected, 0), // prettier-ignore
          );
          const module = compileWasm({ ...program, instructions: program.instructions.map(backwards) });
          withGraph(lowered, () =>
            expectClose(
              `M4: wasm, ${name}, ${threads} threads`,
              typed(program, module.run(inputs)),
              typed(whole, compileWasm(whole).run(inputs)),
              0,
            ),
          );
        }
      }
    }
  }
}

/** Everything that is for large programs only, in small ones. */
const everything = {
  sweepPoints: 1,
  packing: { leastBytes: 0, leastSteps: 1, columnBytes: 1 },
  splitting: { leastElements: 1, blocks: 2 },
};

/** M4, of what a program for threads has and one for rows has not. */
export function threadsChangeNothing(graph: Graph, operands: readonly Operand[]): void {
  const inputs = operands.map(({ values }) => values);
  const small = { leastWork: 0, leastBytes: 0, sharedBytes: 1024, blockBytes: 64 };
  const lowered = optimised(graph);
  shareAlways();
  for (const wide of [false, true]) {
    const results = [1, 2, 3].map((threads) => {
      const program = lowerForWasm(lowered, threads, {
        ...everything,
        program: small,
        registers: { fused: wide, wide, loadsFirst: !wide },
      });
      const module = compileWasm(
        { ...program, instructions: program.instructions.map(backwards) },
        { ...detectFeatures(), wide },
      );
      return typed(program, module.run(inputs));
    });
    withGraph(lowered, () => {
      for (const others of results.slice(1)) expectClose("M4: number of threads", others, results[0]!, 0);
    });
  }
}

/** Parts of a section in the other order: they must not depend on each other. */
function backwards(instruction: Instruction): Instruction {
  switch (instruction.kind) {
    case "parallel":
      return { ...instruction, parts: [...instruction.parts].reverse() };
    case "loop":
      return { ...instruction, body: instruction.body.map(backwards) };
    case "branch":
      return { ...instruction, onTrue: instruction.onTrue.map(backwards), onFalse: instruction.onFalse.map(backwards) };
    default:
      return instruction;
  }
}

/** M5 */
export async function savedAgrees(graph: Graph, operands: readonly Operand[]): Promise<void> {
  const program = lowerGraph(optimised(graph));
  const { run: runHere, executable } = compileWasm(program);
  const leaf = { kind: "leaf" } as const;
  const bytes = saveProgram(executable, {
    name: "saved",
    arguments: operands.map(() => leaf),
    types: operands.map(({ type }) => type),
    result: { kind: "list", items: graph.outputs.map(() => leaf) },
  });
  const loaded = await load<tf.Tensor[], readonly tf.Tensor[]>(bytes);
  const expected = typed(program, runHere(operands.map(({ values }) => values)));
  const got: TypedValues[] = [];
  tf.tidy(() => {
    const results = loaded(
      ...operands.map(({ type, values }) => tf.tensor(values.slice(), [...type.shape], type.dtype)),
    );
    for (const x of results) got.push(x.dataSync<"float32" | "int32" | "bool">().slice());
  });
  expectClose("M5", typed(program, got), expected, 0);
}

/** M2, M3 */
export function wasmAgrees(graph: Graph, operands: readonly Operand[], tolerance: number): void {
  const expected = run(graph, operands);
  const inputs = operands.map(({ values }) => values);
  const others = inputs.map((values) => values.slice().reverse());
  for (const [name, lowered] of [
    ["unoptimised", inlineCalls(graph)],
    ["optimised", optimised(graph)],
  ] as const) {
    const features = detectFeatures();
    const whole = (wide: boolean): Program =>
      lowerForWasm(lowered, 1, { ...everything, registers: { fused: wide, wide, loadsFirst: !wide } });
    for (const [program, relaxedMadd, wide] of [
      [lowerGraph(lowered), false, false],
      [whole(false), false, false],
      [whole(true), false, true],
      ...(features.relaxedMadd ? [[whole(false), true, false] as const, [whole(true), true, true] as const] : []),
    ] as const) {
      const module = compileWasm(program, { ...features, relaxedMadd, wide });
      withGraph(lowered, () => {
        const first = module.run(inputs);
        expectClose(`M2: ${name}`, typed(program, first), expected, tolerance);
        module.run(others);
        expectClose(`M3: ${name}`, typed(program, module.run(inputs)), typed(program, first), 0);
      });
    }
  }
}
