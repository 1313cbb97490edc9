import * as tf from "@tensorflow/tfjs-core";
import { describe, it } from "vitest";
import { writeMemory, writeWeighting } from "../../../src/dnc/write.ts";
import { checkedGradient, expectClose } from "./closeTo.ts";

describe("writeWeighting", () => {
  const a = tf.tensor3d([[[1, 0, 0]]]);
  const c = tf.tensor3d([[[0, 0.5, 0.5]]]);
  const gate = (x: number): tf.Tensor2D => tf.tensor2d([[x]]);
  it("is g_w (g_a a + (1 - g_a) c)", () => {
    expectClose(writeWeighting(a, c, gate(0.25), gate(0.8)), [[[0.2, 0.3, 0.3]]]);
  });
  it("is allocation, content or nothing, as the gates say", () => {
    expectClose(writeWeighting(a, c, gate(1), gate(1)), [[[1, 0, 0]]], 0);
    expectClose(writeWeighting(a, c, gate(0), gate(1)), [[[0, 0.5, 0.5]]], 0);
    expectClose(writeWeighting(a, c, gate(0.5), gate(0)), [[[0, 0, 0]]], 0);
  });
});

describe("writeMemory", () => {
  const M = tf.tensor3d([[[1, 2], [3, 4]]]); // prettier-ignore
  it("erases, then adds", () => {
    const [w, e, v] = [tf.tensor3d([[[1, 0.5]]]), tf.tensor3d([[[1, 0.5]]]), tf.tensor3d([[[10, 20]]])];
    expectClose(writeMemory(M, w, e, v), [[[10, 21], [3 * 0.5 + 5, 4 * 0.75 + 10]]]); // prettier-ignore
  });
  it("leaves memory as it is where nothing is written", () => {
    const ones = tf.ones<tf.Rank.R3>([1, 1, 2]);
    expectClose(writeMemory(M, tf.zeros([1, 1, 2]), ones, ones), [[[1, 2], [3, 4]]], 0); // prettier-ignore
  });
  it("multiplies what several heads erase and sums what they add", () => {
    const w = tf.tensor3d([[[1, 0], [0.5, 1]]]); // prettier-ignore
    const e = tf.tensor3d([[[0.5, 0], [1, 1]]]); // prettier-ignore
    const v = tf.tensor3d([[[1, 1], [2, 0]]]); // prettier-ignore
    expectClose(writeMemory(M, w, e, v), [[[1 * 0.5 * 0.5 + 1 + 1, 2 * 1 * 0.5 + 1], [0 + 2, 0]]]); // prettier-ignore
  });
  it("has the true gradient where a location is erased to zero by both heads", () => {
    const w = tf.tensor3d([[[1, 0], [1, 0.5]]]); // prettier-ignore
    const v = tf.tensor3d([[[1, 1], [2, 0]]]); // prettier-ignore
    const e = tf.tensor3d([[[1, 0], [1, 1]]]); // prettier-ignore
    checkedGradient((x: tf.Tensor3D) => writeMemory(M, w, x, v), e);
    checkedGradient((x: tf.Tensor3D) => writeMemory(M, x, e, v), w);
    checkedGradient((x: tf.Tensor3D) => writeMemory(x, w, e, v), M, 5e-3);
  });
});
