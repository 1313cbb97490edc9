// Results of compiled functions are ordinary tensors of the backend `engram-wasm`, on which every tfjs op works: compiled
// where it traces, by tfjs's own CPU kernels where it does not.

import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { grad, jit } from "../../compile/index.ts";
import { expectNumbers, numbersOf } from "./expectNumbers.ts";

beforeEach(async () => {
  await tf.setBackend("cpu");
  tf.engine().startScope();
});
afterEach(async () => {
  tf.engine().endScope();
  await tf.setBackend("cpu");
});

/** Ops of all kinds, as functions of a float32 [2,3] tensor. */
const ops: Readonly<Record<string, (x: tf.Tensor) => tf.Tensor | readonly tf.Tensor[]>> = {
  elementwise: (x) => tf.exp(tf.sub(tf.mul(x, 2), 1)),
  matMul: (x) => tf.matMul(x as tf.Tensor2D, tf.transpose(x) as tf.Tensor2D),
  softmax: (x) => tf.softmax(x as tf.Tensor2D),
  sum: (x) => tf.sum(x, 1),
  topk: (x) => Object.values(tf.topk(x, 2)),
  gather: (x) => tf.gather(x, tf.tensor1d([1, 0, 1], "int32")),
  cast: (x) => tf.cast(x, "int32"),
  compare: (x) => tf.greater(x, 2),
  stack: (x) => tf.stack([x, x], 1),
  split: (x) => tf.split(x, 3, 1),
  cumsum: (x) => tf.cumsum(x, 1, true),
  // These do not trace.
  conv2d: (x) => tf.conv2d(tf.reshape(x, [1, 2, 3, 1]) as tf.Tensor4D, tf.ones([2, 2, 1, 1]), 1, "same"),
  maxPool: (x) => tf.maxPool(tf.reshape(x, [1, 2, 3, 1]) as tf.Tensor4D, 2, 1, "valid"),
  resize: (x) => tf.image.resizeBilinear(tf.reshape(x, [1, 2, 3, 1]) as tf.Tensor4D, [4, 6]),
  unique: (x) => Object.values(tf.unique(tf.reshape(tf.concat([x, x]), [12]))),
  fft: (x) => {
    const spectrum = tf.spectral.fft(tf.complex(x, tf.zerosLike(x)));
    return [tf.real(spectrum), tf.imag(spectrum)];
  },
  nonMaxSuppression: () =>
    tf.image.nonMaxSuppression(
      tf.tensor2d([
        [0, 0, 1, 1],
        [0, 0, 1, 1.1],
        [2, 2, 3, 3],
      ]),
      tf.tensor1d([0.9, 0.8, 0.7]),
      3,
    ),
  sparse: () =>
    tf.sparse.sparseSegmentSum(
      tf.tensor2d([
        [1, 2],
        [3, 4],
      ]),
      tf.tensor1d([0, 1], "int32"),
      tf.tensor1d([0, 0], "int32"),
    ),
};

const numbers = [
  [1, 2, 3],
  [0.5, 4, 2.5],
];

describe.each(Object.keys(ops))("%s", (name) => {
  const op = ops[name]!;
  const expected = (): unknown => numbersOf(op(tf.tensor2d(numbers)));

  it("works on results of compiled functions", () => {
    const want = expected();
    const x = jit((t: tf.Tensor) => tf.sub(tf.add(t, 1), 1))(tf.tensor2d(numbers));
    expectNumbers(op(x), want);
    expect(tf.getBackend()).toBe("cpu");
  });

  it("works with engram-wasm as tfjs's backend", async () => {
    const want = expected();
    await tf.setBackend("engram-wasm");
    const result = op(tf.tensor2d(numbers));
    expectNumbers(result, want);
    for (const tensor of [result].flat()) {
      expect(tf.engine().state.tensorInfo.get(tensor.dataId)!.backend).toBe(tf.findBackend("engram-wasm"));
    }
  });
});

describe("engram-wasm as tfjs's backend", () => {
  beforeEach(async () => {
    await tf.setBackend("engram-wasm");
  });

  it("takes strings", () => {
    const words = tf.tensor1d(["one", "two", "three"]);
    expect(tf.concat([words, tf.tensor1d(["four"])]).dataSync()).toEqual(["one", "two", "three", "four"] as never);
    expect(tf.slice(words, 1, 2).arraySync()).toEqual(["two", "three"]);
    expect(tf.equal(words, tf.tensor1d(["one", "2", "three"])).dataSync()).toEqual(Uint8Array.of(1, 0, 1));
  });

  it("takes complex numbers", () => {
    const z = tf.complex([1, 2], [3, 4]);
    expectNumbers(tf.abs(z), [Math.hypot(1, 3), Math.hypot(2, 4)]);
    expectNumbers(tf.imag(tf.mul(z, z)), [6, 16]);
  });

  it("masks and finds, whose results' shapes depend on numbers", async () => {
    const x = tf.tensor1d([1, 2, 3, 4]);
    expectNumbers(await tf.booleanMaskAsync(x, tf.greater(x, 2)), [3, 4]);
    expectNumbers(await tf.whereAsync(tf.tensor1d([false, true, true], "bool")), [[1], [2]]);
    expectNumbers((await tf.setdiff1dAsync(x, tf.tensor1d([2, 3])))[0], [1, 4]);
  });

  it("reads asynchronously", async () => {
    expect(await tf.add(tf.tensor1d([1, 2]), 1).data()).toEqual(Float32Array.of(2, 3));
    expect(await tf.add(tf.tensor1d([1, 2]), 1).array()).toEqual([2, 3]);
  });

  it("takes tensors of other backends along", async () => {
    await tf.setBackend("cpu");
    const w = tf.tensor1d([10, 20]);
    await tf.setBackend("engram-wasm");
    expectNumbers(tf.mul(w, tf.tensor1d([2, 3])), [20, 60]);
    expectNumbers(jit((x: tf.Tensor) => tf.mul(x, w))(w), [100, 400]);
  });

  it("draws random numbers", () => {
    const x = tf.randomNormal([1000], 0, 1, "float32", 7);
    expect(Math.abs(tf.mean(x).dataSync()[0]!)).toBeLessThan(0.2);
    expect(tf.multinomial(tf.tensor1d([0, 100]), 5, 1).dataSync()).toEqual(Int32Array.of(1, 1, 1, 1, 1));
  });

  it("runs compiled functions and transforms", () => {
    const f = (x: tf.Tensor): tf.Tensor => tf.sum(tf.square(x));
    expectNumbers(grad(f)(tf.tensor1d([1, 2])), [2, 4]);
    expectNumbers(jit(grad(f))(tf.tensor1d([1, 2])), [2, 4]);
    expectNumbers(jit(grad(f), { target: "tfjs" })(tf.tensor1d([1, 2])), [2, 4]);
    expect(tf.getBackend()).toBe("engram-wasm");
  });

  it("frees what is disposed", () => {
    const before = tf.memory();
    for (let i = 0; i < 100; i++) tf.tidy(() => void tf.softmax(tf.tensor2d(numbers)));
    const after = tf.memory();
    expect([after.numTensors, after.numDataBuffers, after.numBytes]).toEqual([
      before.numTensors,
      before.numDataBuffers,
      before.numBytes,
    ]);
  });
});
