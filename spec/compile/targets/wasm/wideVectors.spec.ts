// Vectors of 256 bits: whether this engine is said to have them, and that programs with and without them agree.

import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, describe, expect, it } from "vitest";
import { jit, useWideVectors } from "../../../../compile/index.ts";
import { detectFeatures } from "../../../../compile/targets/wasm/features.ts";

const can = Number(process.versions.node.split(".")[0]) >= 24 && process.arch === "x64";
const before = detectFeatures().wide;

describe("wide vectors", () => {
  afterAll(() => void useWideVectors(before));

  it("are used where asked for, by an engine that has them", () => {
    expect(useWideVectors()).toBe(can);
    expect(detectFeatures().wide).toBe(can);
    expect(useWideVectors(false)).toBe(false);
    expect(detectFeatures().wide).toBe(false);
  });

  it("change no more than rounding", () => {
    const x = tf.reshape(tf.sin(tf.range(0, 48 * 80)), [48, 80]) as tf.Tensor2D;
    const f = (a: tf.Tensor2D): tf.Tensor[] => [
      tf.matMul(a, a, false, true),
      tf.matMul(a, a, true, false),
      tf.softmax(a),
      tf.sum(tf.tanh(a), 1),
      tf.sum(tf.mul(a, a), 0),
    ];
    const results = [true, false].map((on) => {
      useWideVectors(on);
      const compiled = jit(f); // a function of its own: those compiled before stay as they are
      for (let i = 0; i < 50; i++) tf.dispose(compiled(x));
      return compiled(x);
    });
    results[0]!.forEach((wide, i) => {
      const difference = tf.max(tf.abs(tf.sub(wide, results[1]![i]!))).dataSync()[0]!;
      expect(difference).toBeLessThan(3e-5);
    });
  });
});
