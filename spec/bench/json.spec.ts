// The bench as a program reads it: run as a user runs it, for a moment.

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

it("--json prints an object a line, with the figures by their names", () => {
  const run = ["--import", "tsx", "-C", "engram-source", "bench/run.ts"];
  const line = "--config copy --mode forward,train --target wasm,tfjs --threads 1 --seconds 0 --json".split(" ");
  const out = execFileSync(process.execPath, [...run, ...line], {
    cwd: fileURLToPath(new URL("../..", import.meta.url)),
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const rows = out.trim().split("\n").map((text) => JSON.parse(text) as Record<string, unknown>); // prettier-ignore
  expect(rows.map(({ config, mode, target, threads }) => [config, mode, target, threads])).toEqual([
    ["copy", "forward", "wasm", 1],
    ["copy", "train", "wasm", 1],
    ["copy", "forward", "tfjs", 1],
    ["copy", "train", "tfjs", 1],
  ]);
  for (const row of rows) {
    for (const name of ["ms", "us_per_step_row", "compile_ms", "peak_mb"]) expect(row[name], name).toBeGreaterThan(0);
    expect(row.us_per_step_row as number).toBeCloseTo((row.ms as number) * (1000 / 40 / 16), 6);
  }
});
