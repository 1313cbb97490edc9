import * as tf from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { initLayerNorm, layerNorm } from "../../../src/dnc/layerNorm.ts";
import { checkedGradient, expectClose, isFinite } from "./closeTo.ts";

it("brings each row to mean 0 and variance 1, then scales and shifts", () => {
  const x = tf.tensor2d([[1, 2, 3], [10, 10, 40]]); // prettier-ignore
  const r = Math.sqrt(1.5);
  const expected = [[-r, 0, r], [-1 / Math.sqrt(2), -1 / Math.sqrt(2), Math.sqrt(2)]]; // prettier-ignore
  expectClose(layerNorm(initLayerNorm(3), x), expected, 1e-4);
  const params = { gain: tf.tensor1d([2, 2, 2]), offset: tf.tensor1d([0, 1, 0]) };
  expectClose(
    layerNorm(params, x),
    expected.map((row) => row.map((y, i) => 2 * y + (i === 1 ? 1 : 0))),
    1e-4,
  );
});

it("is finite with a finite gradient where all numbers of a row are equal", () => {
  const even = tf.zeros<tf.Rank.R2>([1, 3]);
  expectClose(layerNorm(initLayerNorm(3), even), [[0, 0, 0]]);
  expect(isFinite(checkedGradient((x: tf.Tensor2D) => layerNorm(initLayerNorm(3), x), even, Infinity))).toBe(true);
  checkedGradient((x: tf.Tensor2D) => layerNorm(initLayerNorm(3), x), tf.tensor2d([[0.5, -1, 2]]));
});
