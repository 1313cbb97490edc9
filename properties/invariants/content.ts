// Look-ups by content: a sharp or soft choice of what points the way a key does. Seen from outside, by writes and reads
// with everything else shut.

import * as tf from "@tensorflow/tfjs-core";
import type { Interface, MemoryState } from "../../src/index.ts";
import { ofHead0, sizesOf, withReadMode, withWriteGates, type Access } from "./probe.ts";
import { defaultTolerance, differences, rowsOf, violation, tidied, type Violation } from "./violation.ts";
import { simplexViolations } from "./weighting.ts";

/**
 * C1: a look-up lies on the simplex. C2: twice the strength squares the odds. C3: the length of the key has no say, nor has
 * that of a word in memory. C4: a word is found by itself: nothing is more like it. C5: reads look up as writes do.
 *
 * C3 and C4 ask of words and keys that are not tiny, at moderate strengths: against tiny ones the epsilon of the norms stands
 * out, and a great strength makes much of what is left of it between a word and a longer one that points the same way.
 */
export function contentViolations(
  access: Access,
  last: MemoryState,
  xi: Interface,
  tolerance = 5 * defaultTolerance,
): readonly Violation[] {
  return tidied(() => {
    const { B, N, R, H, W } = sizesOf(last);
    const memory = farFromZero(last.memory);
    const key = farFromZero(tf.slice(xi.writeKeys, [0, 0, 0], [B, 1, W])); // [B, 1, W]
    const look = (M: tf.Tensor3D, k: tf.Tensor, strength: number): tf.Tensor => {
      const probe = withWriteGates(xi, 0, 1);
      const keys = tf.tile(k, [1, H, 1]) as tf.Tensor3D; // as write keys are
      return ofHead0(
        access({ ...last, memory: M }, { ...probe, writeKeys: keys, writeStrengths: tf.fill([B, H], strength) }).state
          .writeWeightings,
      );
    };
    const soft = look(memory, key, 3);
    const squared = tf.square(soft);
    const scales = tf.add(tf.mul(tf.range(0, N), 0.25), 1); // 1, 1.25, …
    const longer = tf.mul<tf.Tensor3D>(memory, tf.reshape(scales, [1, N, 1]));

    const word = tf.slice(memory, [0, N - 1, 0], [B, 1, W]);
    const itself = rowsOf(look(memory, word, 10)).flatMap(({ at, values }) => {
      const most = values.reduce((p, q) => Math.max(p, q), 0);
      return values[N - 1]! >= most - tolerance
        ? []
        : [violation("C4", `look-up${at} of word ${N - 1} finds another one`)];
    });

    const reading = withReadMode(withWriteGates(xi, 0, 0), "content");
    const readKeys = tf.tile(key, [1, R, 1]) as tf.Tensor3D; // as read keys are
    const reads = access({ ...last, memory }, { ...reading, readKeys, readStrengths: tf.fill([B, R], 3) }).state
      .readWeightings;
    return [
      ...simplexViolations("look-up", look(last.memory, tf.slice(xi.writeKeys, [0, 0, 0], [B, 1, W]), 3), tolerance),
      ...differences(
        "C2",
        "look-up with twice the strength",
        look(memory, key, 6),
        tf.div(squared, tf.sum(squared, 1, true)),
        tolerance,
      ),
      ...differences("C3", "look-up by a longer key", look(memory, tf.mul(key, 4), 3), soft, tolerance),
      ...differences("C3", "look-up in longer words", look(longer, key, 3), soft, tolerance),
      ...itself,
      ...differences("C5", "reads by content", reads, tf.tile(tf.expandDims(soft, 1), [1, R, 1]), tolerance),
    ].map((found) => (found.law.startsWith("W") ? { ...found, law: "C1" } : found));
  });
}

/** Elements in [-4, 4] that are 1/2 or more in size: against them the epsilons are nothing. */
function farFromZero<T extends tf.Tensor>(x: T): T {
  const size = tf.add(tf.mul(tf.abs(tf.tanh(x)), 3.5), 0.5);
  return tf.where(tf.less(x, 0), tf.neg(size), size) as T; // shapes are x's
}
