// Branches, and how functions are treated when differentiated: cond, checkpoint, stopGradient, customVjp.

import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  checkpoint,
  cond,
  customVjp,
  grad,
  graphOf,
  jit,
  scan,
  stopGradient,
  valueAndGrad,
  vmap,
} from "../../../compile/index.ts";
import { expectNumbers } from "../expectNumbers.ts";
import { ways } from "./ways.ts";

beforeEach(async () => {
  await tf.setBackend("cpu");
  tf.engine().startScope();
});
afterEach(() => tf.engine().endScope());

const positive = (x: tf.Tensor): tf.Tensor => tf.greater(tf.sum(x), 0);
const x = (): tf.Tensor => tf.tensor1d([1, 2]);
const minus = (): tf.Tensor => tf.tensor1d([-1, -2]);

describe.each(ways)("cond %s", (name, way) => {
  const f = (y: tf.Tensor) =>
    cond(
      positive(y),
      (z: tf.Tensor) => ({ a: tf.square(z), n: tf.scalar(1, "int32") }),
      (z: tf.Tensor) => ({ a: tf.neg(z), n: tf.argMin(z) as tf.Scalar }),
      y,
    );

  it("takes the branch that the predicate says", () => {
    expectNumbers(way(f)(x()), { a: [1, 4], n: 1 });
    expectNumbers(way(f)(minus()), { a: [1, 2], n: 1 });
    expectNumbers(way(f)(tf.tensor1d([-5, 2])), { a: [5, -2], n: 0 });
  });

  it("is differentiated along the branch taken", () => {
    const g = grad((y: tf.Tensor) => tf.sum(f(y).a));
    expectNumbers(way(g)(x()), [2, 4]);
    expectNumbers(way(g)(minus()), [-1, -1]);
  });

  it("closes over tensors of the function around, differentiably", () => {
    const g = (w: tf.Tensor, y: tf.Tensor): tf.Tensor =>
      tf.sum(
        cond(
          positive(y),
          () => tf.mul(w, y),
          () => tf.square(w),
        ),
      );
    expectNumbers(way(grad(g))(tf.tensor1d([3, 4]), x()), [1, 2]);
    expectNumbers(way(grad(g))(tf.tensor1d([3, 4]), minus()), [6, 8]);
  });

  it("may give back its operands, swapped", () => {
    const g = (a: tf.Tensor, b: tf.Tensor) =>
      cond(
        positive(a),
        (p: tf.Tensor, q: tf.Tensor) => [p, q] as const,
        (p: tf.Tensor, q: tf.Tensor) => [q, p] as const,
        a,
        b,
      );
    expectNumbers(way(g)(x(), minus()), [
      [1, 2],
      [-1, -2],
    ]);
    expectNumbers(way(g)(minus(), x()), [
      [1, 2],
      [-1, -2],
    ]);
  });

  it("stands in a scan, and a scan in it", () => {
    const step = (c: tf.Tensor, y: tf.Tensor) => {
      const next = cond(
        tf.greater(y, 0),
        (p: tf.Tensor) => tf.mul(p, 2),
        (p: tf.Tensor) => scan((q: tf.Tensor) => ({ carry: tf.add(q, 1), y: null }), p, null, { length: 3 }).carry,
        c,
      );
      return { carry: next, y: next };
    };
    const run = (init: tf.Tensor, ys: tf.Tensor) => scan(step, init, ys);
    expectNumbers(way(run)(tf.scalar(1), tf.tensor1d([1, -1, 1])), { carry: 10, ys: [2, 5, 10] });
    expectNumbers(way(grad((init: tf.Tensor) => run(init, tf.tensor1d([1, -1, 1])).carry))(tf.scalar(1)), 4);
  });

  it("under vmap takes both branches, and chooses for each example", () => {
    expectNumbers(
      way(vmap(f))(
        tf.tensor2d([
          [1, 2],
          [-1, -2],
        ]),
      ),
      {
        a: [
          [1, 4],
          [1, 2],
        ],
        n: [1, 1],
      },
    );
    const each = vmap(grad((y: tf.Tensor) => tf.sum(f(y).a)));
    expectNumbers(
      way(each)(
        tf.tensor2d([
          [1, 2],
          [-1, -2],
        ]),
      ),
      [
        [2, 4],
        [-1, -1],
      ],
    );
  });

  it("calls one function where it can", () => {
    const called: string[] = [];
    const note = (text: string, y: tf.Tensor): tf.Tensor => (called.push(text), y);
    way((y: tf.Tensor) =>
      cond(
        positive(y),
        (z: tf.Tensor) => note("yes", z),
        (z: tf.Tensor) => note("no", z),
        y,
      ),
    )(x());
    expect(called).toEqual(name === "eagerly" ? ["yes"] : ["yes", "no"]);
  });
});

