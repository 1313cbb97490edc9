// Reading (paper, Methods, "Read weighting" and "Reading and writing to memory").
import * as tf from "@tensorflow/tfjs-core";
import { sumOverHeads } from "./heads.ts";

/** π: how much each read head goes backward and forward along each write head's links, and by content. Together they sum to 1. */
export interface ReadModes {
  /** `[B, R, H]` */
  readonly backward: tf.Tensor3D;
  /** `[B, R]` */
  readonly content: tf.Tensor2D;
  /** `[B, R, H]` */
  readonly forward: tf.Tensor3D;
}

/**
 * `w = π_1 b + π_2 c + π_3 f`; with several write heads, b and f of each with a mode of its own.
 *
 * @param backward b `[B, R, H, N]`
 * @param content c, by content in the memory just written `[B, R, N]`
 * @param forward f `[B, R, H, N]`
 * @returns `[B, R, N]`, non-negative with sum at most 1
 */
export function readWeighting(
  modes: ReadModes,
  backward: tf.Tensor4D,
  content: tf.Tensor3D,
  forward: tf.Tensor4D,
): tf.Tensor3D {
  const along = (mode: tf.Tensor3D, direction: tf.Tensor4D): tf.Tensor3D =>
    sumOverHeads(tf.mul(tf.expandDims(mode, 3), direction), 2);
  const byContent = tf.mul<tf.Tensor3D>(tf.expandDims(modes.content, 2), content);
  return tf.add(tf.add(along(modes.backward, backward), byContent), along(modes.forward, forward));
}

/**
 * `r = Mᵀ w`.
 *
 * @param memory M, just written `[B, N, W]`
 * @param weightings w `[B, R, N]`
 * @returns `[B, R, W]`
 */
export function readVectors(memory: tf.Tensor3D, weightings: tf.Tensor3D): tf.Tensor3D {
  return tf.matMul(weightings, memory);
}
