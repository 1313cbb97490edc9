/**
 * A small run that another process may kill at any instant: `resumable.ts FOLDER STEPS`. Says each step that it has made,
 * and saves after every one, so that most instants are in the midst of saving.
 */
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { produce } from "immer";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { dnc } from "../../../src/dnc/dnc.ts";
import type { DncParams } from "../../../src/dnc/params.ts";
import type { DncState } from "../../../src/dnc/state.ts";
import { copyBatch } from "../../../src/tasks/copy.ts";
import { bitObjective } from "../../../src/tasks/objectives.ts";
import type { SequenceBatch } from "../../../src/tasks/sequenceBatch.ts";
import { adam } from "../../../src/train/adam.ts";
import { clipByGlobalNorm } from "../../../src/train/clip.ts";
import { beginRun, fit, type Experiment } from "../../../src/train/fit.ts";
import { chain } from "../../../src/train/optimiser.ts";
import { newRunFolder, resumeRunFolder } from "../../../src/train/runFolder.ts";

interface Lesson {
  readonly maxLength: number;
  readonly recent: readonly number[];
}

/** Everything that a resumed run could get wrong: dropout, momenta, and a curriculum that goes by the last errors. */
export const experiment: Experiment<DncParams, DncState, SequenceBatch, Lesson> = {
  config: "resumable",
  seed: 5,
  cell: dnc({
    inputSize: 4,
    outputSize: 2,
    locations: 5,
    wordSize: 3,
    readHeads: 1,
    controller: { kind: "lstm", hidden: [6] },
    bypassDropout: 0.3,
  }),
  objective: bitObjective,
  optimiser: chain(clipByGlobalNorm(1), adam({ learningRate: 1e-2 })),
  firstLesson: { maxLength: 1, recent: [] },
  batch: (key, { maxLength }) => copyBatch(key, { bits: 2, minLength: 1, maxLength, batch: 2 }),
  batchSize: 2,
  next: (lesson, { loss }) =>
    produce(lesson, (draft) => {
      draft.recent.push(loss);
      if (draft.recent.length > 7) draft.recent.shift();
      const mean = draft.recent.reduce((a, b) => a + b, 0) / draft.recent.length;
      draft.maxLength = mean < 1.3 ? 2 : 1;
    }),
  isFinished: () => false,
  describe: ({ maxLength }) => `to ${maxLength}`,
};

if (process.argv[1]?.endsWith("resumable.ts")) {
  const [folder = "", steps = "0"] = process.argv.slice(2);
  tf.enableProdMode();
  const { store, run } = existsSync(join(folder, "checkpoint.safetensors"))
    ? await resumeRunFolder<DncParams, Lesson>(folder)
    : { store: await newRunFolder(folder), run: beginRun(experiment) };
  const onProgress = ({ step }: { readonly step: number }): void => void process.stdout.write(`${step}\n`);
  await fit(experiment, run, { store, maxSteps: Number(steps), saveEvery: { steps: 1 }, onProgress });
}
