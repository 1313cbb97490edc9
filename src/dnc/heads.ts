// Heads lie along one axis. There are few of them, so sums and products over heads are written out as plain additions and
// multiplications of slices: the derivative of a plain product is right where a factor is exactly zero, which division by the factor is not.
import * as tf from "@tensorflow/tfjs-core";

/** `x[:, …, index, …]` with the axis dropped. */
export function takeHead<T extends tf.Tensor>(x: tf.Tensor, axis: number, index: number): T {
  const shape = x.shape.filter((_, i) => i !== axis);
  if (x.shape[axis] === 1) return tf.reshape(x, shape) as T; // Callers name the rank, one less than x's.
  const begin = x.shape.map((_, i) => (i === axis ? index : 0));
  const size = x.shape.map((length, i) => (i === axis ? 1 : length));
  return tf.reshape(tf.slice(x, begin, size), shape) as T;
}

/** All heads along `axis`, one after the other, with the axis dropped. */
export function eachHead<T extends tf.Tensor>(x: tf.Tensor, axis: number): readonly T[] {
  return Array.from({ length: x.shape[axis] ?? 0 }, (_, index) => takeHead<T>(x, axis, index));
}

/** The reverse of {@link eachHead}. */
export function stackHeads<T extends tf.Tensor>(heads: readonly tf.Tensor[], axis: number): T {
  const widened = heads.map((head) => tf.expandDims(head, axis));
  return (widened.length === 1 ? widened[0] : tf.concat(widened, axis)) as T; // Callers name the rank, one more than a head's.
}

/** `Π_h x[:, …, h, …]`, the axis dropped. Its gradient is right where factors are exactly zero. */
export function productOverHeads<T extends tf.Tensor>(x: tf.Tensor, axis: number): T {
  return eachHead<T>(x, axis).reduce((product, factor) => tf.mul<T>(product, factor));
}

/** `Σ_h x[:, …, h, …]`, the axis dropped. */
export function sumOverHeads<T extends tf.Tensor>(x: tf.Tensor, axis: number): T {
  return eachHead<T>(x, axis).reduce((sum, term) => tf.add<T>(sum, term));
}
