// Kernels that add up elements by the number of a segment or bin. Negative numbers, and those beyond the last, count
// nowhere (tfjs's CPU backend throws at a negative bin).

import type {
  BincountAttrs,
  BincountInputs,
  DenseBincountAttrs,
  DenseBincountInputs,
  UnsortedSegmentSumAttrs,
  UnsortedSegmentSumInputs,
} from "@tensorflow/tfjs-core";
import type { Value } from "../../graph/graph.ts";
import type { Builder } from "../../primitives/primitive.ts";
import { sizeOf } from "../../type.ts";
import { axes, lowering, rankOf, type TfjsLowering } from "./lowering.ts";

/** Sums over the first axis of `x` into `segments` rows. Further axes of `ids` belong to the next axes of `x`. */
function segmentSum(b: Builder, x: Value, ids: Value, segments: number): Value {
  const [, ...rest] = x.type.shape;
  const batch = rankOf(ids) - 1;
  const zeros = b.zeros({ shape: [segments, ...rest], dtype: x.type.dtype });
  return b.scatter(zeros, b.reshape(ids, [...ids.type.shape, 1]), x, {
    combiner: "add",
    offsetDims: axes(rest.length - batch, 1 + batch),
    collapsedSliceDims: [0],
    operandBatchingDims: axes(batch, 1),
    startIndicesBatchingDims: axes(batch, 1),
    startIndexMap: [0],
    sliceSizes: [1, ...rest.map((size, axis) => (axis < batch ? 1 : size))],
  });
}

/** How often each of `0 .. size - 1` occurs in a row of `x`, each occurrence with its weight if there are any. */
function bincount(b: Builder, x: Value, weights: Value, size: number, binary: boolean): Value {
  const { dtype } = weights.type;
  const number = dtype === "bool" ? "int32" : dtype;
  const weighted = !binary && sizeOf(weights.type.shape) > 0;
  const counts = weighted ? b.convert(b.reshape(weights, x.type.shape), number) : b.fill(1, x.type.shape, number);
  const rows = rankOf(x) === 2;
  // Rows in the second axis: each sums into its own bins.
  const turn = (value: Value): Value => (rows ? b.transpose(value, [1, 0]) : value);
  const sums = turn(segmentSum(b, turn(counts), turn(x), size));
  const bins = binary ? b.minimum(sums, b.fill(1, sums.type.shape, number)) : sums;
  return b.convert(bins, dtype);
}

export const segments = {
  /** float32 whatever the operand is, as on tfjs's CPU backend. */
  UnsortedSegmentSum: lowering<UnsortedSegmentSumInputs, UnsortedSegmentSumAttrs>(
    (b, { x, segmentIds }, { numSegments }) => segmentSum(b, b.convert(x, "float32"), segmentIds, numSegments),
  ),
  Bincount: lowering<BincountInputs, BincountAttrs>((b, { x, weights }, { size }) =>
    bincount(b, x, weights, size, false),
  ),
  /** `binaryOutput` says of each row what occurs in it; of a vector tfjs counts all the same. */
  DenseBincount: lowering<DenseBincountInputs, DenseBincountAttrs>((b, { x, weights }, { size, binaryOutput }) =>
    bincount(b, x, weights, size, binaryOutput === true && rankOf(x) === 2),
  ),
} satisfies Readonly<Record<string, TfjsLowering>>;
