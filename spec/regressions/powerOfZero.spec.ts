// The derivative of x^y by x was the constant 0 where y is 0: its own derivative by y, 1/x there, was lost.

import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { beforeAll, expect, it } from "vitest";
import { grad } from "../../compile/index.ts";

beforeAll(async () => {
  await tf.setBackend("cpu");
});

it("∂²(x^y)/∂x∂y is 1/x at y = 0", () => {
  const slope = (y: tf.Tensor, x: tf.Tensor): tf.Tensor => grad((z: tf.Tensor) => tf.sum(tf.pow(z, y)))(x);
  const mixed = grad((y: tf.Tensor, x: tf.Tensor) => tf.sum(slope(y, x)))(tf.tensor1d([0, 0]), tf.tensor1d([2, 0.5]));
  expect([...mixed.dataSync()]).toEqual([0.5, 2]);
});

it("∂(x^y)/∂x is 0 at y = 0, whatever x", () => {
  const slopes = grad((x: tf.Tensor) => tf.sum(tf.pow(x, 0)))(tf.tensor1d([0, 1e-40, 3, Infinity, NaN]));
  expect([...slopes.dataSync()].map(Math.abs)).toEqual([0, 0, 0, 0, 0]);
});
