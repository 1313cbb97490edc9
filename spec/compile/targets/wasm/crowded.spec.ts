// On a machine that others keep busy, a run does not wait for threads that get no core: main goes on alone for a while.

import { Worker } from "node:worker_threads";
import { afterEach, describe, expect, it, vi } from "vitest";
import { axisIndex, type Scalar } from "../../../../compile/kernels/scalar.ts";
import type { Address, Instruction, Program } from "../../../../compile/program/program.ts";
import { alone, arena, controls, firstAddress, helpedAsleep } from "../../../../compile/targets/wasm/memory.ts";
import { ThreadPool } from "../../../../compile/targets/wasm/threads.ts";
import { compileWasm } from "../../../../compile/targets/wasm/wasm.ts";
import type { TensorType } from "../../../../compile/type.ts";

const type: TensorType = { shape: [4], dtype: "float32" };
const places = [0, 64];

/** Counts `rounds` up in two tensors, each by a part of a section. */
function counting(rounds: number): Program {
  const here: Scalar = { kind: "load", operand: 0, index: [axisIndex(0)], dtype: "float32" };
  const one: Scalar = { kind: "number", value: 1, dtype: "float32" };
  const body: Scalar = { kind: "binary", fn: "add", x: here, y: one, dtype: "float32" };
  const at = (buffer: number): Address => ({ base: { buffer }, offset: 0, strides: [] });
  const part = (buffer: number): readonly Instruction[] => [
    { kind: "call", kernel: 0, addresses: [at(buffer), at(buffer)] },
  ];
  return {
    kernels: [{ name: "count", form: { form: "map", shape: [4], body }, operands: [type], results: [type] }],
    buffers: places.map((start) => ({ start, bytes: 16 })),
    pointers: 0,
    loops: 1,
    instructions: [
      { kind: "loop", loop: 0, count: rounds, reverse: false, body: [{ kind: "parallel", parts: [part(0), part(1)] }] },
    ],
    inputs: [],
    outputs: places.map((_, buffer) => ({ address: at(buffer), type })),
    constants: [],
    bytes: 128,
  };
}

const bytesOf = (program: Program): Uint8Array<ArrayBuffer> => compileWasm(program).executable.bytes;

/** A helper that sleeps before each of its parts, and counts by itself. */
const sluggish = `
const { parentPort, workerData: { memory, controls, place, pause } } = require("node:worker_threads");
const [words, floats, never] = [new Int32Array(memory.buffer), new Float32Array(memory.buffer), new Int32Array(new SharedArrayBuffer(4))];
let generation = words[controls.generation / 4];
parentPort.postMessage("ready");
for (;;) {
  Atomics.wait(words, controls.generation / 4, generation);
  if (Atomics.load(words, controls.generation / 4) === generation) continue; // woken to look
  generation++;
  if (Atomics.load(words, controls.section / 4) < 0) break;
  Atomics.wait(never, 0, 0, pause);
  for (let i = 0; i < 4; i++) floats[place / 4 + i]++;
  Atomics.add(words, controls.done / 4, 1);
  Atomics.notify(words, controls.done / 4);
}
`;

/** Runs `rounds` with such a helper; how many of its sections were shared, and what was counted. */
async function withSluggish(rounds: number, pause: number) {
  const bytes = bytesOf(counting(rounds));
  const { memory, words, floats } = arena();
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  for (const place of places) floats.fill(0, (firstAddress + place) / 4, (firstAddress + place) / 4 + 4);
  words[controls.waits / 4] = words[controls.crowded / 4] = 0;
  words[controls.section / 4] = 0;
  const before = words[controls.generation / 4]!;
  const place = firstAddress + places[1]!;
  const helper = new Worker(sluggish, { eval: true, execArgv: [], workerData: { memory, controls, place, pause } });
  await new Promise((resolve) => helper.once("message", resolve));
  (exports.main as (helped: number) => void)(helpedAsleep);
  const shared = words[controls.generation / 4]! - before;
  Atomics.store(words, controls.section / 4, -1);
  Atomics.add(words, controls.generation / 4, 1);
  Atomics.notify(words, controls.generation / 4);
  await new Promise((resolve) => helper.once("exit", resolve));
  const counts = places.flatMap((start) => [...floats.subarray((firstAddress + start) / 4, (firstAddress + start) / 4 + 4)]); // prettier-ignore
  return { shared, counts: new Set(counts), crowded: words[controls.crowded / 4] };
}

describe("a helper without a core", () => {
  it("is left alone after some sections", async () => {
    expect(await withSluggish(100, 3)).toEqual({ shared: 11, counts: new Set([100]), crowded: 1 });
  });

  it("is asked again after many", async () => {
    expect(await withSluggish(11 + 1024 + 50, 3)).toEqual({ shared: 22, counts: new Set([1085]), crowded: 1 });
  });

  it("is waited for where it is late but rarely", async () => {
    expect(await withSluggish(3, 3)).toEqual({ shared: 3, counts: new Set([3]), crowded: 0 });
  });
});

describe("runs on a crowded machine", () => {
  afterEach(() => vi.restoreAllMocks());

  it("go without help for a while, and longer each time that a trial is in vain", () => {
    let now = 1000;
    vi.spyOn(performance, "now").mockImplementation(() => now);
    const { memory, words } = arena();
    const pool = new ThreadPool(memory);
    const id = pool.load(new WebAssembly.Module(bytesOf(counting(1))), 2);
    const helpedAt = (time: number, crowded: boolean): boolean => {
      now = 1000 + time;
      let helped = -1;
      pool.run(id, 2, (help) => {
        helped = help;
        if (help !== alone && crowded) words[controls.crowded / 4] = 1;
      });
      return helped !== alone;
    };
    expect(helpedAt(0, true)).toBe(true);
    expect(helpedAt(4, true)).toBe(false);
    expect(helpedAt(6, true)).toBe(true);
    expect(helpedAt(15, true)).toBe(false);
    expect(helpedAt(17, false)).toBe(true);
    expect(helpedAt(17, true)).toBe(true);
    expect(helpedAt(21, true)).toBe(false);
    expect(helpedAt(23, true)).toBe(true); // from the shortest again
  });
});
