// Sums whose terms depend on how loop indices compare: what is settled is not computed, and nothing else changes.

import { describe, expect, it } from "vitest";
import {
  axisIndex,
  binary,
  compare,
  number,
  select,
  type Affine,
  type Scalar,
} from "../../../../compile/kernels/scalar.ts";
import type { Direction } from "../../../../compile/graph/graph.ts";
import { Nodes } from "../../../../compile/kernels/nodes.ts";
import type { Kernel } from "../../../../compile/kernels/kernel.ts";
import { interpretProgram } from "../../../../compile/program/interpret.ts";
import { settledAlong } from "../../../../compile/targets/wasm/settled.ts";
import { compileWasm } from "../../../../compile/targets/wasm/wasm.ts";
import { kernelProgram } from "./kernelProgram.ts";

const index = (offset: number, ...coefficients: readonly number[]): Scalar => ({
  kind: "index",
  affine: { offset, coefficients },
  dtype: "int32",
});
const load = (operand: number, ...at: readonly Affine[]): Scalar => ({
  kind: "load",
  operand,
  index: at,
  dtype: "int32",
});
const whole = (n: number): Scalar => number(n, "int32");

/** Axes: result row, result column, term. */
const [rows, terms] = [3, 21];

/** The sum over k of x[r, k] where the comparison holds, for each r and i. */
const triangle = (columns: number, predicate: Scalar): Kernel => ({
  name: "triangle",
  form: {
    form: "reduce",
    shape: [rows, columns],
    reduced: [terms],
    combiner: "add",
    body: select(predicate, load(0, axisIndex(0), axisIndex(2)), binary("multiply", load(1, axisIndex(1)), whole(100))),
  },
  operands: [{ shape: [rows, terms], dtype: "int32" }, { shape: [columns], dtype: "int32" }],
  results: [{ shape: [rows, columns], dtype: "int32" }],
}); // prettier-ignore

const [i, k] = [index(0, 0, 1), index(0, 0, 0, 1)];
const directions: readonly Direction[] = ["LT", "LE", "GT", "GE", "EQ", "NE"];
const predicates: readonly (readonly [string, Scalar])[] = [
  ...directions.map((direction): [string, Scalar] => [`k ${direction} i`, compare(direction, k, i)]),
  ...directions.map((direction): [string, Scalar] => [`i ${direction} k + 3`, compare(direction, i, index(3, 0, 0, 1))]),
  ["20 - k below i", compare("LT", index(terms - 1, 0, 0, -1), i)],
  ["k below 2 i", compare("LT", k, index(0, 0, 2))],
  ["k below r + 5", compare("LT", k, index(5, 1))],
  ["k below 7", compare("LT", k, whole(7))],
  ["k beyond all", compare("GE", k, whole(1000))],
  ["2 k below i", compare("LT", index(0, 0, 0, 2), i)],
  ["k between i and 2 i", binary("and", compare("GE", k, i), compare("LT", k, index(0, 0, 2)))],
  ["k at or below i, in two parts", binary("or", compare("LT", k, i), compare("EQ", i, k))],
]; // prettier-ignore

describe("a sum over a triangle", () => {
  it.each(predicates)("%s", (_, predicate) => {
    for (const columns of [1, 4, 8, 21, 30]) {
      const kernel = triangle(columns, predicate);
      const program = kernelProgram(kernel);
      const inputs = [
        Int32Array.from({ length: rows * terms }, (_, at) => ((at * 37) % 19) - 9),
        Int32Array.from({ length: columns }, (_, at) => at + 1),
      ];
      expect(compileWasm(program).run(inputs), `${columns} columns`).toEqual(interpretProgram(program, inputs));
    }
  });
});

describe("what is settled", () => {
  const lower = (scalar: Scalar) => settledAlong([scalar], 2);

  it("is told on both sides", () => {
    const settled = lower(select(compare("LT", k, i), whole(3), whole(4)));
    const nodes = new Nodes([]);
    expect(settled?.at).toEqual({ offset: 0, coefficients: [0, 1] });
    expect(nodes.intern(settled!.below[0]!)).toMatchObject({ kind: "number", value: 3 });
    expect(nodes.intern(settled!.above[0]!)).toMatchObject({ kind: "number", value: 4 });
  });

  it("is nothing where comparisons change in several places, between indices, or not along the axis", () => {
    expect(lower(binary("and", compare("LT", k, i), compare("LT", k, whole(7))))).toBeNull();
    expect(lower(compare("LT", index(0, 0, 0, 2), i))).toBeNull();
    expect(lower(compare("LT", index(0, 1), i))).toBeNull();
    expect(lower(whole(1))).toBeNull();
  });
});
