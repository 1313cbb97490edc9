import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { describe, expect, it } from "vitest";
import { random, scan } from "../../../compile/index.ts";
import { dnc } from "../../../src/dnc/dnc.ts";
import type { Cell } from "../../../src/models/cell.ts";
import { lstm, type LstmConfig } from "../../../src/models/lstm.ts";

describe("lstm", () => {
  const cell = lstm({ inputSize: 3, outputSize: 2, hidden: [5, 4] });

  it("maps all layers' outputs to the output", () => {
    const params = cell.init(random.key(0));
    const { state, output } = cell.step(params, cell.initialState(6), tf.ones([6, 3]));
    expect(output.shape).toEqual([6, 2]);
    const all = tf.concat(
      state.controller.layers.map(({ hidden }) => hidden),
      1,
    );
    expect(output.arraySync()).toEqual(tf.matMul(all, params.output.weights).arraySync());
    expect([params, state, state.controller.layers].every(Object.isFrozen)).toBe(true);
  });

  it("refuses an input of another width and options that cannot be", () => {
    expect(() => cell.step(cell.init(random.key(0)), cell.initialState(1), tf.zeros([1, 4]))).toThrow(
      "lstm.step: input has shape [1, 4], expected [B, 3]. Batch first, then inputSize (X = 3) numbers.",
    );
    expect(() => lstm({ inputSize: 3, outputSize: 2, hidden: [] })).toThrow(
      "lstm: hidden: expected the width of each layer",
    );
    expect(() => lstm({ inputSize: 3, outputSize: 0, hidden: [4] })).toThrow(
      "lstm: outputSize: expected a whole number, 1 or more, got 0.",
    );
    const misspelt = { inputSize: 3, outputSize: 2, hiden: [4] } as unknown as LstmConfig;
    expect(() => lstm(misspelt)).toThrow(
      'lstm: unknown option "hiden". Known options: inputSize, outputSize, hidden, biases, clip.',
    );
  });
});

describe("a cell", () => {
  /** Knows of no network: all it asks for is the three functions. */
  function run<P, S>(cell: Cell<P, S>, steps: number): tf.Tensor {
    const params = cell.init(random.key(0));
    let state = cell.initialState(2, { key: random.key(1) });
    const outputs: tf.Tensor[] = [];
    for (let t = 0; t < steps; t++) {
      const next = cell.step(params, state, tf.ones([2, cell.inputSize]));
      state = next.state;
      outputs.push(next.output);
    }
    return tf.stack(outputs);
  }

  it("is what a DNC is, an LSTM, and one of a user's own", () => {
    const sizes = { inputSize: 3, outputSize: 2 };
    const sum: Cell<{ readonly scale: tf.Scalar }, { readonly total: tf.Tensor2D }> = {
      ...sizes,
      init: () => ({ scale: tf.scalar(0.5) }),
      initialState: (batch) => ({ total: tf.zeros([batch, 2]) }),
      step: (params, state, input) => {
        const total = tf.add<tf.Tensor2D>(state.total, tf.mul(params.scale, tf.slice(input, [0, 0], [-1, 2])));
        return { state: { total }, output: total };
      },
    };
    const machine = dnc({
      ...sizes,
      locations: 4,
      wordSize: 3,
      readHeads: 1,
      controller: { kind: "lstm", hidden: [4] },
    });
    expect(run(sum, 4).dataSync()[15]).toBe(2);
    expect(run(lstm({ ...sizes, hidden: [4] }), 4).shape).toEqual([4, 2, 2]);
    expect(run(machine, 4).shape).toEqual([4, 2, 2]);
  });

  it("runs in a scan as it does in a loop", () => {
    const cell = lstm({ inputSize: 3, outputSize: 2, hidden: [4] });
    const params = cell.init(random.key(0));
    const { ys } = scan(
      (state: ReturnType<typeof cell.initialState>, input: tf.Tensor) => {
        const next = cell.step(params, state, input as tf.Tensor2D);
        return { carry: next.state, y: next.output };
      },
      cell.initialState(2),
      tf.ones<tf.Rank>([4, 2, 3]),
    );
    expect(ys.arraySync()).toEqual(run(cell, 4).arraySync());
  });
});
