// Weightings: every one lies in the corner of the cube, non-negative with a sum of at most one (paper, Methods, "Memory
// addressing"); those by content, and the read modes, on the simplex.

import type { Tensor } from "@tensorflow/tfjs-core";
import { defaultTolerance, rowsOf, sumOf, violation, type Violation } from "./violation.ts";

/**
 * W1: weightings along the last axis are non-negative, and W2: their sum is at most one.
 *
 * @param name what to call them, such as `readWeightings`
 */
export function weightingViolations(
  name: string,
  weightings: Tensor,
  tolerance = defaultTolerance,
): readonly Violation[] {
  return rowsOf(weightings).flatMap(({ at, values }) => {
    const found: Violation[] = [];
    const low = values.findIndex((w) => !(w >= -tolerance));
    if (low >= 0) found.push(violation("W1", `${name}${at}[${low}] is ${values[low]}, below 0`));
    const sum = sumOf(values);
    if (!(sum <= 1 + tolerance)) found.push(violation("W2", `${name}${at} has the sum ${sum}, above 1`));
    return found;
  });
}

/** W1 and W3: along the last axis non-negative, with a sum of one: content weightings, read modes. */
export function simplexViolations(
  name: string,
  weightings: Tensor,
  tolerance = defaultTolerance,
): readonly Violation[] {
  const sums = rowsOf(weightings).flatMap(({ at, values }) => {
    const sum = sumOf(values);
    return Math.abs(sum - 1) <= tolerance ? [] : [violation("W3", `${name}${at} has the sum ${sum}, not 1`)];
  });
  return [...weightingViolations(name, weightings, tolerance).filter(({ law }) => law === "W1"), ...sums];
}