describe.each(ways)("checkpoint %s", (_name, way) => {
  const layer = (w: tf.Tensor, y: tf.Tensor): tf.Tensor => tf.tanh(tf.mul(w, tf.sin(y)));

  it("changes no number", () => {
    const plain = (w: tf.Tensor, y: tf.Tensor): tf.Tensor => tf.sum(layer(w, layer(w, y)));
    const saving = (w: tf.Tensor, y: tf.Tensor): tf.Tensor => tf.sum(checkpoint(layer)(w, checkpoint(layer)(w, y)));
    const both = { argnums: [0, 1] } as const;
    expectNumbers(way(valueAndGrad(saving, both))(x(), minus()), valueAndGrad(plain, both)(x(), minus()));
    const second = (f: typeof plain) => grad((w: tf.Tensor) => tf.sum(grad(f)(w, minus())));
    expectNumbers(way(second(saving))(x()), second(plain)(x()));
    expectNumbers(
      way(vmap(grad(saving), { inAxes: [null, 0] }))(x(), tf.stack([x(), minus()])),
      tf.stack([grad(plain)(x(), x()), grad(plain)(x(), minus())]),
    );
  });

  it("takes and gives trees, and closes over tensors", () => {
    const w = x();
    const f = checkpoint(({ a }: { readonly a: tf.Tensor }) => ({ b: [tf.mul(a, w), null] as const }));
    expectNumbers(way((a: tf.Tensor) => f({ a }))(minus()), { b: [[-1, -4], null] });
    expectNumbers(way(grad((v: tf.Tensor) => tf.sum(checkpoint((y: tf.Tensor) => tf.mul(y, v))(w))))(x()), [1, 2]);
  });

  it("may be the step of a scan", () => {
    const step = (c: tf.Tensor, y: tf.Tensor) => {
      const h = tf.tanh(tf.add(tf.mul(c, 0.5), tf.exp(y)));
      return { carry: h, y: tf.square(h) };
    };
    const loss = (f: typeof step) => (c: tf.Tensor, ys: tf.Tensor) => tf.sum(scan(f, c, ys).ys);
    const both = { argnums: [0, 1] } as const;
    expectNumbers(
      way(grad(loss(checkpoint(step)), both))(tf.scalar(0.1), x()),
      grad(loss(step), both)(tf.scalar(0.1), x()),
    );
  });
});

