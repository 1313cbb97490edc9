// Rows of a batch do not know of each other.

import * as tf from "@tensorflow/tfjs-core";
import { treeLeaves, treeMap, treePaths, treeStructure } from "../../compile/index.ts";
import type { CellStep } from "../../src/index.ts";
import { defaultTolerance, differences, tidied, type Violation } from "./violation.ts";

export type StepFunction<Params, State> = (params: Params, state: State, input: tf.Tensor2D) => CellStep<State>;

/**
 * B1: each row of a batch gets by itself what it gets among the others.
 *
 * @param state every leaf has the batch as its first axis
 * @param input `[B, X]`
 */
export function batchViolations<Params, State>(
  step: StepFunction<Params, State>,
  params: Params,
  state: State,
  input: tf.Tensor2D,
  tolerance = defaultTolerance,
): readonly Violation[] {
  return tidied(() => {
    const together = step(params, state, input);
    const paths = treePaths(treeStructure(together));
    const row = <T>(tree: T, b: number): T =>
      treeMap((leaf) => tf.slice(leaf, [b, ...leaf.shape.slice(1).map(() => 0)], [1, ...leaf.shape.slice(1)]), tree);
    return Array.from({ length: input.shape[0] }, (_, b) => {
      const alone = treeLeaves(step(params, row(state, b), row(input, b)));
      return treeLeaves(row(together, b)).flatMap((leaf, i) =>
        differences("B1", `row ${b} alone: ${paths[i]}`, alone[i]!, leaf, tolerance),
      );
    }).flat();
  });
}
