import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { repeatCopyBatch, repeatCopyDefaults } from "../../../src/tasks/repeatCopy.ts";
import { streamKey } from "../../../src/train/randomStream.ts";

const fixed = { bits: 3, minLength: 2, maxLength: 2, minRepeats: 3, maxRepeats: 3, normMax: 10, batch: 1 } as const;

describe("repeatCopyBatch", () => {
  it("lays a sequence out as DeepMind's task does", () => {
    const batch = repeatCopyBatch(streamKey(2), fixed);
    const input = tf.squeeze(batch.input, [1]).arraySync() as number[][];
    const target = tf.squeeze(batch.target, [1]).arraySync() as number[][];
    const [a, b] = [input[1]!.slice(0, 3), input[2]!.slice(0, 3)];
    const repeats = Math.fround(0.3);
    expect(input).toEqual([
      [0, 0, 0, 1, 0],
      [...a, 0, 0],
      [...b, 0, 0],
      [0, 0, 0, 0, repeats],
      ...new Array<readonly number[]>(7).fill([0, 0, 0, 0, 0]),
    ]);
    const words = [a, b, a, b, a, b].map((word) => [...word, 0]);
    expect(target).toEqual([...new Array<readonly number[]>(4).fill([0, 0, 0, 0]), ...words, [0, 0, 0, 1]]);
    expect([...batch.mask.dataSync()]).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1]);
  });

  it("pads shorter rows and asks nothing there", () => {
    const { input, target, mask } = repeatCopyBatch(streamKey(0), { ...repeatCopyDefaults, batch: 64 });
    expect([input.shape, target.shape, mask.shape]).toEqual([
      [9, 64, 6],
      [9, 64, 5],
      [9, 64],
    ]);
    const asked = new Set(tf.sum(mask, 0).arraySync() as number[]);
    expect([...asked].sort((a, b) => a - b)).toEqual([2, 3, 5]); // 1x1, 1x2 and 2x1, 2x2 words, each with the end mark
    const outside = tf.sum(tf.mul(target, tf.expandDims(tf.sub(1, mask), 2))).arraySync();
    expect(outside).toBe(0);
  });

  it.each([
    [{ ...fixed, normMax: 0 }, "repeatCopy: normMax must be greater than 0, got 0"],
    [{ ...fixed, minRepeats: 4 }, "repeatCopy: minRepeats must be at most maxRepeats (3), got 4"],
    [{ ...fixed, batch: -1 }, "repeatCopy: batch must be a whole number of at least 1, got -1"],
  ])("refuses %j", (wrong, message) => {
    expect(() => repeatCopyBatch(streamKey(0), wrong)).toThrow(message);
  });
});
