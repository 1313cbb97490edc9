import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { bitError, labelError, sigmoidCrossEntropy, softmaxCrossEntropy } from "../../../src/train/loss.ts";

const value = (x: tf.Scalar): number => x.dataSync()[0] as number;

// Two steps, two sequences, two bits; the last step of the second sequence is padding.
const logits = tf.tensor3d([1, -2, 0.5, 0, 3, -1, 1e30, -1e30], [2, 2, 2]);
const target = tf.tensor3d([1, 0, 0, 1, 0, 0, 0, 1], [2, 2, 2]);
const mask = tf.tensor2d([1, 1, 1, 0], [2, 2]);
const nats = (x: number, t: number): number => Math.log(1 + Math.exp(t === 1 ? -x : x));
const total = nats(1, 1) + nats(-2, 0) + nats(0.5, 0) + nats(0, 1) + nats(3, 0) + nats(-1, 0);

describe("sigmoidCrossEntropy", () => {
  it("is the sum over bits and steps, per sequence, of what the mask asks for", () => {
    expect(value(sigmoidCrossEntropy(logits, target, mask))).toBeCloseTo(total / 2, 5);
  });

  it("can be had in bits and per step asked for", () => {
    expect(value(sigmoidCrossEntropy(logits, target, mask, { unit: "bits" }))).toBeCloseTo(total / 2 / Math.LN2, 5);
    expect(value(sigmoidCrossEntropy(logits, target, mask, { per: "step" }))).toBeCloseTo(total / 3, 5);
  });

  it("is finite at extremes", () => {
    const extreme = tf.tensor3d([500, -500, 500, -500], [1, 1, 4]);
    const bits = tf.tensor3d([1, 0, 0, 1], [1, 1, 4]);
    expect(value(sigmoidCrossEntropy(extreme, bits, tf.ones([1, 1])))).toBe(1000);
  });

  it("is zero, not 0 / 0, where nothing is asked", () => {
    expect(value(sigmoidCrossEntropy(logits, target, tf.zeros([2, 2]), { per: "step" }))).toBe(0);
  });
});

describe("softmaxCrossEntropy", () => {
  const labels = tf.tensor2d([0, 1, 1, 0], [2, 2], "int32");
  const pair = (x: number, other: number): number => Math.log(1 + Math.exp(other - x));
  const expected = pair(1, -2) + pair(0, 0.5) + pair(-1, 3);

  it("is the surprise at the label", () => {
    expect(value(softmaxCrossEntropy(logits, labels, mask))).toBeCloseTo(expected / 2, 5);
    expect(value(softmaxCrossEntropy(logits, labels, mask, { per: "step", unit: "bits" }))).toBeCloseTo(
      expected / 3 / Math.LN2,
      5,
    );
  });

  it("is finite at extremes", () => {
    const extreme = tf.tensor3d([1e4, -1e4, 0], [1, 1, 3]);
    const ask = (label: number): number =>
      value(softmaxCrossEntropy(extreme, tf.tensor2d([label], [1, 1], "int32"), tf.ones([1, 1])));
    expect([0, 1, 2].map(ask)).toEqual([0, 2e4, 1e4]);
  });
});

describe("errors", () => {
  it("count wrong bits among those asked for", () => {
    // Right: 1, -2, -1. Wrong: 0.5 for 0, 0 for 1 (nought says zero), 3 for 0.
    expect(value(bitError(logits, target, mask))).toBeCloseTo(3 / 6, 6);
    expect(value(bitError(logits, target, tf.zeros([2, 2])))).toBe(0);
  });

  it("count wrong labels among those asked for", () => {
    const labels = tf.tensor2d([0, 1, 1, 0], [2, 2], "int32");
    expect(value(labelError(logits, labels, mask))).toBeCloseTo(2 / 3, 6);
  });
});
