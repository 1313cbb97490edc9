// The meaning of primitives where libraries differ: NaN, infinities, integers at their ends, indices out of range.

import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { beforeAll, describe, expect, test } from "vitest";
import type { Attrs, Op } from "../../../compile/graph/graph.ts";
import { primitives } from "../../../compile/primitives/index.ts";
import type { DType } from "../../../compile/type.ts";
import { operandOf, type Operand } from "../../../properties/arbitraries/operand.ts";
import { graphOfEquation, run } from "../../../properties/laws/primitive.ts";

beforeAll(async () => {
  await tf.setBackend("cpu");
});

const [least, most] = [-2147483648, 2147483647];
const vector = (elements: readonly number[], dtype: DType = "float32"): Operand =>
  operandOf([elements.length], dtype, elements);
const ints = (...elements: number[]): Operand => vector(elements, "int32");

function results<K extends Op>(op: K, attrs: Attrs[K], ...operands: Operand[]): number[][] {
  return run(graphOfEquation(op, attrs, operands), operands).map(({ values }) => Array.from(values));
}
const result = <K extends Op>(op: K, attrs: Attrs[K], ...operands: Operand[]): number[] =>
  results(op, attrs, ...operands)[0]!;

describe("convert", () => {
  test("float32 to int32: towards zero, saturating, NaN is 0", () => {
    const x = vector([1.9, -1.9, 3e9, -3e9, Infinity, -Infinity, NaN, 2147483520]);
    expect(result("convert", { dtype: "int32" }, x)).toEqual([1, -1, most, least, most, least, 0, 2147483520]);
  });
  test("to bool: what is not 0, NaN too", () => {
    expect(result("convert", { dtype: "bool" }, vector([0, -0, 0.5, NaN, -3]))).toEqual([0, 0, 1, 1, 1]);
    expect(result("convert", { dtype: "bool" }, ints(0, 256, -1))).toEqual([0, 1, 1]);
  });
  test("from bool", () => {
    expect(result("convert", { dtype: "float32" }, vector([0, 1], "bool"))).toEqual([0, 1]);
  });
  test("bits", () => {
    expect(result("bitcast_convert", { dtype: "int32" }, vector([1, -0]))).toEqual([0x3f800000, least]);
    expect(result("bitcast_convert", { dtype: "float32" }, ints(0x40490fdb))).toEqual([Math.fround(Math.PI)]);
  });
  test("halves: the low 16 bits, whatever is above; subnormals, infinities, NaN", () => {
    expect(result("half_to_float", {}, ints(0x3c00, -0x10000 | 0xc000, 0x0001, 0x83ff, 0x7bff))).toEqual([1, -2, 2 ** -24, -1023 * 2 ** -24, 65504]); // prettier-ignore
    expect(result("half_to_float", {}, ints(0x8000, 0x7c00, 0xfc00, 0x7e01))).toEqual([-0, Infinity, -Infinity, NaN]);
  });
});

describe("int32 arithmetic wraps around", () => {
  test.each([
    ["add", [most, 1], least],
    ["subtract", [least, 1], most],
    ["multiply", [123456789, 987654321], Math.imul(123456789, 987654321)],
    ["divide", [-7, 2], -3],
    ["divide", [7, 0], 0],
    ["divide", [least, -1], least],
    ["remainder", [-7, 3], -1],
    ["remainder", [7, 0], 0],
    ["maximum", [16777217, 16777216], 16777217],
    ["and", [12, 10], 8],
    ["or", [12, 10], 14],
    ["xor", [12, 10], 6],
    ["shift_left", [1, 31], least],
    ["shift_right_logical", [-1, 28], 15],
  ] as const)("%s%j = %i", (op, [x, y], expected) => {
    expect(result(op, {}, ints(x), ints(y))).toEqual([expected]);
  });
  test("negate, abs, not", () => {
    expect(result("negate", {}, ints(least, 5))).toEqual([least, -5]);
    expect(result("abs", {}, ints(least, -16777217))).toEqual([least, 16777217]);
    expect(result("not", {}, ints(0, 5))).toEqual([-1, -6]);
    expect(result("not", {}, vector([0, 1], "bool"))).toEqual([1, 0]);
  });
  test("sums, products, inner products", () => {
    expect(result("reduce", { combiner: "add", dimensions: [0] }, ints(most, 1))).toEqual([least]);
    expect(result("reduce", { combiner: "multiply", dimensions: [0] }, ints(65537, 65537))).toEqual([131073]);
    expect(
      result(
        "cumulative",
        { combiner: "multiply", dimension: 0, exclusive: false, reverse: false },
        ints(65537, 65537),
      ),
    ).toEqual([65537, 131073]);
    const dot = { lhsBatchingDimensions: [], rhsBatchingDimensions: [], lhsContractingDimensions: [0], rhsContractingDimensions: [0] }; // prettier-ignore
    expect(result("dot_general", dot, ints(123456789, 1), ints(987654321, 1))).toEqual([(Math.imul(123456789, 987654321) + 1) | 0]); // prettier-ignore
  });
});

