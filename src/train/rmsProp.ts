/** RMSProp, the paper's optimiser, as TensorFlow has it. */
import * as tf from "@tensorflow/tfjs-core";
import { treeMap, type Tree } from "../../compile/index.ts";
import { tidied } from "../models/tidied.ts";
import { filledLike, type Optimiser } from "./optimiser.ts";
import { rateAt, type Schedule } from "./schedule.ts";

export interface RmsPropOptions {
  readonly learningRate: number | Schedule;
  /** How much of the mean square stays at each step. Default 0.9. */
  readonly decay?: number;
  /** How much of the last update is made again. Default 0; then no velocity is kept. */
  readonly momentum?: number;
  /** Added inside the root. Default 1e-10. */
  readonly epsilon?: number;
  /** Default 1, as in TensorFlow; Hinton's lecture has 0. */
  readonly initialMeanSquare?: number;
}

export type RmsPropState = {
  /** Number of updates made, `int32 []`. */
  readonly step: tf.Scalar;
  readonly meanSquare: Tree;
  /** Null without momentum. */
  readonly velocity: Tree;
};

/**
 * `s ← decay s + (1 - decay) g²`, `m ← momentum m + rate g / √(s + ε)`, update `-m`
 * (Tieleman and Hinton 2012, lecture 6.5; the momentum as in TensorFlow 1's RMSPropOptimizer).
 *
 * @example
 * ```ts
 * const optimiser = chain(clipByGlobalNorm(10), rmsProp({ learningRate: 1e-4, momentum: 0.9 }));
 * ```
 */
export function rmsProp(options: RmsPropOptions): Optimiser<RmsPropState> {
  const { learningRate, decay = 0.9, momentum = 0, epsilon = 1e-10, initialMeanSquare = 1 } = options;
  return {
    init: (params) => ({
      step: tf.scalar(0, "int32"),
      meanSquare: filledLike(params as object, initialMeanSquare) as Tree,
      velocity: momentum === 0 ? null : (filledLike(params as object, 0) as Tree),
    }),
    update: <Params extends object>(grads: Params, state: RmsPropState) =>
      tidied(() => {
        // What `init` and this function made has the structure of the parameters.
        const rate = rateAt(learningRate, state.step);
        const meanSquare = treeMap(
          (g, s) => tf.add(tf.mul(s, decay), tf.mul(tf.square(g), 1 - decay)),
          grads,
          state.meanSquare as Params,
        );
        const step = treeMap((g, s) => tf.div(tf.mul(g, rate), tf.sqrt(tf.add(s, epsilon))), grads, meanSquare);
        const velocity =
          momentum === 0 ? step : treeMap((d, m) => tf.add(tf.mul(m, momentum), d), step, state.velocity as Params);
        return {
          updates: treeMap((m) => tf.neg(m), velocity),
          state: {
            step: tf.add<tf.Scalar>(state.step, tf.scalar(1, "int32")),
            meanSquare: meanSquare as Tree,
            velocity: momentum === 0 ? null : (velocity as Tree),
          },
        };
      }),
  };
}
