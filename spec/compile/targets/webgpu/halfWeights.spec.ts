// Weights as halves: how numbers are rounded, what products read, and how far results are from those of float32.

import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jit, random, scan, treeLeaves, treeMap, valueAndGrad } from "../../../../compile/index.ts";
import { checkGraph } from "../../../../compile/graph/check.ts";
import { GraphBuilder } from "../../../../compile/graph/build.ts";
import { printGraph } from "../../../../compile/graph/print.ts";
import type { Graph, Value } from "../../../../compile/graph/graph.ts";
import { halfValue } from "../../../../compile/kernels/half.ts";
import { interpretProgram } from "../../../../compile/program/interpret.ts";
import { lowerGraph, lowerWhole } from "../../../../compile/program/lower.ts";
import { lowerForWasm } from "../../../../compile/targets/wasm/lower.ts";
import { compileWasm } from "../../../../compile/targets/wasm/wasm.ts";
import { halfWeights } from "../../../../compile/targets/webgpu/halfWeights.ts";
import { packHalves, roundToHalf, unpackHalves } from "../../../../compile/targets/webgpu/packHalves.ts";
import { scheduleSizes, type Sizes } from "../../../../compile/targets/webgpu/schedule.ts";
import { WebGPUProgram } from "../../../../compile/targets/webgpu/webgpu.ts";
import { sizeOf, type TypedValues } from "../../../../compile/type.ts";
import { dnc, runSequence, type DncParams } from "../../../../src/index.ts";
import { gpu, titled } from "./device.ts";

beforeAll(async () => {
  await tf.setBackend("cpu");
});
afterAll(async () => {
  await tf.setBackend("cpu");
});

/** All finite halves that are not negative, by their bits: ascending. */
const finite = Array.from({ length: 0x7c00 }, (_, bits) => halfValue(bits));

/** The reference: the nearest of all finite halves, the even one of two as near. */
function nearest(x: number): number {
  if (Number.isNaN(x) || Math.abs(x) === Infinity) return x;
  const size = Math.min(Math.abs(x), 65504);
  let above = 0;
  for (let step = 0x4000; step >= 1; step /= 2)
    if (above + step < 0x7c00 && finite[above + step]! <= size) above += step;
  const below = above; // the last one that is not larger
  const next = Math.min(below + 1, 0x7bff);
  const [down, up] = [size - finite[below]!, finite[next]! - size];
  const bits = down < up || (down === up && below % 2 === 0) ? below : next;
  return (x < 0 || Object.is(x, -0) ? -1 : 1) * finite[bits]!;
}

/** One function of one vector, interpreted and as WebAssembly. */
function both(
  length: number,
  dtype: "float32" | "int32",
  f: (b: GraphBuilder, x: Value) => Value,
  x: TypedValues,
): readonly TypedValues[] {
  const b = new GraphBuilder();
  const input = b.input({ shape: [length], dtype });
  const graph = b.graph([input], [f(b, input)]);
  checkGraph(graph);
  const interpreted = interpretProgram(lowerGraph(graph), [x]);
  const run = compileWasm(lowerForWasm(graph)).run([x]);
  return [interpreted[0]!, run[0]!];
}

const here = (b: GraphBuilder, x: Value): Value => b.one("half_to_float", [roundToHalf(b, x)], {});

describe("halves", () => {
  it("all 65,536 are what they stand for, and round to themselves", () => {
    const bits = Int32Array.from({ length: 65536 }, (_, i) => i);
    const values = Float32Array.from(bits, halfValue);
    for (const got of both(65536, "int32", (b, x) => b.one("half_to_float", [x], {}), bits))
      expect(got).toEqual(values);
    for (const got of both(65536, "float32", roundToHalf, values)) {
      got.forEach((half, i) => expect(half).toBe(Number.isNaN(values[i]!) ? 0x7e00 | (half & 0x8000) : i));
    }
  });

  it("floats round to the nearest, ties to even; what is too large, to the largest; NaN and infinities stay", () => {
    const ties = finite.slice(0, -1).flatMap((x, i) => {
      const tie = Math.fround((x + finite[i + 1]!) / 2); // has a bit more: exact
      const ulp = tie * 2 ** -23;
      return [tie, tie - ulp, tie + ulp, -tie];
    });
    const ends = [65504, 65519.99, 65520, 65536, 1e6, 3.4e38, Infinity, NaN, 2 ** -24, 2 ** -25, 1.0001 * 2 ** -25, 2 ** -26, 1e-40, 1e-45, 0, -0, 2 ** -14, (1 - 2 ** -12) * 2 ** -14]; // prettier-ignore
    const spread = Array.from({ length: 20_000 }, (_, i) => Math.sin(12.9898 * i) * 2 ** ((i % 60) - 40));
    const xs = Float32Array.from([...ties, ...ends, ...ends.map((x) => -x), ...spread]);
    for (const got of both(xs.length, "float32", here, xs)) expect(got).toEqual(xs.map(nearest));
  });

  it("two lie in a word, and come out where they were", () => {
    const x = Float32Array.from({ length: 24 }, (_, i) => i - 7.5);
    for (const [axis, shape] of [
      [0, [2, 3, 4]],
      [2, [2, 3, 4]],
      [1, [1, 6, 4]],
    ] as const) {
      // prettier-ignore
      const f = (b: GraphBuilder, flat: Value): Value => {
        const words = packHalves(b, b.reshape(flat, shape), axis);
        expect(words.type).toEqual({ shape: shape.map((size, d) => (d === axis ? size / 2 : size)), dtype: "int32" });
        return b.reshape(unpackHalves(b, words, axis), [24]);
      };
      for (const got of both(24, "float32", f, x)) expect(got).toEqual(x);
    }
  });
});

