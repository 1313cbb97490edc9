// What the passes make of small programs, as text through the public door.

import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { grad, graphOf, jit, scan } from "../../../compile/index.ts";
import { GraphBuilder } from "../../../compile/graph/build.ts";
import { evaluate } from "../../../compile/graph/evaluate.ts";
import { dropDead } from "../../../compile/passes/dropDead.ts";
import { simplify } from "../../../compile/passes/simplify.ts";

/** Operations of a printed program, without constants; those of bodies behind their own. */
const operations = (text: string): string[] =>
  [...text.matchAll(/ = (\w+)\(/g)].map(([, op]) => op!).filter((op) => op !== "constant");

describe("simplify", () => {
  it("exchanges a product's operands in place of transposing it", () => {
    const f = (x: tf.Tensor2D, y: tf.Tensor2D): tf.Tensor => tf.transpose(tf.matMul(x, y));
    const { before, after } = graphOf(f)(tf.zeros([2, 3]), tf.zeros([3, 4]));
    expect(operations(before)).toEqual(["dot_general", "transpose"]);
    expect(operations(after)).toEqual(["dot_general"]);
    expect(after).toContain("f32[4,2] = dot_general(%1, %0)");
  });

  it("joins the cotangents of a split again", () => {
    const f = (x: tf.Tensor1D): tf.Tensor => {
      const [a, b, c] = tf.split(x, 3);
      return tf.sum(tf.addN([tf.mul(a!, a!), tf.sin(b!), tf.exp(c!)]));
    };
    const { before, after } = graphOf((x: tf.Tensor1D) => grad(f)(x))(tf.zeros([6]));
    expect(operations(before).filter((op) => op === "pad")).toHaveLength(3);
    expect(operations(after)).not.toContain("pad");
    expect(operations(after).at(-1)).toBe("concatenate");
  });

  it("takes one slice for two, but not of a slice with gaps", () => {
    const both = (strides: number): { readonly ops: number; readonly values: readonly number[] } => {
      const b = new GraphBuilder();
      const x = b.input({ shape: [12], dtype: "float32" });
      const graph = dropDead(simplify(b.graph([x], [b.slice(b.slice(x, [1], [11], [strides]), [1], [4], [2])])));
      const [result] = evaluate(graph, [tf.range(0, 12, 1, "float32")]);
      return { ops: graph.equations.length, values: [...result!.dataSync()] };
    };
    expect(both(1)).toEqual({ ops: 1, values: [2, 4] });
    expect(both(2)).toEqual({ ops: 2, values: [3, 7] });
  });

  it("keeps what a NaN or an infinity would show", () => {
    const f = (x: tf.Tensor): tf.Tensor => tf.mul(tf.sub(x, x), 0);
    expect(operations(graphOf(f)(tf.zeros([3])).after)).toContain("multiply");
  });
});

describe("a permutation", () => {
  const sorted = (f: (order: tf.Tensor2D) => tf.Tensor) => (x: tf.Tensor2D) =>
    f(tf.topk(x, x.shape[1]).indices as tf.Tensor2D);
  const values = [3, 1, 2, 0, 9, 8, 7, 9]; // equal ones keep their order
  const ascending = (order: tf.Tensor2D): tf.Tensor => tf.topk(tf.neg(order), order.shape[1]).indices;

  it("is sorted without comparisons", () => {
    const { before, after } = graphOf(sorted(ascending))(tf.zeros([2, 4]));
    expect(operations(before).filter((op) => op === "sort")).toHaveLength(2);
    expect(operations(after).filter((op) => op === "sort")).toHaveLength(1);
    const result = jit(sorted(ascending))(tf.tensor2d(values, [2, 4]));
    expect([...result.dataSync()]).toEqual([0, 2, 1, 3, 0, 2, 3, 1]);
  });

  it("and its values are counted", () => {
    const f = sorted((order) => tf.topk(tf.neg(order), 4).values);
    expect([...jit(f)(tf.tensor2d(values, [2, 4])).dataSync()]).toEqual([-0, -1, -2, -3, -0, -1, -2, -3].map((x) => x || 0)); // prettier-ignore
  });

  it("is sorted the other way round as anything is", () => {
    const f = sorted((order) => tf.topk(order, 4).indices);
    expect(operations(graphOf(f)(tf.zeros([2, 4])).after).filter((op) => op === "sort")).toHaveLength(2);
    expect([...jit(f)(tf.tensor2d(values, [2, 4])).dataSync()]).toEqual([3, 1, 2, 0, 1, 3, 2, 0]);
  });
});

describe("loops", () => {
  const rnn = (w: tf.Tensor2D, xs: tf.Tensor3D): tf.Tensor => {
    const step = (h: tf.Tensor, x: tf.Tensor): { readonly carry: tf.Tensor; readonly y: tf.Tensor } => {
      const next = tf.tanh(tf.add(tf.matMul(h as tf.Tensor2D, w), x));
      return { carry: next, y: next };
    };
    return tf.sum(scan(step, tf.zeros([2, 3]) as tf.Tensor, xs as tf.Tensor).ys);
  };

  it("lift a weight's gradient out: one product over all steps in place of one a step", () => {
    const { before, after } = graphOf((w: tf.Tensor2D, xs: tf.Tensor3D) => grad(rnn)(w, xs))(
      tf.zeros([3, 3]),
      tf.zeros([5, 2, 3]),
    );
    // Inside: the step itself; on the way back the state's cotangent, and the weight's.
    expect(before.match(/^ {4,}.*dot_general/gm)).toHaveLength(3);
    expect(after.match(/^ {4,}.*dot_general/gm)).toHaveLength(2);
    expect(after).toMatch(/^ {2}%\d+: f32\[3,3\] = dot_general\(.*ContractingDimensions: \[0, 1\]/m);
  });

  it("compute once what does not change", () => {
    const f = (w: tf.Tensor, xs: tf.Tensor): tf.Tensor =>
      scan(
        (c: tf.Tensor, x: tf.Tensor) => ({ carry: tf.add(c, tf.mul(tf.exp(w), x)), y: null }),
        tf.zeros([3]) as tf.Tensor,
        xs,
      ).carry;
    const { before, after } = graphOf(f)(tf.zeros([3]), tf.zeros([5, 3]));
    expect(before).toMatch(/^ {4,}.*exponential/m);
    expect(after).not.toMatch(/^ {4,}.*exponential/m);
    expect(after).toMatch(/^ {2}%\d+: f32\[3\] = exponential/m);
  });

  it("grow with no number of steps", () => {
    const size = (steps: number): number =>
      operations(
        graphOf((w: tf.Tensor2D, xs: tf.Tensor3D) => grad(rnn)(w, xs))(tf.zeros([3, 3]), tf.zeros([steps, 2, 3])).after,
      ).length;
    expect(size(500)).toBe(size(5));
  });
});
