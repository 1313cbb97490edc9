// Numbers of a target beside those of the interpreter.

import { expect } from "vitest";
import type { TypedValues } from "../../../../compile/type.ts";

/** -0 and 0 alike. */
export const plain = (values: ArrayLike<number>): number[] => Array.from(values, (x) => (x === 0 ? 0 : x));

/** Within `tolerance`, relative to the largest finite number expected, or to 1; infinities and NaN where they are expected. */
export function expectNear(actual: ArrayLike<number>, expected: TypedValues, tolerance: number): void {
  const scale = Array.from(expected).reduce(
    (largest, x) => (Number.isFinite(x) ? Math.max(largest, Math.abs(x)) : largest),
    1,
  );
  Array.from(actual).forEach((x, i) => {
    const y = expected[i]!;
    if (!Object.is(x, y) && !(Math.abs(x - y) <= tolerance * scale)) expect(plain(actual)).toEqual(plain(expected));
  });
}