describe("float32", () => {
  test("sign keeps NaN", () => {
    expect(result("sign", {}, vector([-3, 0, 2, NaN]))).toEqual([-1, 0, 1, NaN]);
  });
  test("round to nearest, ties to even", () => {
    expect(result("round_nearest_even", {}, vector([0.5, 1.5, 2.5, -1.5, -2.5]))).toEqual([0, 2, 2, -2, -2]);
  });
  test("remainder has the dividend's sign", () => {
    expect(result("remainder", {}, vector([5.5, -5.5, 5.5]), vector([2, 2, -2]))).toEqual([1.5, -1.5, 1.5]);
  });
  test("maximum and minimum pass NaN on", () => {
    expect(result("maximum", {}, vector([NaN, 1]), vector([1, NaN]))).toEqual([NaN, NaN]);
    expect(result("reduce", { combiner: "minimum", dimensions: [0] }, vector([1, NaN, 2]))).toEqual([NaN]);
  });
  test("comparisons with NaN are false but NE", () => {
    const [x, y] = [vector([NaN]), vector([NaN])];
    const of = (direction: Attrs["compare"]["direction"]): number[] => result("compare", { direction }, x, y);
    expect((["EQ", "GE", "GT", "LE", "LT", "NE"] as const).flatMap(of)).toEqual([0, 0, 0, 0, 0, 1]);
  });
  test("powers of one", () => {
    expect(result("power", {}, vector([1, 1, -1, 0, 0]), vector([NaN, Infinity, -Infinity, 0, -1]))).toEqual(
      [1, 1, 1, 1, Infinity], // prettier-ignore
    );
  });
  test("erf has its digits near 0 too", () => {
    const [small, one, large] = result("erf", {}, vector([1e-5, 1, 5]));
    expect(Math.abs(small! / 1.1283791670579e-5 - 1)).toBeLessThan(2e-7);
    expect(one).toBeCloseTo(0.8427007929497149, 7);
    expect(large).toBe(1);
  });
});

describe("order", () => {
  test("sort is stable, NaN last whichever way", () => {
    const x = vector([2, NaN, -0, 0, 2, -Infinity]);
    expect(results("sort", { descending: false }, x)).toEqual([[-Infinity, -0, 0, 2, 2, NaN], [5, 2, 3, 0, 4, 1]]); // prettier-ignore
    expect(results("sort", { descending: true }, x)).toEqual([[2, 2, -0, 0, -Infinity, NaN], [0, 4, 2, 3, 5, 1]]); // prettier-ignore
  });
  test("cumulative, all four ways", () => {
    const of = (exclusive: boolean, reverse: boolean): number[] =>
      result("cumulative", { combiner: "add", dimension: 0, exclusive, reverse }, vector([1, 2, 3]));
    expect([of(false, false), of(true, false), of(false, true), of(true, true)]).toEqual(
      [[1, 3, 6], [0, 1, 3], [6, 5, 3], [5, 3, 0]], // prettier-ignore
    );
  });
});

