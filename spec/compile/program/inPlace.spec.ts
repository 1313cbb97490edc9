// Which carries of a loop lie in one place. That numbers stay is a law (properties/targets.property.ts).

import { describe, expect, it } from "vitest";
import { GraphBuilder } from "../../../compile/graph/build.ts";
import type { Graph, Value } from "../../../compile/graph/graph.ts";
import { interpretProgram } from "../../../compile/program/interpret.ts";
import { lowerGraph, lowerWhole } from "../../../compile/program/lower.ts";
import { planBuffers } from "../../../compile/program/planBuffers.ts";
import type { Program } from "../../../compile/program/program.ts";
import { eachInstruction } from "../../../compile/program/uses.ts";
import { compileWasm } from "../../../compile/targets/wasm/wasm.ts";
import type { Builder } from "../../../compile/primitives/primitive.ts";
import { tensorType } from "../../../compile/type.ts";
import { expectNear } from "../targets/wasm/expectNear.ts";

const matrix = tensorType([8, 8]);
type Body = (b: Builder, carries: readonly Value[]) => readonly Value[];

/** A loop whose first `carry` results are its carries. */
function looped(carry: number, step: Body): Graph {
  const b = new GraphBuilder();
  const inputs = Array.from({ length: carry }, () => b.input(matrix));
  const body = b.subgraph(inputs.map(() => matrix), (inner, values) => step(inner, values)); // prettier-ignore
  return b.graph(inputs, b.emit("scan", inputs, { body, constants: 0, carry, length: 3, reverse: false }));
}

/** How many carries have two places that take turns. */
function taking({ instructions }: Program): number {
  let turns = 0;
  eachInstruction(instructions, (instruction) => {
    if (instruction.kind !== "loop") return;
    const last = instruction.body.at(-1);
    const moves = last?.kind === "point" ? last.moves : [];
    const to = new Map(moves.map((move) => [move.pointer, "pointer" in move.to.base ? move.to.base.pointer : -1]));
    for (const [pointer, next] of to) if (to.get(next) === pointer && pointer < next) turns++;
  });
  return turns;
}

function twoPlaces(graph: Graph): number {
  const program = lowerGraph(graph);
  const inputs = program.inputs.map((_, k) => Float32Array.from({ length: 64 }, (_, i) => Math.sin(7.1 * i + k)));
  const expected = interpretProgram(planBuffers(lowerWhole(graph)), inputs);
  expect(interpretProgram(program, inputs)).toEqual(expected);
  compileWasm(program)
    .run(inputs)
    .forEach((values, i) => expectNear(values, expected[i]!, 1e-5));
  return taking(program);
}

describe("a carry", () => {
  it("that each element follows from itself lies in one place", () => {
    expect(twoPlaces(looped(1, (b, [x]) => [b.add(b.multiply(x!, x!), b.fill(0.25, [8, 8]))]))).toBe(0);
  });

  it("that is read elsewhere than it is written has two", () => {
    expect(twoPlaces(looped(1, (b, [x]) => [b.add(b.reverse(x!, [1]), x!)]))).toBe(1);
    expect(twoPlaces(looped(1, (b, [x]) => [b.add(b.transpose(x!, [1, 0]), x!)]))).toBe(1);
  });

  it("that is read before it is written, by something else, lies in one place", () => {
    const sums = looped(2, (b, [x, y]) => {
      const total = b.broadcastInDim(b.sum(y!, [0]), [8, 8], [1]);
      return [b.add(x!, total), b.multiply(y!, b.multiply(total, b.fill(0.01, [8, 8])))];
    });
    expect(twoPlaces(sums)).toBe(0);
  });

  it("whose old value is the next one of another has two", () => {
    expect(twoPlaces(looped(2, (b, [x]) => [b.add(x!, b.fill(1, [8, 8])), x!]))).toBeGreaterThan(0);
  });
});
