// What `jit` promises: one trace a structure, shapes and dtypes; the same results as the function itself; ordinary tensors.

import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { grad, jit, scan, targetNames, valueAndGrad, vmap } from "../../compile/index.ts";
import { expectNumbers } from "./expectNumbers.ts";

beforeEach(async () => {
  await tf.setBackend("cpu");
  tf.engine().startScope();
});
afterEach(() => tf.engine().endScope());

describe("targets", () => {
  it("are wasm and tfjs", () => {
    expect(targetNames).toEqual(["wasm", "tfjs"]);
    expect(Object.isFrozen(targetNames)).toBe(true);
  });

  it("leave results on their backend", () => {
    const x = tf.tensor1d([1, 2]);
    const backendOf = (y: tf.Tensor): unknown => tf.engine().state.tensorInfo.get(y.dataId)!.backend;
    const onWasm = jit((y: tf.Tensor) => tf.add(y, 1))(x);
    const onCurrent = jit((y: tf.Tensor) => tf.add(y, 1), { target: "tfjs" })(x);
    expect(backendOf(onWasm)).toBe(tf.findBackend("engram-wasm"));
    expect(backendOf(onCurrent)).toBe(tf.findBackend("cpu"));
    expect(tf.getBackend()).toBe("cpu");
  });
});

