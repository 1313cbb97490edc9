// A long run leaks nothing: neither tensors of tfjs nor memory of the process.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { beforeAll, describe, expect, it } from "vitest";
import { grad, graphOf, jit, scan, targetNames, valueAndGrad, vjp, vmap } from "../../compile/index.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

beforeAll(async () => {
  await tf.setBackend("cpu");
});

/** Bytes in use after collecting, heap and array buffers. */
async function bytesInUse(): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 10)); // what a WeakRef was made of stays until its job ends
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

interface Growth {
  readonly tensors: number;
  readonly bytes: number;
  /** Of the whole process as the system sees it, WebAssembly's code and memory included. */
  readonly resident: number;
}

/** By how much `count` runs of `run` grow what is in use. */
async function growth(count: number, run: () => void): Promise<Growth> {
  const tensors = tf.memory().numTensors;
  const bytes = await bytesInUse();
  const resident = process.memoryUsage.rss();
  for (let i = 0; i < count; i++) run();
  return {
    tensors: tf.memory().numTensors - tensors,
    bytes: (await bytesInUse()) - bytes,
    resident: process.memoryUsage.rss() - resident,
  };
}

const kilo = 1024;
const step = (carry: tf.Tensor, x: tf.Tensor) => {
  const next = tf.tanh(tf.add(carry, x));
  return { carry: next, y: next };
};
const loss = (w: tf.Tensor, xs: tf.Tensor): tf.Tensor => tf.mean(tf.square(scan(step, w, xs).ys));

describe("the measure", () => {
  it("sees tensors that are left", async () => {
    const left: tf.Tensor[] = [];
    expect((await growth(100, () => void left.push(tf.scalar(1)))).tensors).toBe(100);
    tf.dispose(left);
  });

  it("sees a hundred bytes a call that are kept", async () => {
    const kept: Float32Array[] = [];
    const { bytes } = await growth(10_000, () => void kept.push(new Float32Array(25)));
    expect(bytes).toBeGreaterThan(500 * kilo);
    expect(kept).toHaveLength(10_000);
  });
});

/** tfjs's own ops take their time. */
const calls = { wasm: 10_000, tfjs: 3_000 } as const;

describe.each(targetNames)("on %s", (target) => {
  it(`${calls[target]} calls of a compiled function keep nothing`, async () => {
    const count = calls[target];
    const f = jit((w: tf.Tensor, xs: tf.Tensor) => valueAndGrad(loss)(w, xs), { target });
    const [w, xs] = [tf.zeros([8]), tf.ones([4, 8])];
    const call = (): void => tf.dispose(Object.values(f(w, xs)));
    await growth(1_000, call); // the engine's own caches fill
    const { tensors, bytes, resident } = await growth(count, call);
    expect(tensors).toBe(0);
    expect(bytes).toBeLessThan(300 * kilo); // a tensor kept a call takes more
    expect(resident).toBeLessThan(32 * kilo * kilo);
    expect(f.programs).toBe(1);
    tf.dispose([w, xs]);
  });

  it("300 fresh compilations keep nothing once they are dropped", async () => {
    const [w, xs] = [tf.zeros([8]), tf.ones([4, 8])];
    const compile = (): void => tf.dispose(jit(grad(loss), { target })(w, xs));
    await growth(100, compile);
    const { tensors, bytes } = await growth(300, compile);
    expect(tensors).toBe(0);
    expect(bytes).toBeLessThan(1500 * kilo); // a graph alone takes more than 5 KiB
    tf.dispose([w, xs]);
  });
});

describe("transforms called eagerly", () => {
  it("keep nothing but what they return", async () => {
    const [w, xs] = [tf.zeros([8]), tf.ones([4, 8])];
    const call = (): void => {
      tf.dispose(Object.values(valueAndGrad(loss)(w, xs)));
      tf.dispose(vmap((x: tf.Tensor) => tf.mul(x, w))(xs));
      const { value, pullback } = vjp((x: tf.Tensor) => tf.mul(x, x), w);
      const [ct] = pullback(w);
      tf.dispose([value, ct]);
      String(graphOf(loss)(w, xs));
    };
    await growth(50, call);
    const { tensors, bytes } = await growth(200, call);
    tf.dispose([w, xs]);
    expect(tensors).toBe(0);
    expect(bytes).toBeLessThan(1000 * kilo);
  });

  it("keep nothing where the traced function fails", async () => {
    const x = tf.zeros([8]);
    const call = (): void => {
      const f = jit((y: tf.Tensor) => tf.add(tf.exp(y), y.dataSync()[0]!));
      expect(() => f(x)).toThrow("numbers of a traced");
    };
    await growth(100, call);
    const { tensors, bytes } = await growth(300, call);
    x.dispose();
    expect(tensors).toBe(0);
    expect(bytes).toBeLessThan(1000 * kilo);
  });
});
