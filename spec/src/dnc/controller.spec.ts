import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { random } from "../../../compile/index.ts";
import { initController, initialControllerState, lstmLayer, stepController } from "../../../src/dnc/controller.ts";
import { expectClose } from "./closeTo.ts";

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

describe("lstmLayer", () => {
  const weights = tf.tensor2d([
    [0.1, 0.2, 0.3, 0.4],
    [0.5, 0.6, 0.7, 0.8],
  ]); // [x; h] by [i, f, s, o]. prettier-ignore
  const bias = tf.tensor1d([0, 1, 0, -1]);
  const state = { hidden: tf.tensor2d([[0.5]]), cell: tf.tensor2d([[2]]) };
  const z = tf.tensor2d([[1, 0.5]]);
  const [i, f, s, o] = [0.35, 1.5, 0.65, -0.2];
  const cell = sigmoid(f) * 2 + sigmoid(i) * Math.tanh(s);

  it("gates what it keeps, takes in and shows", () => {
    const next = lstmLayer({ weights, bias }, state, z);
    expectClose(next.cell, [[cell]]);
    expectClose(next.hidden, [[sigmoid(o) * Math.tanh(cell)]]);
  });
  it("cuts hidden state and cell where told to, after the hidden state was made of the uncut cell", () => {
    const next = lstmLayer({ weights, bias }, state, z, 0.3);
    expectClose(next.cell, [[0.3]]);
    expectClose(next.hidden, [[Math.min(0.3, sigmoid(o) * Math.tanh(cell))]]);
  });
});

describe("a deep LSTM", () => {
  const config = { kind: "lstm", hidden: [3, 2] } as const;
  const params = initController(config, random.key(1), 4);
  it("has in each layer the input, its own last output and the output of the layer below", () => {
    expect(params.layers.map(({ weights }) => weights.shape)).toEqual([[4 + 3, 4 * 3], [4 + 2 + 3, 4 * 2]]); // prettier-ignore
  });
  it("begins with forget biases of 1 and all others 0", () => {
    expect([...(params.layers[1]?.bias?.dataSync() ?? [])]).toEqual([0, 0, 1, 1, 0, 0, 0, 0]);
  });
  it("gives all layers' outputs together", () => {
    const { state, output } = stepController(config, params, initialControllerState(config, 5), tf.ones([5, 4]));
    expect(output.shape).toEqual([5, 3 + 2]);
    const hidden = state.layers.map((layer) => layer.hidden);
    expectClose(output, tf.concat(hidden, 1).arraySync(), 0);
  });
  it("feeds the layer below to the layer above in the same step", () => {
    const first = (input: tf.Tensor2D): tf.Tensor2D =>
      stepController(config, params, initialControllerState(config, 1), input).output;
    const [l0, l1] = params.layers;
    const zero = initialControllerState(config, 1).layers;
    const input = tf.tensor2d([[1, -1, 0.5, 2]]);
    if (!l0 || !l1 || !zero[0] || !zero[1]) throw new Error("two layers expected");
    const below = lstmLayer(l0, zero[0], tf.concat([input, zero[0].hidden], 1)).hidden;
    const above = lstmLayer(l1, zero[1], tf.concat([input, zero[1].hidden, below], 1)).hidden;
    expectClose(first(input), tf.concat([below, above], 1).arraySync());
  });
  it("says so where it gets a state with fewer layers", () => {
    const shallow = initialControllerState({ kind: "lstm", hidden: [3] }, 1);
    expect(() => stepController(config, params, shallow, tf.ones([1, 4]))).toThrow(
      "state.controller.layers[1] is missing: expected a state a layer, got 1. Make the state by initialState(B) of the same configuration.",
    );
  });
});

describe("a feed-forward controller", () => {
  it.each(["tanh", "relu"] as const)("has no state and the same skip connections: %s", (activation) => {
    const config = { kind: "feedforward", hidden: [3, 2], activation } as const;
    const params = initController(config, random.key(2), 4);
    expect(params.layers.map(({ weights }) => weights.shape)).toEqual([[4, 3], [4 + 3, 2]]); // prettier-ignore
    const before = initialControllerState(config, 1);
    expect(before.layers).toEqual([]);
    const { state, output } = stepController(config, params, before, tf.ones([1, 4]));
    expect(state.layers).toEqual([]);
    expect(output.shape).toEqual([1, 5]);
    const f = activation === "relu" ? (x: number) => Math.max(0, x) : Math.tanh;
    const weights = params.layers[0]?.weights.arraySync() ?? [];
    const sums = [0, 1, 2].map((column) => weights.reduce((sum, row) => sum + (row[column] ?? 0), 0));
    expectClose(tf.slice(output, [0, 0], [1, 3]), [sums.map(f)]);
  });
});
