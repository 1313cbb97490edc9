// Programs saved as bytes, and loaded: here, in another process, and where they cannot run.

import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { jit, load, random, SavedProgramError, scan, valueAndGrad } from "../../compile/index.ts";
import { dnc, runSequence } from "../../src/index.ts";
import { expectNumbers } from "./expectNumbers.ts";

let folder = "";
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "engram-saved-"))));
afterAll(() => rm(folder, { recursive: true }));
beforeEach(async () => {
  await tf.setBackend("cpu");
  tf.engine().startScope();
});
afterEach(() => tf.engine().endScope());

interface Pair {
  readonly x: tf.Tensor;
  readonly rest: readonly [tf.Tensor, null, undefined];
}
const table = tf.keep(tf.tensor1d([0.5, -0, NaN, Infinity]));
const f = ({ x, rest: [n] }: Pair, flag: tf.Tensor) => ({
  y: tf.where(flag, tf.add(tf.mul(x, 2), table), x),
  n: tf.add(n, tf.scalar(1, "int32")),
  nothing: [null, undefined],
});
const pair = (): Pair => ({ x: tf.tensor1d([1, 2, 3, 4]), rest: [tf.scalar(7, "int32"), null, undefined] });
const flag = (): tf.Tensor => tf.tensor1d([true, false, true, true], "bool");

describe("a saved program", () => {
  it("is the function again: trees, dtypes, constants and all", async () => {
    const program = jit(f);
    const bytes = program.compile(pair(), flag()).serialize();
    expect(bytes).toBeInstanceOf(Uint8Array);
    const loaded = await load<Parameters<typeof f>, ReturnType<typeof f>>(bytes);
    const [got, expected] = [loaded(pair(), flag()), program(pair(), flag())];
    expectNumbers(got, expected);
    expect(got.nothing).toEqual([null, undefined]);
    expect([got.n.dtype, got.y.dtype]).toEqual(["int32", "float32"]);
    expect(Object.isFrozen(got)).toBe(true);
    expect(loaded.name).toBe("loaded(jit(f))");
  });

  it("runs in turn with others, which overwrite its constants", async () => {
    const own = Float32Array.from({ length: 3000 }, (_, i) => i);
    const adds = jit((x: tf.Tensor) => tf.add(x, tf.tensor1d(own)));
    const loaded = await load<[tf.Tensor], tf.Tensor>(adds.compile(tf.zeros([3000])).serialize());
    const other = jit((x: tf.Tensor) => tf.mul(x, tf.tensor1d(own.map((n) => -n))));
    for (let i = 0; i < 3; i++) {
      expect(
        loaded(tf.ones([3000]))
          .dataSync()
          .at(-1),
      ).toBe(3000);
      expect(
        other(tf.ones([3000]))
          .dataSync()
          .at(-1),
      ).toBe(-2999);
    }
  });

  it("leaves static arguments out", async () => {
    const scaled = jit((x: tf.Tensor, factor: number, y: tf.Tensor) => tf.add(tf.mul(x, factor), y), { staticArgnums: [1] }); // prettier-ignore
    const bytes = scaled.compile(tf.scalar(1), 3, tf.scalar(1)).serialize();
    const loaded = await load<[tf.Tensor, tf.Tensor], tf.Tensor>(bytes);
    expectNumbers(loaded(tf.scalar(5), tf.scalar(2)), 17);
  });

  it("trains a DNC in another process, to the same bits, with its threads", async () => {
    const cell = dnc({ inputSize: 3, outputSize: 2, locations: 16, wordSize: 16, readHeads: 2, controller: { kind: "lstm", hidden: [64] } }); // prettier-ignore
    const loss = (p: ReturnType<typeof cell.init>, x: tf.Tensor3D, length: tf.Scalar): tf.Tensor =>
      tf.mean(tf.square(runSequence(cell, p, x, { length })));
    const params = cell.init(random.key(1));
    const x = random.normal(random.key(2), [32, 16, 3]) as tf.Tensor3D;
    const program = jit(valueAndGrad(loss), { threads: 2 });
    await writeFile(join(folder, "program"), program.compile(params, x, tf.scalar(0, "int32")).serialize());
    const script = `
      import { readFileSync } from "node:fs";
      import * as tf from "@tensorflow/tfjs-core";
      import { load, random, treeLeaves } from "engram/compile";
      import { dnc } from "engram";
      const cell = dnc(${JSON.stringify(cell.config)});
      const step = await load(readFileSync(${JSON.stringify(join(folder, "program"))}));
      const run = () => step(cell.init(random.key(1)), random.normal(random.key(2), [32, 16, 3]), tf.scalar(20, "int32"));
      for (let i = 0; i < 3; i++) run();
      console.log(JSON.stringify(treeLeaves(run()).map((leaf) => [...new Int32Array(leaf.dataSync().slice().buffer)])));
    `;
    const stdout = await inAnotherProcess(script);
    const { value, grad } = program(params, x, tf.scalar(20, "int32"));
    const here = [...tf.util.flatten(treeBits(grad)), ...treeBits(value)];
    const lines = stdout.trimEnd().split("\n").at(-1)!;
    expect((JSON.parse(lines) as number[][]).flat().sort((x, y) => x - y)).toEqual(here.sort((x, y) => x - y));
  });
});

async function inAnotherProcess(script: string): Promise<string> {
  const args = ["--import", "tsx", "-C", "engram-source", "--input-type=module", "-e", script];
  return (await promisify(execFile)(process.execPath, args, { maxBuffer: 2 ** 26 })).stdout;
}

