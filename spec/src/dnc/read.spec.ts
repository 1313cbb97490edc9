import * as tf from "@tensorflow/tfjs-core";
import { describe, it } from "vitest";
import { readVectors, readWeighting, type ReadModes } from "../../../src/dnc/read.ts";
import { checkedGradient, expectClose } from "./closeTo.ts";

const modes = (backward: number[], content: number, forward: number[]): ReadModes => ({
  backward: tf.tensor3d([[backward]]),
  content: tf.tensor2d([[content]]),
  forward: tf.tensor3d([[forward]]),
});
const b = tf.tensor4d([[[[1, 0, 0]]]]);
const c = tf.tensor3d([[[0, 1, 0]]]);
const f = tf.tensor4d([[[[0, 0, 1]]]]);

describe("readWeighting", () => {
  it("is π_1 b + π_2 c + π_3 f", () => {
    expectClose(readWeighting(modes([0.2], 0.5, [0.3]), b, c, f), [[[0.2, 0.5, 0.3]]]);
  });
  it("has two modes more for a second write head", () => {
    const twice = (x: tf.Tensor4D, y: tf.Tensor4D): tf.Tensor4D => tf.concat([x, y], 2);
    expectClose(readWeighting(modes([0.1, 0.2], 0.3, [0.15, 0.25]), twice(b, f), c, twice(f, b)), [
      [[0.35, 0.3, 0.35]],
    ]);
  });
});

describe("readVectors", () => {
  it("is the sum of locations by their weights, a head a row", () => {
    const M = tf.tensor3d([[[1, 2], [3, 4], [5, 6]]]); // prettier-ignore
    const w = tf.tensor3d([[[0, 1, 0], [0.5, 0, 0.25]]]); // prettier-ignore
    expectClose(readVectors(M, w), [[[3, 4], [1.75, 2.5]]]); // prettier-ignore
    checkedGradient((x: tf.Tensor3D) => readVectors(M, x), w);
  });
});
