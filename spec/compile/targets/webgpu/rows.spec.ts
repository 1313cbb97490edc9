// A row in a workgroup of its own: what it keeps in the workgroup's memory and for how long, how wide workgroups are, and sums
// by subgroups. None of it changes a result.

import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jit, random, scan, treeLeaves, valueAndGrad } from "../../../../compile/index.ts";
import { lowerWhole } from "../../../../compile/program/lower.ts";
import { currentBackend } from "../../../../compile/targets/webgpu/device.ts";
import { machineOf, type Machine } from "../../../../compile/targets/webgpu/machine.ts";
import { scheduleSizes, sizesFor, type Sizes } from "../../../../compile/targets/webgpu/schedule.ts";
import { WebGPUProgram } from "../../../../compile/targets/webgpu/webgpu.ts";
import { dnc, runSequence, type DncParams } from "../../../../src/index.ts";
import { gpu, titled } from "./device.ts";

beforeAll(async () => {
  await tf.setBackend("cpu");
});
afterAll(async () => {
  await tf.setBackend("cpu");
});

/** A machine of 256 lanes in subgroups of 32, with the memory that every device has. */
const usual: Machine = {
  lanes: 256,
  widest: 1024,
  memory: 16384,
  processor: false,
  near: true,
  subgroups: { least: 32, usual: 32 },
};

function programOf<A extends readonly unknown[]>(f: (...args: A) => unknown, args: A, sizes: Sizes): WebGPUProgram {
  return new WebGPUProgram(lowerWhole(jit(f).compile(...args).after), sizes);
}

const textOf = (program: WebGPUProgram, machine: Partial<Machine> = {}): string =>
  program.shaders({ ...usual, ...machine }).join("\n");

/** What the program computes, run twice, is what WebAssembly does. */
async function agrees<A extends readonly unknown[]>(
  f: (...args: A) => unknown,
  args: A,
  sizes: Sizes,
): Promise<WebGPUProgram> {
  const expected = treeLeaves(jit(f)(...args));
  const program = programOf(f, args, sizes);
  for (let time = 0; time < 2; time++) {
    const results = program.run(treeLeaves(args));
    for (const [i, result] of results.entries()) {
      const [got, wanted] = [await result.data(), expected[i]!.dataSync()];
      const scale = Math.max(1, ...wanted.filter(Number.isFinite).map(Math.abs));
      got.forEach((x, j) => {
        if (Number.isNaN(wanted[j])) expect(x).toBeNaN();
        else if (!Number.isFinite(wanted[j]!)) expect(x).toBe(wanted[j]);
        else expect(Math.abs(x - wanted[j]!)).toBeLessThan(1e-4 * scale);
      });
    }
    tf.dispose(results);
  }
  return program;
}

/** Carries that take turns in two places, a third that stays, and intermediates of a row. */
function walk(xs: tf.Tensor): { readonly h: tf.Tensor; readonly m: tf.Tensor } {
  type Carry = { readonly h: tf.Tensor; readonly m: tf.Tensor };
  const rows = xs.shape[1]!;
  const start: Carry = { h: tf.zeros([rows, 8]), m: tf.ones([rows, 8, 8]) };
  return scan(
    ({ h, m }: Carry, x: tf.Tensor) => {
      const read = tf.sum(tf.mul(m, tf.expandDims(tf.softmax(tf.add(h, x)), 1)), -1);
      const m2 = tf.add(tf.mul(m, 0.5), tf.mul(tf.expandDims(read, 2), tf.expandDims(tf.tanh(x), 1)));
      return { carry: { h: tf.tanh(tf.sub(read, h)), m: m2 }, y: read };
    },
    start,
    xs,
  ).carry;
}

const xs = (rows = 3): tf.Tensor => random.normal(random.key(3), [30, rows, 8]);
const near: Partial<Machine> = { near: true };

/** The word counts of the workgroup's arrays in a program's modules. */
const localWords = (text: string): readonly number[] =>
  [...text.matchAll(/local: array<u32, (\d+)>/g)].map(([, words]) => Number(words));

