// Gradients where a function has a kink or runs out of numbers: those that tfjs registers for the kernel, and always
// finite where the function's value is. And einsum where tfjs's CPU backend is wrong.

import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { GraphBuilder } from "../../../../compile/graph/build.ts";
import { evaluate } from "../../../../compile/graph/evaluate.ts";
import { trace } from "../../../../compile/trace/trace.ts";
import { registerTraceBackend } from "../../../../compile/trace/traceBackend.ts";

beforeAll(registerTraceBackend);

type Function = (...xs: tf.Tensor[]) => tf.Tensor;

/** Gradient of the sum of `f` at its first operand. */
function gradientAt(f: Function, ...operands: readonly (readonly number[])[]): number[] {
  const types = operands.map(({ length }) => ({ shape: [length], dtype: "float32" as const }));
  const { graph, captures } = trace("f", types, (xs) => [tf.sum(f(...xs))]);
  const b = new GraphBuilder();
  const inputs = graph.inputs.map(({ type }) => b.input(type));
  const { pullback } = b.linearise(graph, inputs, inputs.map((_, i) => i >= captures.length)); // prettier-ignore
  const gradient = pullback([b.fill(1, [])])[captures.length] ?? b.zeros(inputs[captures.length]!.type);
  return tf.tidy(() => [
    ...evaluate(b.graph(inputs, [gradient]), [...captures, ...operands.map((x) => tf.tensor1d([...x]))])[0]!.dataSync(),
  ]);
}

const close = (got: readonly number[], expected: readonly number[]): void => {
  expect(got.length).toBe(expected.length);
  expected.forEach((y, i) => expect(got[i]).toBeCloseTo(y, 6));
};

describe("gradients at corners", () => {
  it.each<[string, Function, number[], number[]]>([
    ["relu", tf.relu, [-1, -0, 0, 1], [0, 0, 0, 1]],
    ["relu6", tf.relu6, [-1, 0, 6, 7], [0, 0, 1, 0]],
    ["elu", tf.elu, [0, 1000, -1000], [1, 1, 0]],
    ["selu", tf.selu, [0, 1, 1000, -1000], [1.7580993408473768, 1.0507009873554805, 1.0507009873554805, 0]],
    ["leakyRelu", (x) => tf.leakyRelu(x, 0.3), [-1, 0, 1], [0.3, 0.3, 1]],
    ["prelu", (x) => tf.prelu(x, tf.scalar(0.3)), [-1, 0, 1], [0.3, 0.3, 1]],
    ["clipByValue", (x) => tf.clipByValue(x, -1, 2), [-2, -1, 0, 2, 3], [0, 1, 1, 1, 0]],
    ["abs", tf.abs, [-2, 0, 2], [-1, 0, 1]],
    ["softplus", tf.softplus, [-1000, 0, 1000, 1], [0, 0.5, 1, 1 / (1 + Math.exp(-1))]],
    ["sigmoid", tf.sigmoid, [-1000, 0, 1000], [0, 0.25, 0]],
    ["logSigmoid", tf.logSigmoid, [-1000, 0, 1000], [1, 0.5, 0]],
    ["tanh", tf.tanh, [-1000, 0, 1000], [0, 1, 0]],
    ["step", (x) => tf.step(x), [-1, 0, 1], [0, 0, 0]],
    ["sign, floor, ceil, round", (x) => tf.add(tf.add(tf.sign(x), tf.floor(x)), tf.add(tf.ceil(x), tf.round(x))), [-1.5, 0, 2], [0, 0, 0]], // prettier-ignore
    ["maximum with itself", (x) => tf.maximum(x, tf.zerosLike(x)), [-1, 0, 1], [0, 0.5, 1]],
    ["square of a norm at zero", (x) => tf.sum(tf.square(x)), [0, 0], [0, 0]],
    ["pow at zero", (x) => tf.pow(x, 2), [0, -3], [0, -6]],
    ["logSumExp", (x) => tf.logSumExp(x), [1000, 1000, -1000], [0.5, 0.5, 0]],
    ["softmax", (x) => tf.slice(tf.softmax(x), 0, 1), [1000, 1000, -1000], [0.25, -0.25, 0]],
    ["logSoftmax", (x) => tf.slice(tf.logSoftmax(x), 0, 1), [1000, 1000, -1000], [0.5, -0.5, 0]],
    ["where", (x) => tf.where(tf.greater(x, 0), x, tf.zerosLike(x)), [-1, 0, 2], [0, 0, 1]],
    ["prod with zeros", (x) => tf.prod(x), [0, 3, 4], [12, 0, 0]],
    ["prod with two zeros", (x) => tf.prod(x), [0, 3, 0], [0, 0, 0]],
    ["cumprod with a zero", (x) => tf.cumprod(x), [2, 0, 3], [1, 8, 0]],
    ["max of equals", (x) => tf.max(x), [3, 3, 1], [0.5, 0.5, 0]],
    ["mod", (x) => tf.mod(x, tf.scalar(2)), [-3.5, 3.5], [1, 1]],
  ])("%s", (_name, f, x, expected) => {
    close(gradientAt(f, x), expected);
  });
});

describe("einsum where tfjs's CPU backend is wrong", () => {
  const run = (equation: string, ...operands: tf.Tensor[]): number[][] | number[] | number => {
    const { graph, captures } = trace("f", [], () => [tf.einsum(equation, ...operands)]);
    return tf.tidy(() => evaluate(graph, captures)[0]!.arraySync() as number[][] | number[] | number);
  };
  const x = tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3]);
  const y = tf.tensor2d([1, -1, 2, 0, 1, 3], [3, 2]);
  it("multiplies an operand of which no index is summed", () => {
    expect(run("ij,k->jk", x, tf.tensor1d([1, 10]))).toEqual([
      [5, 50],
      [7, 70],
      [9, 90],
    ]);
  });
  it("sums all indices", () => {
    expect(run("ij,jk->", x, y)).toBe(50);
  });
  it("sums an index of one operand alone", () => {
    expect(run("ij,jk->k", x, y)).toEqual([28, 22]);
  });
  it("says what it expects of an equation", () => {
    expect(() => run("ij->jij", x)).toThrow(/names each axis of the result once/);
    expect(() => run("ij,jk->ik", x, x)).toThrow('operand 1 must have shape with 3 for "j"');
    expect(() => run("ijk->ik", x)).toThrow("of 3 axes");
  });
});
