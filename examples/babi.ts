/**
 * `npm run babi -- --data DIR --tasks 1`: a DNC learns to answer questions about stories, from the bAbI files in DIR, and
 * is tested on those it has never seen. Ends with an exit code other than 0 where a task's error stays above 5 %.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type * as tf from "@tensorflow/tfjs-core";
import { Command, InvalidArgumentError } from "commander";
import {
  babiData,
  babiDefaults,
  babiExperiment,
  babiTable,
  beginRun,
  describeMemory,
  drawMemory,
  failedTasks,
  fit,
  interruptSignal,
  layOut,
  meanError,
  memoryTrace,
  newRunFolder,
  progressDisplay,
  progressMode,
  rasterise,
  readBabiFolder,
  resumeRunFolder,
  TaskError,
  unroll,
  type BabiData,
  type BabiExperiment,
  type BabiExperimentConfig,
  type BabiLesson,
  type BabiTask,
  type DncParams,
} from "engram";
import { jit } from "engram/compile";
import {
  besides,
  checkResumed,
  freeFolder,
  main,
  numberList,
  positiveNumber,
  seconds,
  share,
  wholeNumber,
  withCommonOptions,
  type CommonOptions,
} from "./options.ts";

type Options = CommonOptions &
  Omit<BabiExperimentConfig, "task" | "data" | "tasks" | "trainFiles"> & {
    readonly data?: string;
    readonly tasks?: readonly number[];
    readonly trainFile?: { readonly [task: number]: string };
    readonly picture: boolean;
    readonly memory?: number;
  };

/** `3=PATH`, several times. */
function trainFile(
  text: string,
  before: { readonly [task: number]: string } = {},
): { readonly [task: number]: string } {
  const [, task, file] = /^(\d+)=(.+)$/.exec(text) ?? [];
  if (task === undefined || file === undefined)
    throw new InvalidArgumentError('Expected a task and a file, as "3=PATH".');
  return { ...before, [Number(task)]: file };
}

const size = wholeNumber(1);
const command = withCommonOptions(new Command("npm run babi --"), { minutes: 15, targets: ["wasm", "webgpu", "tfjs"] })
  .description("Trains a Differentiable Neural Computer on the bAbI stories, and prints the error of each task.")
  .option("--data <dir>", "folder with the files, such as tasks_1-20_v1-2/en-10k")
  .option("--tasks <list>", 'which tasks, such as "1" or "1-2,4-20" (default: all that are there)', numberList)
  .option("--train-file <task=file>", "a task's train file that lies elsewhere; may be given several times", trainFile)
  .option("--seed <number>", "where all randomness comes from", wholeNumber(0), babiDefaults.seed)
  .option("--hidden <number>", "width of the LSTM", size, babiDefaults.hidden)
  .option("--locations <number>", "locations of the memory", size, babiDefaults.locations)
  .option("--word-size <number>", "numbers in a location", size, babiDefaults.wordSize)
  .option("--read-heads <number>", "read heads", size, babiDefaults.readHeads)
  .option("--no-layer-norm", "leave the controller's output as it is")
  .option(
    "--bypass-dropout <share>",
    "how much of the way past the memory is dropped",
    share,
    babiDefaults.bypassDropout,
  )
  .option("--batch <number>", "stories in a batch", size, babiDefaults.batch)
  .option("--learning-rate <number>", "Adam's rate", positiveNumber, babiDefaults.learningRate)
  .option("--clip <number>", "bound on the gradient's norm", positiveNumber, babiDefaults.clip)
  .option("--validate-every <number>", "batches between validations", size, babiDefaults.validateEvery)
  .option("--valid-stories <number>", "stories in a validation", size, babiDefaults.validStories)
  .option("--stop-at <share>", "finished when the validation error is at most this", share, babiDefaults.stopAt)
  .option("--memory <MiB>", "what the gradient may keep of a batch's steps: long stories are run twice in part", size)
  .option("--no-picture", "do not draw what memory did")
  .parse();

const options = command.opts<Options>();
if (options.resume !== undefined) checkResumed(command, ["picture", "memory"]);
else if (options.data === undefined) command.error("error: --data <dir> is needed: the folder with the bAbI files");
await main(options.target, run);

