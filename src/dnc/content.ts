// Content-based addressing (paper, Methods, "Content-based addressing"): where does memory resemble a key?
import * as tf from "@tensorflow/tfjs-core";

/**
 * `oneplus(x) = 1 + log(1 + eˣ)` (Methods, "Interface parameters"), stable for large `|x|`. Any shape; range [1, ∞).
 */
export function oneplus<T extends tf.Tensor>(x: T): T {
  return tf.add<T>(tf.softplus(x), 1);
}

/** How raw strengths become non-negative; see the option `strength`. Any shape. */
export function strengths<T extends tf.Tensor>(raw: T, kind: "oneplus" | "softplus"): T {
  return kind === "oneplus" ? oneplus(raw) : tf.softplus(raw);
}

/**
 * `D(u, v) = u·v / (|u| |v|)` for every key and location. With `|x| = sqrt(Σx² + e)`, and e added to the product of norms,
 * value and gradient are finite where a key or a location is zero: there the similarity is 0.
 *
 * @param memory `[B, N, W]`
 * @param keys `[B, K, W]`
 * @param epsilon e, above 0
 * @returns `[B, K, N]`, in [-1, 1]
 */
export function cosineSimilarity(memory: tf.Tensor3D, keys: tf.Tensor3D, epsilon = 1e-6): tf.Tensor3D {
  const products = tf.matMul<tf.Tensor3D>(keys, memory, false, true); // [B, K, N]
  const norms = tf.mul(tf.expandDims(norm(keys, epsilon), 2), tf.expandDims(norm(memory, epsilon), 1));
  return tf.div(products, tf.add(norms, epsilon));
}

/** `sqrt(Σ x² + e)` along the last axis: `[B, N, W]` to `[B, N]`. */
function norm(x: tf.Tensor3D, epsilon: number): tf.Tensor2D {
  return tf.sqrt(tf.add(tf.sum<tf.Tensor2D>(tf.mul(x, x), 2), epsilon));
}

/**
 * `C(M, k, β)[i] = exp(D(k, M[i]) β) / Σ_j exp(D(k, M[j]) β)`.
 *
 * @param memory M `[B, N, W]`
 * @param keys k `[B, K, W]`, one a look-up
 * @param strengths β `[B, K]`, 0 or more
 * @param epsilon see {@link cosineSimilarity}
 * @returns `[B, K, N]`, each row non-negative with sum 1
 */
export function contentWeighting(
  memory: tf.Tensor3D,
  keys: tf.Tensor3D,
  strengths: tf.Tensor2D,
  epsilon = 1e-6,
): tf.Tensor3D {
  return tf.softmax(tf.mul<tf.Tensor3D>(cosineSimilarity(memory, keys, epsilon), tf.expandDims(strengths, 2)));
}
