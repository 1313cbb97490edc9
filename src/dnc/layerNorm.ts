// Layer normalisation of the controller's output (Ba et al. 2016; in a DNC: Franke et al. 2018). Not in the paper.
import * as tf from "@tensorflow/tfjs-core";

/** Learnt gain and offset, each `[width]`. */
export interface LayerNormParams {
  readonly gain: tf.Tensor1D;
  readonly offset: tf.Tensor1D;
}

/** Gain 1, offset 0. */
export function initLayerNorm(width: number): LayerNormParams {
  return Object.freeze({ gain: tf.ones<tf.Rank.R1>([width]), offset: tf.zeros<tf.Rank.R1>([width]) });
}

/**
 * `gain ∘ (x - mean) / sqrt(variance + 1e-5) + offset`, mean and variance of each row.
 *
 * @param x `[B, width]`
 * @returns `[B, width]`
 */
export function layerNorm({ gain, offset }: LayerNormParams, x: tf.Tensor2D): tf.Tensor2D {
  const centred = tf.sub<tf.Tensor2D>(x, tf.mean(x, 1, true));
  const variance = tf.mean(tf.mul(centred, centred), 1, true);
  const scaled = tf.mul(centred, tf.rsqrt(tf.add(variance, 1e-5)));
  return tf.add(tf.mul(scaled, gain), offset);
}
