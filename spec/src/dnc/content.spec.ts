import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { contentWeighting, cosineSimilarity, oneplus, strengths } from "../../../src/dnc/content.ts";
import { checkedGradient, expectClose, isFinite } from "./closeTo.ts";

const memory = tf.tensor3d([[[3, 4], [-6, -8], [4, -3], [0, 0]]]); // prettier-ignore
const key = tf.tensor3d([[[3, 4]]]);

describe("oneplus", () => {
  it("is 1 + log(1 + e^x), also far out", () => {
    expectClose(oneplus(tf.tensor1d([0, 1, -1])), [
      1 + Math.log(2),
      1 + Math.log1p(Math.E),
      1 + Math.log1p(1 / Math.E),
    ]);
    expectClose(oneplus(tf.tensor1d([-300, 300])), [1, 301]);
  });
  it("has the logistic function for derivative", () => {
    expectClose(
      checkedGradient((x) => oneplus(x), tf.tensor1d([0])),
      [0.5],
      1e-5,
    );
  });
  it("is one more than softplus", () => {
    expectClose(strengths(tf.tensor1d([0]), "softplus"), [Math.log(2)]);
    expectClose(strengths(tf.tensor1d([0]), "oneplus"), [1 + Math.log(2)]);
  });
});

describe("cosineSimilarity", () => {
  it("is 1 along, -1 against, 0 across, and 0 at a location that is zero", () => {
    expectClose(cosineSimilarity(memory, key), [[[1, -1, 0, 0]]]);
  });
  it("is exactly 0 for a key that is zero", () => {
    expect([...cosineSimilarity(memory, tf.zeros([1, 1, 2])).dataSync()]).toEqual([0, 0, 0, 0]);
  });
  it("has a finite gradient where memory and key are zero", () => {
    const zeros = tf.zeros<tf.Rank.R3>([1, 4, 2]);
    expect(
      isFinite(checkedGradient((k: tf.Tensor3D) => cosineSimilarity(zeros, k), tf.zeros<tf.Rank.R3>([1, 1, 2]))),
    ).toBe(true);
    expectClose(checkedGradient((M: tf.Tensor3D) => cosineSimilarity(M, tf.zeros([1, 1, 2])), zeros), [[[0, 0], [0, 0], [0, 0], [0, 0]]]); // prettier-ignore
  });
});

describe("contentWeighting", () => {
  it("is the softmax of strength times similarity", () => {
    const e = [2, -2, 0, 0].map(Math.exp);
    const sum = e.reduce((a, b) => a + b);
    expectClose(contentWeighting(memory, key, tf.tensor2d([[2]])), [[e.map((x) => x / sum)]]);
  });
  it("is even where memory or key is zero", () => {
    expectClose(contentWeighting(tf.zeros([1, 4, 2]), key, tf.tensor2d([[9]])), [[[0.25, 0.25, 0.25, 0.25]]]);
    expectClose(contentWeighting(memory, tf.zeros([1, 1, 2]), tf.tensor2d([[9]])), [[[0.25, 0.25, 0.25, 0.25]]]);
  });
  it("becomes one-hot under a huge strength, with a finite gradient", () => {
    const huge = tf.tensor2d([[1e4]]);
    expectClose(contentWeighting(memory, key, huge), [[[1, 0, 0, 0]]]);
    expect(isFinite(checkedGradient((M: tf.Tensor3D) => contentWeighting(M, key, huge), memory))).toBe(true);
  });
  it("has the gradient of its definition", () => {
    const beta = tf.tensor2d([[1.5, 0.7]]);
    const keys = tf.tensor3d([[[1, -2], [0.5, 0.3]]]); // prettier-ignore
    const M = tf.tensor3d([[[1, 2], [-0.5, 1], [0.3, -0.9]]]); // prettier-ignore
    checkedGradient((x: tf.Tensor3D) => contentWeighting(x, keys, beta), M);
    checkedGradient((x: tf.Tensor3D) => contentWeighting(M, x, beta), keys);
    checkedGradient((x: tf.Tensor2D) => contentWeighting(M, keys, x), beta);
  });
});