const rounded = <T>(tree: T): T => treeMap((x) => tf.tensor(Float32Array.from(x.dataSync(), nearest), x.shape), tree as never) as T; // prettier-ignore

interface Weights {
  readonly u: tf.Tensor;
  readonly v: tf.Tensor;
}

const weights = (n = 96, m = 94): Weights => ({
  u: tf.mul(random.normal(random.key(1), [n, m]), 0.1),
  v: tf.mul(random.normal(random.key(2), [m, n]), 0.1),
});

/** Each matrix is read by a loop forwards, and by another on the way back, along its other axis. */
const walk = ({ u, v }: Weights, xs: tf.Tensor): tf.Tensor =>
  scan(
    (h: tf.Tensor, x: tf.Tensor) => {
      const inner = tf.tanh(tf.matMul(h as tf.Tensor2D, u as tf.Tensor2D));
      return { carry: tf.tanh(tf.add(tf.matMul(inner as tf.Tensor2D, v as tf.Tensor2D), x)), y: null };
    },
    tf.zeros([xs.shape[1]!, xs.shape[2]!]) as tf.Tensor,
    xs,
  ).carry;
const slope = valueAndGrad((w: Weights, xs: tf.Tensor) => tf.sum(tf.square(walk(w, xs))) as tf.Scalar);
const inputs = (rows: number, n = 96): tf.Tensor => random.normal(random.key(3), [6, rows, n]);

const graphOf = <A extends readonly unknown[]>(f: (...args: A) => unknown, ...args: A): Graph =>
  jit(f as (...args: readonly unknown[]) => tf.Tensor, { target: "tfjs" }).compile(...args).after;

/** What the products of a loop read. */
const productsOf = (graph: Graph): readonly string[] =>
  lowerWhole(graph).kernels.flatMap(({ form, operands }) =>
    form.form === "contract" ? [operands.map(({ shape, dtype }) => `${dtype}[${shape.join()}]`).join(" ")] : [],
  );

const halves = <A extends readonly unknown[]>(f: (...args: A) => unknown, ...args: A): Graph => {
  const graph = halfWeights(graphOf(f, ...args));
  checkGraph(graph);
  return graph;
};