async function run(): Promise<number> {
  const began = performance.now();
  const { target, json = false } = options;
  const display = await progressDisplay({ mode: progressMode({ json }), errorName: "wrong words" });
  const resumed = options.resume === undefined ? null : await resumeRunFolder<DncParams, BabiLesson>(options.resume);
  const asked = resumed ? (resumed.run.config as object as BabiExperimentConfig) : null;
  const folder = asked?.data ?? options.data ?? "";
  const trainFiles = asked?.trainFiles ?? options.trainFile ?? {};
  const wanted = asked?.tasks ?? options.tasks;
  const read = await readBabiFolder(folder, { ...(wanted && { tasks: wanted }), trainFiles }).catch(explain);
  const config =
    asked ??
    newConfig(
      folder,
      read.map(({ task }) => task),
    );
  const data = babiData(read, { seed: config.seed });
  const memory = options.memory === undefined ? {} : { memory: options.memory * 2 ** 20 };
  const experiment = babiExperiment(config, data, { target, ...memory });
  const store =
    resumed?.store ??
    (await newRunFolder(options.folder ?? freeFolder(`babi-${config.tasks.join("-")}-seed-${config.seed}`)));
  const { hidden, locations, wordSize, readHeads, batch } = config;
  display.say(
    `${resumed ? `Resuming at step ${resumed.run.step}` : "Learning"}: bAbI task${config.tasks.length > 1 ? "s" : ""} ${config.tasks.join(", ")}; ` +
      `${data.train.length} stories to learn from, ${data.valid.length} to validate, ${data.test.length} to test; ` +
      `${data.vocabulary.length} words; stories of up to ${data.buckets.at(-1)!} steps.\n` +
      `DNC: LSTM ${hidden}, ${locations} locations of ${wordSize}, ${readHeads} read heads; batch ${batch}, seed ${config.seed}. Run folder: ${store.folder}`,
  );

  const { signal, release } = interruptSignal();
  const { run, reason } = await fit(experiment, resumed?.run ?? beginRun(experiment), {
    store,
    maxSeconds: options.minutes * 60,
    onProgress: display.show,
    signal,
  });
  release();
  display.end();
  const resume = `Saved at step ${run.step}. To go on: npm run babi -- --resume ${store.folder}`;
  if (reason === "stopped") {
    display.say(resume);
    return 130;
  }

  const { params } = run.learner;
  const score = experiment.score(params, data.test);
  const failed = failedTasks(score);
  const names = Object.fromEntries(read.map(({ task, name }) => [task, name]));
  const table = babiTable(score, { names, model: `this run, ${run.step} batches` });
  display.say(`${run.step} batches, ${seconds(performance.now() - began)}. On the test files:\n\n${table}\n`);
  const elsewhere = read.filter(({ task }) => trainFiles[task] !== undefined);
  for (const { task, files, stories } of elsewhere) {
    display.say(`Task ${task} learnt from ${files.train}: ${stories.train.length} stories, not those of ${folder}.`);
  }
  const files = options.picture ? await picture(experiment, data, params, store.folder, read) : [];
  if (files.length > 0) display.say(`What memory did in a test story, drawn: ${files.join(" and ")}`);
  if (json) {
    const result = { solved: failed.length === 0, steps: run.step, meanError: meanError(score), failed, score };
    process.stdout.write(`${JSON.stringify({ kind: "result", ...result, folder: store.folder, files })}\n`);
  }
  if (failed.length === 0) return 0;
  const why = reason === "time" ? `Time was up after ${options.minutes} minutes. ` : "";
  display.say(`Not reached: an error of at most 5 % in every task; task ${failed.join(", ")} failed. ${why}${resume}`);
  return 1;
}

function newConfig(data: string, tasks: readonly number[]): BabiExperimentConfig {
  const { seed, hidden, locations, wordSize, readHeads, layerNorm, bypassDropout } = options;
  const { batch, learningRate, clip, validateEvery, validStories, stopAt } = options;
  const network = { hidden, locations, wordSize, readHeads, layerNorm, bypassDropout };
  const training = { batch, learningRate, clip, validateEvery, validStories, stopAt };
  return { task: "babi", seed, data, tasks, trainFiles: options.trainFile ?? {}, ...network, ...training };
}

/** A missing file may be made up for by an option of this program. */
function explain(error: unknown): never {
  if (!(error instanceof TaskError) || error.code !== "missing-babi-file") throw error;
  const hint = "Here: --tasks chooses tasks (1-2,4-20), --train-file 3=PATH names another train file for a task.";
  throw new TaskError(error.code, `${error.message}\n${hint}`);
}

/** Draws one test story, as SVG and PNG: only the words that occur in it have a row. */
async function picture(
  experiment: BabiExperiment,
  { vocabulary, test }: BabiData,
  params: DncParams,
  folder: string,
  tasks: readonly BabiTask[],
): Promise<readonly string[]> {
  const { cell, objective } = experiment;
  const shortest = [...test].sort((a, b) => a.words.length - b.words.length)[0];
  if (!shortest) return [];
  const steps = shortest.words.length;
  const batch = layOut([shortest], { batch: 1, steps });
  const input = objective.input(batch);
  const look = jit((p: DncParams, x: tf.Tensor3D) => unroll(cell, p, x), { target: besides(options.target) });
  const trace = memoryTrace(look(params, input), { row: 0, input, mask: batch.mask, outputs: "label" });
  const used = [...new Set(shortest.words)];
  const answers = shortest.questions.flatMap(({ steps, answer }) =>
    steps.map((step, i) => ({ step, word: answer[i] as number })),
  );
  const said = new Set(answers.map(({ word }) => word));
  // Besides the right words, whatever the network held for likely when it was asked.
  for (const { step } of answers) trace.output[step]?.forEach((p, word) => (p > 0.1 ? said.add(word) : said));
  const likely = [...said].sort((a, b) => a - b);
  const svg = await drawMemory(
    {
      ...trace,
      input: trace.input.map((row) => used.map((word) => row[word] ?? 0)),
      output: trace.output.map((row) => likely.map((word) => row[word] ?? 0)),
      target: trace.output.map((_, t) =>
        likely.map((word) => (answers.some((a) => a.step === t && a.word === word) ? 1 : 0)),
      ),
    },
    {
      title: `A story of task ${shortest.task}: ${tasks.find(({ task }) => task === shortest.task)?.name ?? ""}`,
      subtitle: `${steps} words, ${shortest.questions.length} questions. Each row of the input is a word, from the first on.`,
      inputNames: used.map((word) => vocabulary[word] ?? ""),
      outputNames: likely.map((word) => vocabulary[word] ?? ""),
    },
  );
  const [svgFile, pngFile, textFile] = ["memory.svg", "memory.png", "memory.txt"].map((name) => join(folder, name)) as [string, string, string]; // prettier-ignore
  await writeFile(svgFile, svg);
  await writeFile(pngFile, await rasterise(svg));
  await writeFile(
    textFile,
    `${shortest.words.map((word) => vocabulary[word]).join(" ")}\n\n${describeMemory(trace)}\n`,
  );
  return [svgFile, pngFile];
}