describe.each(targetNames)("jit on %s", (target) => {
  const compiled = <A extends readonly unknown[], R>(f: (...args: A) => R) => jit(f, { target });

  describe("compiles once", () => {
    it("for each structure, shapes and dtypes", () => {
      let traces = 0;
      const f = compiled((tree: { readonly x: tf.Tensor; readonly more?: tf.Tensor }) => {
        traces++;
        return tf.cast(tf.mul(tree.x, tf.cast(2, tree.x.dtype)), "float32");
      });
      f({ x: tf.tensor1d([1, 2]) });
      f({ x: tf.tensor1d([3, 4]) });
      expect([traces, f.programs]).toEqual([1, 1]);
      expectNumbers(f({ x: tf.tensor1d([5, 6]) }), [10, 12]);
      expect([traces, f.programs]).toEqual([1, 1]);

      f({ x: tf.tensor1d([1, 2, 3]) }); // another shape
      f({ x: tf.tensor2d([[1, 2]]) }); // another rank
      f({ x: tf.tensor1d([1, 2], "int32") }); // another dtype
      f({ x: tf.tensor1d([1, 2]), more: tf.scalar(1) }); // another structure
      expect([traces, f.programs]).toEqual([5, 5]);
      f({ x: tf.tensor1d([7, 8], "int32") });
      f({ more: tf.scalar(1), x: tf.tensor1d([1, 2]) }); // the order of names is no structure
      expect([traces, f.programs]).toEqual([5, 5]);
    });

    it("with one entry a wrapped function, not one a call of jit", () => {
      const f = (x: tf.Tensor): tf.Tensor => tf.neg(x);
      const [first, second] = [compiled(f), compiled(f)];
      first(tf.scalar(1));
      expect([first.programs, second.programs]).toEqual([1, 0]);
    });

    it("ahead of the first call, on demand", () => {
      let traces = 0;
      const f = compiled((x: tf.Tensor) => (traces++, tf.sum(tf.square(x))));
      const { before, after, memory } = f.compile(tf.zeros([8]));
      expect(before.inputs).toHaveLength(1);
      expect(after.outputs[0]!.type).toEqual({ shape: [], dtype: "float32" });
      if (target === "wasm") expect(memory).toBeGreaterThanOrEqual(8 * 4 + 4);
      else expect(memory).toBe(0);
      expectNumbers(f(tf.ones([8])), 8);
      expect(traces).toBe(1);
    });

    it("not at all where tracing fails, and the next call traces again", () => {
      let fail = true;
      const f = compiled((x: tf.Tensor) => {
        if (fail) throw new RangeError("not yet");
        return tf.add(x, 1);
      });
      expect(() => f(tf.scalar(1))).toThrow(new RangeError("not yet"));
      expect([f.programs, tf.getBackend()]).toEqual([0, "cpu"]);
      fail = false;
      expectNumbers(f(tf.scalar(1)), 2);
    });
  });

  it("keeps the function's name", () => {
    expect(
      compiled(function square(x: tf.Tensor) {
        return tf.square(x);
      }).name,
    ).toBe("jit(square)");
  });

  describe("static arguments", () => {
    it("are compiled in, a program for each value", () => {
      let traces = 0;
      const f = jit(
        (x: tf.Tensor, options: { readonly factor: number; readonly kind: string }) => {
          traces++;
          return options.kind === "add" ? tf.add(x, options.factor) : tf.mul(x, options.factor);
        },
        { target, staticArgnums: [1] },
      );
      const x = tf.tensor1d([1, 2]);
      expectNumbers(f(x, { factor: 3, kind: "add" }), [4, 5]);
      expectNumbers(f(x, { factor: 3, kind: "mul" }), [3, 6]);
      expectNumbers(f(x, { factor: 4, kind: "mul" }), [4, 8]);
      expectNumbers(f(x, { factor: 4, kind: "mul" }), [4, 8]);
      expect(traces).toBe(3);
    });

    it("are functions by identity", () => {
      const apply = jit((x: tf.Tensor, g: (x: tf.Tensor) => tf.Tensor) => g(x), { target, staticArgnums: [1] });
      const negate = (x: tf.Tensor): tf.Tensor => tf.neg(x);
      expectNumbers(apply(tf.scalar(2), negate), -2);
      expectNumbers(apply(tf.scalar(2), tf.square), 4);
      expectNumbers(apply(tf.scalar(3), negate), -3);
      expect(apply.programs).toBe(2);
    });

    it("tell apart what JSON writes alike", () => {
      const values = [
        null,
        undefined,
        NaN,
        Infinity,
        "Infinity",
        "null",
        0,
        -0,
        [undefined],
        [null],
        1n,
        "1n",
        new Map(),
        new Map(),
        Symbol("a"),
        "#0",
      ];
      const f = jit(
        (x: tf.Tensor, value: unknown) =>
          tf.add(
            x,
            values.findIndex((v) => Object.is(v, value)),
          ),
        {
          target,
          staticArgnums: [1],
        },
      );
      expect(values.map((value) => f(tf.scalar(0), value).dataSync()[0])).toEqual(values.map((_, i) => i));
      expect(f.programs).toBe(values.length);
    });

    it("are data by contents", () => {
      const f = jit((x: tf.Tensor, list: ArrayLike<number>) => tf.add(x, list[0]!), { target, staticArgnums: [1] });
      const list = new Float32Array([1, 2]);
      expectNumbers(f(tf.scalar(0), list), 1);
      expectNumbers(f(tf.scalar(0), new Float32Array([1, 2])), 1);
      list[0] = 5;
      expectNumbers(f(tf.scalar(0), list), 5);
      expect(f.programs).toBe(2);
    });
  });

  describe("closures", () => {
    it("are constants, read when traced", () => {
      const w = tf.tensor1d([10, 20]);
      const f = compiled((x: tf.Tensor) => tf.mul(x, w));
      expectNumbers(f(tf.tensor1d([1, 2])), [10, 40]);
      w.dispose();
      expectNumbers(f(tf.tensor1d([3, 4])), [30, 80]);
    });

    it("of several programs do not disturb each other", () => {
      const programs = [1, 2, 3].map((n) => {
        const w = tf.tensor1d([n, n * 10, n * 100]);
        return compiled((x: tf.Tensor) => ({ product: tf.mul(x, w), w }));
      });
      const x = tf.tensor1d([1, 1, 2]);
      for (let round = 0; round < 3; round++) {
        programs.forEach((f, i) => {
          const n = i + 1;
          expectNumbers(f(x), { product: [n, n * 10, n * 200], w: [n, n * 10, n * 100] });
        });
      }
    });

    it("may be results of other compiled functions", () => {
      const w = compiled((x: tf.Tensor) => tf.add(x, 1))(tf.tensor1d([1, 2]));
      expectNumbers(compiled((x: tf.Tensor) => tf.mul(x, w))(tf.tensor1d([3, 3])), [6, 9]);
    });
  });

  describe("trees", () => {
    it("come back frozen, with nulls and names in place", () => {
      const f = compiled((x: tf.Tensor) => ({
        b: [x, { c: tf.add(x, 1) }],
        a: null,
        none: undefined,
        empty: {},
        list: [],
      }));
      const result = f(tf.scalar(1));
      expectNumbers(result, { a: null, b: [1, { c: 2 }], empty: {}, list: [], none: undefined });
      for (const node of [result, result.b, result.b[1], result.empty, result.list])
        expect(Object.isFrozen(node)).toBe(true);
    });

    it("go in as they are, frozen inside", () => {
      const f = compiled((tree: { readonly w: readonly tf.Tensor[]; readonly none: null }, scale: tf.Tensor) => {
        expect(Object.isFrozen(tree)).toBe(true);
        expect(tree.none).toBeNull();
        return tree.w.map((w) => tf.mul(w, scale));
      });
      expectNumbers(f({ w: [tf.scalar(1), tf.tensor1d([2, 3])], none: null }, tf.scalar(2)), [2, [4, 6]]);
    });

    it("with null and with undefined are two programs: defaults are for undefined alone", () => {
      const f = compiled((x: tf.Tensor, y: tf.Tensor | null = tf.scalar(10)) => (y === null ? x : tf.add(x, y)));
      expectNumbers(f(tf.scalar(1), undefined), 11);
      expectNumbers(f(tf.scalar(1), null), 1);
      expectNumbers(f(tf.scalar(1)), 11);
    });

    it("may have no leaves at all", () => {
      expectNumbers(compiled(() => ({ x: tf.ones([2]) }))(), { x: [1, 1] });
      expectNumbers(compiled((_x: tf.Tensor) => ({}))(tf.scalar(1)), {});
    });
  });

  describe("results", () => {
    it("that are arguments, duplicates or constants are tensors of their own", () => {
      const f = compiled((x: tf.Tensor, y: tf.Tensor) => {
        const sum = tf.add(x, y);
        return {
          x,
          again: x,
          sum,
          same: sum,
          reshaped: tf.reshape(sum, [2, 1]),
          constant: tf.tensor1d([7, 8]),
          zeros: tf.zeros([2]),
          y,
        };
      });
      const [x, y] = [tf.tensor1d([1, 2]), tf.tensor1d([3, 4])];
      const expected = {
        x: [1, 2],
        again: [1, 2],
        sum: [4, 6],
        same: [4, 6],
        reshaped: [[4], [6]],
        constant: [7, 8],
        zeros: [0, 0],
        y: [3, 4],
      };
      const first = f(x, y);
      expectNumbers(first, expected);
      first.x.dispose();
      first.sum.dispose();
      expectNumbers(first.again, [1, 2]);
      expectNumbers(first.same, [4, 6]);
      expectNumbers(first.reshaped, [[4], [6]]);
      expectNumbers(x, [1, 2]);
      expectNumbers(f(x, y), expected);
    });

    it("outlive the arguments", () => {
      const x = tf.tensor1d([1, 2]);
      const y = compiled((t: tf.Tensor) => tf.reshape(t, [1, 2]))(x);
      x.dispose();
      expectNumbers(y, [[1, 2]]);
    });

    it("are not overwritten by the next call", () => {
      const f = compiled((x: tf.Tensor) => tf.mul(x, 2));
      const first = f(tf.scalar(1));
      f(tf.scalar(5));
      expectNumbers(first, 2);
    });

    it("may be without elements", () => {
      const f = compiled((x: tf.Tensor) => ({
        doubled: tf.mul(x, 2),
        sum: tf.sum(x, 0),
        joined: tf.concat([x, tf.ones([1, 3])]),
        x,
      }));
      const { doubled, sum, joined, x } = f(tf.zeros([0, 3]));
      expect([doubled.shape, x.shape]).toEqual([
        [0, 3],
        [0, 3],
      ]);
      expectNumbers(sum, [0, 0, 0]);
      expectNumbers(joined, [[1, 1, 1]]);
    });

    it("may be bool and int32", () => {
      const f = compiled((x: tf.Tensor, n: tf.Tensor, p: tf.Tensor) => ({
        above: tf.greater(x, 1),
        not: tf.logicalNot(p),
        p,
        twice: tf.mul(n, tf.scalar(2, "int32")),
        where: tf.where(p, x, tf.neg(x)),
      }));
      const result = f(tf.tensor1d([1, 2]), tf.tensor1d([-3, 2147483647], "int32"), tf.tensor1d([true, false]));
      expect(Object.values(result).map(({ dtype }) => dtype)).toEqual(["bool", "bool", "bool", "int32", "float32"]);
      expectNumbers(result, { above: [0, 1], not: [0, 1], p: [1, 0], twice: [-6, -2], where: [1, -2] });
    });

    it("are tidied as any tensor is", () => {
      const f = compiled((x: tf.Tensor) => [tf.add(x, 1), tf.add(x, 2)] as const);
      const x = tf.scalar(1);
      const before = tf.memory().numTensors;
      const kept = tf.tidy(() => f(x)[1]);
      expect(tf.memory().numTensors).toBe(before + 1);
      expectNumbers(kept, 3);
    });

    it("are right for NaN, infinities and negative zero", () => {
      const x = tf.tensor1d([NaN, Infinity, -Infinity, -0, 1e-40]);
      const f = (t: tf.Tensor) => ({ same: t, twice: tf.mul(t, 2), max: tf.maximum(t, 0), inverse: tf.div(1, t) });
      expect(Object.values(compiled(f)(x)).map((t) => [...t.dataSync()])).toEqual(
        ["inverse", "max", "same", "twice"].map((name) => [...f(x)[name as "same"].dataSync()]),
      );
    });
  });

  describe("nests", () => {
    const square = (x: tf.Tensor): tf.Tensor => tf.sum(tf.square(x));

    it("in jit, where it is inlined", () => {
      const inner = compiled(square);
      const outer = compiled((x: tf.Tensor) => tf.add(inner(x), inner(tf.mul(x, 2))));
      expectNumbers(outer(tf.tensor1d([1, 2])), 25);
      expect([inner.programs, outer.programs]).toEqual([0, 1]);
    });

    it("in grad, and around it", () => {
      const x = tf.tensor1d([1, 2]);
      expectNumbers(grad(compiled(square))(x), [2, 4]);
      expectNumbers(compiled(grad(square))(x), [2, 4]);
      expectNumbers(compiled(grad(compiled(square)))(x), [2, 4]);
      expectNumbers(compiled(valueAndGrad(square))(x), { grad: [2, 4], value: 5 });
    });

    it("in vmap, and around it", () => {
      const xs = tf.tensor2d([
        [1, 2],
        [3, 4],
      ]);
      expectNumbers(vmap(compiled(square))(xs), [5, 25]);
      expectNumbers(compiled(vmap(square))(xs), [5, 25]);
      expectNumbers(compiled(vmap(grad(compiled(square))))(xs), [
        [2, 4],
        [6, 8],
      ]);
    });

    it("in scan, and around it", () => {
      const step = (sum: tf.Tensor, x: tf.Tensor) => ({ carry: tf.add(sum, x), y: tf.mul(sum, x) });
      const run = (f: typeof step) => (xs: tf.Tensor) => scan(f, tf.scalar(0), xs);
      const xs = tf.tensor1d([1, 2, 3]);
      const expected = { carry: 6, ys: [0, 2, 9] };
      expectNumbers(run(compiled(step))(xs), expected);
      expectNumbers(compiled(run(step))(xs), expected);
      expectNumbers(compiled(run(compiled(step)))(xs), expected);
    });

    it("with closures over the outer function's values", () => {
      const outer = compiled((x: tf.Tensor) => compiled((y: tf.Tensor) => tf.mul(y, x))(tf.add(x, 1)));
      expectNumbers(outer(tf.scalar(3)), 12);
    });
  });
});

describe("programs of different sizes", () => {
  it("share the memory, which grows under them", () => {
    const small = jit((x: tf.Tensor) => tf.add(x, tf.tensor1d([1, 2, 3])));
    const x = tf.tensor1d([1, 1, 1]);
    expectNumbers(small(x), [2, 3, 4]);
    for (const n of [1 << 19, 1 << 21, 1 << 22]) {
      const last = jit((y: tf.Tensor) => tf.slice(tf.cumsum(tf.mul(y, 2)), [n - 2]))(tf.ones([n]));
      expectNumbers(last, [2 * n - 2, 2 * n]);
      expectNumbers(small(x), [2, 3, 4]);
    }
  });
});
