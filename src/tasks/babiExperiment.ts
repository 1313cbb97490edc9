/**
 * Learning to answer the bAbI questions. The network is the paper's DNC with what made it learn in later work: its
 * controller's output is layer-normalised, and the output layer's direct way to the controller is dropped at random, so
 * that answers must come from memory.
 */
import * as tf from "@tensorflow/tfjs-core";
import { produce } from "immer";
import { jit, type TargetName } from "../../compile/index.ts";
import { dnc, type Dnc } from "../dnc/dnc.ts";
import type { DncParams } from "../dnc/params.ts";
import type { DncState } from "../dnc/state.ts";
import { adam } from "../train/adam.ts";
import { clipByGlobalNorm } from "../train/clip.ts";
import type { Experiment } from "../train/fit.ts";
import { chain } from "../train/optimiser.ts";
import { randomStream, foldInKey, shuffled, streamKey } from "../train/randomStream.ts";
import { readable } from "../train/readable.ts";
import { runSequence } from "../train/trainStep.ts";
import {
  babiSampler,
  meanError,
  scoreBabi,
  type BabiBatch,
  type BabiData,
  type BabiScore,
  type EncodedStory,
} from "./babi.ts";
import { badTaskConfig } from "./errors.ts";
import { wordObjective } from "./objectives.ts";

/** All that a run depends on but the stories: plain data, saved with the run. */
export interface BabiExperimentConfig {
  readonly task: "babi";
  readonly seed: number;
  /** Folder of the files, and which of them. */
  readonly data: string;
  readonly tasks: readonly number[];
  /** Train files from elsewhere, by task. */
  readonly trainFiles: { readonly [task: number]: string };
  readonly hidden: number;
  /** N */
  readonly locations: number;
  /** W */
  readonly wordSize: number;
  /** R */
  readonly readHeads: number;
  readonly layerNorm: boolean;
  readonly bypassDropout: number;
  readonly batch: number;
  readonly learningRate: number;
  /** Bound on the global norm of the gradient. */
  readonly clip: number;
  /** Batches from one validation to the next. */
  readonly validateEvery: number;
  /** Stories in a validation, at most: of each task as many. */
  readonly validStories: number;
  /** The run is finished when the mean error of the tasks in validation is at most this. */
  readonly stopAt: number;
}

export const babiDefaults = Object.freeze({
  task: "babi",
  seed: 0,
  trainFiles: {},
  hidden: 64,
  locations: 32,
  wordSize: 32,
  readHeads: 2,
  layerNorm: true,
  bypassDropout: 0.2,
  batch: 32,
  learningRate: 2e-3,
  clip: 10,
  validateEvery: 250,
  validStories: 400,
  stopAt: 0.02,
}) satisfies Omit<BabiExperimentConfig, "data" | "tasks">;

/** Where a run stands. */
export interface BabiLesson {
  /** The validations so far, latest last. */
  readonly validations: readonly { readonly step: number; readonly score: BabiScore }[];
  readonly isFinished: boolean;
}

export interface BabiExperiment extends Experiment<DncParams, DncState, BabiBatch, BabiLesson> {
  readonly cell: Dnc;
  /** Asks all questions of these stories: on the CPU, so that parameters on a device must be `readable`. */
  readonly score: (params: DncParams, stories: readonly EncodedStory[]) => BabiScore;
}

export function babiExperiment(
  config: BabiExperimentConfig,
  data: BabiData,
  { target = "wasm", memory }: { readonly target?: TargetName; readonly memory?: number } = {},
): BabiExperiment {
  checkConfig(config);
  const words = data.vocabulary.length;
  const { hidden, locations, wordSize, readHeads, layerNorm, bypassDropout, batch, seed } = config;
  const cell = dnc({
    inputSize: words,
    outputSize: words,
    locations,
    wordSize,
    readHeads,
    controller: { kind: "lstm", hidden: [hidden] },
    biases: true,
    layerNorm,
    bypassDropout,
  });
  const objective = wordObjective(words);
  const layout = { batch, buckets: data.buckets, steps: data.steps };
  const sampler = babiSampler(data.train, layout);
  const answer = jit(
    (params: DncParams, story: tf.Tensor2D, length: tf.Scalar): tf.Tensor2D =>
      tf.argMax(runSequence(cell, params, tf.oneHot(story, words) as tf.Tensor3D, { length }), 2),
    { target: target === "webgpu" ? "wasm" : target },
  );
  const score = (params: DncParams, stories: readonly EncodedStory[]): BabiScore =>
    scoreBabi((story, length) => answer(params, story, length), stories, layout);
  // The same stories each time: an error that goes down is the network's doing. Of each task as many.
  const mixed = shuffled(data.valid, randomStream(foldInKey(streamKey(seed), 4)));
  const perTask = Math.max(1, Math.floor(config.validStories / config.tasks.length));
  const valid = config.tasks.flatMap((task) => mixed.filter((story) => story.task === task).slice(0, perTask));
  return Object.freeze({
    config: { ...config, tasks: [...config.tasks], trainFiles: { ...config.trainFiles } },
    seed,
    target,
    ...(memory === undefined ? {} : { memory }),
    cell,
    objective,
    optimiser: chain(clipByGlobalNorm(config.clip), adam({ learningRate: config.learningRate })),
    firstLesson: { validations: [], isFinished: false },
    batch: sampler.batch,
    batchSize: batch,
    next: (lesson: BabiLesson, _: unknown, run: { readonly step: number; readonly params: DncParams }) => {
      if (run.step % config.validateEvery !== 0) return lesson;
      const validated = (): BabiLesson => {
        const result = score(run.params, valid);
        return produce(lesson, (draft) => {
          draft.validations.push({ step: run.step, score: result });
          draft.isFinished = meanError(result) <= config.stopAt;
        });
      };
      // Stories are answered on the CPU; the parameters may have to be fetched.
      return target === "webgpu" ? readable(run.params).then(validated) : validated();
    },
    isFinished: ({ isFinished }: BabiLesson) => isFinished,
    describe: ({ validations }: BabiLesson) => {
      const last = validations.at(-1);
      return last ? `validation ${(meanError(last.score) * 100).toFixed(1)} % at ${last.step}` : "";
    },
    score,
  });
}

function checkConfig(config: BabiExperimentConfig): void {
  if (!Number.isSafeInteger(config.seed)) throw badTaskConfig("babi", "seed", "a whole number", config.seed);
  for (const field of ["batch", "validateEvery", "validStories"] as const) {
    if (!Number.isInteger(config[field]) || config[field] < 1) {
      throw badTaskConfig("babi", field, "a whole number of at least 1", config[field]);
    }
  }
  for (const field of ["learningRate", "clip"] as const) {
    if (!(config[field] > 0)) throw badTaskConfig("babi", field, "greater than 0", config[field]);
  }
}
