// Functions as users write them, of many ops: compiled for each target they give what tfjs gives eagerly, to 1e-4, and
// their gradients what finite differences give.

import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { grad, jit, random, targetNames, vmap } from "../../compile/index.ts";

beforeEach(async () => {
  await tf.setBackend("cpu");
  tf.engine().startScope();
});
afterEach(() => tf.engine().endScope());

const draw = (seed: number, shape: readonly number[]): tf.Tensor => random.normal(random.key(seed), shape);
const weights = (seed: number, rows: number, columns: number): tf.Tensor2D =>
  tf.mul(draw(seed, [rows, columns]), 1 / Math.sqrt(rows));

interface Case {
  readonly shape: readonly number[];
  readonly f: (x: tf.Tensor) => tf.Tensor;
}

const cases: Readonly<Record<string, Case>> = {
  "self-attention": {
    shape: [2, 5, 8],
    f: (x) => {
      const [q, k, v] = [1, 2, 3].map((seed) => tf.einsum("btd,de->bte", x, weights(seed, 8, 8)));
      const scores = tf.div(tf.matMul(q!, k!, false, true), Math.sqrt(8));
      const seen = tf.greaterEqual(tf.reshape(tf.range(0, 5), [5, 1]), tf.range(0, 5));
      return tf.matMul(tf.softmax(tf.where(seen, scores, tf.fill(scores.shape, -1e9))), v!);
    },
  },
  "normalisation and gates": {
    shape: [4, 6],
    f: (x) => {
      const { mean, variance } = tf.moments(x, 1, true);
      const normal = tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, 1e-2)));
      const [a, b] = tf.split(tf.matMul(normal as tf.Tensor2D, weights(4, 6, 8)), 2, 1);
      return tf.mul(tf.elu(a!), tf.sigmoid(b!));
    },
  },
  "a convolution by hand": {
    shape: [6, 6],
    f: (x) => {
      const padded = tf.pad(x, [
        [1, 1],
        [1, 1],
      ]);
      const windows = [0, 1, 2].flatMap((i) => [0, 1, 2].map((j) => tf.slice(padded, [i, j], [6, 6])));
      return tf.softplus(tf.matMul(tf.reshape(tf.stack(windows, -1), [36, 9]) as tf.Tensor2D, weights(5, 9, 2)));
    },
  },
  "a loss over labels": {
    shape: [5, 4],
    f: (x) => {
      const labels = tf.oneHot(tf.tensor1d([0, 3, 1, 2, 3], "int32"), 4);
      const loss = tf.losses.softmaxCrossEntropy(labels, x);
      return tf.add(loss, tf.mul(0.01, tf.sum(tf.square(tf.logSoftmax(x)))));
    },
  },
  "a memory read by content": {
    shape: [3, 7],
    f: (x) => {
      const memory = draw(6, [5, 7]);
      const norm = (t: tf.Tensor): tf.Tensor => tf.norm(t, "euclidean", 1, true);
      const similarity = tf.div(
        tf.matMul(x as tf.Tensor2D, memory as tf.Tensor2D, false, true),
        tf.add(tf.mul(norm(x), tf.transpose(norm(memory))), 1e-6),
      );
      return tf.matMul(tf.softmax(tf.mul(similarity, 4)) as tf.Tensor2D, memory as tf.Tensor2D);
    },
  },
  "ranks and running products": {
    shape: [3, 6],
    f: (x) => {
      const u = tf.sigmoid(tf.add(tf.mul(x, 0.1), tf.tensor1d([1, -2, 2, 0, -1, 3]))); // far apart: ranks jump where two meet
      const { values, indices } = tf.topk(tf.neg(u), 6);
      const sorted = tf.neg(values);
      const free = tf.mul(tf.sub(1, sorted), tf.cumprod(sorted, 1, true));
      const places = tf.argMax(tf.oneHot(indices as tf.Tensor2D, 6), 1);
      return tf.mul(tf.gather(free, places as tf.Tensor2D, 1, 1), tf.cumsum(u, 1, false, true));
    },
  },
  "segments and scattered updates": {
    shape: [6, 2],
    f: (x) => {
      const ids = tf.tensor1d([0, 2, 1, 2, 0, 2], "int32");
      const sums = tf.unsortedSegmentSum(x, ids, 3);
      const scattered = tf.scatterND(tf.tensor2d([[1], [3]], [2, 1], "int32"), tf.slice(sums, [0, 0], [2, 2]), [4, 2]);
      const updated = tf.tensorScatterUpdate(scattered, tf.tensor2d([[0]], [1, 1], "int32"), tf.slice(x, 0, 1));
      const picked = tf.gatherND(
        x,
        tf.tensor2d(
          [
            [5, 1],
            [0, 0],
          ],
          [2, 2],
          "int32",
        ),
      );
      return tf.tanh(tf.concat([updated, tf.reshape(picked, [1, 2]), tf.gather(sums, ids)]));
    },
  },
  "distances of all pairs": {
    shape: [5, 3],
    f: (x) => {
      const squares = tf.sum(tf.squaredDifference(tf.expandDims(x, 0), tf.expandDims(x, 1)), 2);
      const distances = tf.sqrt(tf.add(squares, 0.1));
      return tf.logSumExp(tf.sub(tf.mul(distances, -1), tf.mul(tf.eye(5), 10)), 1);
    },
  },
  "a spiral of functions": {
    shape: [12],
    f: (x) => {
      const a = tf.atan2(tf.sin(x), tf.add(tf.cosh(x), 1));
      const b = tf.pow(tf.add(tf.abs(x), 0.5), tf.erf(x));
      const c = tf.mod(tf.add(tf.mul(x, 0.1), 5.05), 3);
      const d = tf.clipByValue(tf.expm1(tf.mul(x, 0.3)), -0.4, 2);
      return tf.add(tf.add(tf.selu(a), tf.log1p(b)), tf.add(tf.asinh(c), tf.prelu(d, tf.scalar(0.2))));
    },
  },
  "tiles, turns and strides": {
    shape: [2, 3, 4],
    f: (x) => {
      const tiled = tf.tile(tf.transpose(x, [2, 0, 1]), [1, 2, 1]);
      const strided = tf.stridedSlice(tf.reverse(tiled, [0, 2]), [3, 0, 0], [0, 4, 3], [-1, 2, 2]);
      return tf.mul(
        tf.max(
          tf.mirrorPad(
            strided,
            [
              [0, 0],
              [0, 0],
              [1, 1],
            ],
            "reflect",
          ),
          2,
        ),
        tf.unstack(x, 2)[1]!.size,
      );
    },
  },
  "examples one by one": {
    shape: [4, 5],
    f: (x) => vmap((row: tf.Tensor) => tf.outerProduct(row as tf.Tensor1D, tf.softmax(row as tf.Tensor1D)))(x),
  },
};

