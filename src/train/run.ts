/**
 * A training run as one frozen record: all that a step depends on, and nothing else. So a run that is saved, loaded and
 * continued takes the very steps it would have taken. Records are changed by immer's `produce`, never in place.
 */
import * as tf from "@tensorflow/tfjs-core";
import type { Learner } from "./trainStep.ts";

/** Plain data, fit for a JSON file. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

export interface Run<Params = unknown, Lesson = Json> {
  /** What the run is of: all that is needed to build its cell, task and optimiser again. */
  readonly config: Json;
  /** Where its randomness comes from. */
  readonly seed: number;
  /** Number of steps made. */
  readonly step: number;
  /** Where the run is in its curriculum, with the measurements that decide how it goes on. */
  readonly lesson: Lesson;
  readonly learner: Learner<Params>;
}

/** Frees the tensors of `old` that `kept` does not hold. */
export function disposeOld(old: object, kept: object): void {
  const keep = new Set(tensorsOf(kept));
  for (const tensor of tensorsOf(old)) if (!keep.has(tensor)) tensor.dispose();
}

function tensorsOf(tree: unknown): readonly tf.Tensor[] {
  if (tree instanceof tf.Tensor) return [tree];
  if (typeof tree !== "object" || tree === null) return [];
  return Object.values(tree).flatMap(tensorsOf);
}
