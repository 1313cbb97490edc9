// Numbers at which a memory is known to go wrong: zeros, ones, ties, what is very large and what is hardly there.

import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { sizeOf } from "../../compile/type.ts";

/** A tensor as plain data, for the arbitraries: tensors are made where they are used, and tidied there. */
export interface Numbers {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

export const tensorOf = <T extends tf.Tensor>({ shape, values }: Numbers): T =>
  tf.tensor([...values], [...shape], "float32") as T;

/** Some elements, repeated to fill the shape: ties are common. */
export const filled = (shape: readonly number[], element: fc.Arbitrary<number>): fc.Arbitrary<Numbers> => {
  const size = sizeOf(shape);
  const all = fc.array(element, { minLength: size, maxLength: size });
  const few = fc
    .array(element, { minLength: 1, maxLength: 3 })
    .map((some) => Array.from({ length: size }, (_, i) => some[i % some.length]!));
  return fc.oneof({ weight: 3, arbitrary: all }, { weight: 1, arbitrary: few }).map((values) => ({ shape, values }));
};

const ordinary = (low: number, high: number): fc.Arbitrary<number> =>
  fc.double({ min: low, max: high, noNaN: true }).map(Math.fround);

/** Any finite number: mostly of size one, now and then zero, huge or denormal. */
export const anyNumber: fc.Arbitrary<number> = fc.oneof(
  { weight: 6, arbitrary: ordinary(-3, 3) },
  { weight: 2, arbitrary: fc.constantFrom(0, -0, 1, -1) },
  { weight: 1, arbitrary: fc.constantFrom(1e4, -1e4, 1e-38, -1e-38, 1e-42, 1e-8) },
);

/** Numbers of size one. */
export const moderateNumber: fc.Arbitrary<number> = ordinary(-2, 2);

/** Raw gates, strengths and modes, which a sigmoid, softplus or softmax is going to squash: saturated ones included. */
export const rawNumber: fc.Arbitrary<number> = fc.oneof(
  { weight: 4, arbitrary: ordinary(-3, 3) },
  { weight: 1, arbitrary: fc.constantFrom(0, 30, -30, 300, -300, 1e4, -1e4) },
);

/** Numbers in [0, 1], the ends and their neighbours included. */
export const unitNumber: fc.Arbitrary<number> = fc.oneof(
  { weight: 3, arbitrary: ordinary(0, 1) },
  { weight: 2, arbitrary: fc.constantFrom(0, 1, 0.5, 1e-6, 1e-38, 1e-42, Math.fround(1 - 2 ** -24)) },
);

/** A weighting of N locations: none, one, all alike, or any with a sum of at most one. */
export const weighting = (N: number): fc.Arbitrary<readonly number[]> =>
  fc.oneof(
    { weight: 1, arbitrary: fc.constant(Array.from({ length: N }, () => 0)) },
    { weight: 2, arbitrary: fc.nat(N - 1).map((at) => Array.from({ length: N }, (_, i) => (i === at ? 1 : 0))) },
    { weight: 1, arbitrary: fc.constant(Array.from({ length: N }, () => Math.fround(1 / N) * (1 - 2 ** -22))) },
    {
      weight: 4,
      arbitrary: fc.tuple(fc.array(unitNumber, { minLength: N, maxLength: N }), unitNumber).map(([shares, total]) => {
        const sum = shares.reduce((p, q) => p + q, 0);
        return shares.map((share) => (sum === 0 ? 0 : Math.fround((share / sum) * total * (1 - 2 ** -22))));
      }),
    },
  );
