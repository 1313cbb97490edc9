// Errors of the functions of math.ts over samples of all float32, in units in the last place of the exact value.
// `npm run exhaustive` tests every float (minutes a function).

import { describe, expect, it } from "vitest";
import { binary, unary, type UnaryFunction } from "../../../compile/kernels/scalar.ts";
import { power } from "../../../compile/program/interpretScalar.ts";
import { allFloats, compiledFunction, worstError } from "./ulps.ts";
import { unaryLimits } from "./unaryLimits.ts";

const floats = allFloats(4099);

describe("functions of one argument, over all floats", () => {
  for (const [fn, [reference, limit]] of Object.entries(unaryLimits)) {
    it(`${fn} to ${limit} ulp`, () => {
      const worst = worstError(
        compiledFunction(1, (x) => unary(fn as UnaryFunction, x)),
        reference,
        floats,
      );
      if (process.env.REPORT) console.log(fn, worst.ulps.toFixed(3), worst.at);
      expect(worst.ulps, `at ${worst.at}`).toBeLessThanOrEqual(limit);
    });
  }
});

const specials = Float32Array.of(
  0,
  -0,
  1,
  -1,
  2,
  -2,
  3,
  -3,
  0.5,
  -0.5,
  1.5,
  -1.5,
  16777215,
  -16777215,
  1e9,
  -1e9,
  1e38,
  -1e38,
  1e-45,
  -1e-45,
  1e-38,
  127,
  128,
  -150,
  0.99999994,
  1.0000001,
  Infinity,
  -Infinity,
  NaN,
);

/** All pairs of specials, then pseudo-random pairs near one, and of all magnitudes. */
function pairs(): [Float32Array, Float32Array] {
  const [xs, ys]: [number[], number[]] = [[], []];
  for (const x of specials) for (const y of specials) [xs, ys].forEach((list, i) => list.push(i === 0 ? x : y));
  let state = 12345;
  const random = (): number => (state = (Math.imul(state, 1664525) + 1013904223) | 0) / 2 ** 32 + 0.5;
  for (let i = 0; i < 200_000; i++) {
    xs.push(2 ** (20 * random() - 10) * (random() < 0.2 ? -1 : 1));
    ys.push((random() - 0.5) * 2 ** (8 * random()));
    xs.push(1 + (random() - 0.5) * 1e-3);
    ys.push((random() - 0.5) * 1e5);
    xs.push(floats[Math.floor(random() * floats.length)]!);
    ys.push(random() < 0.5 ? floats[Math.floor(random() * floats.length)]! : (random() - 0.5) * 4);
  }
  return [Float32Array.from(xs), Float32Array.from(ys)];
}

describe("functions of two arguments", () => {
  const [xs, ys] = pairs();
  const two = { power: [power, 4], atan2: [Math.atan2, 4], remainder: [(x: number, y: number) => x % y, 0] } as const;
  for (const [fn, [reference, limit]] of Object.entries(two)) {
    it(`${fn} to ${limit} ulp`, () => {
      const worst = worstError(
        compiledFunction(2, (x, y) => binary(fn as "power", x!, y!)),
        reference,
        xs,
        ys,
      );
      if (process.env.REPORT) console.log(fn, worst.ulps.toFixed(3), worst.at);
      expect(worst.ulps, `at ${worst.at}`).toBeLessThanOrEqual(limit);
    });
  }
});

describe("edges", () => {
  it("keeps the sign of zero in odd functions", () => {
    for (const fn of [
      "tanh",
      "sine",
      "tan",
      "asin",
      "atan",
      "sinh",
      "asinh",
      "atanh",
      "erf",
      "exponential_minus_one",
      "log_plus_one",
    ] as const) {
      const [zero] = compiledFunction(1, (x) => unary(fn, x))(Float32Array.of(-0));
      expect(Object.is(zero, -0), fn).toBe(true);
    }
  });
});
