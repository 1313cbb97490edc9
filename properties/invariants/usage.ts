// Usage and precedence.

import type { Tensor } from "@tensorflow/tfjs-core";
import { defaultTolerance, rowsOf, violation, type Violation } from "./violation.ts";
import { weightingViolations } from "./weighting.ts";

/** U1: numbers in [0, 1], as usage, gates and erase vectors are. */
export function unitIntervalViolations(name: string, x: Tensor, tolerance = defaultTolerance): readonly Violation[] {
  return rowsOf(x).flatMap(({ at, values }) => {
    const i = values.findIndex((u) => !(u >= -tolerance && u <= 1 + tolerance));
    return i < 0 ? [] : [violation("U1", `${name}${at}[${i}] is ${values[i]}, outside of [0, 1]`)];
  });
}

/** U1 of usage. */
export const usageViolations = (usage: Tensor, tolerance = defaultTolerance): readonly Violation[] =>
  unitIntervalViolations("usage", usage, tolerance);

/** W1, W2 of precedence. */
export const precedenceViolations = (precedence: Tensor, tolerance = defaultTolerance): readonly Violation[] =>
  weightingViolations("precedence", precedence, tolerance);
