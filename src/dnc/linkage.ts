// Temporal memory linkage (paper, Methods, "Temporal memory linkage"): what was written after what?
// `L[i, j]` is the degree to which i was written right after j. Each write head has links and precedence of its own.
import * as tf from "@tensorflow/tfjs-core";
import { eachHead, stackHeads } from "./heads.ts";

/**
 * `p = (1 - Σ_i w[i]) p' + w`: how much each location was the one written last.
 *
 * @param precedence p' `[B, H, N]`
 * @param weightings w, this step's write weightings `[B, H, N]`
 * @returns `[B, H, N]`, non-negative with sum at most 1
 */
export function nextPrecedence(precedence: tf.Tensor3D, weightings: tf.Tensor3D): tf.Tensor3D {
  return tf.add(tf.mul(tf.sub(1, tf.sum(weightings, 2, true)), precedence), weightings);
}

/**
 * `L[i, j] = (1 - w[i] - w[j]) L'[i, j] + w[i] p'[j]`, and `L[i, i] = 0`.
 *
 * @param links L' `[B, H, N, N]`
 * @param precedence p', of the last step `[B, H, N]`
 * @param weightings w, this step's write weightings `[B, H, N]`
 * @returns `[B, H, N, N]`, in [0, 1], rows and columns with sum at most 1, the diagonal exactly 0
 */
export function nextLinks(links: tf.Tensor4D, precedence: tf.Tensor3D, weightings: tf.Tensor3D): tf.Tensor4D {
  const [ofI, ofJ] = [tf.expandDims(weightings, 3), tf.expandDims(weightings, 2)];
  const kept = tf.mul(tf.sub(tf.sub(1, ofI), ofJ), links);
  const updated = tf.add<tf.Tensor4D>(kept, tf.mul(ofI, tf.expandDims(precedence, 2)));
  const index = tf.range(0, links.shape[3], 1, "int32");
  const diagonal = tf.equal(tf.expandDims(index, 1), tf.expandDims(index, 0)); // [N, N]
  return tf.where(diagonal, 0, updated);
}

/**
 * `f = L w`: the locations written after those read last.
 *
 * @param links L `[B, H, N, N]`
 * @param readWeightings w, of the last step `[B, R, N]`
 * @returns `[B, R, H, N]`
 */
export function forwardWeightings(links: tf.Tensor4D, readWeightings: tf.Tensor3D): tf.Tensor4D {
  const heads = eachHead<tf.Tensor3D>(links, 1).map((L) => tf.matMul(readWeightings, L, false, true));
  return stackHeads(heads, 2);
}

/**
 * `b = Lᵀ w`: the locations written before those read last.
 *
 * @param links L `[B, H, N, N]`
 * @param readWeightings w, of the last step `[B, R, N]`
 * @returns `[B, R, H, N]`
 */
export function backwardWeightings(links: tf.Tensor4D, readWeightings: tf.Tensor3D): tf.Tensor4D {
  const heads = eachHead<tf.Tensor3D>(links, 1).map((L) => tf.matMul(readWeightings, L));
  return stackHeads(heads, 2);
}
