// Writing (paper, Methods, "Write weighting" and "Reading and writing to memory").
import * as tf from "@tensorflow/tfjs-core";
import { eachHead } from "./heads.ts";

/**
 * `w = g_w (g_a a + (1 - g_a) c)`.
 *
 * @param allocation a `[B, H, N]`
 * @param content c, by content in the memory before the write `[B, H, N]`
 * @param allocationGates g_a `[B, H]`, in [0, 1]
 * @param writeGates g_w `[B, H]`, in [0, 1]
 * @returns `[B, H, N]`, non-negative with sum at most 1
 */
export function writeWeighting(
  allocation: tf.Tensor3D,
  content: tf.Tensor3D,
  allocationGates: tf.Tensor2D,
  writeGates: tf.Tensor2D,
): tf.Tensor3D {
  const [a, w] = [tf.expandDims(allocationGates, 2), tf.expandDims(writeGates, 2)];
  return tf.mul(w, tf.add(tf.mul(a, allocation), tf.mul(tf.sub(1, a), content)));
}

/**
 * `M = M' ∘ (1 - w eᵀ) + w vᵀ`. With several heads: `M' ∘ Π_h (1 - w_h e_hᵀ) + Σ_h w_h v_hᵀ`.
 *
 * @param memory M' `[B, N, W]`
 * @param weightings w `[B, H, N]`
 * @param eraseVectors e `[B, H, W]`, in [0, 1]
 * @param writeVectors v `[B, H, W]`
 * @returns `[B, N, W]`
 */
export function writeMemory(
  memory: tf.Tensor3D,
  weightings: tf.Tensor3D,
  eraseVectors: tf.Tensor3D,
  writeVectors: tf.Tensor3D,
): tf.Tensor3D {
  // Head by head, so that what is as large as memory has memory's shape.
  const outerOf = (vectors: tf.Tensor3D): readonly tf.Tensor3D[] => {
    const heads = eachHead<tf.Tensor2D>(vectors, 1);
    return eachHead<tf.Tensor2D>(weightings, 1).map((w, h) => outer(w, heads[h] as tf.Tensor2D)); // As many of each.
  };
  const kept = outerOf(eraseVectors).reduce((M, we) => tf.mul<tf.Tensor3D>(M, tf.sub(1, we)), memory);
  return outerOf(writeVectors).reduce((M, wv) => tf.add<tf.Tensor3D>(M, wv), kept);
}

/** `w vᵀ` for each batch row: `[B, N]` and `[B, W]` to `[B, N, W]`. */
function outer(w: tf.Tensor2D, v: tf.Tensor2D): tf.Tensor3D {
  return tf.mul(tf.expandDims(w, 2), tf.expandDims(v, 1));
}
