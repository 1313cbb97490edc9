// Derivatives where finite differences cannot go: ties, zeros, ends of the domain. JAX's choices.

import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { beforeAll, describe, expect, test } from "vitest";
import type { Attrs, Graph, Op } from "../../../compile/graph/graph.ts";
import { operandOf, type Operand } from "../../../properties/arbitraries/operand.ts";
import { graphOfEquation, run, vjpGraph } from "../../../properties/laws/primitive.ts";

beforeAll(async () => {
  await tf.setBackend("cpu");
});

const vector = (...elements: number[]): Operand => operandOf([elements.length], "float32", elements);
const scalar = (x: number): Operand => operandOf([], "float32", [x]);
const values = (operands: readonly Operand[]): number[][] => operands.map((x) => Array.from(x.values, (v) => v + 0));

/** Cotangents of the float32 operands. */
function pulled<K extends Op>(op: K, attrs: Attrs[K], operands: readonly Operand[], ct: Operand): number[][] {
  return values(run(vjpGraph(graphOfEquation(op, attrs, operands)), [...operands, ct]));
}

/** The full second derivative of a scalar function of one vector. */
function hessian(graph: Graph, x: Operand): number[][] {
  const second = vjpGraph(vjpGraph(graph));
  return Array.from(x.values, (_, i) => {
    const direction = { ...x, values: x.values.map((_value, j) => (i === j ? 1 : 0)) };
    return values(run(second, [x, scalar(1), direction]))[0]!;
  });
}

describe("elementwise", () => {
  test("abs is flat at 0", () => {
    expect(pulled("abs", {}, [vector(-2, 0, 3)], vector(1, 1, 1))).toEqual([[-1, 0, 1]]);
  });

  test("sqrt is infinitely steep at 0", () => {
    expect(pulled("sqrt", {}, [vector(0, 4)], vector(1, 1))).toEqual([[Infinity, 0.25]]);
  });

  test("maximum and minimum share ties", () => {
    const operands = [vector(1, 2, 3), vector(2, 2, 2)];
    expect(pulled("maximum", {}, operands, vector(4, 4, 4))).toEqual([
      [0, 2, 4],
      [4, 2, 0],
    ]);
    expect(pulled("minimum", {}, operands, vector(4, 4, 4))).toEqual([
      [4, 2, 0],
      [0, 2, 4],
    ]);
  });

  test("power at base 0 and at exponent 0", () => {
    const operands = [vector(0, 0, 0, 0, 2, -2), vector(0, 1, 2, 3, 0, 2)];
    const [dx, dy] = pulled("power", {}, operands, vector(1, 1, 1, 1, 1, 1));
    expect(dx).toEqual([0, 1, 0, 0, 0, -4]);
    expect(dy!.slice(0, 4)).toEqual([0, 0, 0, 0]);
    expect(dy![4]).toBeCloseTo(Math.log(2), 6);
    expect(dy![5]).toBe(0);
    const square = graphOfEquation("power", {}, [vector(0), vector(2)]);
    const second = vjpGraph(vjpGraph(square));
    // Second derivative of x² at 0: the cotangent of x for a unit cotangent of dx.
    expect(values(run(second, [vector(0), vector(2), vector(1), vector(1), vector(0)]))[0]).toEqual([2]);
  });

  test("divide", () => {
    expect(pulled("divide", {}, [vector(1, 0), vector(2, 4)], vector(1, 1))).toEqual([
      [0.5, 0.25],
      [-0.25, 0],
    ]);
  });
});

