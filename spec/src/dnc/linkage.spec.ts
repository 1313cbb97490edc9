import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { backwardWeightings, forwardWeightings, nextLinks, nextPrecedence } from "../../../src/dnc/linkage.ts";
import { checkedGradient, expectClose } from "./closeTo.ts";

const hot = (index: number, size = 3): tf.Tensor3D =>
  tf.oneHot(tf.tensor2d([[index]], [1, 1], "int32"), size) as tf.Tensor3D;
const noLinks = tf.zeros<tf.Rank.R4>([1, 1, 3, 3]);

describe("nextPrecedence", () => {
  it("is (1 - Σ w) p + w", () => {
    const p = tf.tensor3d([[[0.5, 0.3, 0]]]);
    expectClose(nextPrecedence(p, tf.tensor3d([[[0, 0.4, 0.2]]])), [[[0.2, 0.52, 0.2]]]);
    expectClose(nextPrecedence(p, tf.cast(hot(2), "float32")), [[[0, 0, 1]]], 0);
  });
});

describe("nextLinks", () => {
  it("remembers in which order locations were written", () => {
    // Write 0, then 2, then 1.
    let [links, precedence] = [noLinks, tf.zeros<tf.Rank.R3>([1, 1, 3])];
    for (const index of [0, 2, 1]) {
      const w = tf.cast<tf.Tensor3D>(hot(index), "float32");
      [links, precedence] = [nextLinks(links, precedence, w), nextPrecedence(precedence, w)];
    }
    const expected = [
      [
        [
          [0, 0, 0],
          [0, 0, 1],
          [1, 0, 0],
        ],
      ],
    ]; // L[2, 0] = 1, L[1, 2] = 1. prettier-ignore
    expectClose(links, expected, 0);
    const at = (index: number): tf.Tensor3D => tf.cast(hot(index), "float32");
    expectClose(forwardWeightings(links, at(0)), [[[[0, 0, 1]]]], 0);
    expectClose(forwardWeightings(links, at(2)), [[[[0, 1, 0]]]], 0);
    expectClose(backwardWeightings(links, at(1)), [[[[0, 0, 1]]]], 0);
    expectClose(backwardWeightings(links, at(0)), [[[[0, 0, 0]]]], 0);
  });
  it("is (1 - w_i - w_j) L + w_i p_j off the diagonal, and exactly 0 on it", () => {
    const L = tf.tensor4d([[[[0, 0.5, 0.1], [0.2, 0, 0.3], [0, 0.4, 0]]]]); // prettier-ignore
    const w = [0.3, 0.5, 0.1];
    const p = [0.2, 0.1, 0.6];
    const old = L.arraySync()[0]?.[0] ?? [];
    const expected = w.map((wi, i) =>
      w.map((wj, j) => (i === j ? 0 : (1 - wi - wj) * (old[i]?.[j] ?? 0) + wi * (p[j] ?? 0))),
    );
    const links = nextLinks(L, tf.tensor3d([[p]]), tf.tensor3d([[w]]));
    expectClose(links, [[expected]]);
    expect([0, 4, 8].map((at) => links.dataSync()[at])).toEqual([0, 0, 0]);
  });
  it("keeps each write head's links apart", () => {
    const two = tf.concat<tf.Tensor3D>([tf.cast(hot(0), "float32"), tf.cast(hot(1), "float32")], 1);
    const precedence = tf.tensor3d([[[0, 0, 1], [0, 0, 0.5]]]); // prettier-ignore
    expectClose(nextLinks(tf.zeros([1, 2, 3, 3]), precedence, two), [
      [
        [[0, 0, 1], [0, 0, 0], [0, 0, 0]],
        [[0, 0, 0], [0, 0, 0.5], [0, 0, 0]],
      ],
    ]); // prettier-ignore
  });
  it("has the gradient of its definition", () => {
    const L = tf.tensor4d([[[[0, 0.5, 0.1], [0.2, 0, 0.3], [0, 0.4, 0]]]]); // prettier-ignore
    const [w, p] = [tf.tensor3d([[[0.3, 0.5, 0.1]]]), tf.tensor3d([[[0.2, 0.1, 0.6]]])];
    checkedGradient((x: tf.Tensor3D) => nextLinks(L, p, x), w);
    checkedGradient((x: tf.Tensor3D) => nextLinks(L, x, w), p);
    const gradient = checkedGradient((x: tf.Tensor4D) => nextLinks(x, p, w), L);
    expect([0, 4, 8].map((at) => Math.abs(gradient.dataSync()[at] ?? NaN))).toEqual([0, 0, 0]);
  });
});

describe("forwardWeightings and backwardWeightings", () => {
  it("have one row a read head and write head", () => {
    const L = tf.randomUniform<tf.Rank.R4>([2, 3, 4, 4], 0, 1, "float32", 5);
    const w = tf.randomUniform<tf.Rank.R3>([2, 5, 4], 0, 1, "float32", 6);
    const [f, b] = [forwardWeightings(L, w), backwardWeightings(L, w)];
    expect(f.shape).toEqual([2, 5, 3, 4]);
    const [l, r] = [L.arraySync()[1]?.[2] ?? [], w.arraySync()[1]?.[4] ?? []];
    const row = (at: (i: number, j: number) => number): number[] =>
      [0, 1, 2, 3].map((i) => r.reduce((sum, x, j) => sum + at(i, j) * x, 0));
    const head = (x: tf.Tensor4D): tf.Tensor => tf.reshape(tf.slice(x, [1, 4, 2, 0], [1, 1, 1, 4]), [4]);
    expectClose(
      head(f),
      row((i, j) => l[i]?.[j] ?? 0),
    );
    expectClose(
      head(b),
      row((i, j) => l[j]?.[i] ?? 0),
    );
  });
});
