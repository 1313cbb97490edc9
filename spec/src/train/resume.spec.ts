import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readSafetensors } from "../../../src/train/safetensors.ts";

const script = fileURLToPath(new URL("./resumable.ts", import.meta.url));
const steps = 150;

/** Runs the child, and kills it without warning some milliseconds after its first step. Which steps it made, and how long they took. */
function trainUntil(
  folder: string,
  killAfter: number | null,
): Promise<{ readonly killed: boolean; readonly last: number; readonly milliseconds: number }> {
  const child = spawn(process.execPath, ["--import", "tsx", "-C", "engram-source", script, folder, String(steps)], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [errors, last, begun] = ["", 0, 0];
  child.stderr.on("data", (chunk: Buffer) => void (errors += String(chunk)));
  child.stdout.on("data", (chunk: Buffer) => {
    last = Number(String(chunk).trimEnd().split("\n").at(-1));
    if (begun > 0) return;
    begun = performance.now();
    if (killAfter !== null) setTimeout(() => child.kill("SIGKILL"), killAfter);
  });
  return new Promise((resolve, reject) => {
    child.on("close", (code, signal) => {
      const killed = signal === "SIGKILL";
      if (killed || code === 0) resolve({ killed, last, milliseconds: performance.now() - begun });
      else reject(new Error(`the child ended with ${code ?? signal}: ${errors}`));
    });
  });
}

describe("a run that is killed and resumed", () => {
  let root = "";
  beforeAll(async () => void (root = await mkdtemp(join(tmpdir(), "engram-resume-"))));
  afterAll(() => rm(root, { recursive: true }));

  it("ends with the very bytes of one that was not", async () => {
    const [whole, broken] = [join(root, "whole"), join(root, "broken")];
    const { milliseconds } = await trainUntil(whole, null);
    const stops: number[] = [];
    for (let attempt = 0; attempt < 5; attempt++) {
      const { killed, last } = await trainUntil(broken, Math.random() * 0.3 * milliseconds);
      if (!killed) break;
      stops.push(last);
    }
    await trainUntil(broken, null);
    expect(stops.some((step) => step > 1 && step < steps)).toBe(true);

    const bytes = (folder: string): Promise<Buffer> => readFile(join(folder, "checkpoint.safetensors"));
    const [expected, got] = [await bytes(whole), await bytes(broken)];
    expect(JSON.parse(readSafetensors(expected).metadata["run"]!)).toMatchObject({ step: steps });
    expect(got.equals(expected), `killed after steps ${stops}`).toBe(true);

    const entries = async (folder: string): Promise<readonly unknown[]> =>
      (await readFile(join(folder, "metrics.jsonl"), "utf8"))
        .trimEnd()
        .split("\n")
        .map((line) => ({ ...(JSON.parse(line) as object), seconds: 0 }));
    expect(await entries(broken)).toEqual(await entries(whole));
  }, 180_000);
});
