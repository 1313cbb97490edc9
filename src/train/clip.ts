/** Gradients kept within bounds, before an optimiser sees them: `chain(clipByGlobalNorm(10), adam({ … }))`. */
import * as tf from "@tensorflow/tfjs-core";
import { treeLeaves, treeMap } from "../../compile/index.ts";
import { tidied } from "../models/tidied.ts";
import { badTrainingOption } from "./errors.ts";
import type { Optimiser } from "./optimiser.ts";

/** `√Σ x²` over all numbers of all tensors of a tree. */
export function globalNorm(tree: unknown): tf.Scalar {
  return tf.tidy(() => tf.sqrt(tf.addN(treeLeaves(tree).map((leaf) => tf.sum<tf.Scalar>(tf.square(leaf))))));
}

/** `g · limit / max(‖g‖, limit)`, with the norm over all gradients together: their direction stays. */
export function clipByGlobalNorm(limit: number): Optimiser<Record<string, never>> {
  checkLimit("clipByGlobalNorm", limit);
  return {
    init: () => ({}),
    update: (grads, state) => ({
      updates: tidied(() => {
        const scale = tf.div(limit, tf.maximum(globalNorm(grads), limit));
        return treeMap((g) => tf.mul(g, scale), grads);
      }),
      state,
    }),
  };
}

/** Every number of every gradient, cut off at ±limit. */
export function clipByValue(limit: number): Optimiser<Record<string, never>> {
  checkLimit("clipByValue", limit);
  return {
    init: () => ({}),
    update: (grads, state) => ({
      updates: tidied(() => treeMap((g) => tf.minimum(tf.maximum(g, -limit), limit), grads)),
      state,
    }),
  };
}

function checkLimit(what: string, limit: number): void {
  if (!(limit > 0)) throw badTrainingOption(what, "limit", "greater than 0", String(limit));
}
