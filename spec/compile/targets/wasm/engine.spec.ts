// Relaxed SIMD where the engine keeps it behind a flag: used all the same, and nothing of it seen outside.

import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { jit } from "../../../../compile/index.ts";
import { hasRelaxedSimd, withRelaxedSimd } from "../../../../compile/targets/wasm/engine.ts";
import { detectFeatures } from "../../../../compile/targets/wasm/features.ts";

const asked = process.execArgv.some((flag) => flag.includes("relaxed-simd"));
const [major, minor] = process.versions.node.split(".").map(Number) as [number, number];

describe("relaxed SIMD", () => {
  it("is used by Node from 20.16 on", () => {
    expect(detectFeatures().relaxedMadd).toBe(major > 20 || minor >= 16 || asked);
  });

  it("is as visible after as before", () => {
    const before = hasRelaxedSimd();
    expect(before).toBe(major > 20 || asked); // or the next line says nothing
    expect(withRelaxedSimd(hasRelaxedSimd)).toBe(detectFeatures().relaxedMadd);
    expect(hasRelaxedSimd()).toBe(before);
    const failing = (): never => {
      throw new Error("on purpose");
    };
    expect(() => withRelaxedSimd(failing)).toThrow("on purpose");
    expect(hasRelaxedSimd()).toBe(before);
  });

  it.each([1, 2])("serves functions that are compiled late, on %i threads", (threads) => {
    const n = 256;
    const x = tf.fill<tf.Rank.R2>([n, n], 1 + 2 ** -12);
    const y = tf.fill<tf.Rank.R2>([n, n], 2 ** -12);
    // (1 + 2⁻¹²) 2⁻¹² = 2⁻¹² + 2⁻²⁴: a sum of n of them is exact, fused or not.
    const product = jit((a: tf.Tensor2D, b: tf.Tensor2D) => tf.matMul(a, b), { threads });
    for (let i = 0; i < 30; i++) {
      const result = product(x, y);
      expect(new Set(result.dataSync())).toEqual(new Set([n * (2 ** -12 + 2 ** -24)]));
      result.dispose();
    }
    expect(hasRelaxedSimd()).toBe(major > 20 || asked);
  });
});