describe.skipIf(!gpu)(titled("a row's buffers in the workgroup's memory"), () => {
  const oneRound: Sizes = { small: Infinity, round: Infinity, rowRound: Infinity, slice: 0, most: 1, machine: near };

  it("are all there where they fit, and the arena holds what rows have in common", async () => {
    const text = textOf(await agrees(walk, [xs()], { ...scheduleSizes, machine: near }));
    expect(Math.max(...localWords(text))).toBeGreaterThan(2 * 64);
    expect(text).toMatch(/q\d+ \+= /); // carries are loaded: pointers point there
  });

  it("are loaded and stored by every dispatch of a loop that is cut into slices", async () => {
    const program = await agrees(walk, [xs()], oneRound);
    expect(program.submitted.dispatches).toBeGreaterThanOrEqual(30);
  });

  it.each([0, 100, 256, 400, 600, 1000])("are as many as fit into %i bytes", async (memory) => {
    const sizes: Sizes = { ...oneRound, machine: { ...near, memory } };
    const text = textOf(await agrees(walk, [xs()], sizes), { memory, lanes: 8, widest: 8, subgroups: null });
    for (const words of localWords(text)) expect(4 * words).toBeLessThanOrEqual(memory);
  });

  it("never need more than the device has, and the most used come first", () => {
    const wide = (x: tf.Tensor): tf.Tensor =>
      tf.sum(tf.add(tf.reshape(walk(x).m, [3, 64, 1]), tf.reshape(x, [1, 1, -1])));
    const arrays = localWords(textOf(programOf(wide, [xs()], scheduleSizes), { memory: 4096, lanes: 64, widest: 64 }));
    for (const words of arrays) expect(4 * words).toBeLessThanOrEqual(4096);
  });
});

describe.skipIf(!gpu)(titled("a DNC, however its rows are run"), () => {
  const cell = dnc({ inputSize: 3, outputSize: 2, locations: 6, wordSize: 4, readHeads: 2, controller: { kind: "lstm", hidden: [8] } }); // prettier-ignore
  const params = cell.init(random.key(1));
  const loss = (p: DncParams, x: tf.Tensor3D): tf.Scalar => tf.mean(tf.square(runSequence(cell, p, x)));
  const machines: Readonly<Record<string, Partial<Machine>>> = {
    "its state near": near,
    "half of its state near": { ...near, memory: 1500 },
    "wide, by subgroups": { ...near, lanes: 64, widest: 256 },
    "wide, without subgroups": { ...near, lanes: 64, widest: 256, subgroups: null },
  };
  it.each(Object.entries(machines))("%s", { timeout: 120_000 }, async (_, machine) => {
    const inputs = random.normal(random.key(2), [5, 2, 3]) as tf.Tensor3D;
    await agrees(valueAndGrad(loss), [params, inputs], { ...scheduleSizes, slice: 0, most: 40_000, machine });
  });
});

describe.skipIf(!gpu)(titled("a DNC of 1,024 locations"), () => {
  it("runs in the memory that every device's workgroups have", { timeout: 120_000 }, async () => {
    const cell = dnc({ inputSize: 3, outputSize: 2, locations: 1024, wordSize: 4, readHeads: 1, controller: { kind: "lstm", hidden: [8] } }); // prettier-ignore
    const forward = (p: DncParams, x: tf.Tensor3D): tf.Tensor => runSequence(cell, p, x);
    const inputs = random.normal(random.key(2), [3, 2, 3]) as tf.Tensor3D;
    const params = cell.init(random.key(1));
    const program = await agrees(forward, [params, inputs], { ...scheduleSizes, machine: { ...near, memory: 16384 } });
    expect(localWords(textOf(program, { lanes: 256, widest: 256 })).length).toBeGreaterThan(0);
  });
});