describe("reduce", () => {
  test("maximum shares among all that reach it", () => {
    const attrs = { combiner: "maximum", dimensions: [0] } as const;
    expect(pulled("reduce", attrs, [vector(3, 1, 3, 3)], scalar(6))).toEqual([[2, 0, 2, 2]]);
    expect(pulled("reduce", { ...attrs, combiner: "minimum" }, [vector(3, 1, 3, 1)], scalar(6))).toEqual([
      [0, 3, 0, 3],
    ]);
  });

  test.each([
    [
      [2, 3, 4],
      [12, 8, 6],
    ],
    [
      [0, 3, 4],
      [12, 0, 0],
    ],
    [
      [0, 3, 0],
      [0, 0, 0],
    ],
  ])("product of %j", (x, expected) => {
    expect(pulled("reduce", { combiner: "multiply", dimensions: [0] }, [vector(...x)], scalar(1))).toEqual([expected]);
  });

  test("second derivative of a product with two zeros", () => {
    const x = vector(0, 2, 0, 3);
    const product = graphOfEquation("reduce", { combiner: "multiply", dimensions: [0] }, [x]);
    expect(hessian(product, x)).toEqual([
      [0, 0, 6, 0],
      [0, 0, 0, 0],
      [6, 0, 0, 0],
      [0, 0, 0, 0],
    ]);
  });
});

describe("cumulative product", () => {
  const attrs = { combiner: "multiply", dimension: 0, exclusive: false, reverse: false } as const;

  /** Σ ct[k] · ∂y[k]/∂x[i], each product written out. */
  function byHand(x: readonly number[], ct: readonly number[], exclusive: boolean, reverse: boolean): number[] {
    return x.map((_, i) =>
      ct.reduce((sum, c, k) => {
        const inside = (j: number): boolean => (reverse ? (exclusive ? j > k : j >= k) : exclusive ? j < k : j <= k);
        if (!inside(i)) return sum;
        return sum + c * x.reduce((product, factor, j) => (inside(j) && j !== i ? product * factor : product), 1);
      }, 0),
    );
  }

  const inputs = [[2, 3, 4, 5, 6], [2, 0, 4, 5, 6], [2, 0, 4, 0, 6], [0, 0, 0, 0, 0], [0, 3, 4, 5, 0]]; // prettier-ignore
  const cases = inputs.flatMap((x) =>
    [false, true].flatMap((exclusive) => [false, true].map((reverse) => [x, exclusive, reverse] as const)),
  );
  test.each(cases)("of %j, exclusive %s, reverse %s", (x, exclusive, reverse) => {
    const ct = [1, -2, 3, 4, -5];
    expect(pulled("cumulative", { ...attrs, exclusive, reverse }, [vector(...x)], vector(...ct))).toEqual([
      byHand(x, ct, exclusive, reverse).map((v) => v + 0),
    ]);
  });
});

describe("indexing", () => {
  const rows = { offsetDims: [], collapsedSliceDims: [0], operandBatchingDims: [], startIndicesBatchingDims: [], startIndexMap: [0], sliceSizes: [1] }; // prettier-ignore
  const at = (...indices: number[]): Operand => operandOf([indices.length, 1], "int32", indices);

  test("gather: a clamped start takes its cotangent where it read", () => {
    expect(pulled("gather", rows, [vector(1, 2, 3), at(-5, 1, 1, 9)], vector(1, 2, 3, 4))).toEqual([[1, 5, 4]]);
  });

  test("scatter by add: a dropped update has no derivative", () => {
    const operands = [vector(1, 2, 3), at(-1, 1, 1, 3), vector(1, 1, 1, 1)];
    expect(pulled("scatter", { ...rows, combiner: "add" }, operands, vector(5, 6, 7))).toEqual([
      [5, 6, 7],
      [0, 6, 6, 0],
    ]);
  });

  test("scatter by set: only the last of repeated updates has one", () => {
    const operands = [vector(1, 2, 3), at(1, 2, 1, 9), vector(1, 1, 1, 1)];
    expect(pulled("scatter", { ...rows, combiner: "set" }, operands, vector(5, 6, 7))).toEqual([
      [5, 0, 0],
      [0, 7, 6, 0],
    ]);
  });

  test("sort: equal values keep their places", () => {
    expect(pulled("sort", { descending: true }, [vector(1, 2, 1, 3)], vector(1, 2, 3, 4))).toEqual([[3, 2, 4, 1]]);
  });
});
