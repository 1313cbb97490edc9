// Scans whose number of steps is known only when they run: one program, the cost of the steps taken.

import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { grad, graphOf, jit, jvp, random, scan, valueAndGrad, vmap, type ScanOptions } from "../../../compile/index.ts";
import { dnc, runSequence } from "../../../src/index.ts";
import { expectNumbers } from "../expectNumbers.ts";
import { ways } from "./ways.ts";

beforeEach(async () => {
  await tf.setBackend("cpu");
  tf.engine().startScope();
});
afterEach(() => tf.engine().endScope());

const int = (n: number): tf.Tensor => tf.scalar(n, "int32");
const width = 4;

/** Weights that are multiplied, added and reduced into what the step gives: sums of each kind leave the loop. */
interface Weights {
  readonly w: tf.Tensor;
  readonly b: tf.Tensor;
}
const run = (p: Weights, xs: tf.Tensor, options: ScanOptions) => {
  const step = ({ h, n }: { readonly h: tf.Tensor; readonly n: tf.Tensor }, x: tf.Tensor) => {
    const next = tf.tanh(tf.add(tf.matMul(tf.add(h, x) as tf.Tensor2D, p.w as tf.Tensor2D), p.b));
    return { carry: { h: next, n: tf.add(n, 1) }, y: { before: h, y: tf.mul(next, tf.cos(x)) } };
  };
  return scan(step, { h: tf.zeros([3, width]) as tf.Tensor, n: tf.scalar(0) as tf.Tensor }, xs, options);
};
const loss = (p: Weights, xs: tf.Tensor, options: ScanOptions): tf.Tensor => {
  const { carry, ys } = run(p, xs, options);
  return tf.addN([tf.sum(carry.h), carry.n, tf.sum(tf.square(ys.y)), tf.sum(tf.exp(ys.before))]);
};
const weights = (): Weights => ({
  w: tf.mul(random.normal(random.key(0), [width, width]), 0.5),
  b: random.normal(random.key(1), [width]),
});
/** Beyond the steps taken stands what no number survives. */
const sequence = (steps: number, bound: number): tf.Tensor =>
  tf.concat([random.normal(random.key(2), [steps, 3, width]), tf.fill([bound - steps, 3, width], NaN)]);

describe.each(ways)("a number of steps that is known when they run, %s", (_name, way) => {
  it("runs so many, and stacks zeros from there on", () => {
    const f = way((n: tf.Tensor, xs: tf.Tensor, reverse: tf.Tensor) =>
      [false, true].map((back) =>
        scan((c: tf.Tensor, x: tf.Tensor) => ({ carry: tf.add(tf.mul(c, 2), x), y: [c, x] }), reverse, xs, {
          length: n,
          reverse: back,
        }),
      ),
    );
    const xs = tf.tensor1d([1, 2, 3]);
    expectNumbers(f(int(2), xs, tf.scalar(5)), [
      { carry: 24, ys: [[5, 11, 0], [1, 2, 0]] },
      { carry: 25, ys: [[12, 5, 0], [1, 2, 0]] },
    ]); // prettier-ignore
    for (const n of [0, -3]) {
      const nothing = { carry: 5, ys: [[0, 0, 0], [0, 0, 0]] }; // prettier-ignore
      expectNumbers(f(int(n), xs, tf.scalar(5)), [nothing, nothing]);
    }
    for (const n of [3, 9]) {
      expectNumbers(f(int(n), xs, tf.scalar(5)), [
        { carry: 51, ys: [[5, 11, 24], [1, 2, 3]] },
        { carry: 57, ys: [[28, 13, 5], [1, 2, 3]] },
      ]); // prettier-ignore
    }
  });

  it("is differentiated like the loop of so many steps", () => {
    for (const reverse of [false, true]) {
      const dynamic = way(valueAndGrad((p: Weights, xs: tf.Tensor, n: tf.Tensor) => loss(p, xs, { length: n, reverse }), { argnums: [0, 1] })); // prettier-ignore
      for (const n of [0, 1, 5, 40, 96]) {
        const xs = sequence(n, 96);
        const { value, grad: [ofWeights, ofXs] } = dynamic(weights(), xs, int(n)); // prettier-ignore
        const own = tf.slice(xs, 0, n);
        const plain = valueAndGrad((p: Weights, x: tf.Tensor) => loss(p, x, { reverse }), { argnums: [0, 1] })(weights(), own); // prettier-ignore
        // Before the first step stand zeros, of which exp is 1.
        expectNumbers(tf.sub(value, (96 - n) * 3 * width), plain.value, 1e-4);
        expectNumbers(ofWeights, plain.grad[0], 1e-4);
        expectNumbers(ofXs, tf.concat([plain.grad[1], tf.zeros([96 - n, 3, width])]), 1e-4);
      }
    }
  });

  it("is differentiated within a budget of memory", () => {
    for (const [bound, reverse] of [
      [12, false],
      [13, true],
      [17, false],
      [32, false], // segments that are cut again do not divide it
      [32, true],
    ] as const) {
      // prettier-ignore
      const dynamic = (memory: number) => way(grad((p: Weights, xs: tf.Tensor, n: tf.Tensor) => loss(p, xs, { length: n, reverse, memory }))); // prettier-ignore
      for (const n of [0, 1, 5, 12, bound, bound + 9]) {
        const xs = sequence(Math.min(n, bound), bound);
        expectNumbers(dynamic(0)(weights(), xs, int(n)), dynamic(1e9)(weights(), xs, int(n)), 1e-4);
      }
    }
  });

  it("has a number for each of a batch under vmap", () => {
    const f = (n: tf.Tensor, xs: tf.Tensor) =>
      scan((c: tf.Tensor, x: tf.Tensor) => ({ carry: tf.add(tf.mul(c, 2), x), y: c }), tf.scalar(1) as tf.Tensor, xs, { length: n }); // prettier-ignore
    const batched = way(vmap(f));
    expectNumbers(batched(tf.tensor1d([0, 1, 2], "int32"), tf.tensor2d([[3, 4], [3, 4], [3, 4]])), {
      carry: [1, 5, 14],
      ys: [[0, 0], [1, 0], [1, 5]],
    }); // prettier-ignore
  });

  it("has a tangent", () => {
    const f = (w: tf.Tensor) =>
      scan((c: tf.Tensor, x: tf.Tensor) => ({ carry: tf.mul(c, tf.mul(x, w)), y: c }), tf.scalar(1) as tf.Tensor, tf.ones([5]) as tf.Tensor, { length: int(3) }).carry; // prettier-ignore
    const both = way((w: tf.Tensor) => jvp(f, [w], [tf.scalar(1) as tf.Tensor]));
    expectNumbers(both(tf.scalar(2)), { value: 8, tangent: 12 });
  });
});

