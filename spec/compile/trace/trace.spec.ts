// The front end: what a function does with tfjs ops becomes a graph, whatever else it does.

import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { graphOf, jit, scan } from "../../../compile/index.ts";
import { trace } from "../../../compile/trace/trace.ts";
import { registerTraceBackend } from "../../../compile/trace/traceBackend.ts";
import { checkGraph } from "../../../compile/graph/check.ts";
import { evaluate } from "../../../compile/graph/evaluate.ts";
import { printGraph } from "../../../compile/graph/print.ts";
import { expectNumbers } from "../expectNumbers.ts";

beforeEach(async () => {
  await tf.setBackend("cpu");
  registerTraceBackend();
  tf.engine().startScope();
});
afterEach(() => tf.engine().endScope());

const vector = { shape: [3], dtype: "float32" } as const;

describe("trace", () => {
  it("turns ops into equations that name the kernel they came from", () => {
    const { graph } = trace("test", [vector], ([x]) => [tf.sum(tf.exp(x!))]);
    checkGraph(graph);
    expect(printGraph(graph)).toBe(
      [
        "(%0: f32[3]) {",
        "  %1: f32[3] = exponential(%0)  # Exp",
        "  %2: f32[] = reduce(%1) {combiner: add, dimensions: [0]}  # Sum",
        "  return %2",
        "}",
      ].join("\n"),
    );
  });

  it("captures tensors from outside, once each, reshaped ones included", () => {
    const w = tf.tensor1d([1, 2, 3]);
    const row = tf.reshape(w, [1, 3]); // shares its data with w
    const { graph, captures } = trace("test", [vector], ([x]) => [tf.mul(tf.add(x!, w), w), tf.mul(x!, row)]);
    expect(captures).toHaveLength(1);
    expect(graph.inputs).toHaveLength(2);
    expectNumbers(evaluate(graph, [captures[0]!, tf.ones([3])]), [[2, 6, 12], [[1, 2, 3]]]);
  });

  it("nests: tracers of an outer trace are captures of the inner one", () => {
    let innerCaptures = -1;
    const { graph } = trace("outer", [vector], ([x]) => {
      const inner = trace("inner", [vector], ([y]) => [tf.mul(x!, y!), tf.mul(x!, 2)]);
      innerCaptures = inner.captures.length;
      expect(inner.captures[0]).toBe(x);
      return [tf.add(x!, 1)];
    });
    expect(innerCaptures).toBe(1);
    expect(graph.equations.map(({ op }) => op)).not.toContain("multiply");
  });

  it("knows numbers that are written in the function", () => {
    const f = jit((x: tf.Tensor) => {
      const indices = tf.tensor1d([2, 0], "int32");
      return tf.gather(x, tf.tensor1d([...indices.dataSync()].reverse(), "int32"));
    });
    expectNumbers(f(tf.tensor1d([1, 2, 3])), [1, 3]);
  });

  it("lets JavaScript branch on shapes and dtypes", () => {
    const f = jit((x: tf.Tensor) => (x.rank > 1 && x.shape[0]! > 1 ? tf.sum(x, 0) : tf.cast(x, "float32")));
    expectNumbers(f(tf.ones([2, 2])), [2, 2]);
    expectNumbers(f(tf.tensor1d([1, 2], "int32")), [1, 2]);
  });

  it("leaves tidy, dispose, keep and clone in traced functions without harm", () => {
    const f = jit((x: tf.Tensor) => {
      const y = tf.tidy(() => tf.add(tf.keep(tf.exp(x)), tf.clone(x)));
      const z = tf.mul(y, 2);
      y.dispose();
      return z;
    });
    const before = tf.memory().numTensors;
    const result = f(tf.scalar(0));
    expectNumbers(result, 2);
    expect(tf.memory().numTensors).toBeLessThanOrEqual(before + 3);
  });

  it("brings the backend back after an error, at any depth", () => {
    const broken = jit((xs: tf.Tensor) =>
      scan(
        (c: tf.Tensor, x: tf.Tensor): { carry: tf.Tensor; y: tf.Tensor } => {
          throw new RangeError(`at ${tf.add(c, x).shape.length}`);
        },
        tf.scalar(0),
        xs,
      ),
    );
    expect(() => broken(tf.ones([3]))).toThrow(new RangeError("at 0"));
    expect(tf.getBackend()).toBe("cpu");
    expectNumbers(tf.add(1, 2), 3);
  });

  it("does not mind an async function's first part, whose promise is no tree", () => {
    const f = jit((async (x: tf.Tensor) => tf.add(x, 1)) as unknown as (x: tf.Tensor) => tf.Tensor);
    expect(() => f(tf.scalar(1))).toThrow(
      "jit: the function's result: expected a tensor, or a record or array of them, got an object of class Promise.",
    );
  });
});

describe("graphOf", () => {
  it("prints the program before and after the passes, typed, one value a line", () => {
    const { before, after } = graphOf((x: tf.Tensor) => tf.sum(tf.mul(tf.add(x, 0), 2)))(tf.zeros([3]));
    expect(before).toContain("add(");
    expect(after).toBe(
      [
        "(%0: f32[3]) {",
        "  %1: f32[] = constant() {values: [2]}",
        "  %2: f32[3] = broadcast_in_dim(%1) {shape: [3], broadcastDimensions: []}  # Multiply",
        "  %3: f32[3] = multiply(%0, %2)  # Multiply",
        "  %4: f32[] = reduce(%3) {combiner: add, dimensions: [0]}  # Sum",
        "  return %4",
        "}",
      ].join("\n"),
    );
  });

  it("is a text as a whole", () => {
    const text = graphOf((x: tf.Tensor) => tf.neg(x))(tf.zeros([1]));
    expect(String(text)).toBe(`before passes:\n${text.before}\n\nafter passes:\n${text.after}\n`);
  });
});
