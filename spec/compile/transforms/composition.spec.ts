// One function under many transforms, in every order: all orders that mean the same give the same numbers.

import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { afterEach, beforeEach, describe, it } from "vitest";
import { checkpoint, cond, grad, jit, jvp, random, scan, targetNames, vjp, vmap } from "../../../compile/index.ts";
import { expectNumbers } from "../expectNumbers.ts";

beforeEach(async () => {
  await tf.setBackend("cpu");
  tf.engine().startScope();
});
afterEach(() => tf.engine().endScope());

interface Params {
  readonly w: tf.Tensor;
  readonly b: tf.Tensor;
}

/** A recurrent cell with a branch, a product and a loop inside of its loop in time. */
function loss({ w, b }: Params, xs: tf.Tensor): tf.Tensor {
  const step = (h: tf.Tensor, x: tf.Tensor) => {
    const product = tf.reshape(tf.matMul(tf.reshape(tf.add(h, x), [1, 3]) as tf.Tensor2D, w as tf.Tensor2D), [3]);
    const next = cond(
      tf.greater(tf.sum(product), 0),
      (p: tf.Tensor) => tf.tanh(p),
      (p: tf.Tensor) => tf.mul(p, 0.5),
      tf.add(product, b),
    );
    const settled = scan((s: tf.Tensor) => ({ carry: tf.sub(s, tf.mul(tf.sin(s), 0.1)), y: null }), next, null, {
      length: 2,
    });
    return { carry: settled.carry, y: tf.sum(tf.square(settled.carry)) };
  };
  return tf.mean(scan(step, tf.zeros([3]), xs).ys);
}

const params = (): Params => ({
  w: tf.tensor2d([
    [0.5, -0.3, 0.2],
    [0.1, 0.4, -0.6],
    [-0.2, 0.3, 0.7],
  ]),
  b: tf.tensor1d([0.1, -0.2, 0.3]),
});
const sequence = (): tf.Tensor =>
  tf.tensor2d([
    [1, -1, 0.5],
    [-2, 0.3, -1],
    [0.2, 0.9, -0.4],
    [1.5, 0, 2],
  ]);
const batch = (): tf.Tensor => tf.stack([sequence(), tf.neg(sequence()), tf.reverse(sequence(), 0)]);

type AnyFunction = <A extends readonly unknown[], R>(f: (...args: A) => R) => (...args: A) => R;
const wrappers: Readonly<Record<string, AnyFunction>> = {
  none: (f) => f,
  checkpoint,
  ...Object.fromEntries(
    targetNames.map((target) => [
      `jit to ${target}`,
      <A extends readonly unknown[], R>(f: (...args: A) => R) => jit(f, { target }),
    ]),
  ),
};

describe.each(Object.keys(wrappers))("with %s inside", (inner) => {
  const inside = wrappers[inner]!;

  it.each(Object.keys(wrappers))("and %s outside: grad, vmap and the two of them in either order", (outer) => {
    const outside = wrappers[outer]!;
    const f = inside(loss);
    const each = tf.unstack(batch()).map((xs) => grad(loss)(params(), xs));
    const stacked = { b: tf.stack(each.map(({ b }) => b)), w: tf.stack(each.map(({ w }) => w)) };
    const mean = { b: tf.mean(stacked.b, 0), w: tf.mean(stacked.w, 0) };
    const perExample = outside(vmap(grad(f), { inAxes: [null, 0] }));
    expectNumbers(perExample(params(), batch()), stacked);
    const ofMean = outside(grad((p: Params, xs: tf.Tensor) => tf.mean(vmap(f, { inAxes: [null, 0] })(p, xs))));
    expectNumbers(ofMean(params(), batch()), mean);
    const wrappedWithin = outside(
      grad((p: Params, xs: tf.Tensor) =>
        tf.mean(vmap(inside(loss), { inAxes: [null, 1] })(p, tf.transpose(xs, [1, 0, 2]))),
      ),
    );
    expectNumbers(wrappedWithin(params(), batch()), mean);
  });

  it("and second derivatives, forward and reverse, agree", () => {
    const f = inside(loss);
    const direction = (): Params => ({ w: tf.fill([3, 3], 0.3), b: tf.tensor1d([1, -1, 0.5]) });
    const dot = (p: Params, q: Params): tf.Tensor => tf.add(tf.sum(tf.mul(p.w, q.w)), tf.sum(tf.mul(p.b, q.b)));
    const xs = sequence();
    const h = 1e-2;
    const moved = (sign: number): Params => ({
      w: tf.add(params().w, tf.mul(direction().w, sign * h)),
      b: tf.add(params().b, tf.mul(direction().b, sign * h)),
    });
    const [ahead, behind] = [grad(loss)(moved(1), xs), grad(loss)(moved(-1), xs)];
    const expected = { b: tf.div(tf.sub(ahead.b, behind.b), 2 * h), w: tf.div(tf.sub(ahead.w, behind.w), 2 * h) };
    const reverse = grad((p: Params) => dot(grad(f)(p, xs), direction()));
    const forward = (p: Params) => jvp((q: Params) => grad(f)(q, xs), [p], [direction()]).tangent;
    const transposed = (p: Params) =>
      vjp((q: Params) => jvp((r: Params) => f(r, xs), [q], [direction()]).tangent, p).pullback(tf.scalar(1))[0];
    for (const product of [reverse, forward, transposed]) {
      expectNumbers(product(params()), expected, 2e-3);
      expectNumbers(jit(product)(params()), product(params()), 1e-4);
    }
  });
});

describe("transforms of random functions", () => {
  it("draw for each example by its key, and are differentiated through what was drawn", () => {
    const f = (key: tf.Tensor, scale: tf.Tensor): tf.Tensor =>
      tf.sum(tf.mul(random.normal(key as tf.Tensor1D, [4]), tf.square(scale)));
    const keys = tf.stack(random.split(random.key(3), 5));
    const scale = tf.scalar(1.5);
    const expected = tf.stack(tf.unstack(keys).map((key) => grad(f, { argnums: 1 })(key, scale)));
    const each = vmap(grad(f, { argnums: 1 }), { inAxes: [0, null] });
    expectNumbers(each(keys, scale), expected);
    for (const target of targetNames) expectNumbers(jit(each, { target })(keys, scale), expected);
  });
});
