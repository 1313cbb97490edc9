import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { graphOf, grad, jit, scan, type ScanOptions } from "../../../compile/index.ts";
import { expectNumbers } from "../expectNumbers.ts";
import { ways } from "./ways.ts";

beforeEach(async () => {
  await tf.setBackend("cpu");
  tf.engine().startScope();
});
afterEach(() => tf.engine().endScope());

const sum = (carry: tf.Tensor, x: tf.Tensor) => ({ carry: tf.add(carry, x), y: carry });

describe.each(ways)("scan %s", (_name, way) => {
  it("hands the carry on, and stacks what each step gives", () => {
    expectNumbers(way((xs: tf.Tensor) => scan(sum, tf.scalar(10), xs))(tf.tensor1d([1, 2, 3])), {
      carry: 16,
      ys: [10, 11, 13],
    });
  });

  it("runs back from the last x, ys in xs' order", () => {
    const back = way((xs: tf.Tensor) => scan(sum, tf.scalar(0), xs, { reverse: true }));
    expectNumbers(back(tf.tensor1d([1, 2, 3])), { carry: 6, ys: [5, 3, 0] });
  });

  it("counts by itself where xs has no leaves", () => {
    const powers = way((x: tf.Tensor) =>
      scan((carry: tf.Tensor) => ({ carry: tf.mul(carry, x), y: carry }), tf.scalar(1), null, { length: 4 }),
    );
    expectNumbers(powers(tf.scalar(2)), { carry: 16, ys: [1, 2, 4, 8] });
    const empty = way((x: tf.Tensor) =>
      scan(
        (carry: tf.Tensor, _x: { readonly none: readonly [] }) => ({ carry: tf.add(carry, 1), y: null }),
        x,
        { none: [] },
        { length: 2 },
      ),
    );
    expectNumbers(empty(tf.scalar(0)), { carry: 2, ys: null });
  });

  it("carries trees, and takes trees apart", () => {
    interface Carry {
      readonly memory: tf.Tensor;
      readonly rest: readonly [tf.Tensor, null];
    }
    const step = ({ memory, rest: [count] }: Carry, { a, b }: { readonly a: tf.Tensor; readonly b: tf.Tensor }) => ({
      carry: {
        rest: [tf.add(count, tf.scalar(1, "int32")), null] as const,
        memory: tf.add(memory, tf.outerProduct(a as tf.Tensor1D, b as tf.Tensor1D)),
      },
      y: { z: tf.sum(memory), count, flag: tf.greater(tf.sum(a), 2) },
    });
    const f = way((xs: { readonly a: tf.Tensor; readonly b: tf.Tensor }) =>
      scan(step, { memory: tf.zeros([2, 1]), rest: [tf.scalar(5, "int32"), null] } as Carry, xs),
    );
    const result = f({
      a: tf.tensor2d([
        [1, 1],
        [2, 3],
      ]),
      b: tf.tensor2d([[1], [10]]),
    });
    expectNumbers(result, {
      carry: { memory: [[21], [31]], rest: [7, null] },
      ys: { count: [5, 6], flag: [0, 1], z: [0, 2] },
    });
    expect([result.ys.count.dtype, result.ys.flag.dtype, result.carry.rest[0].dtype]).toEqual([
      "int32",
      "bool",
      "int32",
    ]);
    expect([result, result.carry, result.carry.rest, result.ys].every(Object.isFrozen)).toBe(true);
  });

  it("closes over tensors of the function around", () => {
    const f = way((w: tf.Tensor, xs: tf.Tensor) => {
      const doubled = tf.mul(w, 2);
      return scan(
        (carry: tf.Tensor, x: tf.Tensor) => ({ carry: tf.add(carry, tf.mul(x, doubled)), y: doubled }),
        tf.zerosLike(w),
        xs,
      );
    });
    expectNumbers(f(tf.tensor1d([1, 2]), tf.tensor1d([1, 1, 1])), {
      carry: [6, 12],
      ys: [
        [2, 4],
        [2, 4],
        [2, 4],
      ],
    });
  });

  it("takes no steps at all", () => {
    const f = way((init: tf.Tensor, xs: tf.Tensor) =>
      scan((c: tf.Tensor, x: tf.Tensor) => ({ carry: tf.add(c, x), y: { c, i: tf.argMax(x) } }), init, xs),
    );
    const { carry, ys } = f(tf.tensor1d([1, 2]), tf.zeros([0, 2]));
    expectNumbers(carry, [1, 2]);
    expect([ys.c.shape, ys.c.dtype, ys.i.shape, ys.i.dtype]).toEqual([[0, 2], "float32", [0], "int32"]);
  });

  it("swaps, keeps and forgets its carries", () => {
    const step = ([a, b, c, d]: readonly tf.Tensor[], x: tf.Tensor) => ({ carry: [b!, a!, c!, x], y: [a!, d!] });
    const f = way((xs: tf.Tensor) => scan(step, [tf.scalar(1), tf.scalar(2), tf.scalar(3), tf.scalar(4)], xs));
    expectNumbers(f(tf.tensor1d([7, 8, 9])), {
      carry: [2, 1, 3, 9],
      ys: [
        [1, 2, 1],
        [4, 7, 8],
      ],
    });
    expectNumbers(f(tf.tensor1d([7, 8])), {
      carry: [1, 2, 3, 8],
      ys: [
        [1, 2],
        [4, 7],
      ],
    });
  });

  it("nests", () => {
    const rows = (total: tf.Tensor, row: tf.Tensor) => {
      const { carry, ys } = scan(sum, total, row, { reverse: true });
      return { carry, y: ys };
    };
    const f = way((m: tf.Tensor) => scan(rows, tf.scalar(0), m));
    expectNumbers(
      f(
        tf.tensor2d([
          [1, 2],
          [3, 4],
        ]),
      ),
      {
        carry: 10,
        ys: [
          [2, 0],
          [7, 3],
        ],
      },
    );
  });

  it("is differentiated, whichever way it runs and whatever is read of it", () => {
    const step = (carry: { readonly h: tf.Tensor }, x: tf.Tensor) => {
      const h = tf.tanh(tf.add(tf.mul(carry.h, 0.5), x));
      return { carry: { h }, y: tf.mul(h, x) };
    };
    for (const options of [{}, { reverse: true }] satisfies ScanOptions[]) {
      const loss = (h: tf.Tensor, xs: tf.Tensor): tf.Tensor => {
        const { carry, ys } = scan(step, { h }, xs, options);
        return tf.add(tf.sum(carry.h), tf.sum(tf.square(ys)));
      };
      const unrolled = (h: tf.Tensor, xs: tf.Tensor): tf.Tensor => {
        const slices = tf.unstack(xs);
        let carry = { h };
        let total: tf.Tensor = tf.scalar(0);
        for (const x of options.reverse ? slices.reverse() : slices) {
          const next = step(carry, x);
          carry = next.carry;
          total = tf.add(total, tf.sum(tf.square(next.y)));
        }
        return tf.add(tf.sum(carry.h), total);
      };
      const [h, xs] = [
        tf.tensor1d([0.1, -0.2]),
        tf.tensor2d([
          [1, 2],
          [-0.5, 0.3],
          [0.7, -1],
        ]),
      ];
      expectNumbers(way(grad(loss, { argnums: [0, 1] }))(h, xs), grad(unrolled, { argnums: [0, 1] })(h, xs));
    }
  });
});

