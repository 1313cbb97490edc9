// The interface vector: its parts stand in the paper's order, each in its range.

import * as tf from "@tensorflow/tfjs-core";
import type { Interface } from "../../src/index.ts";
import { unitIntervalViolations } from "./usage.ts";
import { defaultTolerance, notFinite, rowsOf, violation, tidied, type Violation } from "./violation.ts";
import { simplexViolations } from "./weighting.ts";

/** Sizes that an interface vector depends on. */
export interface InterfaceSizes {
  readonly wordSize: number;
  readonly readHeads: number;
  readonly writeHeads: number;
}

/**
 * I1: strengths are at least `leastStrength` (1 by oneplus, 0 by softplus), gates and erase vectors in [0, 1], read modes on
 * the simplex. I2: all numbers are finite.
 */
export function interfaceViolations(
  xi: Interface,
  leastStrength = 1,
  tolerance = defaultTolerance,
): readonly Violation[] {
  return tidied(() => {
    const { readModes, ...parts } = xi;
    const strengths = (["readStrengths", "writeStrengths"] as const).flatMap((name) =>
      rowsOf(xi[name]).flatMap(({ at, values }) => {
        const i = values.findIndex((beta) => !(beta >= leastStrength));
        return i < 0 ? [] : [violation("I1", `${name}${at}[${i}] is ${values[i]}, below ${leastStrength}`)];
      }),
    );
    const gates = (["freeGates", "allocationGates", "writeGates", "eraseVectors"] as const).flatMap((name) =>
      unitIntervalViolations(name, xi[name], tolerance),
    );
    const modes = tf.concat([readModes.backward, tf.expandDims(readModes.content, 2), readModes.forward], 2);
    return [
      ...Object.entries(parts).flatMap(([name, x]) => notFinite("I2", name, x)),
      ...strengths,
      ...[...gates, ...simplexViolations("readModes", modes, tolerance)].map((found) => ({ ...found, law: "I1" })),
    ];
  });
}

/**
 * I3: the vector's columns are `[k^r (R W); β^r (R); k^w (H W); β^w (H); e (H W); v (H W); f (R); g_a (H); g_w (H); π]`, and
 * π of each read head `[backward (H); content; forward (H)]`: a column that grows moves its own part, its own element of it
 * upwards, and nothing else.
 *
 * @param parse ξ `[1, columns]` to its parts
 */
export function interfaceOrderViolations(
  parse: (xi: tf.Tensor2D) => Interface,
  sizes: InterfaceSizes,
): readonly Violation[] {
  const { wordSize: W, readHeads: R, writeHeads: H } = sizes;
  const modes = Array.from({ length: R }, (_, head): [string, number, number][] => [
    ["backward", H, head * H],
    ["content", 1, head],
    ["forward", H, head * H],
  ]).flat();
  const order: readonly (readonly [string, number, number])[] = [
    ["readKeys", R * W, 0],
    ["readStrengths", R, 0],
    ["writeKeys", H * W, 0],
    ["writeStrengths", H, 0],
    ["eraseVectors", H * W, 0],
    ["writeVectors", H * W, 0],
    ["freeGates", R, 0],
    ["allocationGates", H, 0],
    ["writeGates", H, 0],
    ...modes,
  ];
  return tidied(() => {
    const size = order.reduce((n, [, count]) => n + count, 0);
    const parts = ({ readModes, ...rest }: Interface): Record<string, tf.Tensor> => ({ ...rest, ...readModes });
    const calm = parts(parse(tf.zeros([1, size])));
    const found: Violation[] = [];
    let column = 0;
    for (const [name, count, first] of order) {
      for (let i = 0; i < count; i++, column++) {
        const moved = parts(parse(tf.tensor2d(Array.from({ length: size }, (_, c) => (c === column ? 1 : 0)), [1, size]))); // prettier-ignore
        const isMode = name === "backward" || name === "content" || name === "forward";
        for (const [other, x] of Object.entries(moved)) {
          const [now, before] = [x.dataSync(), calm[other]!.dataSync()];
          const grew = [...now.keys()].filter((k) => now[k]! > before[k]! + 1e-3);
          const same = [...now.keys()].every((k) => Math.abs(now[k]! - before[k]!) <= 1e-6);
          // A read mode that grows takes from the others of its head.
          const mayFall = isMode && ["backward", "content", "forward"].includes(other);
          const fits = other === name ? grew.join() === String(first + i) : mayFall ? grew.length === 0 : same;
          if (!fits)
            found.push(
              violation("I3", `column ${column} moves ${other}[${grew.join(", ")}], expected ${name}[${first + i}]`),
            );
        }
      }
    }
    return found;
  });
}
