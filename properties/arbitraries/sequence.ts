// Input sequences `[T, B, X]`.

import fc from "fast-check";
import { anyNumber, filled, moderateNumber, type Numbers } from "./extremes.ts";

/** Sequences of 1 to `longest` steps; with `extreme` of huge and denormal numbers, too. */
export const sequences = (batch: number, inputSize: number, longest = 4, extreme = true): fc.Arbitrary<Numbers> =>
  fc
    .integer({ min: 1, max: longest })
    .chain((length) => filled([length, batch, inputSize], extreme ? anyNumber : moderateNumber));
