// A window of the operand at starts known at run time, clamped so that it lies inside. StableHLO `dynamic_slice`.

import * as tf from "@tensorflow/tfjs-core";
import { wrongAttribute, wrongOperandCount } from "../errors.ts";
import type { Attrs, Value } from "../graph/graph.ts";
import { axisIndex, binary, constantIndex, index, load, number, type Affine, type Scalar } from "../kernels/scalar.ts";
import type { Shape, TensorType } from "../type.ts";
import { axesUpTo, shifted } from "./batching.ts";
import { elementsOf } from "./host.ts";
import { checkDType, checkPerAxis, checkShape } from "./operands.ts";
import { simpleVjp, withBatchAxis, type Builder, type Primitive } from "./primitive.ts";

/** One int32 scalar an axis of the operand. */
export function checkStarts(op: string, operand: TensorType, starts: readonly TensorType[]): void {
  const rank = operand.shape.length;
  if (starts.length !== rank) throw wrongOperandCount(op, `${rank} starts, one an axis of the operand`, starts.length);
  starts.forEach((start, d) => {
    checkDType(op, `start ${d}`, start, ["int32"]);
    checkShape(op, `start ${d}`, start, []);
  });
}

/** Start `d`, the operand number `first + d` of the loop, moved into 0..last; a constant where there is no choice. */
export const startScalar = (first: number, d: number, last: number): Scalar | null =>
  last === 0
    ? null
    : binary("maximum", binary("minimum", load(first + d, [], "int32"), number(last, "int32")), number(0, "int32"));

/** Starts as numbers, clamped for a window of `sizes`. */
export const startNumbers = (shape: Shape, sizes: Shape, starts: readonly tf.Tensor[]): number[] =>
  starts.map((start, d) => Math.max(Math.min(elementsOf(start)[0]!, shape[d]! - sizes[d]!), 0));

/** Scalar starts, batched or not, side by side: int32[size, rank]. */
export function stackStarts(b: Builder, starts: readonly Value[], batched: readonly boolean[], size: number): Value {
  const columns = starts.map((start, d) => b.reshape(batched[d] ? start : withBatchAxis(b, start, size), [size, 1]));
  return b.concatenate(columns, 1);
}

export const dynamicSlice: Primitive<Attrs["dynamic_slice"]> = {
  infer: ([operand, ...starts], { sliceSizes }) => {
    if (!operand) throw wrongOperandCount("dynamic_slice", "operand and starts", 0);
    checkStarts("dynamic_slice", operand, starts);
    checkPerAxis("dynamic_slice", "sliceSizes", sliceSizes, operand, 0);
    if (!sliceSizes.every((n, d) => n <= operand.shape[d]!)) {
      throw wrongAttribute(
        "dynamic_slice",
        "sliceSizes",
        "at most the operand's sizes",
        `[${sliceSizes.join(",")}]`,
        operand,
      );
    }
    return [{ shape: sliceSizes, dtype: operand.dtype }];
  },
  evaluate: ([operand, ...starts], { sliceSizes }) =>
    starts.length === 0
      ? [tf.clone(operand!)]
      : [tf.slice(operand!, startNumbers(operand!.shape, sliceSizes, starts), [...sliceSizes])],
  vjp: simpleVjp("dynamic_slice", (b, ct, [operand, ...starts]) => [
    b.one("dynamic_update_slice", [b.zeros(operand!.type), ct, ...starts], {}),
    ...starts.map(() => null),
  ]),
  batch: (b, [operand, ...starts], [operandBatched, ...startsBatched], { sliceSizes }, size) => {
    if (!startsBatched.some(Boolean)) {
      const zero = b.fill(0, [], "int32");
      return b.emit("dynamic_slice", [operand!, zero, ...starts], { sliceSizes: [size, ...sliceSizes] });
    }
    const axes = axesUpTo(sliceSizes.length);
    const both = operandBatched ? [0] : [];
    const gathered = b.gather(operand!, stackStarts(b, starts, startsBatched, size), {
      offsetDims: shifted(axes),
      collapsedSliceDims: [],
      operandBatchingDims: both,
      startIndicesBatchingDims: both,
      startIndexMap: operandBatched ? shifted(axes) : axes,
      sliceSizes: operandBatched ? [1, ...sliceSizes] : sliceSizes,
    });
    return [gathered];
  },
  lower: ([operand], { sliceSizes }) => {
    const at = sliceSizes.map((n, d): Affine | Scalar => {
      const start = startScalar(1, d, operand!.shape[d]! - n);
      if (!start) return n === 1 ? constantIndex(0) : axisIndex(d);
      return n === 1 ? start : binary("add", start, index(axisIndex(d)));
    });
    return { form: "map", shape: sliceSizes, body: load(0, at, operand!.dtype) };
  },
};
