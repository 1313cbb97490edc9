// Scans whose way back must fit a budget: the same gradients, in segments.

import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { grad, graphOf, jit, random, scan, valueAndGrad, type ScanOptions } from "../../../compile/index.ts";
import { chooseSplit } from "../../../compile/primitives/segments.ts";
import { dnc, runSequence } from "../../../src/index.ts";
import { expectNumbers } from "../expectNumbers.ts";
import { ways } from "./ways.ts";

beforeEach(async () => {
  await tf.setBackend("cpu");
  tf.engine().startScope();
});
afterEach(() => tf.engine().endScope());

const width = 16;
const run = (options: ScanOptions) => (w: tf.Tensor, xs: tf.Tensor) => {
  const { carry, ys } = scan(
    (h: tf.Tensor, x: tf.Tensor) => {
      const next = tf.tanh(tf.add(tf.matMul(h as tf.Tensor2D, w as tf.Tensor2D), tf.mul(x, tf.exp(h))));
      return { carry: next, y: tf.mul(next, x) };
    },
    tf.zeros([2, width]) as tf.Tensor,
    xs,
    options,
  );
  return tf.add(tf.sum(carry), tf.sum(tf.square(ys)));
};
const operands = (steps: number): [tf.Tensor, tf.Tensor] => [
  tf.mul(random.normal(random.key(0), [width, width]), 0.2),
  tf.mul(random.normal(random.key(1), [steps, 2, width]), 0.5),
];

describe.each(ways)("a budget of memory, %s", (_name, way) => {
  it.each([
    [12, 0],
    [13, 0],
    [13, 1000],
    [40, 1],
    [1, 0],
    [0, 0],
  ])("leaves the gradients of %i steps as they are within %i bytes", (steps, memory) => {
    for (const reverse of [false, true]) {
      const [w, xs] = operands(steps);
      const plain = way(valueAndGrad(run({ reverse }), { argnums: [0, 1] }))(w, xs);
      expectNumbers(way(valueAndGrad(run({ reverse, memory }), { argnums: [0, 1] }))(w, xs), plain);
    }
  });
});

describe("a budget of memory", () => {
  it("is kept, the sums that leave the loop included", () => {
    const memoryOf = (steps: number, options: ScanOptions): number =>
      jit(grad(run(options))).compile(...operands(steps)).memory;
    const [xs, all] = [1000 * 2 * width * 4, memoryOf(1000, {})];
    const budget = 40_000;
    expect(all).toBeGreaterThan(5 * xs);
    // Outside of the budget stand ys, their cotangents, what those become, and xs: these stay in place for the next call.
    expect(memoryOf(1000, { memory: budget })).toBeLessThan(4 * xs + budget);
  });

  it("changes nothing where it suffices, or where nothing is differentiated", () => {
    const text = (options: ScanOptions): string =>
      String(graphOf(grad(run(options)))(...operands(10))).replaceAll(/, memory: \d+/g, "");
    expect(text({ memory: 1e6 })).toBe(text({}));
    expect(text({ memory: 0 })).not.toBe(text({}));
    const forward = (options: ScanOptions): string =>
      String(graphOf(run(options))(...operands(10))).replaceAll(/, memory: \d+/g, "");
    expect(forward({ memory: 0 })).toBe(forward({}));
  });

  it("takes more cuts where one is not enough", () => {
    const costs = { length: 4096, carry: 4, kept: 4 };
    expect(chooseSplit({ ...costs, memory: 16384 })).toBeNull();
    expect(chooseSplit({ ...costs, memory: 512 })).toMatchObject({ count: 64, size: 64 });
    expect(chooseSplit({ ...costs, memory: 208 })).toMatchObject({ count: 16, size: 256 });
    expect(chooseSplit({ ...costs, memory: 168 })).toMatchObject({ count: 8, size: 512 });
  });

  it("trains a DNC of the bAbI configuration on 2,000 steps within a GiB", () => {
    const cell = dnc({
      inputSize: 160,
      outputSize: 160,
      locations: 256,
      wordSize: 64,
      readHeads: 4,
      controller: { kind: "lstm", hidden: [256] },
    });
    const params = cell.init(random.key(0));
    const loss = (p: typeof params, x: tf.Tensor3D): tf.Tensor =>
      tf.mean(tf.square(runSequence(cell, p, x, { memory: 768 * 2 ** 20 })));
    const { memory } = jit(valueAndGrad(loss)).compile(params, tf.zeros([2000, 16, 160]));
    expect(memory).toBeLessThan(2 ** 30);
  });

  it("leaves a DNC's gradients as they are", () => {
    const cell = dnc({
      inputSize: 3,
      outputSize: 2,
      locations: 5,
      wordSize: 4,
      readHeads: 2,
      controller: { kind: "lstm", hidden: [6] },
    });
    const params = cell.init(random.key(3));
    const x = random.normal(random.key(4), [23, 2, 3]) as tf.Tensor3D;
    const gradient = (memory?: number): unknown =>
      jit(
        grad((p: typeof params) => tf.sum(tf.square(runSequence(cell, p, x, memory === undefined ? {} : { memory })))),
      )(params);
    for (const memory of [0, 20_000]) expectNumbers(gradient(memory), gradient());
  });
});
