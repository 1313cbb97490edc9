// What is tried in a browser: browser.spec.ts calls it from outside, and asks for plain data.

import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import fc from "fast-check";
import { createWebGPU, jit, random, treeLeaves, valueAndGrad } from "../../compile/index.ts";
import { programKinds } from "../../properties/laws/programKinds.ts";
import { dnc, runSequence, type DncParams } from "../../src/index.ts";
import { deviceAgrees } from "../compile/targets/webgpu/deviceAgrees.ts";
import { goldenFileOf, isResult } from "../golden/goldenFile.ts";
import { replayFile, replayFileOnDevice, type Target } from "../golden/replayFile.ts";

const gpu = await createWebGPU();

/** The norm of the difference as a share of the norm. */
function apart(got: readonly tf.TypedArray[], expected: readonly tf.TypedArray[]): number {
  let [difference, norm] = [0, 0];
  expected.forEach((values, i) =>
    values.forEach((y, j) => {
      difference += (got[i]![j]! - y) ** 2;
      norm += y ** 2;
    }),
  );
  return Math.sqrt(difference / norm);
}

const tried = {
  adapter: (): string => gpu.adapter,

  /** Whether the device has what its adapter has of subgroups, and how far sums of long rows are from those by tfjs's own ops. */
  async subgroups(): Promise<{ asked: boolean; sums: number }> {
    const adapter = await navigator.gpu.requestAdapter();
    const asked = gpu.device.features.has("subgroups") === adapter!.features.has("subgroups");
    const sum = (x: tf.Tensor): tf.Tensor => tf.sum(x, -1);
    let sums = 0;
    for (const shape of [
      [1, 3000],
      [3, 1000],
      [40, 100],
    ]) {
      const x = random.normal(random.key(5), shape);
      const [got, expected] = [
        await jit(sum, { target: "webgpu" })(x).data(),
        await jit(sum, { target: "tfjs" })(x).data(),
      ];
      sums = Math.max(sums, apart([got], [expected]));
    }
    return { asked, sums };
  },

  async golden(name: string, target: Target): Promise<{ failures: readonly string[]; compared: number; all: number }> {
    const url = new URL(`../golden/vectors/${name}.safetensors`, import.meta.url);
    const file = goldenFileOf(name, new Uint8Array(await (await fetch(url)).arrayBuffer()));
    const { failures, comparisons } = target === "webgpu" ? await replayFileOnDevice(file) : replayFile(file, target);
    return { failures, compared: comparisons.length, all: [...file.arrays.keys()].filter(isResult).length };
  },

  /** Random programs of a kind on the device; throws where one disagrees. */
  async programs(kind: number, seed: number, numRuns: number): Promise<string> {
    await tf.setBackend("cpu");
    const { what, program, tolerance } = programKinds[kind]!;
    await fc.assert(
      fc.asyncProperty(program, (example) => deviceAgrees(example, tolerance)),
      { seed, numRuns },
    );
    return what;
  },

  /** How far loss and gradient of a DNC on the device, and by WebAssembly, are from those by tfjs's own ops. */
  async gradients(): Promise<{ webgpu: number; wasm: number }> {
    const cell = dnc({ inputSize: 3, outputSize: 2, locations: 6, wordSize: 4, readHeads: 2, controller: { kind: "lstm", hidden: [8] } }); // prettier-ignore
    const params = cell.init(random.key(1));
    const inputs = random.normal(random.key(2), [7, 2, 3]) as tf.Tensor3D;
    const loss = (p: DncParams, x: tf.Tensor3D): tf.Scalar => tf.mean(tf.square(runSequence(cell, p, x)));
    const numbers = (target: Target): Promise<tf.TypedArray[]> =>
      Promise.all(treeLeaves(jit(valueAndGrad(loss), { target })(params, inputs)).map((x) => x.data()));
    const [expected, webgpu, wasm] = [await numbers("tfjs"), await numbers("webgpu"), await numbers("wasm")];
    return { webgpu: apart(webgpu, expected), wasm: apart(wasm, expected) };
  },
};

export type Tried = typeof tried;
Object.assign(globalThis, { tried });
document.title = "ready";