describe("a saved program, where memory is shared and where it is not,", () => {
  // What a page without cross-origin isolation is like.
  const without = `delete globalThis.SharedArrayBuffer;
    const { readFileSync, writeFileSync } = await import("node:fs");
    const tf = await import("@tensorflow/tfjs-core");
    const { jit, load } = await import("engram/compile");`;
  const big = [64, 512] as const;
  const sums = (x: tf.Tensor): tf.Tensor => tf.sum(tf.exp(tf.matMul(x as tf.Tensor2D, x as tf.Tensor2D, false, true)));

  it("goes from threads to none", async () => {
    const path = join(folder, "shared");
    const program = jit(sums, { threads: 2 });
    await writeFile(path, program.compile(tf.zeros([...big])).serialize());
    const script = `${without}
      const sums = await load(readFileSync(${JSON.stringify(path)}));
      console.log("sum " + sums(tf.fill(${JSON.stringify(big)}, 0.01)).dataSync()[0]);`;
    const expected = program(tf.fill([...big], 0.01)).dataSync()[0];
    expect(await inAnotherProcess(script)).toContain(`sum ${expected}\n`);
  });

  it("goes from none to threads", async () => {
    const path = join(folder, "own");
    const script = `${without}
      const sums = jit((x) => tf.sum(tf.exp(tf.matMul(x, x, false, true))));
      writeFileSync(${JSON.stringify(path)}, sums.compile(tf.zeros(${JSON.stringify(big)})).serialize());`;
    await inAnotherProcess(script);
    const loaded = await load<[tf.Tensor], tf.Tensor>(new Uint8Array(await readFile(path)));
    expectNumbers(loaded(tf.fill([...big], 0.01)), jit(sums)(tf.fill([...big], 0.01)));
  });
});

/** The bits of all numbers of a tree. */
function treeBits(tree: unknown): number[] {
  if (tree instanceof tf.Tensor) return [...new Int32Array(tree.dataSync().slice().buffer)];
  return typeof tree === "object" && tree !== null ? Object.values(tree).flatMap(treeBits) : [];
}

describe("load refuses", () => {
  const bytes = (): Uint8Array =>
    jit((x: tf.Tensor) => tf.exp(x))
      .compile(tf.zeros([2]))
      .serialize();
  const refusal = async (given: Uint8Array): Promise<SavedProgramError> => {
    const error: unknown = await load(given).then(() => undefined, (e: unknown) => e); // prettier-ignore
    expect(error).toBeInstanceOf(SavedProgramError);
    return error as SavedProgramError;
  };

  it.each([
    ["what is no program", () => Uint8Array.of(1, 2, 3), "not-a-program", "no saved program"],
    ["nothing", () => undefined as unknown as Uint8Array, "not-a-program", "no saved program"],
    ["half a program", () => bytes().slice(0, 500), "corrupt-program", "its checksum is wrong"],
    ["its very beginning", () => bytes().slice(0, 10), "corrupt-program", "it ends after 10 bytes"],
    [
      "a changed byte",
      () => bytes().map((byte, i) => (i === 700 ? byte ^ 1 : byte)),
      "corrupt-program",
      "its checksum",
    ],
    ["another format", () => bytes().map((byte, i) => (i === 6 ? 99 : byte)), "program-version", "its format is 99, this version reads 2"], // prettier-ignore
  ])("%s", async (_what, make, code, message) => {
    const error = await refusal(make());
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
  });

  /** The program with its header changed, and the checksum right. */
  const altered = (change: (text: string) => string): Uint8Array => {
    const whole = bytes();
    const view = new DataView(whole.buffer);
    const end = 16 + view.getUint32(12, true);
    const before = new TextDecoder().decode(whole.subarray(16, end));
    const text = change(before);
    expect(text).not.toBe(before);
    const header = new TextEncoder().encode(text);
    const file = new Uint8Array(16 + header.length + whole.length - end);
    file.set(whole.subarray(0, 16));
    file.set(header, 16);
    file.set(whole.subarray(end), 16 + header.length);
    const out = new DataView(file.buffer);
    out.setUint32(12, header.length, true);
    let hash = 0x811c9dc5;
    for (const byte of file.subarray(12)) hash = Math.imul(hash ^ byte, 0x01000193);
    out.setUint32(8, hash >>> 0, true);
    return file;
  };

  it("a program whose threads meet elsewhere", async () => {
    const error = await refusal(altered((text) => text.replace('\\"section\\":8', '\\"section\\":12')));
    expect([error.code, error.message]).toEqual([
      "program-version",
      "load: the program was saved by another version of engram: its modules run in another way. Compile and serialize it again.",
    ]);
  });

  it("instructions that the engine does not know", async () => {
    const spy = WebAssembly.validate;
    try {
      WebAssembly.validate = () => false;
      const error = await refusal(bytes());
      expect([error.code, error.message]).toEqual([
        "program-feature",
        "load: the program was compiled for an engine with other instructions, which this one has not. Compile it here.",
      ]);
    } finally {
      WebAssembly.validate = spy;
    }
  });

  it("nothing of a program that another function was called with", async () => {
    const sums = jit((x: tf.Tensor) => scan((c: tf.Tensor, y: tf.Tensor) => ({ carry: tf.add(c, y), y: null }), tf.scalar(0), x).carry); // prettier-ignore
    const loaded = await load<[unknown], tf.Tensor>(sums.compile(tf.zeros([3])).serialize());
    expect(() => loaded(tf.zeros([4]))).toThrow(
      "loaded(jit): the program was compiled for arguments f32[3], got f32[4]. Compile and serialize one for these.",
    );
    expect(() => loaded({ x: tf.zeros([3]) })).toThrow(
      'loaded(jit): the program was compiled for arguments *, got {"x":*}. Compile and serialize one for these.',
    );
  });
});
