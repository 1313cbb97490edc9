import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import {
  copyCell,
  copyDefaults,
  copyExperiment,
  drawCopy,
  sequenceTest,
  type CopyLesson,
} from "../../../src/tasks/copyExperiment.ts";
import { beginRun, fit } from "../../../src/train/fit.ts";
import { streamKey } from "../../../src/train/randomStream.ts";

const config = { ...copyDefaults, bits: 2, maxLength: 5, hidden: 8, locations: 8, wordSize: 4, batch: 4 };

describe("copyExperiment", () => {
  const experiment = copyExperiment(config);
  const { params } = beginRun(experiment).learner;
  /** The lesson after `count` batches with this share of wrong bits. */
  const after = async (
    from: CopyLesson | Promise<CopyLesson>,
    count: number,
    error: number,
    step = 1,
  ): Promise<CopyLesson> => {
    let next = await from;
    const measured = { loss: 0, gradientNorm: 0, error };
    for (let i = 0; i < count; i++) next = await experiment.next(next, measured, { step, params });
    return next;
  };

  it("doubles the longest length when fifty batches have under 2 % wrong bits", async () => {
    const first = experiment.firstLesson;
    expect(first).toMatchObject({ maxLength: 2, recent: [] });
    expect((await after(first, 49, 0.01)).maxLength).toBe(2);
    expect(await after(first, 50, 0.01)).toMatchObject({ maxLength: 4, recent: [] });
    expect((await after(first, 50, 0.02)).maxLength).toBe(2);
    expect((await after(first, 100, 0.01)).maxLength).toBe(5);
    expect((await after(after(first, 200, 0.5), 48, 0)).maxLength).toBe(2);
    expect((await after(first, 300, 0.5)).recent).toHaveLength(100);
  });

  it("tests an untrained network and finds it wanting", async () => {
    const last = await after(experiment.firstLesson, 100, 0);
    const full = await after(last, 99, 0);
    expect(full.test).toBeNull();
    const tested = await after(full, 1, 0, 1300);
    expect(tested.test?.step).toBe(1300);
    expect(tested.test?.error).toBeGreaterThan(0.3);
    expect(tested.isSolved).toBe(false);
  });

  it("draws batches of the lesson's length", async () => {
    expect(experiment.batch(streamKey(0), await after(experiment.firstLesson, 50, 0)).input.shape).toEqual([10, 4, 4]);
    const repeat = { ...config, task: "repeat copy" } as const;
    expect(drawCopy(streamKey(0), repeat, { maxLength: 3 }).target.shape).toEqual([12, 4, 3]);
    expect(copyCell(repeat).outputSize).toBe(3);
  });

  it("refuses settings that make no sense", () => {
    expect(() => copyExperiment({ ...config, batch: 0 })).toThrow("copy: batch must be a whole number of at least 1");
    expect(() => copyExperiment({ ...config, learningRate: 0 })).toThrow("copy: learningRate must be greater than 0");
    expect(() => copyExperiment({ ...config, locations: 0 })).toThrow("locations");
  });
});

describe("sequenceTest", () => {
  it("counts bits and sequences, and takes parameters into a larger memory", () => {
    const cell = copyCell(config);
    const { params } = beginRun(copyExperiment(config)).learner;
    const options = { minLength: 3, maxLength: 3, sequences: 200 };
    const before = tf.memory().numTensors;
    for (const locations of [8, 16]) {
      const result = sequenceTest(copyCell(config, locations))(params, streamKey(1), config, options);
      expect(result).toMatchObject({ sequences: 200, bits: 200 * 3 * 2 });
      expect(Math.abs(result.wrongBits / result.bits - 0.5)).toBeLessThan(0.1);
      expect(result.perfect).toBeLessThan(20);
      expect(Math.abs(result.crossEntropy - 6)).toBeLessThan(1.5);
    }
    expect(tf.memory().numTensors).toBe(before);
    expect(cell.config.locations).toBe(8);
  });
});

describe("learning to copy", () => {
  it("two-bit words, in a memory of eight", async () => {
    const experiment = copyExperiment({ ...config, batch: 8, learningRate: 1e-2, maxLength: 3 });
    const { run, reason } = await fit(experiment, beginRun(experiment), { maxSteps: 3000 });
    expect([reason, run.lesson.isSolved]).toEqual(["finished", true]);
    expect(run.lesson.test?.error).toBeLessThan(5e-4);
  });
});