describe("indexing", () => {
  const single = { offsetDims: [], collapsedSliceDims: [0], operandBatchingDims: [], startIndicesBatchingDims: [], startIndexMap: [0], sliceSizes: [1] }; // prettier-ignore
  const at = (...indices: number[]): Operand => operandOf([indices.length, 1], "int32", indices);

  test("gather clamps", () => {
    expect(result("gather", single, vector([1, 2, 3]), at(-4, 0, 2, 7))).toEqual([1, 1, 3, 3]);
  });
  test("scatter drops what is out of range; set keeps the last", () => {
    const [x, indices, updates] = [vector([1, 2, 3]), at(-1, 1, 1, 3), vector([10, 20, 30, 40])];
    expect(result("scatter", { ...single, combiner: "add" }, x, indices, updates)).toEqual([1, 52, 3]);
    expect(result("scatter", { ...single, combiner: "set" }, x, indices, updates)).toEqual([1, 30, 3]);
  });
  test("a window partly outside is dropped whole", () => {
    const wide = { ...single, offsetDims: [1], collapsedSliceDims: [], sliceSizes: [2], combiner: "add" } as const;
    const updates = operandOf([2, 2], "float32", [1, 2, 3, 4]);
    expect(result("scatter", wide, vector([0, 0, 0]), at(1, 2), updates)).toEqual([0, 1, 2]);
  });
  test("dynamic_slice and dynamic_update_slice clamp", () => {
    const start = operandOf([], "int32", [9]);
    expect(result("dynamic_slice", { sliceSizes: [2] }, vector([1, 2, 3]), start)).toEqual([2, 3]);
    expect(result("dynamic_update_slice", {}, vector([1, 2, 3]), vector([8, 9]), start)).toEqual([1, 8, 9]);
  });
});

describe("what does not fit is named", () => {
  const f = (...shape: number[]) => ({ shape, dtype: "float32" }) as const;
  const i = (...shape: number[]) => ({ shape, dtype: "int32" }) as const;
  const contract = (lhs: number[], rhs: number[]) => ({ lhsBatchingDimensions: [], rhsBatchingDimensions: [], lhsContractingDimensions: lhs, rhsContractingDimensions: rhs }); // prettier-ignore

  test.each([
    [() => primitives.add.infer([f(2)], {}), "add: expected 2 operands (x, y), got 1."],
    [() => primitives.add.infer([f(2), f(3)], {}), "add: operands must have one type, got f32[2] and f32[3]."],
    [
      () => primitives.exponential.infer([i(2)], {}),
      "exponential: x must be float32, got i32[2]. Convert it first (tf.cast, or b.convert in a rule).",
    ],
    [
      () => primitives.reduce.infer([f(2, 3)], { combiner: "add", dimensions: [2] }),
      "reduce: dimensions must be distinct axes in 0..1, got [2] for an operand f32[2,3].",
    ],
    [
      () => primitives.reduce.infer([f(2)], { combiner: "and", dimensions: [0] }),
      "reduce by and: x must be bool, got f32[2]. Convert it first (tf.cast, or b.convert in a rule).",
    ],
    [
      () => primitives.reshape.infer([f(2, 3)], { shape: [4] }),
      "reshape: shape must be a shape of 6 elements, got [4], of 4, for an operand f32[2,3].",
    ],
    [
      () => primitives.transpose.infer([f(2, 3)], { permutation: [0] }),
      "transpose: permutation must be a permutation of 2 axes, got [0] for an operand f32[2,3].",
    ],
    [
      () => primitives.broadcast_in_dim.infer([f(2)], { shape: [3, 3], broadcastDimensions: [1] }),
      "broadcast_in_dim: x must have shape [1 or 3], got f32[2].",
    ],
    [
      () => primitives.slice.infer([f(2)], { start: [0], limit: [3], strides: [1] }),
      "slice: start and limit must be 0 <= start <= limit <= size, got start [0], limit [3] for an operand f32[2].",
    ],
    [
      () => primitives.dot_general.infer([f(2, 3), f(2, 3)], contract([1], [0])),
      "dot_general: lhsContractingDimensions and rhsContractingDimensions must be pairs of axes of one size, got [1] and [0] for operands f32[2,3] and f32[2,3].",
    ],
    [
      () => primitives.concatenate.infer([f(2, 3), f(2, 4)], { dimension: 0 }),
      "concatenate: operand 1 must have shape [any,3] like operand 0, got f32[2,4].",
    ],
    [
      () => primitives.dynamic_slice.infer([f(2, 3), i()], { sliceSizes: [1, 1] }),
      "dynamic_slice: expected 2 starts, one an axis of the operand, got 1.",
    ],
    [
      () => primitives.select.infer([f(2), f(2), f(2)], {}),
      "select: predicate must be bool, got f32[2]. Convert it first (tf.cast, or b.convert in a rule).",
    ],
  ])("%#", (infer, message) => {
    expect(infer).toThrow(expect.objectContaining({ message }));
  });
});