describe.skipIf(!gpu)(titled("how wide a workgroup is"), () => {
  const widths = (text: string): readonly number[] => [...text.matchAll(/@workgroup_size\((\d+)\)/g)].map(([, n]) => Number(n)); // prettier-ignore
  const of = (rows: number, width: number): readonly number[] => {
    const step = (c: tf.Tensor, x: tf.Tensor) => ({
      carry: tf.tanh(tf.add(tf.mul(c, 0.5), tf.softmax(tf.add(c, x)))),
      y: x,
    });
    const f = (x: tf.Tensor): tf.Tensor => scan(step, tf.zeros([rows, width]) as tf.Tensor, x).carry;
    return widths(textOf(programOf(f, [tf.ones([4, rows, width])], scheduleSizes)));
  };

  it("as wide as rows can use, where they are few", () => {
    expect(Math.max(...of(4, 4096))).toBe(1024);
    expect(Math.max(...of(4, 600))).toBe(512);
    expect(Math.max(...of(4, 32))).toBe(256);
  });

  it("not where rows are many", () => {
    expect(Math.max(...of(64, 4096))).toBe(256);
  });
});

describe.skipIf(!gpu)(titled("a round that is much work for a row"), () => {
  it("is counted by the host, so that all workgroups share its kernels, where rows are few", async () => {
    const sizes: Sizes = { ...scheduleSizes, small: 100, rowRound: 1000, machine: near };
    const { dispatches } = (await agrees(walk, [xs()], sizes)).submitted;
    expect(dispatches).toBeGreaterThan(2 * 30);
    expect((await agrees(walk, [xs()], { ...sizes, rowRound: Infinity })).submitted.dispatches).toBeLessThan(10);
  });

  it("is its workgroup's where rows are many, or a processor plays the device", async () => {
    const sizes: Sizes = { ...scheduleSizes, small: 100, rowRound: 1000, machine: near };
    expect((await agrees(walk, [xs(17)], sizes)).submitted.dispatches).toBeLessThan(10);
    expect(sizesFor({ ...usual, processor: true }).rowRound).toBe(Infinity);
    expect(sizesFor(usual)).toEqual(scheduleSizes);
  });
});

describe.skipIf(!gpu)(titled("reductions by subgroups"), () => {
  const reductions: Readonly<Record<string, (x: tf.Tensor) => tf.Tensor>> = {
    sum: (x) => tf.sum(x, -1),
    product: (x) => tf.prod(tf.add(1, tf.mul(x, 0.01)), -1),
    maximum: (x) => tf.max(x, -1),
    minimum: (x) => tf.min(x, -1),
    any: (x) => tf.any(tf.greater(x, 2.5), -1),
    all: (x) => tf.all(tf.greater(x, -2.5), -1),
    "whole sum": (x) => tf.sum(tf.cast(tf.round(tf.mul(x, 10)), "int32")),
    "whole maximum": (x) => tf.max(tf.cast(tf.round(tf.mul(x, 10)), "int32")),
  };
  const machines: readonly Partial<Machine>[] = [
    {},
    { lanes: 64, widest: 64, subgroups: { least: 4, usual: 4 } },
    { lanes: 64, widest: 64, subgroups: { least: 4, usual: 16 } },
  ];
  const has = gpu !== null && machineOf(currentBackend().device).subgroups !== null;

  it.skipIf(!has).each(Object.keys(reductions))("%s", async (name) => {
    const f = reductions[name]!;
    for (const shape of [
      [1, 300],
      [2, 257],
      [5, 64],
      [33, 100],
      [200, 64],
    ]) {
      const x = random.normal(random.key(7), shape);
      for (const machine of machines) {
        for (const small of [0, Infinity]) await agrees(f, [x], { ...scheduleSizes, small, machine });
      }
    }
  });

  it.skipIf(!has)("of infinities and NaN", async () => {
    const x = tf.tensor2d([...[NaN, Infinity, -Infinity, 1].map((odd) => Array.from({ length: 64 }, (_, i) => (i === 37 ? odd : -i)))]); // prettier-ignore
    for (const f of [reductions.maximum!, reductions.minimum!, reductions.sum!]) {
      await agrees(f, [x], { ...scheduleSizes, machine: machines[1]! });
    }
  });

  it("are in the text where the device has subgroups, and where there are terms enough", () => {
    const text = (terms: number, machine: Partial<Machine>): string =>
      textOf(programOf(reductions.sum!, [tf.ones([8, terms])], scheduleSizes), machine);
    expect(text(512, {})).toContain("enable subgroups;");
    expect(text(512, { subgroups: null })).not.toContain("subgroup");
    expect(text(64, {})).not.toContain("subgroup");
  });
});
