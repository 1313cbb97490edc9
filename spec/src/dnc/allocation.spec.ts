import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { allocationWeighting, allocationWeightings, nextUsage, retention } from "../../../src/dnc/allocation.ts";
import { grad } from "../../../compile/index.ts";
import { checkedGradient, expectClose, isFinite } from "./closeTo.ts";

describe("retention", () => {
  it("is Π (1 - f w)", () => {
    const w = tf.tensor3d([[[1, 0, 0.5], [0.2, 0.8, 0]]]); // prettier-ignore
    expectClose(retention(tf.tensor2d([[1, 0.5]]), w), [[0, 0.6, 0.5]]);
  });
  it("has the true gradient where a factor is exactly zero", () => {
    const w = tf.tensor3d([[[1, 0], [0.5, 1]]]); // prettier-ignore
    const gradient = checkedGradient((f: tf.Tensor2D) => retention(f, w), tf.tensor2d([[1, 1]]));
    // Location 0: d/df0 = -1 (1 - 0.5); location 1: d/df1 = -1, the other factor being 1. Weights cos 0, cos 1.
    expectClose(gradient, [[-0.5, 0 - Math.cos(1)]], 1e-5);
  });
});

describe("nextUsage", () => {
  const last = tf.tensor2d([[0, 0.5, 1]]);
  const w = tf.tensor3d([[[0.4, 0.4, 0.4]]]);
  it("is (u + w - u w) ψ", () => {
    expectClose(nextUsage(last, w, tf.tensor2d([[1, 1, 0.5]])), [[0.4, 0.7, 0.5]]);
  });
  it("takes 1 - Π (1 - w) for w with several write heads", () => {
    const two = tf.tensor3d([[[0.4, 0, 0], [0.5, 0.2, 1]]]); // prettier-ignore
    expectClose(nextUsage(tf.zeros([1, 3]), two, tf.ones([1, 3])), [[1 - 0.6 * 0.5, 0.2, 1]]);
  });
  it("never leaves [0, 1] by rounding", () => {
    const u = tf.randomUniform<tf.Rank.R2>([1, 4096], 0, 1, "float32", 3);
    const random = tf.randomUniform<tf.Rank.R3>([1, 1, 4096], 0, 1, "float32", 4);
    const used = nextUsage(u, random, tf.ones([1, 4096])).dataSync();
    expect(Math.max(...used)).toBeLessThanOrEqual(1);
    expect(Math.max(...nextUsage(tf.ones([1, 3]), w, tf.ones([1, 3])).dataSync())).toBe(1);
  });
  it("lets the gradient flow into the write weightings, or stops it", () => {
    const psi = tf.ones<tf.Rank.R2>([1, 3]);
    checkedGradient((x: tf.Tensor3D) => nextUsage(last, x, psi), w);
    const stopped = grad((x: tf.Tensor3D) => tf.sum(nextUsage(last, x, psi, "stopped")))(w) as tf.Tensor;
    expectClose(stopped, [[[0, 0, 0]]], 0);
  });
});

/** The paper's definition, in plain numbers. */
function freeListAllocation(u: readonly number[], epsilon: number): number[] {
  const mapped = u.map((x) => epsilon + (1 - epsilon) * x);
  const order = u.map((_, i) => i).sort((i, j) => (u[i] ?? 0) - (u[j] ?? 0) || i - j);
  const a = u.map(() => 0);
  let product = 1;
  for (const i of order) {
    a[i] = (1 - (mapped[i] ?? 0)) * product;
    product *= mapped[i] ?? 0;
  }
  return a;
}

const usages: Readonly<Record<string, readonly number[]>> = {
  "all different": [0.3, 0.9, 0.1, 0.6, 0.2],
  ties: [0.5, 0.25, 0.5, 0.25, 0.5],
  zeros: [0, 0, 0, 0, 0],
  ones: [1, 1, 1, 1, 1],
  "some zeros": [0.4, 0, 0.7, 0, 1],
  "one location": [0.3],
};

