/**
 * Learning to copy, from short sequences to long ones: the longest length is doubled whenever the last fifty batches
 * have few wrong bits. The settings of `copyDefaults` learn lengths up to 20 in about four hundred batches, sixteen seeds
 * of sixteen. The controller is feed-forward, as in the paper's copy experiments, and so cannot remember by itself. With
 * an LSTM, which can, two seeds of three hide the short sequences in its state and stay at length 4 or 8 for thousands of
 * batches: it never learns to use the memory.
 */
import * as tf from "@tensorflow/tfjs-core";
import { produce } from "immer";
import { jit, type TargetName } from "../../compile/index.ts";
import { dnc, type Dnc } from "../dnc/dnc.ts";
import type { DncParams } from "../dnc/params.ts";
import type { DncState } from "../dnc/state.ts";
import { readable } from "../train/readable.ts";
import { adam } from "../train/adam.ts";
import { clipByGlobalNorm } from "../train/clip.ts";
import type { Experiment } from "../train/fit.ts";
import { sigmoidCrossEntropy } from "../train/loss.ts";
import { chain } from "../train/optimiser.ts";
import { foldInKey, streamKey, type StreamKey } from "../train/randomStream.ts";
import { runSequence } from "../train/trainStep.ts";
import { copyBatch, copyInputSize } from "./copy.ts";
import { badTaskConfig } from "./errors.ts";
import { bitObjective } from "./objectives.ts";
import { repeatCopyBatch, repeatCopyInputSize, repeatCopyOutputSize } from "./repeatCopy.ts";
import type { SequenceBatch } from "./sequenceBatch.ts";

/** All that a run of copy depends on: plain data, saved with the run. */
export interface CopyExperimentConfig {
  readonly task: "copy" | "repeat copy";
  readonly seed: number;
  readonly bits: number;
  /** Where the curriculum ends. */
  readonly maxLength: number;
  /** Repeat copy only: from 1 to this many repeats. */
  readonly maxRepeats: number;
  /** The network that controls the memory. */
  readonly controller: "feedforward" | "lstm";
  /** Its width. */
  readonly hidden: number;
  /** N */
  readonly locations: number;
  /** W */
  readonly wordSize: number;
  /** R */
  readonly readHeads: number;
  readonly batch: number;
  readonly learningRate: number;
  /** Bound on the global norm of the gradient. */
  readonly clip: number;
}

export const copyDefaults = Object.freeze({
  task: "copy",
  seed: 0,
  bits: 8,
  maxLength: 20,
  maxRepeats: 2,
  controller: "feedforward",
  hidden: 64,
  locations: 32,
  wordSize: 16,
  readHeads: 1,
  batch: 16,
  learningRate: 4e-3,
  clip: 10,
}) satisfies CopyExperimentConfig;

/** Where a run of copy stands. */
export interface CopyLesson {
  /** Longest sequence in the batches. */
  readonly maxLength: number;
  /** Share of wrong bits of the last batches of this length, up to a hundred. */
  readonly recent: readonly number[];
  /** The last test on fresh sequences: null before the first. */
  readonly test: { readonly step: number; readonly error: number } | null;
  readonly isSolved: boolean;
}

/** A wrong bit in a thousand: under this, copy counts as solved. */
export const solvedBelow = 1e-3;

const stepsUp = { batches: 50, below: 0.02 } as const;
const testing = {
  every: 100,
  batches: 100,
  below: solvedBelow,
  sequences: 1000,
  isSolvedBelow: solvedBelow / 2,
} as const;

export interface CopyExperiment extends Experiment<DncParams, DncState, SequenceBatch, CopyLesson> {
  readonly cell: Dnc;
}

/** The DNC of a configuration. With other `locations` the same parameters run in a memory of another size. */
export function copyCell(config: CopyExperimentConfig, locations = config.locations): Dnc {
  const { task, controller, hidden, wordSize, readHeads } = config;
  return dnc({
    inputSize: task === "copy" ? copyInputSize(config) : repeatCopyInputSize(config),
    outputSize: task === "copy" ? config.bits : repeatCopyOutputSize(config),
    locations,
    wordSize,
    readHeads,
    controller: { kind: controller, hidden: [hidden] },
    biases: true,
  });
}

