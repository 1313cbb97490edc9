// A step on the device beside the same step by tfjs's own ops, in a process like the bench's: tfjs's gradients load in no other.

import { execFileSync } from "node:child_process";
import { beforeAll, describe, expect, it } from "vitest";
import { gpu, titled } from "../compile/targets/webgpu/device.ts";
import { root } from "../house/modules.ts";

describe.skipIf(!gpu)(titled("on webgpu"), () => {
  let lines: readonly unknown[] = [];
  beforeAll(() => {
    const node = ["--import", "tsx", "-C", "engram-source", "spec/bench/onDevice.ts"];
    const out = execFileSync(process.execPath, node, {
      cwd: root,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    lines = out.trim().split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as unknown); // prettier-ignore
  }, 120_000);

  it.each([
    ["train", 0],
    ["forward", 1],
  ] as const)("tfjs's own ops compute the %s step that ours does, in many times as many dispatches", (mode, line) => {
    const row = lines[line] as { readonly [key: string]: number };
    expect(row).toMatchObject({ config: "copy", mode, target: "webgpu", n: 3, eager_n: 3 });
    expect(row["eager_difference"]).toBeLessThan(1e-5);
    expect(row["eager_ratio"]).toBeCloseTo(row["eager_ms"]! / row["ms"]!, 6);
    expect(row["dispatches"]).toBeGreaterThan(0);
    expect(row["eager_dispatches"]).toBeGreaterThan(3 * row["dispatches"]!);
    for (const name of ["us_per_step_row", "compile_ms", "peak_mb"]) expect(row[name], name).toBeGreaterThan(0);
  });

  it("ours alone, where that is asked", () => {
    expect(lines[2]).toMatchObject({ mode: "forward", n: 3 });
    expect(Object.keys(lines[2] as object).filter((name) => name.startsWith("eager"))).toEqual([]);
  });

  it("what computes something else is not timed", () => {
    expect(lines[3]).toEqual({
      refused: "bench: tfjs's forward step is 1.0e-3 of its norm from ours, more than 0.0001.",
    });
  });
});
