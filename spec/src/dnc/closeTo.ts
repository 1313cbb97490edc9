// What the examples beside this file share: holding tensors against numbers, and a gradient against finite differences.
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { expect } from "vitest";
import { grad } from "../../../compile/index.ts";

type Nested = number | readonly Nested[];

/** Every number of the tensor within `tolerance` of what is expected, and the shape the same. */
export function expectClose(actual: tf.Tensor, expected: Nested, tolerance = 1e-6): void {
  expect(actual.shape).toEqual(shapeOf(expected));
  const numbers = [...actual.dataSync()];
  const wanted = flatten(expected);
  const off = numbers.map((x, i) => Math.abs(x - (wanted[i] ?? NaN)));
  expect(
    off.every((x) => x <= tolerance),
    `got ${numbers.join(", ")}\nexpected ${wanted.join(", ")}`,
  ).toBe(true);
}

const shapeOf = (x: Nested): number[] => (typeof x === "number" ? [] : [x.length, ...shapeOf(x[0] ?? 0)]);
const flatten = (x: Nested): number[] => (typeof x === "number" ? [x] : x.flatMap(flatten));

export const isFinite = (x: tf.Tensor): boolean => [...x.dataSync()].every(Number.isFinite);

/** The gradient of `Σ f(x) ∘ weights` at x, which must agree with central differences. */
export function checkedGradient<T extends tf.Tensor>(f: (x: T) => tf.Tensor, x: T, tolerance = 2e-3): T {
  const weights = (y: tf.Tensor): tf.Tensor => tf.reshape(tf.cos(tf.range(0, y.size)), y.shape);
  const loss = (at: T): tf.Scalar => {
    const y = f(at);
    return tf.sum(tf.mul(y, weights(y)));
  };
  const gradient = grad(loss)(x) as T; // One argument, one gradient like it.
  const step = 1e-2;
  const numbers = [...x.dataSync()];
  const differences = numbers.map((_, i) => {
    const moved = (by: number): number => {
      const at = tf.tensor(
        numbers.map((n, k) => (k === i ? n + by : n)),
        x.shape,
      ) as T; // x's own shape.
      return loss(at).dataSync()[0] ?? NaN;
    };
    return (moved(step) - moved(-step)) / (2 * step);
  });
  const off = [...gradient.dataSync()].map((g, i) => Math.abs(g - (differences[i] ?? NaN)));
  expect(
    Math.max(...off),
    `gradient ${[...gradient.dataSync()].join(", ")}\ndifferences ${differences.join(", ")}`,
  ).toBeLessThan(tolerance);
  return gradient;
}
