/** Stochastic gradient descent, with momentum where asked for. */
import * as tf from "@tensorflow/tfjs-core";
import { treeMap, type Tree } from "../../compile/index.ts";
import { tidied } from "../models/tidied.ts";
import { filledLike, type Optimiser } from "./optimiser.ts";
import { rateAt, type Schedule } from "./schedule.ts";

export interface SgdOptions {
  readonly learningRate: number | Schedule;
  /** How much of the velocity stays at each step. Default 0; then no velocity is kept. */
  readonly momentum?: number;
  /** Whether the gradient is followed from where the velocity leads (Nesterov 1983). Default false. */
  readonly nesterov?: boolean;
}

export type SgdState = {
  /** Number of updates made, `int32 []`. */
  readonly step: tf.Scalar;
  /** Null without momentum. */
  readonly velocity: Tree;
};

/** `m ← momentum m + g`, update `-rate m`, or `-rate (momentum m + g)` with `nesterov`. */
export function sgd({ learningRate, momentum = 0, nesterov = false }: SgdOptions): Optimiser<SgdState> {
  return {
    init: (params) => ({
      step: tf.scalar(0, "int32"),
      velocity: momentum === 0 ? null : (filledLike(params as object, 0) as Tree),
    }),
    update: <Params extends object>(grads: Params, state: SgdState) =>
      tidied(() => {
        const rate = rateAt(learningRate, state.step);
        const follow = (velocity: Params): Params => treeMap((m, g) => tf.add(tf.mul(m, momentum), g), velocity, grads);
        // What `init` and this function made has the structure of the parameters.
        const velocity = momentum === 0 ? grads : follow(state.velocity as Params);
        const direction = nesterov && momentum !== 0 ? follow(velocity) : velocity;
        return {
          updates: treeMap((d) => tf.neg(tf.mul(d, rate)), direction),
          state: {
            step: tf.add<tf.Scalar>(state.step, tf.scalar(1, "int32")),
            velocity: momentum === 0 ? null : (velocity as Tree),
          },
        };
      }),
  };
}
