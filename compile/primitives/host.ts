// Evaluation on the host, for what tfjs has no op for or rounds: integers beyond 2^24, bits, sorting, scattering.
// Slow and obvious; it is a reference.

import * as tf from "@tensorflow/tfjs-core";
import { sizeOf, typedValues, type DType, type Shape, type TypedValues } from "../type.ts";

/** The elements of a tensor, row-major. Not to be written to. */
export const elementsOf = (x: tf.Tensor): TypedValues => x.dataSync<"float32" | "int32" | "bool">();

export const dtypeOf = (x: tf.Tensor): DType => {
  if (x.dtype === "float32" || x.dtype === "int32" || x.dtype === "bool") return x.dtype;
  throw new Error(`internal: a tensor of dtype ${x.dtype} reached a primitive. Please report this.`);
};

/** A tensor whose element at flat position `i` is `element(i)`. */
export function fromElements(shape: Shape, dtype: DType, element: (i: number) => number): tf.Tensor {
  const values = typedValues(dtype, sizeOf(shape));
  for (let i = 0; i < values.length; i++) values[i] = element(i);
  return tensorOf(values, shape, dtype);
}

export const tensorOf = (values: TypedValues, shape: Shape, dtype: DType): tf.Tensor =>
  tf.tensor(values, [...shape], dtype);

/** Elementwise functions of one and of two tensors of one shape. */
export function mapElements(x: tf.Tensor, f: (x: number) => number, dtype: DType = dtypeOf(x)): tf.Tensor {
  const xs = elementsOf(x);
  return fromElements(x.shape, dtype, (i) => f(xs[i]!));
}
export function zipElements(x: tf.Tensor, y: tf.Tensor, f: (x: number, y: number) => number): tf.Tensor {
  const xs = elementsOf(x);
  const ys = elementsOf(y);
  return fromElements(x.shape, dtypeOf(x), (i) => f(xs[i]!, ys[i]!));
}

/** Calls `visit` with every index of `shape` in row-major order. The array is the same one each time. */
export function eachIndex(shape: Shape, visit: (index: readonly number[], flat: number) => void): void {
  const index = new Array<number>(shape.length).fill(0);
  const size = sizeOf(shape);
  for (let flat = 0; flat < size; flat++) {
    visit(index, flat);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      if (++index[axis]! < shape[axis]!) break;
      index[axis] = 0;
    }
  }
}

/** A shape of rank above 6 or below is all the same to tfjs at run time; its types stop at 6. */
export const reshaped = (x: tf.Tensor, shape: Shape): tf.Tensor => tf.reshape(x, [...shape]);
