/**
 * The training loop. Each round makes a new run out of the old one; what is saved is always a whole run, between two
 * steps. Batches and dropout masks come from (seed, step), decisions from the run's own record: so stopping, even in the
 * middle of saving, and resuming changes nothing of what comes after.
 */
import * as tf from "@tensorflow/tfjs-core";
import { produce } from "immer";
import { random, type TargetName } from "../../compile/index.ts";
import type { Cell } from "../models/cell.ts";
import { diverged } from "./errors.ts";
import type { Optimiser } from "./optimiser.ts";
import type { Progress } from "./progress.ts";
import { foldInKey, streamKey, type StreamKey } from "./randomStream.ts";
import { readable } from "./readable.ts";
import { disposeOld, type Json, type Run } from "./run.ts";
import { trainStep, type Objective } from "./trainStep.ts";

/** The scalars of one step as numbers. */
export interface Measured {
  readonly loss: number;
  readonly error: number;
  readonly gradientNorm: number;
}

/** What is trained, on what, and in which order: all functions are pure, `Lesson` is plain data. */
export interface Experiment<Params, State, Batch, Lesson> {
  /** Saved with the run: all that is needed to build this record again. */
  readonly config: Json;
  readonly seed: number;
  readonly cell: Cell<Params, State>;
  readonly objective: Objective<Batch>;
  readonly optimiser: Optimiser;
  readonly target?: TargetName;
  /** Bytes that what the gradient needs of the time steps may take: see `scan`. Default: all it likes. */
  readonly memory?: number;
  /** Where the curriculum begins. */
  readonly firstLesson: Lesson;
  /** The batch of a step. `key` is fresh for each step. */
  readonly batch: (key: StreamKey, lesson: Lesson) => Batch;
  /** How many sequences a batch has, for the display of the speed. */
  readonly batchSize: number;
  /** Where the curriculum stands after a step: called once a step, with what that step measured and the new parameters. */
  readonly next: (
    lesson: Lesson,
    measured: Measured,
    run: { readonly step: number; readonly params: Params },
  ) => Lesson | Promise<Lesson>;
  /** Whether there is nothing more to learn. */
  readonly isFinished: (lesson: Lesson, step: number) => boolean;
  /** The lesson in a few words, for the display. */
  readonly describe: (lesson: Lesson) => string;
}

/** Where runs are kept. A folder on disk is one: `runFolder`. */
export interface RunStore {
  /** Replaces the saved run at one instant: at any time there is a whole one, the old or the new. */
  readonly save: (run: Run<unknown, unknown>) => Promise<void>;
  /** Takes a line of measurements down. May wait for the next `save` to be written. */
  readonly log: (entry: { readonly step: number; readonly [name: string]: Json }) => void;
}

export interface FitOptions {
  readonly store?: RunStore;
  /** Stop after this many steps in all. Default: never. */
  readonly maxSteps?: number;
  /** Stop after this many seconds of this call. Default: never. */
  readonly maxSeconds?: number;
  /** Save when this long has passed since the last time. Default: 20 seconds. */
  readonly saveEvery?: { readonly seconds: number } | { readonly steps: number };
  /** Called after each step. */
  readonly onProgress?: (progress: Progress) => void;
  /** Stops the run, after the step it is in, and saves it. */
  readonly signal?: AbortSignal;
}

export interface FitResult<Params, Lesson> {
  readonly run: Run<Params, Lesson>;
  /** Why it stopped: nothing more to learn, out of steps, out of time, or told to. */
  readonly reason: "finished" | "steps" | "time" | "stopped";
}

/** A run that has not made a step. */
export function beginRun<Params extends object, State, Batch, Lesson>(
  experiment: Experiment<Params, State, Batch, Lesson>,
): Run<Params, Lesson> {
  const { config, seed, cell, optimiser, firstLesson } = experiment;
  const params = tf.tidy(() => cell.init(runKey(seed)) as tf.TensorContainer) as Params; // a tree of tensors
  const learner = { params, optimiser: optimiser.init(params) };
  return Object.freeze({ config, seed, step: 0, lesson: firstLesson, learner: Object.freeze(learner) });
}

/**
 * Trains until there is nothing more to learn, or a limit is met. Disposes of the tensors of the run it was given, and
 * of all on the way; those of the run it returns are the caller's.
 *
 * @throws TrainingError `diverged` where the loss is no longer a number; what was saved before stays saved
 */
