/** A run of copy from its beginning, or from where it was stopped, to its pictures: what `start.ts` and `copy.ts` share. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type * as tf from "@tensorflow/tfjs-core";
import {
  beginRun,
  copyCell,
  copyExperiment,
  describeMemory,
  drawCopy,
  drawMemory,
  fit,
  foldInKey,
  interruptSignal,
  memoryTrace,
  newRunFolder,
  progressDisplay,
  progressMode,
  rasterise,
  resumeRunFolder,
  sequenceTest,
  solvedBelow,
  streamKey,
  unroll,
  type CopyExperimentConfig,
  type CopyLesson,
  type DncParams,
  type SequenceTest,
} from "engram";
import { jit } from "engram/compile";
import { besides, freeFolder, seconds, type CommonOptions, type Target } from "./options.ts";

export interface CopyRunOptions extends CommonOptions {
  /** Of a new run; a resumed one brings its own. */
  readonly config: CopyExperimentConfig;
  /** How this program is called, for the hint how to resume. */
  readonly command: string;
}

/** @returns the exit code: 0 where copy is solved, 1 where not, 130 where stopped */
export async function runCopy(options: CopyRunOptions): Promise<number> {
  const began = performance.now();
  const { target, json = false, command } = options;
  const display = await progressDisplay({ mode: progressMode({ json }), errorName: "wrong bits" });
  const resumed = options.resume === undefined ? null : await resumeRunFolder<DncParams, CopyLesson>(options.resume);
  const config = resumed ? (resumed.run.config as object as CopyExperimentConfig) : options.config;
  const experiment = copyExperiment(config, { target });
  const name = `${config.task.replace(" ", "-")}-seed-${config.seed}`;
  const store = resumed?.store ?? (await newRunFolder(options.folder ?? freeFolder(name)));
  const { controller, hidden, locations, wordSize, readHeads, maxLength, bits, batch, seed } = config;
  display.say(
    `${resumed ? `Resuming at step ${resumed.run.step}` : "Learning"}: ${config.task}, up to ${maxLength} words of ${bits} bits. ` +
      `DNC: ${controller === "lstm" ? "LSTM" : "feed-forward controller"} of ${hidden}, ${locations} locations of ${wordSize}, ${readHeads} read head${readHeads > 1 ? "s" : ""}; ` +
      `batch ${batch}, seed ${seed}. Run folder: ${store.folder}`,
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
  const resume = `Saved at step ${run.step}. To go on: ${command} --resume ${store.folder}`;
  if (reason === "stopped") {
    display.say(resume);
    return 130;
  }

  const afterwards = besides(target);
  const { params } = run.learner;
  const testKey = foldInKey(streamKey(seed), 9);
  const fresh = sequenceTest(experiment.cell, { target: afterwards });
  const result = fresh(params, testKey, config, { minLength: 1, maxLength, sequences: 1000 });
  const isSolved = result.wrongBits / result.bits < solvedBelow;
  display.say(
    `${run.step} batches, ${seconds(performance.now() - began)}. Test, lengths 1 to ${maxLength}: ${verdict(result)}.`,
  );
  const summary: { [name: string]: unknown } = { kind: "result", solved: isSolved, steps: run.step, test: result };

  if (isSolved && config.task === "copy") {
    const length = 2 * maxLength;
    const larger = 2 * locations;
    display.say(`Now twice as long, ${length} words, never seen in training, with the same parameters:`);
    const lengths = { minLength: length, maxLength: length, sequences: 200 };
    const before = fresh(params, foldInKey(testKey, 1), config, lengths);
    display.say(`  ${locations} locations: ${verdict(before)}.`);
    const after = sequenceTest(copyCell(config, larger), { target: afterwards })(
      params,
      foldInKey(testKey, 1),
      config,
      lengths,
    );
    display.say(`  ${larger} locations, memory enlarged without retraining: ${verdict(after)}.`);
    Object.assign(summary, { doubleLength: { length, [locations]: before, [larger]: after } });
  }

  const files = await picture(config, params, run.step, store.folder, afterwards);
  display.say(`What memory did, drawn: ${files.join(" and ")}`);
  if (json) process.stdout.write(`${JSON.stringify({ ...summary, folder: store.folder, files })}\n`);
  if (isSolved) return 0;
  display.say(
    `Not solved: ${perThousand(result)} wrong bits in a thousand, the goal is under ${solvedBelow * 1000}. ` +
      (reason === "time" ? `Time was up after ${options.minutes} minutes. ${resume}` : resume),
  );
  return 1;
}

const perThousand = ({ wrongBits, bits }: SequenceTest): string => ((wrongBits / bits) * 1000).toFixed(2);

function verdict(result: SequenceTest): string {
  const { wrongBits, bits, perfect, sequences, crossEntropy } = result;
  return (
    `${wrongBits} of ${bits} bits wrong (${perThousand(result)} in a thousand), ` +
    `${perfect} of ${sequences} sequences without an error, ${crossEntropy.toFixed(3)} bits a sequence unknown`
  );
}

/** Draws one sequence of the greatest length, as SVG and PNG, and tells it in words. */
async function picture(
  config: CopyExperimentConfig,
  params: DncParams,
  step: number,
  folder: string,
  target: Exclude<Target, "webgpu">,
): Promise<readonly string[]> {
  const { bits, maxLength, locations, seed, task } = config;
  const cell = copyCell(config);
  const batch = drawCopy(foldInKey(streamKey(seed), 10), { ...config, batch: 1 }, { minLength: maxLength, maxLength });
  const look = jit((p: DncParams, input: tf.Tensor3D) => unroll(cell, p, input), { target });
  const trace = memoryTrace(look(params, batch.input), { row: 0, ...batch });
  const names = Array.from({ length: bits }, (_, i) => `bit ${i + 1}`);
  const svg = await drawMemory(trace, {
    title:
      task === "copy" ? `Copying ${maxLength} words of ${bits} bits` : `Copying ${maxLength} words again and again`,
    subtitle: `After ${step} batches. A memory of ${locations} locations; one sequence, ${trace.input.length} time steps.`,
    inputNames: [...names, "start", task === "copy" ? "end" : "repeats"],
    outputNames: [...names, "end"],
  });
  const [svgFile, pngFile, textFile] = ["memory.svg", "memory.png", "memory.txt"].map((name) => join(folder, name)) as [string, string, string]; // prettier-ignore
  await writeFile(svgFile, svg);
  await writeFile(pngFile, await rasterise(svg));
  await writeFile(textFile, `${describeMemory(trace)}\n`);
  return [svgFile, pngFile];
}