describe.each(Object.keys(cases))("%s", (name) => {
  const { shape, f } = cases[name]!;
  const seed = 100 + Object.keys(cases).indexOf(name);
  const x = (): tf.Tensor => draw(seed, shape);
  /** A scalar that depends on every element of the result. */
  const weighted = (y: tf.Tensor): tf.Tensor => {
    const result = f(y);
    return tf.sum(tf.mul(result, draw(seed + 50, result.shape)));
  };

  it.each(targetNames)("has eager tfjs's numbers on %s", (target) => {
    const expected = f(x());
    const got = jit(f, { target })(x());
    expect(got.shape).toEqual(expected.shape);
    const error = tf.max(tf.abs(tf.sub(got, expected))).dataSync()[0]!;
    expect(error).toBeLessThan(1e-4 * Math.max(1, tf.max(tf.abs(expected)).dataSync()[0]!));
  });

  it.each(targetNames)("is differentiated on %s", (target) => {
    const gradient = jit(grad(weighted), { target })(x());
    const direction = draw(seed + 1, shape);
    const h = 3e-3;
    const along = (t: number): number => weighted(tf.add(x(), tf.mul(direction, t))).dataSync()[0]!;
    // Richardson's, of fourth order: float32 leaves little to be had from a smaller h.
    const slope = (4 * ((along(h) - along(-h)) / (2 * h)) - (along(2 * h) - along(-2 * h)) / (4 * h)) / 3;
    const got = tf.sum(tf.mul(gradient, direction)).dataSync()[0]!;
    const scale = Math.max(1, tf.norm(gradient).dataSync()[0]! * tf.norm(direction).dataSync()[0]!);
    expect(Math.abs(got - slope) / scale).toBeLessThan(2e-3);
  });

  it("has one gradient on all targets, to 1e-4", () => {
    const [first, ...others] = targetNames.map((target) => jit(grad(weighted), { target })(x()));
    const scale = Math.max(1, tf.max(tf.abs(first!)).dataSync()[0]!);
    for (const other of others) expect(tf.max(tf.abs(tf.sub(first!, other))).dataSync()[0]!).toBeLessThan(1e-4 * scale);
  });
});
