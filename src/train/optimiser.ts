/**
 * Optimisers, in optax's manner: two pure functions of trees. `update` turns gradients into updates, which are added to
 * the parameters; what it needs to remember is its state. They are written in tfjs ops, so they trace with the rest of a
 * training step. Counters are tensors: a step is never compiled into the program.
 */
import * as tf from "@tensorflow/tfjs-core";
import { treeMap, type Tree } from "../../compile/index.ts";
import { tidied } from "../models/tidied.ts";

/** What an optimiser remembers from step to step: a tree of tensors, which nobody else needs to look into. */
export type OptimiserState = Tree;

export interface Optimiser<State extends OptimiserState = OptimiserState> {
  /** The state before the first step. */
  readonly init: (params: object) => State;
  /**
   * Updates to be added to the parameters, and the next state. `grads`, `params` and updates are trees of one structure.
   * (A method, so that an optimiser of any state passes for an `Optimiser`: its state comes from its own `init`.)
   */
  update<Params extends object>(
    grads: Params,
    state: State,
    params: Params,
  ): { readonly updates: Params; readonly state: State };
}

/**
 * Optimisers one after another: each sees the updates of the one before as its gradients.
 *
 * @example
 * ```ts
 * const optimiser = chain(clipByGlobalNorm(10), adam({ learningRate: 4e-3 }));
 * ```
 */
export function chain(...optimisers: readonly Optimiser[]): Optimiser<readonly OptimiserState[]> {
  return {
    init: (params) => optimisers.map((optimiser) => optimiser.init(params)),
    update: (grads, state, params) =>
      tidied(() => {
        let updates = grads;
        const next = optimisers.map((optimiser, i) => {
          const step = optimiser.update(updates, state[i], params);
          updates = step.updates;
          return step.state;
        });
        return { updates, state: next };
      }),
  };
}

/** Parameters with the updates added. */
export function applyUpdates<Params extends object>(params: Params, updates: Params): Params {
  return treeMap((parameter, update) => tf.add(parameter, update), params, updates);
}

/** A tree of the same structure and shapes, of one number. */
export function filledLike<T extends object>(tree: T, value: number): T {
  return tidied(() => treeMap((leaf) => tf.fill(leaf.shape, value), tree));
}