describe("a number of steps that is known when they run", () => {
  it("takes one program for all of them", () => {
    const program = jit(grad((p: Weights, xs: tf.Tensor, n: tf.Tensor) => loss(p, xs, { length: n })));
    for (const n of [3, 7, 0]) program(weights(), sequence(n, 8), int(n));
    expect(program.programs).toBe(1);
  });

  it("stands in the program's text", () => {
    const text = graphOf((xs: tf.Tensor, n: tf.Tensor) =>
      scan((c: tf.Tensor, x: tf.Tensor) => ({ carry: tf.add(c, x), y: null }), tf.scalar(0), xs, { length: n }),
    )(tf.zeros([3]), int(1));
    expect(text.after).toContain("scan(%1, ");
    expect(text.after).toContain("{constants: 1, carry: 1, length: 3, reverse: false, per: 1}");
  });

  it("may be a value of a loop around, a carry of which it is", () => {
    // Triangular numbers: the inner loop takes one step more each time.
    const f = jit((xs: tf.Tensor) =>
      scan(
        (n: tf.Tensor, _x: tf.Tensor) => {
          const inner = scan((c: tf.Tensor, x: tf.Tensor) => ({ carry: tf.add(c, x), y: c }), tf.scalar(0) as tf.Tensor, xs, { length: n }); // prettier-ignore
          return { carry: tf.add(n, int(1)), y: inner };
        },
        int(0),
        xs,
      ),
    );
    expectNumbers(f(tf.tensor1d([1, 2, 3])), {
      carry: 3,
      ys: { carry: [0, 1, 3], ys: [[0, 0, 0], [0, 0, 0], [0, 1, 0]] },
    }); // prettier-ignore
  });

  it("gives a DNC the gradients of the shorter sequence", () => {
    const cell = dnc({ inputSize: 3, outputSize: 2, locations: 5, wordSize: 4, readHeads: 2, controller: { kind: "lstm", hidden: [6] } }); // prettier-ignore
    const params = cell.init(random.key(3));
    const x = random.normal(random.key(4), [64, 2, 3]) as tf.Tensor3D;
    const dynamic = jit(grad((p: typeof params, n: tf.Tensor) => tf.sum(tf.square(runSequence(cell, p, x, { length: n as tf.Scalar }))))); // prettier-ignore
    for (const n of [1, 9, 33, 64]) {
      const plain = jit(grad((p: typeof params) => tf.sum(tf.square(runSequence(cell, p, tf.slice(x, 0, n))))))(params);
      expectNumbers(dynamic(params, int(n)), plain, 1e-4);
    }
  });
});