describe("checkpoint", () => {
  it("computes again in the backward pass what it did not keep", () => {
    const layer = (y: tf.Tensor): tf.Tensor => tf.sin(tf.exp(y));
    const count = (f: typeof layer): number =>
      graphOf(grad((y: tf.Tensor) => tf.sum(f(y))))(x()).before.match(/exponential\(/g)!.length;
    expect([count(layer), count(checkpoint(layer))]).toEqual([1, 2]);
  });

  it("lowers the planned memory of a long scan's gradient", () => {
    const step = (c: tf.Tensor, y: tf.Tensor) => {
      let h = tf.add(c, y);
      for (let i = 0; i < 6; i++) h = tf.sin(tf.exp(tf.neg(tf.square(h))));
      return { carry: h, y: null };
    };
    const memory = (f: typeof step): number =>
      jit(grad((c: tf.Tensor, ys: tf.Tensor) => tf.sum(scan(f, c, ys).carry))).compile(
        tf.zeros([64]),
        tf.zeros([50, 64]),
      ).memory;
    expect(memory(checkpoint(step))).toBeLessThan(0.5 * memory(step));
  });
});

describe.each(ways)("stopGradient %s", (_name, way) => {
  it("is the identity, and a constant to differentiation", () => {
    const f = (y: tf.Tensor): tf.Tensor => tf.sum(tf.mul(stopGradient(y), y));
    expectNumbers(way(valueAndGrad(f))(x()), { grad: [1, 2], value: 5 });
    expectNumbers(way(grad((y: tf.Tensor) => tf.sum(stopGradient(tf.square(y)))))(x()), [0, 0]);
  });

  it("takes trees", () => {
    const f = way((y: tf.Tensor) => stopGradient({ a: [y, null], b: tf.greater(y, 1) }));
    expectNumbers(f(x()), { a: [[1, 2], null], b: [0, 1] });
  });
});

describe.each(ways)("customVjp %s", (_name, way) => {
  const clipped = customVjp(
    (y: tf.Tensor) => tf.square(y),
    (y) => ({ value: tf.square(y), residuals: { y } }),
    ({ y }, ct) => [tf.clipByValue(tf.mul(ct, tf.mul(y, 2)), -3, 3)],
  );

  it("is the function forward, its author's rule back", () => {
    expectNumbers(way(clipped)(x()), [1, 4]);
    expectNumbers(way(valueAndGrad((y: tf.Tensor) => tf.sum(clipped(y))))(x()), { grad: [2, 3], value: 5 });
  });

  it("takes trees, with null for a zero cotangent", () => {
    const f = customVjp(
      (tree: { readonly a: tf.Tensor; readonly b: tf.Tensor }, z: tf.Tensor) => ({ out: tf.mul(tree.a, z) }),
      (tree, z) => ({ value: { out: tf.mul(tree.a, z) }, residuals: [z] }),
      ([z], ct) => [{ a: tf.mul(ct.out, tf.mul(z!, 100)), b: tf.ones([2]) }, null],
    );
    const loss = (tree: { readonly a: tf.Tensor; readonly b: tf.Tensor }, z: tf.Tensor): tf.Tensor =>
      tf.sum(f(tree, z).out);
    expectNumbers(way(grad(loss, { argnums: [0, 1] }))({ a: x(), b: x() }, tf.tensor1d([1, 2])), [
      { a: [100, 200], b: [1, 1] },
      [0, 0],
    ]);
  });

  it("closes over constants", () => {
    const w = tf.tensor1d([3, 4]);
    const f = customVjp(
      (y: tf.Tensor) => tf.mul(y, w),
      (y) => ({ value: tf.mul(y, w), residuals: null }),
      (_, ct) => [tf.mul(ct, tf.mul(w, 10))],
    );
    expectNumbers(way(grad((y: tf.Tensor) => tf.sum(f(y))))(x()), [30, 40]);
  });

  it("is mapped, differentiated twice and looped", () => {
    const each = vmap(grad((y: tf.Tensor) => clipped(y)));
    expectNumbers(way(each)(x()), [2, 3]);
    const cube = customVjp(
      (y: tf.Tensor) => tf.mul(y, tf.square(y)),
      (y) => ({ value: tf.mul(y, tf.square(y)), residuals: y }),
      (y, ct) => [tf.mul(ct, tf.mul(tf.square(y), 3))],
    );
    expectNumbers(way(grad(grad(cube)))(tf.scalar(2)), 12);
    const looped = (y: tf.Tensor): tf.Tensor =>
      scan((c: tf.Tensor) => ({ carry: clipped(c), y: null }), y, null, { length: 2 }).carry;
    expectNumbers(way(valueAndGrad(looped))(tf.scalar(1.2)), { grad: 3, value: 1.2 ** 4 });
  });
});
