/**
 * Losses of sequences, time first, with a mask: steps of the mask that are zero add nothing, to the loss or to its
 * gradient. The formulas stay finite for logits of any size.
 */
import * as tf from "@tensorflow/tfjs-core";

export interface LossOptions {
  /** Unit of information: nats (natural logarithm, the default) or bits. */
  readonly unit?: "nats" | "bits";
  /** What the sum over time is divided by: the number of sequences (DeepMind's, the default) or of steps asked for. */
  readonly per?: "sequence" | "step";
}

/**
 * Cross-entropy of independent bits: `Σ softplus(x) - x t`, that is `-t log σ(x) - (1 - t) log(1 - σ(x))`, summed over
 * the bits of a step.
 *
 * @param logits x `[T, B, Y]`
 * @param target t `[T, B, Y]`, zeros and ones
 * @param mask `[T, B]`
 */
export function sigmoidCrossEntropy(
  logits: tf.Tensor3D,
  target: tf.Tensor3D,
  mask: tf.Tensor2D,
  options: LossOptions = {},
): tf.Scalar {
  return tf.tidy(() => {
    const bits = tf.sub(tf.softplus(logits), tf.mul(logits, target));
    return overTime(tf.sum<tf.Tensor2D>(bits, 2), mask, options);
  });
}

/**
 * Cross-entropy of one label a step: `log Σ exp(x) - x[label]`.
 *
 * @param logits x `[T, B, Y]`
 * @param labels `int32 [T, B]`, each in [0, Y)
 * @param mask `[T, B]`
 */
export function softmaxCrossEntropy(
  logits: tf.Tensor3D,
  labels: tf.Tensor2D,
  mask: tf.Tensor2D,
  options: LossOptions = {},
): tf.Scalar {
  return tf.tidy(() => {
    const chosen = tf.sum<tf.Tensor2D>(tf.mul(logits, tf.oneHot(labels, logits.shape[2])), 2);
    return overTime(tf.sub(tf.logSumExp<tf.Tensor2D>(logits, 2), chosen), mask, options);
  });
}

/** Share of wrong bits among the bits asked for: a bit is said to be one where its logit is above zero. */
export function bitError(logits: tf.Tensor3D, target: tf.Tensor3D, mask: tf.Tensor2D): tf.Scalar {
  return tf.tidy(() => {
    const wrong = tf.notEqual(tf.greater(logits, 0), tf.greater(target, 0.5));
    const perStep = tf.sum<tf.Tensor2D>(tf.cast(wrong, "float32"), 2);
    return tf.div(overTime(perStep, mask, { per: "step" }), logits.shape[2]);
  });
}

/** Share of wrong labels among those asked for. The answer is the label of the largest logit. */
export function labelError(logits: tf.Tensor3D, labels: tf.Tensor2D, mask: tf.Tensor2D): tf.Scalar {
  return tf.tidy(() => {
    const wrong = tf.notEqual<tf.Tensor2D>(tf.argMax<tf.Tensor2D>(logits, 2), labels);
    return overTime(tf.cast<tf.Tensor2D>(wrong, "float32"), mask, { per: "step" });
  });
}

function overTime(
  perStep: tf.Tensor2D,
  mask: tf.Tensor2D,
  { unit = "nats", per = "sequence" }: LossOptions,
): tf.Scalar {
  const total = tf.sum<tf.Scalar>(tf.mul(perStep, mask));
  // A batch that asks for nothing costs nothing: 0 / 1, not 0 / 0.
  const count = per === "sequence" ? tf.scalar(mask.shape[1]) : tf.maximum(tf.sum<tf.Scalar>(mask), 1);
  const mean = tf.div<tf.Scalar>(total, count);
  return unit === "bits" ? tf.div(mean, Math.LN2) : mean;
}