export async function fit<Params extends object, State extends object, Batch extends object, Lesson>(
  experiment: Experiment<Params, State, Batch, Lesson>,
  begun: Run<Params, Lesson>,
  options: FitOptions = {},
): Promise<FitResult<Params, Lesson>> {
  const { store, maxSteps = Infinity, maxSeconds = Infinity, saveEvery = { seconds: 20 } } = options;
  const { batch, next, isFinished, describe, batchSize } = experiment;
  const step = trainStep(experiment);
  const key = tf.tidy(() => random.foldIn(runKey(begun.seed), 1));
  const data = foldInKey(streamKey(begun.seed), 2);
  const started = performance.now();
  const pace = paceMeter();
  let [lastSave, lastBreath] = [started, started];
  let run = begun;

  const reason = async (): Promise<FitResult<Params, Lesson>["reason"]> => {
    for (;;) {
      const now = performance.now();
      const seconds = (now - started) / 1000;
      if (isFinished(run.lesson, run.step)) return "finished";
      if (run.step >= maxSteps) return "steps";
      if (seconds >= maxSeconds) return "time";
      if (options.signal?.aborted) return "stopped";

      const examples = batch(foldInKey(data, run.step), run.lesson);
      const index = tf.scalar(run.step, "int32");
      const { learner, metrics } = step(run.learner, key, index, examples);
      await readable(metrics);
      const measured = readMetrics(metrics);
      tf.dispose([examples, index, metrics] as object as tf.TensorContainer);
      if (!Number.isFinite(measured.loss) || !Number.isFinite(measured.gradientNorm)) {
        throw diverged(run.step, measured.loss, measured.gradientNorm);
      }
      const old = run;
      const lesson = await next(run.lesson, measured, { step: run.step + 1, params: learner.params });
      run = produce(run, (draft) => void Object.assign(draft, { step: old.step + 1, lesson, learner }));
      disposeOld(old.learner, run.learner);

      pace.count(batchSize);
      store?.log({ step: run.step, ...measured, lesson: describe(old.lesson), seconds: rounded(seconds) });
      options.onProgress?.({
        step: run.step,
        seconds,
        ...measured,
        lesson: describe(run.lesson),
        examplesPerSecond: pace.perSecond(),
        share: Math.max(run.step / maxSteps, seconds / maxSeconds),
      });
      const due = "steps" in saveEvery ? run.step % saveEvery.steps === 0 : now - lastSave >= saveEvery.seconds * 1000;
      if (due && store) {
        await readable(run.learner);
        await store.save(run);
        lastSave = performance.now();
      }
      if (now - lastBreath > 50) {
        // Signals and timers are heard only when the event loop turns.
        await new Promise((resolve) => setTimeout(resolve));
        lastBreath = performance.now();
      }
    }
  };
  try {
    const why = await reason();
    await readable(run.learner);
    await store?.save(run);
    return { run, reason: why };
  } finally {
    key.dispose();
  }
}

const runKey = (seed: number): tf.Tensor1D => random.key(seed);
const rounded = (seconds: number): number => Math.round(seconds * 100) / 100;

function readMetrics(metrics: { readonly [K in keyof Measured]: tf.Scalar }): Measured {
  const read = (scalar: tf.Scalar): number => scalar.dataSync()[0] as number;
  return { loss: read(metrics.loss), error: read(metrics.error), gradientNorm: read(metrics.gradientNorm) };
}

/** Examples a second over the last ten seconds or so. */
function paceMeter(): { readonly count: (examples: number) => void; readonly perSecond: () => number } {
  let marks: readonly (readonly [time: number, examples: number])[] = [[performance.now(), 0]];
  let total = 0;
  return {
    count: (examples) => {
      total += examples;
      const now = performance.now();
      if (now - (marks.at(-1) as readonly [number, number])[0] < 200) return;
      marks = [...marks.slice(-50), [now, total]];
    },
    perSecond: () => {
      const [time, examples] = marks[0] as readonly [number, number];
      const [until, all] = marks.at(-1) as readonly [number, number];
      return until > time ? ((all - examples) / (until - time)) * 1000 : 0;
    },
  };
}
