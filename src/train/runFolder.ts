/**
 * A run's folder: `checkpoint.safetensors` is the run, `run.json` the same without its tensors, for people, and
 * `metrics.jsonl` a line for each step. The checkpoint is written beside the old one, flushed to the disk and renamed
 * over it: whenever the process dies, one of the two is there, whole. Lines of metrics after the checkpoint's step are
 * dropped on resuming, for those steps will be made again. For Node alone.
 */
import { decodeRun, encodeRun } from "./checkpoint.ts";
import { folderInUse, noSavedRun } from "./errors.ts";
import type { RunStore } from "./fit.ts";
import type { Json, Run } from "./run.ts";

export interface RunFolder extends RunStore {
  readonly folder: string;
}

const checkpointName = "checkpoint.safetensors";
const summaryName = "run.json";
const metricsName = "metrics.jsonl";

/**
 * A folder for a new run, made where it does not exist.
 *
 * @throws TrainingError `folder-in-use` where it holds a run already
 */
export async function newRunFolder(folder: string): Promise<RunFolder> {
  const { access, mkdir } = await import("node:fs/promises");
  const { join } = await import("node:path");
  await mkdir(folder, { recursive: true });
  const isThere = await access(join(folder, checkpointName)).then(
    () => true,
    () => false,
  );
  if (isThere) throw folderInUse(folder);
  return openFolder(folder, 0);
}

/**
 * The run saved in a folder, and the folder ready to go on with it.
 *
 * @throws TrainingError `no-saved-run` where there is none
 */
export async function resumeRunFolder<Params, Lesson>(
  folder: string,
): Promise<{ readonly store: RunFolder; readonly run: Run<Params, Lesson> }> {
  const run = await loadRun<Params, Lesson>(folder);
  return { store: await openFolder(folder, run.step), run };
}

/** The run saved in a folder, which is left as it is. */
export async function loadRun<Params, Lesson>(folder: string): Promise<Run<Params, Lesson>> {
  const { readFile } = await import("node:fs/promises");
  const { join } = await import("node:path");
  const bytes = await readFile(join(folder, checkpointName)).catch((error: NodeJS.ErrnoException) => {
    throw error.code === "ENOENT" ? noSavedRun(folder) : error;
  });
  return decodeRun(bytes);
}

async function openFolder(folder: string, step: number): Promise<RunFolder> {
  const { appendFile } = await import("node:fs/promises");
  const { join } = await import("node:path");
  const { default: writeFileAtomic } = await import("write-file-atomic");
  await removeLeftovers(folder);
  const secondsBefore = await forgetAfter(join(folder, metricsName), step);

  let lines: string[] = [];
  const flush = async (): Promise<void> => {
    const text = lines.join("");
    lines = [];
    if (text !== "") await appendFile(join(folder, metricsName), text);
  };
  return {
    folder,
    log: ({ seconds, ...entry }) => {
      const total = typeof seconds === "number" ? { seconds: round(secondsBefore + seconds) } : {};
      lines.push(`${JSON.stringify({ ...entry, ...total })}\n`);
    },
    save: async (run) => {
      // Metrics first: where the process dies in between they run ahead of the checkpoint, which resuming mends.
      await flush();
      await writeFileAtomic(join(folder, checkpointName), Buffer.from(encodeRun(run)));
      const { learner: _, ...summary } = run;
      await writeFileAtomic(join(folder, summaryName), `${JSON.stringify(summary, null, 2)}\n`);
    },
  };
}

/** What a process that died while writing left behind. */
async function removeLeftovers(folder: string): Promise<void> {
  const { readdir, rm } = await import("node:fs/promises");
  const { join } = await import("node:path");
  const halves = (await readdir(folder)).filter((name) =>
    /^(?:checkpoint\.safetensors|run\.json|metrics\.jsonl)\.\d+$/.test(name),
  );
  for (const name of halves) await rm(join(folder, name), { force: true });
}

/** Keeps the lines up to `step`, and gives back the seconds of the last of them. */
async function forgetAfter(file: string, step: number): Promise<number> {
  const { readFile } = await import("node:fs/promises");
  const { default: writeFileAtomic } = await import("write-file-atomic");
  const text = await readFile(file, "utf8").catch(() => "");
  if (text === "") return 0;
  let seconds = 0;
  const kept = text.split("\n").filter((line) => {
    const entry = parseLine(line);
    if (!entry || typeof entry["step"] !== "number" || entry["step"] > step) return false;
    if (typeof entry["seconds"] === "number") seconds = entry["seconds"];
    return true;
  });
  await writeFileAtomic(file, kept.map((line) => `${line}\n`).join(""));
  return seconds;
}

/** A line that was cut off is no entry. */
function parseLine(line: string): { readonly [name: string]: Json } | undefined {
  try {
    return JSON.parse(line) as { readonly [name: string]: Json };
  } catch {
    return undefined;
  }
}

const round = (seconds: number): number => Math.round(seconds * 100) / 100;