describe("products of a loop", () => {
  it("read words where they lie, along the last axis of even size", () => {
    expect(productsOf(halves(walk, weights(), inputs(3)))).toEqual([
      "float32[3,96] int32[96,47]",
      "float32[3,94] int32[94,48]",
    ]);
    expect(productsOf(halves(walk, weights(96, 95), inputs(3)))).toEqual([
      "float32[3,48,2] int32[48,95]", // 95 is odd: pairs are of what is summed over
      "float32[3,95] int32[95,48]",
    ]);
  });

  it("on the way back, too, and pack a matrix once for all that read it", () => {
    const graph = halves(slope, weights(), inputs(3));
    const loops = graph.equations.flatMap((equation) => (equation.op === "scan" ? [equation] : []));
    expect(loops).toHaveLength(2);
    for (const { attrs } of loops) {
      const products = attrs.body.equations.filter(({ op }) => op === "dot_general");
      const words = attrs.body.inputs.slice(0, attrs.constants).filter(({ type }) => type.dtype === "int32");
      expect([products.length, words.length]).toEqual([2, 2]);
    }
    expect(productsOf(graph).filter((text) => text.includes("int32"))).toHaveLength(4);
    const twice = (w: tf.Tensor, xs: tf.Tensor): tf.Tensor =>
      scan(
        (h: tf.Tensor, x: tf.Tensor) => {
          const once = tf.matMul(h as tf.Tensor2D, w as tf.Tensor2D);
          return { carry: tf.tanh(tf.add(tf.matMul(once, w as tf.Tensor2D), x)), y: null };
        },
        tf.zeros([2, 96]) as tf.Tensor,
        xs,
      ).carry;
    const [loop] = halves(twice, tf.ones([96, 96]), inputs(2)).equations.filter(({ op }) => op === "scan");
    expect(loop!.inputs.filter(({ type }) => type.dtype === "int32")).toHaveLength(1);
  });

  // Sizes of the weights and of what meets them; which axes are batching, then contracting; whether words are read.
  it.each([
    ["rows by columns", [4, 6], [3, 4], [[], []], [[0], [1]], true],
    ["summed along pairs", [3, 6], [2, 6], [[], []], [[1], [1]], true],
    [
      "several sums, the last axis odd",
      [4, 6, 5],
      [6, 2, 4],
      [[], []],
      [
        [0, 1],
        [2, 0],
      ],
      true,
    ],
    ["a product of each of a batch", [5, 4, 6], [5, 3, 4], [[0], [0]], [[1], [2]], true],
    ["pairs before an axis that is summed", [4, 5], [5, 3], [[], []], [[1], [0]], true],
    ["no pairs but of the batch", [4, 3, 5], [3, 4], [[0], [1]], [[1], [0]], false],
  ] as const)("of all kinds: %s", (_what, sizes, otherSizes, batching, contracting, words) => {
    for (const side of [0, 1] as const) {
      const b = new GraphBuilder();
      const [w, xs] = [sizes, [4, ...otherSizes]].map((shape) => b.input({ shape, dtype: "float32" })) as [
        Value,
        Value,
      ];
      const types = [w.type, { shape: otherSizes, dtype: "float32" } as const];
      const body = b.subgraph(types, (inner, [weight, x]) => [
        inner.dotGeneral(side === 0 ? weight! : x!, side === 0 ? x! : weight!, {
          lhsBatchingDimensions: batching[side],
          rhsBatchingDimensions: batching[1 - side]!,
          lhsContractingDimensions: contracting[side],
          rhsContractingDimensions: contracting[1 - side]!,
        }),
      ]);
      const graph = b.graph(
        [w, xs],
        b.emit("scan", [w, xs], { body, constants: 1, carry: 0, length: 4, reverse: false }),
      );
      const half = halfWeights(graph, { leastBytes: 1, leastSteps: 1 });
      checkGraph(half);
      expect(printGraph(half).includes("half_to_float")).toBe(words);
      const values = [w, xs].map(({ type }) =>
        Float32Array.from({ length: sizeOf(type.shape) }, (_, i) => (i % 23) - 9),
      );
      expect(interpretProgram(lowerGraph(half), values)).toEqual(interpretProgram(lowerGraph(graph), values));
    }
  });

  it("read floats where matrices are small, steps few, sizes odd, or the matrix changes", () => {
    const changing = (w: tf.Tensor, xs: tf.Tensor): tf.Tensor =>
      scan(
        (m: tf.Tensor, x: tf.Tensor) => ({
          carry: tf.tanh(tf.matMul(m as tf.Tensor2D, m as tf.Tensor2D)),
          y: tf.sum(x),
        }),
        w,
        xs,
      ).carry;
    for (const graph of [
      graphOf(walk, weights(32, 32), inputs(3, 32)),
      graphOf(walk, weights(), tf.slice(inputs(3), 0, 3)),
      graphOf(walk, weights(97, 95), inputs(3, 97)),
      graphOf(changing, tf.ones([96, 96]), inputs(3)),
    ]) {
      expect(printGraph(halfWeights(graph))).toBe(printGraph(graph));
    }
  });

  it("are those of weights rounded beforehand, on WebAssembly as well", () => {
    const args = [weights(), inputs(3)] as const;
    const [exact, expected] = [args, [rounded(args[0]), args[1]] as const].map((given) =>
      jit(walk)(...given).dataSync(),
    );
    const run = compileWasm(lowerForWasm(halves(walk, ...args))).run;
    const [got] = run(treeLeaves(args).map((x) => x.dataSync() as TypedValues)) as [Float32Array];
    expect(furthest(got, expected!)).toBeLessThan(1e-6);
    expect(furthest(got, exact!)).toBeGreaterThan(1e-5);
  });
});

const furthest = (xs: ArrayLike<number>, ys: ArrayLike<number>): number =>
  Array.from(xs).reduce((most, x, i) => Math.max(most, Math.abs(x - ys[i]!)), 0);

