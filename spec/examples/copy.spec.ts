import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runExample } from "./runExample.ts";

let root = "";
beforeAll(async () => void (root = await mkdtemp(join(tmpdir(), "engram-copy-"))));
afterAll(() => rm(root, { recursive: true }));

const small = ["--bits", "2", "--max-length", "2", "--hidden", "12", "--locations", "6", "--word-size", "4"];

describe("npm start", () => {
  it("says so and ends with 1 where time is up before copy is learnt; what it did is kept", async () => {
    const folder = join(root, "short");
    const { code, out } = await runExample("start", ["--minutes", "0.01", "--json", "--folder", folder]);
    expect(code).toBe(1);
    const lines = out.trimEnd().split("\n").map((line) => JSON.parse(line) as { kind: string; text?: string }); // prettier-ignore
    expect(lines.find(({ kind }) => kind === "result")).toMatchObject({ solved: false, test: { sequences: 1000 } });
    expect(lines.at(-1)?.text).toMatch(
      /^Not solved: .* the goal is under 1\. Time was up after 0\.01 minutes\. Saved at/,
    );
    expect((await readdir(folder)).sort()).toEqual(
      ["checkpoint.safetensors", "memory.png", "memory.svg", "memory.txt", "metrics.jsonl", "run.json"],
    ); // prettier-ignore
  });

  it.each([
    [["--seed", "1.5"], "argument '1.5' is invalid. Expected a whole number, 0 or more."],
    [["--minutes", "-1"], "argument '-1' is invalid. Expected a number above 0."],
    [["--target", "cuda"], "Allowed choices are wasm, webgpu, tfjs"],
    [["--sede", "1"], "unknown option '--sede'"],
    [["--resume", "/nowhere"], "nothing to resume: /nowhere holds no checkpoint.safetensors."],
    [["--resume", "/nowhere", "--seed", "2"], "--seed cannot be changed in a run that is resumed"],
  ])("refuses %j", async (options, message) => {
    const { code, err } = await runExample("start", options);
    expect([code, err]).toEqual([1, expect.stringContaining(message)]);
  });
});

describe("examples/copy.ts", () => {
  it("learns, is stopped by Ctrl-C, says how to go on, goes on, and ends with 0", async () => {
    const folder = join(root, "stopped");
    let isStopped = false;
    const first = await runExample("copy", [...small, "--folder", folder], {
      onOutput(out, signal) {
        if (isStopped || !/^step /m.test(out)) return;
        isStopped = true;
        signal("SIGINT");
      },
    });
    expect(first.code).toBe(130);
    const resume = /^Saved at step (\d+)\. To go on: .* --resume (.*)$/m.exec(first.out);
    expect(resume?.[2]).toBe(folder);
    const second = await runExample("copy", ["--resume", folder, "--minutes", "2"]);
    expect(second.out).toContain(`Resuming at step ${resume?.[1]}: copy, up to 2 words of 2 bits.`);
    expect(second.out).toContain("12 locations, memory enlarged without retraining");
    expect(second.err).toBe("");
    expect(second.code).toBe(0);
    const steps = (await readFile(join(folder, "metrics.jsonl"), "utf8")).trimEnd().split("\n");
    expect(steps.map((line) => (JSON.parse(line) as { step: number }).step)).toEqual(steps.map((_, i) => i + 1));
    const again = await runExample("copy", [...small, "--folder", folder]);
    expect([again.code, again.err]).toEqual([1, expect.stringContaining("already holds a run. Resume it, or choose")]);
  });
});