describe("a scan in a trace", () => {
  it("runs its step once, however many steps there are", () => {
    let calls = 0;
    const f = (xs: tf.Tensor) => scan((c: tf.Tensor, x: tf.Tensor) => (calls++, sum(c, x)), tf.scalar(0), xs);
    const program = jit(f);
    program(tf.ones([1000]));
    expect(calls).toBe(1);
    program(tf.ones([1000]));
    expect(calls).toBe(1);
  });

  it("is one equation, whose size does not grow with time, gradient included", () => {
    const loss = (w: tf.Tensor, xs: tf.Tensor): tf.Tensor =>
      tf.sum(scan((c: tf.Tensor, x: tf.Tensor) => ({ carry: tf.tanh(tf.add(tf.mul(c, w), x)), y: c }), w, xs).ys);
    const lines = (length: number): number =>
      graphOf(grad(loss))(tf.scalar(1), tf.ones([length])).after.split("\n").length;
    expect(lines(1000)).toBe(lines(10));
    const short = jit(grad(loss)).compile(tf.scalar(1), tf.ones([10]));
    const long = jit(grad(loss)).compile(tf.scalar(1), tf.ones([1000]));
    expect(long.after.equations.length).toBe(short.after.equations.length);
  });

  it("prints its body under it", () => {
    const { before } = graphOf((xs: tf.Tensor) => scan(sum, tf.scalar(0), xs).ys)(tf.zeros([3]));
    expect(before).toMatch(
      /%\d+: f32\[\], %\d+: f32\[3\] = scan\(.*\) \{constants: 0, carry: 1, length: 3, reverse: false\}/,
    );
    expect(before).toMatch(/body = \(.*\) \{\n(.|\n)*add\(/);
  });
});
