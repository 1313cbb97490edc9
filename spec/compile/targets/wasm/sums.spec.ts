// Long sums keep their digits: what is added to a large sum in float32 would lose them.

import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { jit } from "../../../../compile/index.ts";

const values = (n: number): Float32Array => Float32Array.from({ length: n }, (_, i) => Math.abs(Math.sin(1.37 * i)) / 100); // prettier-ignore

it.each([4_097, 100_003, 688_128])("a sum of %i squares, to 1e-6", (n) => {
  const x = values(n);
  const exact = x.reduce((sum, value) => sum + value * value, 0);
  const sum = jit((t: tf.Tensor) => tf.sum(tf.square(t)))(tf.tensor1d(x)).dataSync()[0]!;
  expect(Math.abs(sum - exact) / exact).toBeLessThan(1e-6);
});

it("sums of rows, to 1e-6", () => {
  const x = values(3 * 50_000);
  const sums = jit((t: tf.Tensor) => tf.sum(t, 1))(tf.tensor2d(x, [3, 50_000])).dataSync();
  sums.forEach((sum, row) => {
    const exact = x.subarray(row * 50_000, (row + 1) * 50_000).reduce((total, value) => total + value, 0);
    expect(Math.abs(sum - exact) / exact).toBeLessThan(1e-6);
  });
});
