// What a profile counts, and that it adds up. Times themselves are no test's affair.

import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { jit, scan, type KernelProfile } from "../../compile/index.ts";
import type { Kernel } from "../../compile/kernels/kernel.ts";
import { axisIndex, binary, load, loadHere, number, unary, type Scalar } from "../../compile/kernels/scalar.ts";
import { makeProfile, showProfile } from "../../compile/program/profile.ts";
import { workOf } from "../../compile/program/work.ts";
import type { Shape, TensorType } from "../../compile/type.ts";

const f32 = (...shape: number[]): TensorType => ({ shape, dtype: "float32" });
const kernel = (form: Kernel["form"], operands: readonly Shape[], result: Shape): Kernel => ({
  name: form.form,
  form,
  operands: operands.map((shape) => f32(...shape)),
  results: [f32(...result)],
});
const here = (operand: number): Scalar => loadHere(operand, 2, "float32");

describe("work of a kernel", () => {
  it("of a map: its operations, what it reads and what it writes", () => {
    const body = unary("exponential", binary("add", here(0), here(1)));
    expect(workOf(kernel({ form: "map", shape: [4, 8], body }, [[4, 8], [4, 8]], [4, 8]))).toEqual({ flop: 64, bytes: 4 * 96 }); // prettier-ignore
  });

  it("counts once what a loop does not change, and what stands there twice", () => {
    const row = unary("exponential", load(1, [axisIndex(0)], "float32"));
    const again = unary("exponential", load(1, [axisIndex(0)], "float32"));
    const body = binary("multiply", here(0), binary("add", row, again));
    // 32 products, 4 exponentials, 4 sums
    expect(workOf(kernel({ form: "map", shape: [4, 8], body }, [[4, 8], [4]], [4, 8]))).toEqual({ flop: 40, bytes: 4 * 68 }); // prettier-ignore
  });

  it("reads no element of an operand twice", () => {
    const window = load(0, [{ offset: 0, coefficients: [1, 1] }], "float32");
    const form = { form: "reduce", shape: [8], reduced: [3], combiner: "add", body: window } as const;
    expect(workOf(kernel(form, [[10]], [8]))).toEqual({ flop: 16, bytes: 4 * 18 });
  });

  it("of a slice: what it takes alone", () => {
    const body = load(0, [axisIndex(0), { offset: 2, coefficients: [] }], "float32");
    expect(workOf(kernel({ form: "map", shape: [4], body }, [[4, 8]], [4]))).toEqual({ flop: 0, bytes: 4 * 8 });
  });

  it("of a product: two for each term", () => {
    const lhs = load(0, [axisIndex(0), axisIndex(1)], "float32");
    const rhs = load(1, [axisIndex(1), axisIndex(0)], "float32");
    const form = { form: "contract", batch: [], m: [2], n: [5], k: [3], lhs, rhs } as const;
    expect(workOf(kernel(form, [[2, 3], [3, 5]], [2, 5]))).toEqual({ flop: 60, bytes: 4 * (6 + 15 + 10) }); // prettier-ignore
  });

  it("of a sweep: once what its parts have in common", () => {
    const updated = (): Scalar => binary("multiply", here(0), number(2, "float32"));
    const at = [axisIndex(0), axisIndex(1)];
    const row = load(1, [axisIndex(2), axisIndex(1)], "float32");
    const sweep: Kernel["form"] = {
      form: "sweep",
      shape: [4, 8],
      parts: [
        { result: 0, at, combiner: null, body: updated(), factor: null },
        { result: 1, at: [axisIndex(0)], combiner: "add", body: updated(), factor: null },
        { result: 2, at: [axisIndex(2), axisIndex(0)], combiner: "add", body: updated(), factor: { rows: [3], body: row } },
      ],
    }; // prettier-ignore
    const { operands, results, ...rest } = kernel(sweep, [[4, 8], [3, 8]], [4, 8]); // prettier-ignore
    const work = workOf({ ...rest, operands, results: [...results, f32(4), f32(3, 4)] });
    // 32 products by 2, 32 sums, 96 terms of products; both operands, three results
    expect(work).toEqual({ flop: 32 + 32 + 192, bytes: 4 * (32 + 24 + 32 + 4 + 12) });
  });

  it("of a running sum: one less a line", () => {
    const form = { form: "running", shape: [2, 5], dimension: 1, combiner: "add", exclusive: false, reverse: false, body: here(0) } as const; // prettier-ignore
    expect(workOf(kernel(form, [[2, 5]], [2, 5]))).toEqual({ flop: 8, bytes: 4 * 20 });
  });

  it("of nothing: nothing", () => {
    const form = { form: "map", shape: [0, 8], body: binary("add", here(0), number(1, "float32")) } as const;
    expect(workOf(kernel(form, [[0, 8]], [0, 8]))).toEqual({ flop: 0, bytes: 0 });
  });
});

