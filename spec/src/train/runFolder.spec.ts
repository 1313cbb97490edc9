import "@tensorflow/tfjs-backend-cpu";
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Json, Run } from "../../../src/train/run.ts";
import { loadRun, newRunFolder, resumeRunFolder } from "../../../src/train/runFolder.ts";

const at = (step: number): Run => ({
  config: "a test",
  seed: 0,
  step,
  lesson: { level: step },
  learner: { params: { w: tf.scalar(step) }, optimiser: {} },
});

describe("runFolder", () => {
  let folder = "";
  beforeEach(async () => void (folder = join(await mkdtemp(join(tmpdir(), "engram-run-")), "run")));
  afterEach(() => rm(join(folder, ".."), { recursive: true }));
  const steps = async (): Promise<readonly Json[]> =>
    (await readFile(join(folder, "metrics.jsonl"), "utf8"))
      .trimEnd()
      .split("\n")
      .map((line) => (JSON.parse(line) as { step: number }).step);

  it("keeps a run, its summary and its measurements", async () => {
    const store = await newRunFolder(folder);
    store.log({ step: 1, loss: 0.5, seconds: 0.1 });
    store.log({ step: 2, loss: 0.25, seconds: 0.2 });
    await store.save(at(2));
    expect((await readdir(folder)).sort()).toEqual(["checkpoint.safetensors", "metrics.jsonl", "run.json"]);
    expect(JSON.parse(await readFile(join(folder, "run.json"), "utf8"))).toEqual({
      config: "a test",
      seed: 0,
      step: 2,
      lesson: { level: 2 },
    });
    expect(await loadRun(folder)).toMatchObject({ step: 2, lesson: { level: 2 } });
    expect(await steps()).toEqual([1, 2]);
  });

  it("has the old run or the new, never a half: a crash between writing and renaming leaves the old", async () => {
    const store = await newRunFolder(folder);
    await store.save(at(1));
    // What a process leaves that dies while it writes: a part of the new file, under another name.
    await writeFile(join(folder, "checkpoint.safetensors.1234567"), "half");
    const { run, store: resumed } = await resumeRunFolder(folder);
    expect(run.step).toBe(1);
    expect((await readdir(folder)).sort()).toEqual(["checkpoint.safetensors", "run.json"]);
    await resumed.save(at(2));
    expect((await loadRun(folder)).step).toBe(2);
  });

  it("forgets measurements of steps that will be made again, and lines that were cut off", async () => {
    const store = await newRunFolder(folder);
    store.log({ step: 1, seconds: 1.5 });
    store.log({ step: 2, seconds: 2.5 });
    await store.save(at(2));
    await appendFile(join(folder, "metrics.jsonl"), '{"step":3,"seconds":4}\n{"step":4,"sec');
    const { store: resumed } = await resumeRunFolder(folder);
    expect(await steps()).toEqual([1, 2]);
    resumed.log({ step: 3, seconds: 0.5 });
    await resumed.save(at(3));
    expect(await steps()).toEqual([1, 2, 3]);
    const last = (await readFile(join(folder, "metrics.jsonl"), "utf8")).trimEnd().split("\n").at(-1)!;
    expect(JSON.parse(last)).toEqual({ step: 3, seconds: 3 });
  });

  it("says so where there is nothing to resume, or something to lose", async () => {
    await expect(resumeRunFolder(folder)).rejects.toThrow(
      `nothing to resume: ${folder} holds no checkpoint.safetensors`,
    );
    const store = await newRunFolder(folder);
    await store.save(at(1));
    await expect(newRunFolder(folder)).rejects.toThrow(`${folder} already holds a run. Resume it, or choose another`);
  });
});
