import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { random } from "../../../compile/index.ts";
import type { Cell } from "../../../src/models/cell.ts";
import { lstm } from "../../../src/models/lstm.ts";
import { copyBatch } from "../../../src/tasks/copy.ts";
import { bitObjective } from "../../../src/tasks/objectives.ts";
import type { SequenceBatch } from "../../../src/tasks/sequenceBatch.ts";
import { adam } from "../../../src/train/adam.ts";
import { encodeRun } from "../../../src/train/checkpoint.ts";
import { beginRun, fit, type Experiment, type RunStore } from "../../../src/train/fit.ts";
import type { Progress } from "../../../src/train/progress.ts";
import type { Run } from "../../../src/train/run.ts";
import { streamKey } from "../../../src/train/randomStream.ts";
import { sgd } from "../../../src/train/sgd.ts";
import { testStep, trainStep } from "../../../src/train/trainStep.ts";

interface Memoryless {
  readonly w: tf.Tensor2D;
}

/** A user's own cell: it knows nothing but what it sees, and has no state. */
const ownCell: Cell<Memoryless, { readonly nothing: tf.Tensor2D }> = {
  inputSize: 4,
  outputSize: 2,
  init: (key) => ({ w: random.normal(key, [4, 2]) as tf.Tensor2D }),
  initialState: (batch) => ({ nothing: tf.zeros([batch, 1]) }),
  step: (params, state, input) => ({ state, output: tf.matMul(input, params.w) as tf.Tensor2D }),
};

/** Copying two-bit words: one cell or another, so many steps. */
function copying<Params, State>(
  cell: Cell<Params, State>,
  change: Partial<Experiment<Params, State, SequenceBatch, { readonly count: number }>> = {},
): Experiment<Params, State, SequenceBatch, { readonly count: number }> {
  return {
    config: { a: 1 },
    seed: 1,
    cell,
    objective: bitObjective,
    optimiser: adam({ learningRate: 0.02 }),
    firstLesson: { count: 0 },
    batch: (key) => copyBatch(key, { bits: 2, minLength: 1, maxLength: 2, batch: 4 }),
    batchSize: 4,
    next: ({ count }) => ({ count: count + 1 }),
    isFinished: ({ count }) => count >= 12,
    describe: ({ count }) => `lesson ${count}`,
    ...change,
  };
}

const small = lstm({ inputSize: 4, outputSize: 2, hidden: [5] });
const bytesOf = (run: Run<unknown, unknown>): string => Buffer.from(encodeRun(run)).toString("base64");

beforeEach(() => tf.engine().startScope());
afterEach(() => tf.engine().endScope());

describe("trainStep", () => {
  it("is one program however many steps, and learns any cell", () => {
    const experiment = copying(small);
    const step = trainStep(experiment);
    let { learner } = beginRun(experiment);
    const losses: number[] = [];
    for (let i = 0; i < 60; i++) {
      const batch = experiment.batch(streamKey(0), experiment.firstLesson);
      const result = step(learner, random.key(0) as tf.Tensor1D, tf.scalar(i, "int32"), batch);
      learner = result.learner;
      losses.push(result.metrics.loss.dataSync()[0] as number);
    }
    expect((step as { readonly programs?: number }).programs).toBe(1);
    expect(losses.at(-1)).toBeLessThan(0.7 * (losses[0] as number));
  });

  it("does the same on both targets", () => {
    const results = (["wasm", "tfjs"] as const).map((target) => {
      const experiment = copying(small, { target });
      const { learner } = beginRun(experiment);
      const batch = experiment.batch(streamKey(3), experiment.firstLesson);
      const result = trainStep(experiment)(learner, random.key(0) as tf.Tensor1D, tf.scalar(0, "int32"), batch);
      return [result.learner.params.output.weights, result.metrics.loss, result.metrics.gradientNorm].flatMap((x) => [
        ...x.dataSync(),
      ]);
    });
    results[0]!.forEach((x, i) => expect(x).toBeCloseTo(results[1]![i]!, 5));
  });

  it("judges without learning, where one only tests", () => {
    const experiment = copying(small);
    const { learner } = beginRun(experiment);
    const batch = experiment.batch(streamKey(3), experiment.firstLesson);
    const { loss, error } = testStep(experiment)(learner.params, batch);
    const trained = trainStep(experiment)(learner, random.key(0) as tf.Tensor1D, tf.scalar(0, "int32"), batch).metrics;
    expect(loss.dataSync()[0]).toBeCloseTo(trained.loss.dataSync()[0]!, 5);
    expect(error.dataSync()[0]).toBeCloseTo(trained.error.dataSync()[0]!, 5);
  });
});

