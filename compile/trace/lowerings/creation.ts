// Kernels whose numbers are known while tracing: they become constants of the graph.

import { util } from "@tensorflow/tfjs-core";
import type { DiagInputs, FillAttrs, LinSpaceAttrs, RangeAttrs, UnaryInputs } from "@tensorflow/tfjs-core";
import { untraceableDType } from "../../errors.ts";
import type { Value } from "../../graph/graph.ts";
import type { Builder } from "../../primitives/primitive.ts";
import { sizeOf, typedValues, type DType } from "../../type.ts";
import { dtypeOf, elementOf, fillLike, lowering, type TfjsLowering } from "./lowering.ts";

/** `start, start + step, ...`, each the rounded sum of the one before and the step, as tfjs counts. */
function progression(b: Builder, start: number, step: number, length: number, dtype: DType): Value {
  const exact = Number.isInteger(start) && Number.isInteger(step) && Math.abs(start + step * length) < 2 ** 24;
  if (exact && length > 0) {
    const counted = b.iota([length], 0, dtype);
    const scaled = step === 1 ? counted : b.multiply(counted, fillLike(b, counted, step));
    return start === 0 ? scaled : b.add(scaled, fillLike(b, scaled, start));
  }
  const values = typedValues(dtype, length);
  if (length > 0) values[0] = start;
  for (let i = 1; i < length; i++) values[i] = values[i - 1]! + step;
  return b.constant(values, { shape: [length], dtype });
}

export const creation = {
  Fill: lowering<object, FillAttrs>((b, _inputs, { shape, value, dtype }) => {
    if (typeof value === "string") {
      throw untraceableDType("Fill", "string");
    }
    const filled = dtypeOf("Fill", dtype ?? util.inferDtype(value));
    return b.fill(elementOf(value, filled), shape, filled);
  }),
  OnesLike: lowering<UnaryInputs>((b, { x }) => fillLike(b, x, 1)),
  ZerosLike: lowering<UnaryInputs>((b, { x }) => fillLike(b, x, 0)),

  /** As in tfjs, a step of 1 (the default) counts downwards where `stop` lies below `start`. */
  Range: lowering<object, RangeAttrs>((b, _inputs, { start, stop, step, dtype }) => {
    const empty = start === stop || (start < stop && step < 0) || (stop < start && step > 1);
    const length = empty ? 0 : Math.abs(Math.ceil((stop - start) / step));
    return progression(b, start, stop < start && step === 1 ? -1 : step, length, dtypeOf("Range", dtype));
  }),
  LinSpace: lowering<object, LinSpaceAttrs>((b, _inputs, { start, stop, num }) =>
    progression(b, start, (stop - start) / (num - 1), num, "float32"),
  ),

  /** x of shape s as a matrix of shape [...s, ...s]: x where both indices agree, zero elsewhere. */
  Diag: lowering<DiagInputs>((b, { x }) => {
    const size = sizeOf(x.type.shape);
    const square = [size, size];
    const diagonal = b.compare(b.iota(square, 0), b.iota(square, 1), "EQ");
    const spread = b.broadcastInDim(b.reshape(x, [size]), square, [1]);
    return b.reshape(b.select(diagonal, spread, fillLike(b, spread, 0)), [...x.type.shape, ...x.type.shape]);
  }),
} satisfies Readonly<Record<string, TfjsLowering>>;
