/** Adam (Kingma and Ba 2015, algorithm 1). */
import * as tf from "@tensorflow/tfjs-core";
import { treeMap, type Tree } from "../../compile/index.ts";
import { tidied } from "../models/tidied.ts";
import { filledLike, type Optimiser } from "./optimiser.ts";
import { rateAt, type Schedule } from "./schedule.ts";

export interface AdamOptions {
  readonly learningRate: number | Schedule;
  /** β₁, default 0.9. */
  readonly beta1?: number;
  /** β₂, default 0.999. */
  readonly beta2?: number;
  /** ε, added outside the root. Default 1e-8. */
  readonly epsilon?: number;
}

export type AdamState = {
  /** Number of updates made, `int32 []`. */
  readonly step: tf.Scalar;
  /** m, the first moment. */
  readonly mean: Tree;
  /** v, the second moment, not centred. */
  readonly variance: Tree;
};

/**
 * `m ← β₁ m + (1 - β₁) g`, `v ← β₂ v + (1 - β₂) g²`, update `-rate · m / (1 - β₁ᵗ) / (√(v / (1 - β₂ᵗ)) + ε)`,
 * where t counts from 1.
 *
 * @example
 * ```ts
 * const optimiser = chain(clipByGlobalNorm(10), adam({ learningRate: 4e-3 }));
 * ```
 */
export function adam({ learningRate, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 }: AdamOptions): Optimiser<AdamState> {
  return {
    init: (params) => ({
      step: tf.scalar(0, "int32"),
      mean: filledLike(params as object, 0) as Tree,
      variance: filledLike(params as object, 0) as Tree,
    }),
    update: <Params extends object>(grads: Params, state: AdamState) =>
      tidied(() => {
        const rate = rateAt(learningRate, state.step);
        const step = tf.add<tf.Scalar>(state.step, tf.scalar(1, "int32"));
        const t = tf.cast<tf.Scalar>(step, "float32");
        // What `init` and this function made has the structure of the parameters.
        const mean = treeMap((g, m) => tf.add(tf.mul(m, beta1), tf.mul(g, 1 - beta1)), grads, state.mean as Params);
        const variance = treeMap(
          (g, v) => tf.add(tf.mul(v, beta2), tf.mul(tf.square(g), 1 - beta2)),
          grads,
          state.variance as Params,
        );
        // The corrections of the moments are the same for all parameters: one number for each.
        const unbiased1 = tf.sub(1, tf.pow(beta1, t));
        const unbiased2 = tf.sub(1, tf.pow(beta2, t));
        const scale = tf.div(rate, unbiased1);
        const updates = treeMap(
          (m, v) => tf.neg(tf.div(tf.mul(m, scale), tf.add(tf.sqrt(tf.div(v, unbiased2)), epsilon))),
          mean,
          variance,
        );
        return { updates, state: { step, mean: mean as Tree, variance: variance as Tree } };
      }),
  };
}
