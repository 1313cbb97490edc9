import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { beforeAll, describe, expect, test } from "vitest";
import { GraphBuilder } from "../../../compile/graph/build.ts";
import { evaluate } from "../../../compile/graph/evaluate.ts";
import type { Value } from "../../../compile/graph/graph.ts";
import { tensorType } from "../../../compile/type.ts";

beforeAll(async () => {
  await tf.setBackend("cpu");
});

describe("evaluate", () => {
  test("runs equations in turn and keeps nothing but the results", () => {
    const b = new GraphBuilder();
    const x = b.input(tensorType([3]));
    const y = b.exponential(b.negate(x));
    const graph = b.graph([x], [b.add(y, y), b.sum(y, [0])]);
    const input = tf.tensor1d([0, 1, 2]);
    const before = tf.memory().numTensors;
    const [twice, total] = evaluate(graph, [input]);
    expect(tf.memory().numTensors).toBe(before + 2);
    expect(twice!.arraySync()).toEqual([0, 1, 2].map((v) => Math.fround(2 * Math.fround(Math.exp(-v)))));
    expect(total!.shape).toEqual([]);
    tf.dispose([twice!, total!, input]);
  });

  test("every result is a tensor of its own, also where outputs repeat or are inputs", () => {
    const b = new GraphBuilder();
    const x = b.input(tensorType([2]));
    const y = b.negate(x);
    const input = tf.tensor1d([1, 2]);
    const results = evaluate(b.graph([x], [x, y, y, x]), [input]);
    tf.dispose(results);
    expect(input.isDisposed).toBe(false);
    expect(new Set([...results, input]).size).toBe(5);
    input.dispose();
  });

  test("disposes everything where an equation throws", () => {
    const b = new GraphBuilder();
    const x = b.input(tensorType([2]));
    const doubled = b.add(x, x);
    const graph = b.graph([x], [b.multiply(doubled, b.constant(new Float32Array(2), tensorType([2])))]);
    const input = tf.tensor1d([1, 2, 3]); // not of the declared shape: it adds to itself, but does not fit the constant
    const before = tf.memory().numTensors;
    expect(() => evaluate(graph, [input])).toThrow();
    expect(tf.memory().numTensors).toBe(before);
    input.dispose();
  });

  test("results without elements need no op", () => {
    const b = new GraphBuilder();
    const x = b.input(tensorType([0, 3]));
    const results: Value[] = [b.transpose(x, [1, 0]), b.sum(x, [0]), b.reduce(x, "maximum", [0]), b.exponential(x)];
    const input = tf.zeros([0, 3]);
    const [transposed, sum, maximum, exponential] = evaluate(b.graph([x], results), [input]);
    expect(transposed!.shape).toEqual([3, 0]);
    expect(sum!.arraySync()).toEqual([0, 0, 0]);
    expect(maximum!.arraySync()).toEqual([-Infinity, -Infinity, -Infinity]);
    expect(exponential!.shape).toEqual([0, 3]);
    tf.dispose([transposed!, sum!, maximum!, exponential!, input]);
  });
});
