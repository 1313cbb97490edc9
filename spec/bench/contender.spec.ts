// How the bench talks to the processes that it compares, with processes of a few lines.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { configurations } from "../../bench/configurations.ts";
import { ask, Running, type Contender, type Request } from "../../bench/contender.ts";
import { environmentFolder } from "../../bench/python.ts";
import { duel } from "../../bench/versus.ts";

const request: Request = { sizes: configurations.copy, mode: "train", form: "", threads: 64 };

const contender = (source: string, forms: readonly string[] = [""]): Contender => ({
  peer: "script",
  command: [process.execPath, "--input-type=module", "-e", source],
  forms: () => forms,
});

/** Takes as many milliseconds as its form says. */
const scripted = `
  import { createInterface } from "node:readline";
  const request = JSON.parse(process.argv[1]);
  console.log("some library says hello");
  console.log(JSON.stringify({ version: "script", compileMs: 7 }));
  for await (const seconds of createInterface({ input: process.stdin }))
    console.log(JSON.stringify({ ms: [1, 2, 3].map((x) => x * Number(request.form || 1)), peakMb: 50 + Number(seconds) }));
`;

describe("a contender", () => {
  it("says that it is ready, runs when told to, and ends", async () => {
    const running = await Running.start(contender(scripted), request);
    expect(running.ready).toEqual({ version: "script", compileMs: 7 });
    expect(await running.run(1)).toEqual({ ms: [1, 2, 3], peakMb: 51 });
    expect(await running.run(2)).toEqual({ ms: [1, 2, 3], peakMb: 52 });
    await running.stop();
    await running.stop();
  });

  it("that fails is told with what it complains of", async () => {
    const failing = contender(`throw new Error("no such library");`);
    await expect(Running.start(failing, request)).rejects.toThrow("no such library");
    await expect(ask(failing, { ...request, mode: "check" })).rejects.toThrow("failed.");
    const missing: Contender = { ...failing, command: ["/nowhere/python"] };
    await expect(Running.start(missing, request)).rejects.toThrow("ENOENT");
  });
});

describe("a duel", () => {
  it("runs each peer's fastest form in turns with ours", async () => {
    const what = { config: "copy", mode: "train", sizes: configurations.copy, threads: 64, rounds: 2, seconds: 0 } as const; // prettier-ignore
    const news: string[] = [];
    const rows = await duel([contender(scripted), contender(scripted, ["5", "3", "4"])], what, (line) => news.push(line)); // prettier-ignore
    expect(rows.map(({ form, ratio, ms }) => [form, ratio, ms.n])).toEqual([
      ["", 1, 6],
      ["3", 3, 6],
    ]);
    expect(rows[1]!.tried).toEqual({ 5: 10, 3: 6, 4: 8 });
    expect(news).toContain("copy train: round 2 of 2");
  });
});

describe("the peers' environment", () => {
  it("lies in the user's cache folder, one for each peer and its versions, unless told otherwise", () => {
    const folder = environmentFolder("jax", undefined, { XDG_CACHE_HOME: "/cache" });
    expect(folder).toMatch(/^\/cache\/engram\/bench-jax-[0-9a-f]{8}$/);
    expect(environmentFolder("torch", undefined, { XDG_CACHE_HOME: "/cache" })).toContain("bench-torch-");
    expect(environmentFolder("jax", undefined, {})).toMatch(/\.cache.engram.bench-jax-/);
    expect(environmentFolder("jax", undefined, { ENGRAM_BENCH_VENV: "/mine" })).toBe("/mine");
    expect(environmentFolder("jax", "/given", { ENGRAM_BENCH_VENV: "/mine" })).toBe("/given");
  });

  it("pins its versions", () => {
    for (const peer of ["jax", "torch"]) {
      const text = readFileSync(new URL(`../../bench/peers/requirements-${peer}.txt`, import.meta.url), "utf8");
      expect(text).toMatch(new RegExp(`^${peer}==\\d`, "m"));
    }
  });
});
