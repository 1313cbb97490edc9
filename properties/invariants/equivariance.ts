// Slots have no names: whatever order they lie in, the same is read.

import * as tf from "@tensorflow/tfjs-core";
import { treeMap } from "../../compile/index.ts";
import type { Interface, MemoryState } from "../../src/index.ts";
import { sizesOf, type Access } from "./probe.ts";
import { defaultTolerance, differences, rowsOf, tidied, type Violation } from "./violation.ts";

/** The state with slot `order[i]` in place i. */
export function permuteSlots(state: MemoryState, order: readonly number[]): MemoryState {
  const places = tf.tensor1d([...order], "int32");
  const along = <T extends tf.Tensor>(x: T, axis: number): T => tf.gather(x, places, axis);
  return {
    memory: along(state.memory, 1),
    usage: along(state.usage, 1),
    writeWeightings: along(state.writeWeightings, 2),
    precedence: along(state.precedence, 2),
    links: along(along(state.links, 2), 3),
    readWeightings: along(state.readWeightings, 2),
  };
}

/**
 * E1: with its slots in another order a memory goes the same way, in that order, and E2: reads the same. Of batch rows in
 * which two slots are equally used nothing is asked: among these the index decides who is written first. Write heads after
 * the first are kept shut, as they allocate by a usage that rounding may order otherwise.
 *
 * @param order a permutation of 0 … N-1
 */
export function equivarianceViolations(
  access: Access,
  last: MemoryState,
  xi: Interface,
  order: readonly number[],
  tolerance = 2 * defaultTolerance,
): readonly Violation[] {
  return tidied(() => {
    const { H } = sizesOf(last);
    const first = tf.tensor1d(Array.from({ length: H }, (_, h) => (h === 0 ? 1 : 0)));
    const one = { ...xi, writeGates: tf.mul<tf.Tensor2D>(xi.writeGates, first) };
    const straight = access(last, one);
    const crossed = access(permuteSlots(last, order), one);
    const rows = rowsOf(straight.state.usage).flatMap(({ values }, b) =>
      new Set(values).size === values.length ? [b] : [],
    );
    if (rows.length === 0) return [];
    const asked = <T>(tree: T): T => treeMap((leaf) => tf.gather(leaf, tf.tensor1d(rows, "int32"), 0), tree);
    const [expected, got] = [asked(permuteSlots(straight.state, order)), asked(crossed.state)];
    const names = Object.keys(expected) as (keyof MemoryState)[]; // a record of the six
    return [
      ...names.flatMap((name) =>
        differences("E1", `${name} with permuted slots`, got[name], expected[name], tolerance),
      ),
      ...differences(
        "E2",
        "read vectors with permuted slots",
        asked(crossed.readVectors),
        asked(straight.readVectors),
        5 * tolerance,
      ),
    ];
  });
}