/** Teams a row; everything by all workgroups, products of many rows in tiles; wide workgroups, loops in slices of one round. */
const schedules: Readonly<Record<string, Sizes>> = {
  usual: scheduleSizes,
  byHost: { small: 0, round: 0, rowRound: 0, slice: Infinity },
  tiled: { small: 0, round: 0, rowRound: 0, slice: Infinity, machine: { lanes: 64, widest: 64, subgroups: null } },
  sliced: { small: Infinity, round: Infinity, rowRound: Infinity, slice: 0, most: 1, machine: { near: true, lanes: 64, widest: 64 } }, // prettier-ignore
};

describe.skipIf(!gpu)(titled("halves on the device"), () => {
  it.each(Object.entries(schedules))("are those of weights rounded beforehand: %s", async (name, sizes) => {
    for (const rows of { tiled: [20], sliced: [3] }[name] ?? [1, 3]) {
      const args = [weights(), inputs(rows)] as const;
      const expected = treeLeaves(jit(slope)(rounded(args[0]), args[1]));
      const results = new WebGPUProgram(lowerWhole(halves(slope, ...args)), sizes).run(treeLeaves(args));
      for (const [i, result] of results.entries()) {
        const [got, wanted] = [await result.data(), expected[i]!.dataSync()];
        const scale = Math.max(1, ...wanted.map(Math.abs));
        expect(furthest(got, wanted) / scale).toBeLessThan(3e-6);
      }
      tf.dispose(results);
    }
  });

  it("all of them are what they stand for", async () => {
    const b = new GraphBuilder();
    const input = b.input({ shape: [65536], dtype: "int32" });
    const graph = b.graph([input], [b.one("half_to_float", [input], {})]);
    const bits = Int32Array.from({ length: 65536 }, (_, i) => (i << 16) | i); // what is above does not matter
    const [result] = new WebGPUProgram(lowerWhole(graph)).run([tf.tensor1d(bits, "int32")]);
    (await result!.data()).forEach((x, i) => {
      // A device may have no subnormals, infinities and NaN.
      if ((i & 0x7c00) !== 0 && (i & 0x7c00) !== 0x7c00) expect(x).toBe(halfValue(i));
    });
  });

  it("floats round as everywhere, whatever the device's own rounding", async () => {
    const b = new GraphBuilder();
    const input = b.input({ shape: [4096], dtype: "float32" });
    const graph = b.graph([input], [roundToHalf(b, input)]);
    const xs = Float32Array.from({ length: 4096 }, (_, i) => Math.sin(12.9898 * i) * 2 ** ((i % 60) - 40));
    const [result] = new WebGPUProgram(lowerWhole(graph)).run([tf.tensor1d(xs)]);
    expect(Float32Array.from(await result!.data(), halfValue)).toEqual(xs.map(nearest));
  });

  it("are unpacked where products read them, by the language's own function, without a feature of the device", () => {
    const program = new WebGPUProgram(lowerWhole(halves(walk, weights(), inputs(3))), scheduleSizes);
    const machine = { lanes: 256, widest: 1024, memory: 16384, processor: false, near: true, subgroups: null };
    const text = program.shaders(machine).join("\n");
    expect(text).toMatch(/unpack2x16float/);
    expect(text).not.toMatch(/enable f16/);
    // One that stored floats would do so in a loop over the matrix, in a kernel that sums nothing.
    const unpacking = text.split(/^fn /m).filter((code) => code.includes("unpack2x16float"));
    for (const code of unpacking) expect(code).toMatch(/sum \+/);
  });

  it(
    "a DNC's outputs stay within 0.02 of those of float32, and without the option nothing changes",
    { timeout: 300_000 },
    async () => {
      const cell = dnc({ inputSize: 6, outputSize: 5, locations: 8, wordSize: 6, readHeads: 2, controller: { kind: "lstm", hidden: [64] } }); // prettier-ignore
      const params = cell.init(random.key(1));
      const f = (p: DncParams, x: tf.Tensor3D): tf.Tensor => runSequence(cell, p, x);
      const xs = random.normal(random.key(2), [12, 2, 6]) as tf.Tensor3D;
      expect(productsOf(halves(f, params, xs)).some((text) => text.includes("int32"))).toBe(true);
      const outputs = await Promise.all(
        ([{}, { weights: "float32" }, { weights: "float16" }] as const).map((options) =>
          jit(f, { target: "webgpu", ...options })(params, xs).data(),
        ),
      );
      const [usual, single, half] = outputs as [Float32Array, Float32Array, Float32Array];
      expect(single).toEqual(usual);
      expect(furthest(half, single)).toBeLessThan(2e-2);
      expect(furthest(half, single)).toBeGreaterThan(1e-6);
    },
  );
});