export function copyExperiment(
  config: CopyExperimentConfig,
  { target = "wasm" }: { readonly target?: TargetName } = {},
): CopyExperiment {
  checkConfig(config);
  const cell = copyCell(config);
  const test = sequenceTest(cell, { target: target === "webgpu" ? "wasm" : target });
  const testKey = foldInKey(streamKey(config.seed), 3);
  return Object.freeze({
    config: { ...config },
    seed: config.seed,
    target,
    cell,
    objective: bitObjective,
    optimiser: chain(clipByGlobalNorm(config.clip), adam({ learningRate: config.learningRate })),
    firstLesson: { maxLength: Math.min(2, config.maxLength), recent: [], test: null, isSolved: false },
    batch: (key: StreamKey, { maxLength }: CopyLesson) => drawCopy(key, config, { maxLength }),
    batchSize: config.batch,
    next: (
      lesson: CopyLesson,
      { error }: { readonly error: number },
      run: { readonly step: number; readonly params: DncParams },
    ) => {
      let isDue = false;
      const counted = produce(lesson, (draft) => {
        draft.recent.push(error);
        if (draft.recent.length > testing.batches) draft.recent.shift();
        const mean = (count: number): number => draft.recent.slice(-count).reduce((a, b) => a + b, 0) / count;
        if (draft.maxLength < config.maxLength) {
          if (draft.recent.length < stepsUp.batches || mean(stepsUp.batches) >= stepsUp.below) return;
          draft.maxLength = Math.min(2 * draft.maxLength, config.maxLength);
          draft.recent = [];
          return;
        }
        isDue = run.step % testing.every === 0 && draft.recent.length === testing.batches && mean(testing.batches) < testing.below; // prettier-ignore
      });
      if (!isDue) return counted;
      const tested = (): CopyLesson => {
        const result = test(run.params, foldInKey(testKey, run.step), config, {
          minLength: 1,
          maxLength: config.maxLength,
          sequences: testing.sequences,
        });
        const error = result.wrongBits / result.bits;
        return produce(counted, (draft) => {
          draft.test = { step: run.step, error };
          draft.isSolved = error < testing.isSolvedBelow;
        });
      };
      // The test runs on the CPU; its parameters may have to be fetched.
      return target === "webgpu" ? readable(run.params).then(tested) : tested();
    },
    isFinished: ({ isSolved }: CopyLesson) => isSolved,
    describe: ({ maxLength }: CopyLesson) => `lengths 1 to ${maxLength}`,
  });
}

/** What came of a test on fresh sequences. */
export interface SequenceTest {
  readonly sequences: number;
  /** Sequences with not a bit wrong. */
  readonly perfect: number;
  /** Bits asked for. */
  readonly bits: number;
  readonly wrongBits: number;
  /** What was not known of an answer, in bits a sequence: 0 is perfect, `bits / sequences` is guessing. */
  readonly crossEntropy: number;
}

export interface SequenceTestOptions {
  readonly minLength: number;
  readonly maxLength: number;
  readonly sequences: number;
}

/**
 * A test of a cell on fresh sequences, compiled once for each length.
 *
 * @example
 * ```ts
 * const test = sequenceTest(copyCell(config, 64));
 * test(params, streamKey(1), config, { minLength: 40, maxLength: 40, sequences: 100 }).wrongBits;
 * ```
 */
export function sequenceTest(
  cell: Dnc,
  { target = "wasm" }: { readonly target?: Exclude<TargetName, "webgpu"> } = {},
): (params: DncParams, key: StreamKey, config: CopyExperimentConfig, options: SequenceTestOptions) => SequenceTest {
  const judge = jit(
    (params: DncParams, { input, target, mask }: SequenceBatch) => {
      const output = runSequence(cell, params, input);
      const wrong = tf.notEqual<tf.Tensor3D>(tf.greater(output, 0), tf.greater(target, 0.5));
      const perRow = tf.sum<tf.Tensor1D>(tf.mul(tf.sum(tf.cast(wrong, "float32"), 2), mask), 0);
      return {
        wrongBits: tf.sum<tf.Scalar>(perRow),
        perfect: tf.sum<tf.Scalar>(tf.cast(tf.equal(perRow, 0), "float32")),
        asked: tf.sum<tf.Scalar>(mask),
        crossEntropy: sigmoidCrossEntropy(output, target, mask, { unit: "bits" }),
      };
    },
    { target },
  );
  const rows = 100;
  return (params, key, config, { minLength, maxLength, sequences }) => {
    const totals = { sequences: 0, perfect: 0, bits: 0, wrongBits: 0, crossEntropy: 0 };
    while (totals.sequences < sequences) {
      const batch = drawCopy(foldInKey(key, totals.sequences), { ...config, batch: rows }, { minLength, maxLength });
      const judged = judge(params, batch);
      const read = (x: tf.Scalar): number => x.dataSync()[0] as number;
      totals.sequences += rows;
      totals.perfect += read(judged.perfect);
      totals.wrongBits += read(judged.wrongBits);
      totals.bits += read(judged.asked) * batch.target.shape[2];
      totals.crossEntropy += read(judged.crossEntropy) * rows;
      tf.dispose([batch, judged] as object as tf.TensorContainer);
    }
    return { ...totals, crossEntropy: totals.crossEntropy / totals.sequences };
  };
}

/** A batch of the configuration's task, of these lengths. */
export function drawCopy(
  key: StreamKey,
  config: CopyExperimentConfig,
  { minLength = 1, maxLength }: { readonly minLength?: number; readonly maxLength: number },
): SequenceBatch {
  const { task, bits, batch, maxRepeats } = config;
  return task === "copy"
    ? copyBatch(key, { bits, batch, minLength, maxLength })
    : repeatCopyBatch(key, { bits, batch, minLength, maxLength, minRepeats: 1, maxRepeats, normMax: 10 });
}

function checkConfig(config: CopyExperimentConfig): void {
  if (config.task !== "copy" && config.task !== "repeat copy") {
    throw badTaskConfig("copy", "task", '"copy" or "repeat copy"', config.task);
  }
  if (!Number.isSafeInteger(config.seed)) throw badTaskConfig(config.task, "seed", "a whole number", config.seed);
  for (const field of ["bits", "maxLength", "maxRepeats", "batch"] as const) {
    if (!Number.isInteger(config[field]) || config[field] < 1) {
      throw badTaskConfig(config.task, field, "a whole number of at least 1", config[field]);
    }
  }
  for (const field of ["learningRate", "clip"] as const) {
    if (!(config[field] > 0)) throw badTaskConfig(config.task, field, "greater than 0", config[field]);
  }
}