describe.each(Object.entries(usages))("allocationWeighting of %s", (_, u) => {
  const usage = tf.tensor2d([[...u]]);
  it.each(["compare", "sort"] as const)("is the paper's product over the free list, by %s", (form) => {
    expectClose(allocationWeighting(usage, { form }), [freeListAllocation(u, 1e-6)]);
  });
  it("is the plain product without an epsilon", () => {
    expectClose(allocationWeighting(usage, { epsilon: 0 }), [freeListAllocation(u, 0)]);
  });
  it.each([{ form: "compare" }, { form: "sort" }, { epsilon: 0 }] as const)(
    "is non-negative with sum at most 1: %j",
    (options) => {
      const a = [...allocationWeighting(usage, options).dataSync()];
      expect(Math.min(...a)).toBeGreaterThanOrEqual(0);
      expect(a.reduce((sum, x) => sum + x)).toBeLessThanOrEqual(1 + 1e-6);
    },
  );
  it.each([{ form: "compare" }, { form: "sort" }, { epsilon: 0 }] as const)("has a finite gradient: %j", (options) => {
    const f = (x: tf.Tensor2D): tf.Scalar => tf.sum(tf.mul(allocationWeighting(x, options), tf.range(1, u.length + 1)));
    expect(isFinite(grad(f)(usage) as tf.Tensor)).toBe(true);
  });
});

describe("allocationWeighting", () => {
  it("gives ties to the lower index", () => {
    expectClose(allocationWeighting(tf.zeros([1, 3])), [[1, 0, 0]], 2e-6);
  });
  it.each([{ form: "compare" }, { form: "sort" }, { epsilon: 0 }] as const)(
    "has the gradient of its definition away from ties: %j",
    (options) => {
      checkedGradient((x: tf.Tensor2D) => allocationWeighting(x, options), tf.tensor2d([[0.3, 0.9, 0.15, 0.6, 0.45]]));
    },
  );
  it("has the product's gradient, and not 0, at zero usage", () => {
    // a = (1 - u0, (1 - u1) u0): da0/du0 = -1 and da1/du0 = 1 - u1, at u0 = 0 as elsewhere.
    const u = tf.tensor2d([[0, 0.5]]);
    for (const options of [{ form: "compare" }, { form: "sort" }, { epsilon: 0 }] as const) {
      const second = (x: tf.Tensor2D): tf.Scalar =>
        tf.sum(tf.mul(allocationWeighting(x, options), tf.tensor1d([0, 1])));
      expectClose(grad(second)(u), [[0.5, 0]], 1e-5);
    }
  });
});

describe("allocationWeightings", () => {
  const usage = tf.tensor2d([[0.1, 0.6, 0.3]]);
  it("is one weighting for one head", () => {
    const gates = tf.tensor2d([[0.7]]);
    expectClose(allocationWeightings(usage, gates), [[[...allocationWeighting(usage).dataSync()]]]);
  });
  it("raises usage between heads by what the head before will write", () => {
    const first = freeListAllocation([0.1, 0.6, 0.3], 1e-6);
    const raised = [0.1, 0.6, 0.3].map((u, i) => u + (1 - u) * 0.5 * (first[i] ?? 0));
    expectClose(allocationWeightings(usage, tf.tensor2d([[0.5, 0.9]])), [[first, freeListAllocation(raised, 1e-6)]]);
  });
  it("lets gradients flow from head to head", () => {
    const gradient = checkedGradient((g: tf.Tensor2D) => allocationWeightings(usage, g), tf.tensor2d([[0.5, 0.9]]));
    expect(gradient.dataSync()[0]).not.toBe(0);
    checkedGradient((u: tf.Tensor2D) => allocationWeightings(u, tf.tensor2d([[0.5, 0.9]])), usage);
  });
});
