// What is written after what, and reading along it, seen from outside.

import * as tf from "@tensorflow/tfjs-core";
import type { Interface, MemoryState } from "../../src/index.ts";
import {
  allAt,
  ofHead0,
  sizesOf,
  withFreeGates,
  withOneFree,
  withReadMode,
  withWriteGates,
  type Access,
} from "./probe.ts";
import { defaultTolerance, differences, tidied, type Violation } from "./violation.ts";

/**
 * N1: after a full write to i, links lead to i from where was written last (row i of L is p'), column i is empty, and the
 * rest stays. N2: half a write does half of that. N3: precedence after a full write is that write, after half a write half of it and half of
 * what it was.
 *
 * @param location i
 */
export function linkingViolations(
  access: Access,
  last: MemoryState,
  xi: Interface,
  location: number,
  tolerance = defaultTolerance,
): readonly Violation[] {
  return tidied(() => {
    const { B, N } = sizesOf(last);
    const before = withOneFree(last, location);
    const write = (gate: number): MemoryState => access(before, withFreeGates(withWriteGates(xi, 1, gate), 0)).state;
    const [full, half] = [write(1), write(0.5)];
    const here = tf.squeeze(allAt(location, B, 1, N), [1]); // [B, N]
    const [row, column] = [tf.expandDims(here, 2), tf.expandDims(here, 1)];
    const [oldLinks, oldPrecedence] = [ofHead0(last.links), ofHead0(last.precedence)];
    const expected = (w: number): tf.Tensor => {
      const kept = tf.mul(oldLinks, tf.sub(tf.sub(1, tf.mul(row, w)), tf.mul(column, w)));
      const linked = tf.mul(tf.mul(row, w), tf.expandDims(oldPrecedence, 1));
      return tf.mul(tf.add(kept, linked), tf.sub(1, tf.eye(N)));
    };
    return [
      ...differences("N1", "links after a full write", ofHead0(full.links), expected(1), tolerance),
      ...differences("N2", "links after half a write", ofHead0(half.links), expected(0.5), tolerance),
      ...differences("N3", "precedence after a full write", ofHead0(full.precedence), here, tolerance),
      ...differences(
        "N3",
        "precedence after half a write",
        ofHead0(half.precedence),
        tf.mul(tf.add(oldPrecedence, here), 0.5),
        tolerance,
      ),
    ];
  });
}

/**
 * R1: reading on from a location (forward) reads column by column what the links say was written after it, R2: reading back
 * what was written before it. R3: what is read is `Mᵀ w` of the memory just written. R4: what was just written can be read
 * by its content at once.
 *
 * @param location where the last reads were
 */
export function readingViolations(
  access: Access,
  last: MemoryState,
  xi: Interface,
  location: number,
  tolerance = defaultTolerance,
): readonly Violation[] {
  return tidied(() => {
    const { B, N, R, H } = sizesOf(last);
    const readThere: MemoryState = { ...last, readWeightings: allAt(location, B, R, N) };
    const still = withFreeGates(withWriteGates(xi, 0, 0), 0);
    const along = (mode: "backward" | "forward"): tf.Tensor =>
      access(readThere, withReadMode(still, mode)).state.readWeightings;
    const L = ofHead0(last.links);
    const ofColumn = tf.reshape(tf.slice(L, [0, 0, location], [B, N, 1]), [B, 1, N]);
    const ofRow = tf.slice(L, [0, location, 0], [B, 1, N]);
    const everyHead = (x: tf.Tensor): tf.Tensor => tf.tile(x, [1, R, 1]);

    const any = access(last, xi);
    const read = tf.matMul(any.state.readWeightings, any.state.memory);

    // A word of its own, written to the one free location and looked for at once.
    const word = tf.where(tf.less(xi.writeVectors, 0), tf.sub(xi.writeVectors, 1), tf.add(xi.writeVectors, 1));
    const key = tf.expandDims(ofHead0(word), 1);
    const before = withOneFree({ ...last, memory: tf.neg(tf.tile(key, [1, N, 1])) as tf.Tensor3D }, location);
    const atOnce = access(before, {
      ...withReadMode(withFreeGates(withWriteGates(xi, 1, 1), 0), "content"),
      eraseVectors: tf.ones<tf.Rank.R3>([...xi.eraseVectors.shape]),
      writeVectors: tf.tile(key, [1, H, 1]) as tf.Tensor3D,
      readKeys: tf.tile(key, [1, R, 1]) as tf.Tensor3D,
      readStrengths: tf.fill([B, R], 100),
    });
    return [
      ...differences("R1", "reads forward", along("forward"), everyHead(ofColumn), tolerance),
      ...differences("R2", "reads backward", along("backward"), everyHead(ofRow), tolerance),
      ...differences("R3", "read vectors", any.readVectors, read, 10 * tolerance),
      ...differences(
        "R4",
        "what was just written, read by content",
        atOnce.readVectors,
        everyHead(key),
        10 * tolerance,
      ),
    ];
  });
}
