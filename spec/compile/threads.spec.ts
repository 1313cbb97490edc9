// Results do not depend on the number of threads, to the bit.

import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { beforeAll, describe, expect, it } from "vitest";
import { lowerGraph } from "../../compile/program/lower.ts";
import type { Instruction } from "../../compile/program/program.ts";
import { shareAlways } from "../../compile/targets/wasm/memory.ts";
import { jit, random, scan, treeLeaves, valueAndGrad } from "../../compile/index.ts";

beforeAll(async () => {
  await tf.setBackend("cpu");
  shareAlways();
});

interface Params {
  readonly w: tf.Tensor2D;
  readonly v: tf.Tensor2D;
}

const [rows, width, steps] = [30, 64, 8];
const key = random.key(1);
const draw = (n: number, shape: readonly number[]): tf.Tensor =>
  random.normal(random.foldIn(key, n) as tf.Tensor1D, shape);

/** Products, softmax, sorting, running sums and gathers over a batch of rows, in a loop in time. */
function loss({ w, v }: Params, xs: tf.Tensor): tf.Tensor {
  const step = (h: tf.Tensor, x: tf.Tensor) => {
    const product = tf.matMul(tf.add(h, x) as tf.Tensor2D, w);
    const { values, indices } = tf.topk(product, width / 2);
    const spread = tf.matMul(
      tf.mul(tf.softmax(values as tf.Tensor2D), tf.cast(tf.mod(indices, 7), "float32")) as tf.Tensor2D,
      v,
    );
    const next = tf.tanh(tf.add(tf.cumsum(spread, 1), tf.sum(product, 1, true)));
    return { carry: next, y: tf.mean(tf.square(next), 1) };
  };
  return tf.mean(scan(step, tf.zeros([rows, width]), xs).ys);
}

const params = (): Params => ({
  w: tf.mul(draw(0, [width, width]), 0.1) as tf.Tensor2D,
  v: tf.mul(draw(1, [width / 2, width]), 0.1) as tf.Tensor2D,
});

const bitsOf = (tree: unknown): readonly Uint32Array[] =>
  treeLeaves(tree).map((leaf) => new Uint32Array((leaf.dataSync() as Float32Array).slice().buffer));

describe("threads", () => {
  it.each([2, 3, 4, 7])("%i of them give the bits that one gives", async (threads) => {
    const [p, xs] = [params(), draw(2, [steps, rows, width])];
    const alone = bitsOf(jit(valueAndGrad(loss), { threads: 1 })(p, xs));
    const together = jit(valueAndGrad(loss), { threads });
    expect(alone.every((bits) => bits.some((word) => word !== 0))).toBe(true);
    expect(bitsOf(together(p, xs))).toEqual(alone); // helpers may still be starting
    await new Promise((resolve) => setTimeout(resolve, 400)); // workers start while the event loop turns
    for (let run = 0; run < 20; run++) expect(bitsOf(together(p, xs))).toEqual(alone);
  });

  it("have work in this program", () => {
    const { after } = jit(valueAndGrad(loss)).compile(params(), draw(2, [steps, rows, width]));
    expect(isParallel(lowerGraph(after, 1).instructions)).toBe(false);
    expect(isParallel(lowerGraph(after, 4).instructions)).toBe(true);
  });
});

const isParallel = (instructions: readonly Instruction[]): boolean =>
  instructions.some(
    (instruction) => instruction.kind === "parallel" || (instruction.kind === "loop" && isParallel(instruction.body)),
  );
