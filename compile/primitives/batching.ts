// What batching rules share. The batch axis is always in front, of operands and of results.

import type { Value } from "../graph/graph.ts";
import { withBatchAxis, type Builder } from "./primitive.ts";

/** Every operand with the batch axis, whether it carried one or not. */
export const allInFront = (b: Builder, inputs: readonly Value[], batched: readonly boolean[], size: number): Value[] =>
  inputs.map((x, i) => (batched[i] ? x : withBatchAxis(b, x, size)));

/** Axes of an operand once a batch axis stands before them. */
export const shifted = (axes: readonly number[]): number[] => axes.map((d) => d + 1);

/** 0, …, n-1. */
export const axesUpTo = (n: number): number[] => Array.from({ length: n }, (_, d) => d);