describe("profile", () => {
  it("of a loop around a product: calls, operations and bytes of all steps", () => {
    const f = jit(
      (w: tf.Tensor2D, x: tf.Tensor2D) =>
        scan((h: tf.Tensor2D) => ({ carry: tf.matMul(h, w), y: [] }), x, null, { length: 7 }).carry,
    );
    const [w, x] = [tf.zeros<tf.Rank.R2>([32, 32]), tf.zeros<tf.Rank.R2>([16, 32])];
    const profile = f.compile(w, x).profile({ runs: 2 });
    const products = profile.kernels.filter(({ form }) => form === "contract");
    expect(products).toHaveLength(1);
    expect(products[0]).toMatchObject({ calls: 7, flop: 7 * 2 * 16 * 32 * 32, bytes: 7 * 4 * (512 + 1024 + 512) });
    expect(products[0]!.name).toContain("MatMul");
    expect(products[0]!.extents).toBe("16 by 32 by 32");
    expect(profile.runs).toBe(2);
    const inKernels = profile.kernels.reduce((sum: number, { ms }: KernelProfile) => sum + ms, 0);
    expect(inKernels).toBeGreaterThan(0);
    expect(profile.ms).toBeGreaterThanOrEqual(inKernels);
    expect(String(profile)).toContain("contract 16 by 32 by 32");
  });

  it("names all ops that became a kernel", () => {
    const f = jit((x: tf.Tensor2D) => tf.sum(tf.exp(tf.mul(x, 2)), 1));
    const { kernels } = f.compile(tf.zeros<tf.Rank.R2>([8, 32])).profile({ runs: 1 });
    expect(kernels.map(({ name, form, extents }) => ({ name, form, extents }))).toEqual([
      { name: "constant Multiply Exp Sum", form: "reduce", extents: "8 of 32" },
    ]);
    expect(kernels[0]).toMatchObject({ calls: 1, flop: 8 * 32 * 2 + 8 * 31, bytes: 4 * (8 * 32 + 8) });
  });

  it("leaves results and later calls alone", () => {
    const f = jit((x: tf.Tensor1D) => tf.exp(x));
    const x = tf.tensor1d([0, 1]);
    const before = f(x).dataSync();
    f.compile(x).profile({ runs: 1 });
    expect(f(x).dataSync()).toEqual(before);
    expect(f.programs).toBe(1);
  });

  it("is a table: the dearest first, equal kernels together, totals", () => {
    const map: Kernel = kernel({ form: "map", shape: [1000, 1000], body: unary("negate", here(0)) }, [[1000, 1000]], [1000, 1000]); // prettier-ignore
    const other: Kernel = { ...map, name: "other" };
    const measured = [
      { calls: 1, ms: 1 },
      { calls: 2, ms: 6 },
      { calls: 1, ms: 1 },
      { calls: 0, ms: 0 },
    ];
    const profile = makeProfile([map, other, map, { ...map, name: "never" }], measured, 10, 2);
    expect(profile.kernels.map(({ name, calls, ms }) => [name, calls, ms])).toEqual([
      ["other", 2, 6],
      ["map", 2, 2],
    ]);
    expect(showProfile(profile)).toBe(
      [
        "    ms      %  calls   FLOP  bytes  GFLOP/s  GB/s  kernel",
        " 6.000   60.0      2  2.00M  16.0M      0.3   2.7  other (map 1000×1000)",
        " 2.000   20.0      2  2.00M  16.0M      1.0   8.0  map (map 1000×1000)",
        " 8.000   80.0      4  4.00M  32.0M      0.5   4.0  all kernels",
        " 2.000   20.0                                      loops, copies, arguments and results",
        "10.000  100.0                                      a run on one thread, the fastest of 2",
      ].join("\n"),
    );
  });
});
