// What one access does to usage and memory, equation by equation, seen from outside. Each function takes any state and
// interface, puts its probes in, and says what is wrong.

import * as tf from "@tensorflow/tfjs-core";
import type { Interface, MemoryState } from "../../src/index.ts";
import { allAt, ofHead0, sizesOf, withFreeGates, withOneFree, withWriteGates, type Access } from "./probe.ts";
import { defaultTolerance, differences, rowsOf, sumOf, violation, tidied, type Violation } from "./violation.ts";

/**
 * U2: with nothing freed, a location is unused only so far as it was unused and none wrote to it: `1 - u = (1 - u') Π_h (1 - w'_h)`.
 * U3: freeing leaves `Π_r (1 - f_r w_r)` of that.
 */
export function freeingViolations(
  access: Access,
  last: MemoryState,
  xi: Interface,
  tolerance = defaultTolerance,
): readonly Violation[] {
  return tidied(() => {
    const kept = access(last, withFreeGates(xi, 0)).state.usage;
    const unwritten = tf.prod(tf.sub(1, last.writeWeightings), 1);
    const expected = tf.sub(1, tf.mul(tf.sub(1, last.usage), unwritten));
    const left = tf.prod(tf.sub(1, tf.mul(tf.expandDims(xi.freeGates, 2), last.readWeightings)), 1);
    const freed = access(last, xi).state.usage;
    return [
      ...differences("U2", "usage with free gates shut", kept, expected, tolerance),
      ...differences("U3", "usage after freeing", freed, tf.mul(kept, left), tolerance),
    ];
  });
}

/**
 * Allocation, by a write with both gates open. A1: its sum is `1 - Π u`, all but what is in use throughout. A2: the least
 * used location, the first of several, gets `1 - u`. A3: along the free list (ascending usage, equal ones by index) it
 * never rises. A4: keys have no say in it.
 */
export function allocationViolations(
  access: Access,
  last: MemoryState,
  xi: Interface,
  tolerance = 2 * defaultTolerance,
): readonly Violation[] {
  return tidied(() => {
    const open = withWriteGates(xi, 1, 1);
    const { usage, writeWeightings } = access(last, open).state;
    const allocation = ofHead0(writeWeightings);
    const otherwise = access(last, { ...open, writeKeys: tf.neg(tf.add(open.writeKeys, 1)) }).state.writeWeightings;
    const used = rowsOf(usage);
    const order = rowsOf(allocation).flatMap(({ at, values: a }, b) => {
      const u = used[b]!.values;
      const list = [...u.keys()].sort((i, j) => u[i]! - u[j]! || i - j);
      const [sum, all] = [sumOf(a), u.reduce((product, x) => product * x, 1)];
      const [first] = list as [number];
      const rise = list.findIndex((i, place) => place > 0 && a[i]! > a[list[place - 1]!]! + tolerance);
      return [
        ...(Math.abs(sum - (1 - all)) <= tolerance
          ? []
          : [violation("A1", `allocation${at} has the sum ${sum}, not ${1 - all}`)]),
        ...(Math.abs(a[first]! - (1 - u[first]!)) <= tolerance
          ? []
          : [violation("A2", `allocation${at}[${first}], the least used, is ${a[first]}, not ${1 - u[first]!}`)]),
        ...(rise < 0
          ? []
          : [violation("A3", `allocation${at}[${list[rise]}] is more than that of a less used location`)]),
      ];
    });
    return [...order, ...differences("A4", "allocation for another key", ofHead0(otherwise), allocation, 0)];
  });
}

/**
 * The gates. G1: with the write gates shut nothing is written: the weightings are zero, memory, precedence and links stay.
 * G2: a head's weighting sums to no more than its write gate. G3: between its extremes the allocation gate mixes in proportion.
 */
export function gateViolations(
  access: Access,
  last: MemoryState,
  xi: Interface,
  tolerance = defaultTolerance,
): readonly Violation[] {
  return tidied(() => {
    const shut = access(last, withWriteGates(xi, 0.5, 0)).state;
    const gates = xi.writeGates.dataSync();
    const sums = rowsOf(access(last, xi).state.writeWeightings).flatMap(({ at, values }, head) => {
      const sum = sumOf(values);
      return sum <= gates[head]! + tolerance
        ? []
        : [violation("G2", `writeWeightings${at} has the sum ${sum}, its gate is ${gates[head]}`)];
    });
    const write = (allocation: number): tf.Tensor =>
      ofHead0(access(last, withWriteGates(xi, allocation, 1)).state.writeWeightings);
    const mixed = tf.add(tf.mul(write(1), 0.25), tf.mul(write(0), 0.75));
    return [
      ...differences(
        "G1",
        "write weightings behind shut gates",
        shut.writeWeightings,
        tf.zerosLike(shut.writeWeightings),
        0,
      ),
      ...differences("G1", "memory behind shut gates", shut.memory, last.memory, 0),
      ...differences("G1", "precedence behind shut gates", shut.precedence, last.precedence, 0),
      ...differences("G1", "links behind shut gates", shut.links, last.links, 0),
      ...sums,
      ...differences("G3", "a write with allocation gate 1/4", write(0.25), mixed, tolerance),
    ];
  });
}

/**
 * M1: a location that is written fully, with everything erased, holds the write vector, and the others what they held.
 * M2: with nothing erased, the write vector is added. M3: half a write erases and adds half.
 */
export function memoryViolations(
  access: Access,
  last: MemoryState,
  xi: Interface,
  location: number,
  tolerance = defaultTolerance,
): readonly Violation[] {
  return tidied(() => {
    const { B, N } = sizesOf(last);
    const before = withOneFree(last, location);
    const here = tf.expandDims(tf.squeeze(allAt(location, B, 1, N), [1]), 2); // [B, N, 1]
    const vector = tf.expandDims(ofHead0(xi.writeVectors), 1); // [B, 1, W]
    const write = (gate: number, erase: number): tf.Tensor => {
      const gates = withFreeGates(withWriteGates(xi, 1, gate), 0);
      return access(before, { ...gates, eraseVectors: tf.fill([...xi.eraseVectors.shape], erase) }).state.memory;
    };
    const expected = (gate: number, erase: number): tf.Tensor => {
      const w = tf.mul(here, gate);
      return tf.add(tf.mul(last.memory, tf.sub(1, tf.mul(w, erase))), tf.mul(w, vector));
    };
    return [
      ...differences("M1", "memory erased and written", write(1, 1), expected(1, 1), tolerance),
      ...differences("M2", "memory written without erasing", write(1, 0), expected(1, 0), tolerance),
      ...differences("M3", "memory half erased and half written", write(0.5, 1), expected(0.5, 1), tolerance),
    ];
  });
}
