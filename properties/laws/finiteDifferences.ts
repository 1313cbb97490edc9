// Derivatives of random programs against finite differences, by inner products with random vectors.
//
//   T5  ⟨c, J v⟩ by differences is ⟨Jᵀ c, v⟩; and so for the derivative as a program of its own, to any order.

import type { Graph } from "../../compile/graph/graph.ts";
import { sizeOf, type TensorType } from "../../compile/type.ts";
import type { Operand } from "../arbitraries/operand.ts";
import { noise, run, vjpGraph } from "./primitive.ts";

const isFloat = ({ type }: { readonly type: TensorType }): boolean => type.dtype === "float32";

const floatOperand = ({ shape }: TensorType, element: (i: number) => number): Operand => ({
  type: { shape, dtype: "float32" },
  values: Float32Array.from({ length: sizeOf(shape) }, (_, i) => element(i)),
});

function inner(xs: readonly Operand[], ys: readonly Operand[], of = (product: number): number => product): number {
  return xs.reduce(
    (sum, x, i) => sum + Array.from(x.values).reduce((s, value, j) => s + of(value * ys[i]!.values[j]!), 0),
    0,
  );
}

/** T5, for the derivatives of order 1 to `order`. Two steps tell how far a difference may be from the limit. */
export function derivativesAreLimits(graph: Graph, operands: readonly Operand[], order: number, seed: number): void {
  if (order === 0) return;
  const random = noise(seed);
  const results = run(graph, operands).filter(isFloat);
  const cts = results.map(({ type }) => floatOperand(type, random));
  const along = operands.filter(isFloat).map(({ type }) => floatOperand(type, random));
  const at = (by: number): number => {
    let next = 0;
    const moved = operands.map((x) => {
      if (!isFloat(x)) return x;
      const v = along[next++]!;
      return floatOperand(x.type, (j) => x.values[j]! + by * v.values[j]!);
    });
    return inner(run(graph, moved).filter(isFloat), cts);
  };
  const slope = (step: number): number => (at(step) - at(-step)) / (2 * step);
  const step = 1 / 64;
  const [coarse, fine] = [slope(2 * step), slope(step)];
  const limit = (4 * fine - coarse) / 3;

  const derivative = vjpGraph(graph);
  const gradients = run(derivative, [...operands, ...cts]);
  const claimed = inner(gradients, along);
  const size = inner(gradients, along, Math.abs);
  const magnitude = inner(results, cts, Math.abs);
  const tolerance = 5e-3 * size + Math.abs(fine - coarse) + (1e-5 / step) * (magnitude + 0.1);
  if (!(Math.abs(limit - claimed) <= tolerance)) {
    throw new Error(`T5: finite differences give ${limit}, vjp ${claimed} (tolerance ${tolerance})`);
  }
  derivativesAreLimits(derivative, [...operands, ...cts], order - 1, seed + 1);
}