describe("fit", () => {
  it("trains until the experiment is finished, with any cell", async () => {
    const own = copying(ownCell);
    const { run, reason } = await fit(own, beginRun(own));
    expect([run.step, run.lesson, reason]).toEqual([12, { count: 12 }, "finished"]);
    expect(run.learner.params.w.shape).toEqual([4, 2]);
  });

  it("is a function of its seed", async () => {
    const train = async (seed: number): Promise<string> => {
      const experiment = copying(small, { seed });
      return bytesOf((await fit(experiment, beginRun(experiment))).run);
    };
    expect(await train(1)).toBe(await train(1));
    expect(await train(1)).not.toBe(await train(2));
  });

  it("stops at its limits and where it is told to, and goes on from there as if it had not stopped", async () => {
    const whole = copying(small);
    const expected = bytesOf((await fit(whole, beginRun(whole))).run);
    const controller = new AbortController();
    const first = await fit(whole, beginRun(whole), { maxSteps: 4 });
    expect([first.run.step, first.reason]).toEqual([4, "steps"]);
    const onProgress = ({ step }: Progress): void => void (step === 7 && controller.abort());
    const second = await fit(whole, first.run, { signal: controller.signal, onProgress });
    expect([second.run.step, second.reason]).toEqual([7, "stopped"]);
    const third = await fit(whole, second.run, { maxSeconds: 0 });
    expect([third.run.step, third.reason]).toEqual([7, "time"]);
    const last = await fit(whole, third.run);
    expect(bytesOf(last.run)).toBe(expected);
  });

  it("saves as often as it is told, and at the end; logs each step; shows each step", async () => {
    const saved: number[] = [];
    const logged: unknown[] = [];
    const shown: Progress[] = [];
    const store: RunStore = {
      save: async (run) => void saved.push(run.step),
      log: ({ step, lesson, loss, error }) => void logged.push([step, lesson, typeof loss, typeof error]),
    };
    const experiment = copying(small);
    const options = { store, maxSteps: 7, saveEvery: { steps: 3 }, onProgress: (p: Progress) => void shown.push(p) };
    await fit(experiment, beginRun(experiment), options);
    expect(saved).toEqual([3, 6, 7]);
    expect(logged.slice(0, 2)).toEqual([
      [1, "lesson 0", "number", "number"],
      [2, "lesson 1", "number", "number"],
    ]);
    expect(shown.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(shown.at(-1)).toMatchObject({ share: 1, lesson: "lesson 7" });
  });

  it("ends with an error where the loss is no number, and saves nothing of it", async () => {
    const saved: number[] = [];
    const store: RunStore = { save: async (run) => void saved.push(run.step), log: () => {} };
    const experiment = copying(ownCell, { optimiser: sgd({ learningRate: Number.NaN }) });
    const training = fit(experiment, beginRun(experiment), { store, saveEvery: { steps: 1 } });
    await expect(training).rejects.toThrow(/the loss is .* at step \d+: training has diverged\. The checkpoint/);
    expect(saved.every((step) => step < 12)).toBe(true);
  });

  it("gives out frozen runs", async () => {
    const experiment = copying(small);
    const { run } = await fit(experiment, beginRun(experiment), { maxSteps: 1 });
    for (const part of [run, run.lesson, run.learner, run.learner.params, run.learner.params.controller.layers]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });

  it("leaves no tensors behind but those of the run", async () => {
    const experiment = copying(small, { isFinished: ({ count }) => count >= 100 });
    const begun = beginRun(experiment);
    const before = tf.memory().numTensors;
    const { run } = await fit(experiment, begun, { maxSteps: 3 });
    const after = tf.memory().numTensors;
    await fit(experiment, run, { maxSteps: 30 });
    expect([after, tf.memory().numTensors]).toEqual([before, before]);
  });
});
