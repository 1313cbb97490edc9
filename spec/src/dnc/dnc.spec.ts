import * as tf from "@tensorflow/tfjs-core";
import { produce } from "immer";
import { describe, expect, it } from "vitest";
import { random, scan, treeLeaves, valueAndGrad } from "../../../compile/index.ts";
import type { DncConfig } from "../../../src/dnc/config.ts";
import { dnc } from "../../../src/dnc/dnc.ts";
import type { DncParams } from "../../../src/dnc/params.ts";
import type { DncState } from "../../../src/dnc/state.ts";
import { expectClose, isFinite } from "./closeTo.ts";

const small: DncConfig = {
  inputSize: 3,
  outputSize: 2,
  locations: 4,
  wordSize: 5,
  readHeads: 2,
  controller: { kind: "lstm", hidden: [6] },
};

const noise = (shape: [number, number], seed: number): tf.Tensor2D => tf.randomNormal(shape, 0, 1, "float32", seed);

/** Whether every record of the tree is frozen; tensors are left alone. */
const isFrozenDeep = (x: unknown): boolean =>
  x instanceof tf.Tensor ||
  typeof x !== "object" ||
  x === null ||
  (Object.isFrozen(x) && Object.values(x).every(isFrozenDeep));

describe("dnc", () => {
  it("is a frozen record of functions and sizes", () => {
    const machine = dnc(small);
    expect(Object.isFrozen(machine)).toBe(true);
    expect([machine.inputSize, machine.outputSize, machine.config.writeHeads]).toEqual([3, 2, 1]);
  });

  it("begins with nothing in memory", () => {
    const state = dnc(small).initialState(2);
    expect(treeLeaves(state).every((leaf) => leaf.dataSync().every((x: number) => x === 0))).toBe(true);
    expect(state.memory.links.shape).toEqual([2, 1, 4, 4]);
    expect(state.readVectors.shape).toEqual([2, 2, 5]);
  });

  it("has the paper's parameters: no biases but the controller's", () => {
    const params = dnc(small).init(random.key(0));
    expect(params.controller.layers[0]?.weights.shape).toEqual([3 + 2 * 5 + 6, 4 * 6]);
    expect(params.interface.weights.shape).toEqual([6, 5 * 2 + 3 * 5 + 5 * 2 + 3]);
    expect(params.output.weights.shape).toEqual([6 + 2 * 5, 2]);
    expect([params.interface.bias, params.output.bias, params.norm]).toEqual([null, null, null]);
  });

  it("draws the same parameters with the same key, others with another, on LeCun's scale", () => {
    const machine = dnc({ ...small, controller: { kind: "lstm", hidden: [64] } });
    const [a, b, c] = [0, 0, 1].map((seed) => machine.init(random.key(seed)).interface.weights.dataSync());
    expect(b).toEqual(a);
    expect(c).not.toEqual(a);
    const deviation = Math.sqrt([...(a ?? [])].reduce((sum, x) => sum + x * x, 0) / (a?.length ?? 1));
    expect(deviation * Math.sqrt(64)).toBeGreaterThan(0.8);
    expect(deviation * Math.sqrt(64)).toBeLessThan(1.05);
  });

  it("leaves its arguments as they were and freezes what it gives", () => {
    const machine = dnc({ ...small, layerNorm: true, biases: true, bypassDropout: 0.5 });
    const params = machine.init(random.key(0));
    const before = machine.initialState(2, { key: random.key(1) });
    const numbers = treeLeaves(before).map((leaf) => [...leaf.dataSync()]);
    const { state, output } = machine.step(params, before, tf.ones([2, 3]));
    expect(treeLeaves(before).map((leaf) => [...leaf.dataSync()])).toEqual(numbers);
    for (const record of [params, before, state]) expect(isFrozenDeep(record)).toBe(true);
    expect(Object.isFrozen(output)).toBe(false);
    expect(Object.keys(state)).toEqual(Object.keys(before));
  });

  it("keeps no tensor but its results", () => {
    const machine = dnc(small);
    const [params, before, input] = [machine.init(random.key(0)), machine.initialState(2), tf.ones<tf.Rank.R2>([2, 3])];
    const count = tf.memory().numTensors;
    const { state } = machine.step(params, before, input);
    expect(tf.memory().numTensors - count).toBe(treeLeaves(state).length + 1);
  });

  it("observes what it steps", () => {
    const machine = dnc(small);
    const [params, before, input] = [machine.init(random.key(0)), machine.initialState(2), noise([2, 3], 1)];
    const [seen, stepped] = [machine.observe(params, before, input), machine.step(params, before, input)];
    expectClose(seen.output, stepped.output.arraySync(), 0);
    expect(seen.addressing.allocation.shape).toEqual([2, 1, 4]);
    expect(seen.interface.freeGates.shape).toEqual([2, 2]);
  });

  it("runs with more locations than it was made with, on the same parameters", () => {
    const params = dnc(small).init(random.key(0));
    const larger = dnc({ ...small, locations: 9 });
    const { state, output } = larger.step(params, larger.initialState(1), tf.ones([1, 3]));
    expect([state.memory.links.shape, output.shape]).toEqual([[1, 1, 9, 9], [1, 2]]); // prettier-ignore
  });

  it("cuts the output where told to, and the controller", () => {
    const machine = dnc({ ...small, clip: 0.01, biases: true });
    const params = produce(machine.init(random.key(0)), (draft) => {
      draft.output.bias = tf.tensor1d([5, -5]);
    });
    const { state, output } = machine.step(params, machine.initialState(1), tf.fill([1, 3], 50));
    const largest = (x: tf.Tensor): number => Math.max(...x.dataSync().map(Math.abs));
    expectClose(output, [[0.01, -0.01]]);
    expect(largest(state.controller.layers[0]?.cell ?? tf.scalar(1))).toBeCloseTo(0.01);
  });
});

const variants: Readonly<Record<string, Partial<DncConfig>>> = {
  "the paper": {},
  "released code": { biases: true, clip: 20, strength: "softplus", usageGradient: "stopped" },
  "three write heads": { writeHeads: 3 },
  "two layers, normalised": { controller: { kind: "lstm", hidden: [4, 3] }, layerNorm: true },
  "feed-forward": { controller: { kind: "feedforward", hidden: [5], activation: "relu" }, bypassDropout: 0.5 },
  "one location, one head, one word": { locations: 1, readHeads: 1, wordSize: 1 },
  "no epsilon in allocation": { usageEpsilon: 0 },
  "free list by sorting": { allocation: "sort" },
};

describe.each(Object.entries(variants))("a sequence of %s", (_, change) => {
  const machine = dnc({ ...small, ...change });
  const params = machine.init(random.key(3));
  const inputs: tf.Tensor = tf.reshape(noise([5 * 2, 3], 2), [5, 2, 3]);
  const loss = (p: DncParams, init: DncState): { value: tf.Scalar; aux: DncState } => {
    const { carry, ys } = scan(
      (state: DncState, input: tf.Tensor) => {
        const next = machine.step(p, state, input as tf.Tensor2D);
        return { carry: next.state, y: next.output };
      },
      init,
      inputs,
    );
    return { value: tf.sum(tf.square(ys)), aux: carry };
  };

  it("keeps weightings, usage and links in their ranges, and trains from zero with finite gradients", () => {
    const init = machine.initialState(2, { key: random.key(4) });
    const { value, aux, grad } = valueAndGrad(loss, { argnums: [0, 1], hasAux: true })(params, init);
    expect(Number.isFinite(value.dataSync()[0])).toBe(true);
    expect(treeLeaves(grad).every(isFinite)).toBe(true);
    const { usage, links, readWeightings, writeWeightings, precedence } = aux.memory;
    for (const x of [usage, links, readWeightings, writeWeightings, precedence]) {
      expect(Math.min(...x.dataSync())).toBeGreaterThanOrEqual(-1e-6);
      expect(Math.max(...x.dataSync())).toBeLessThanOrEqual(1 + 1e-6);
    }
    for (const sums of [
      tf.sum(readWeightings, 2),
      tf.sum(writeWeightings, 2),
      tf.sum(precedence, 2),
      tf.sum(links, 3),
      tf.sum(links, 2),
    ]) {
      expect(Math.max(...sums.dataSync())).toBeLessThanOrEqual(1 + 1e-6);
    }
  });
});

describe("bypass dropout", () => {
  const machine = dnc({ ...small, controller: { kind: "lstm", hidden: [64] }, bypassDropout: 0.25 });
  const maskOf = (state: DncState): number[] => [...(state.bypassMask?.dataSync() ?? [])];

  it("draws a mask a sequence, which the steps keep", () => {
    const state = machine.initialState(8, { key: random.key(0) });
    const mask = maskOf(state);
    expect(new Set(mask.map((x) => x.toFixed(4)))).toEqual(new Set(["0.0000", (4 / 3).toFixed(4)]));
    expect(mask.filter((x) => x === 0).length / mask.length).toBeGreaterThan(0.15);
    expect(mask.filter((x) => x === 0).length / mask.length).toBeLessThan(0.35);
    const next = machine.step(machine.init(random.key(1)), state, tf.ones([8, 3])).state;
    expect(maskOf(next)).toEqual(mask);
  });
  it("drops nothing when not training", () => {
    expect(maskOf(machine.initialState(2)).every((x) => x === 1)).toBe(true);
    expect(maskOf(machine.initialState(2, { key: random.key(0), training: false })).every((x) => x === 1)).toBe(true);
  });
  it("asks for a key", () => {
    expect(() => machine.initialState(2, { training: true })).toThrow(
      "initialState: training with bypassDropout needs a key. " +
        "Pass { key }, a fresh one each sequence (random.split), or { training: false } to evaluate.",
    );
  });
  it("closes the way from controller to output and no other", () => {
    const closed = produce(machine.initialState(1), (draft) => {
      draft.bypassMask = tf.zeros([1, 64]);
    });
    const params = machine.init(random.key(1));
    const [open, shut] = [machine.initialState(1), closed].map((state) => machine.step(params, state, tf.ones([1, 3])));
    expect(open?.output.arraySync()).not.toEqual(shut?.output.arraySync());
    expectClose(shut?.state.memory.memory ?? tf.scalar(0), open?.state.memory.memory.arraySync() ?? 0, 0);
    const [W, reads] = [
      tf.slice(params.output.weights, [64, 0], [10, 2]),
      tf.reshape(shut?.state.readVectors ?? tf.scalar(0), [1, 10]),
    ];
    expectClose(shut?.output ?? tf.scalar(0), tf.matMul<tf.Tensor2D>(reads, W).arraySync());
  });
});

describe("what dnc.step refuses", () => {
  const machine = dnc(small);
  const [params, state] = [machine.init(random.key(0)), machine.initialState(2)];
  it("an input of another width", () => {
    expect(() => machine.step(params, state, tf.zeros([2, 4]))).toThrow(
      "dnc.step: input has shape [2, 4], expected [B, 3]. Batch first, then inputSize (X = 3) numbers.",
    );
  });
  it("a state of another batch size", () => {
    expect(() => machine.step(params, state, tf.zeros([5, 3]))).toThrow(
      "dnc.step: state.memory.memory has shape [2, 4, 5], expected [5, 4, 5]. " +
        "Make the state by initialState(B) of this DNC, B the input's batch size.",
    );
  });
  it("parameters of another configuration", () => {
    const others = dnc({ ...small, outputSize: 7 }).init(random.key(0));
    expect(() => machine.step(others, state, tf.zeros([2, 3]))).toThrow(
      "dnc.step: params.output.weights has shape [16, 7], expected [16, 2]. These parameters are another configuration's.",
    );
  });
});

describe("immer", () => {
  it("alters params and state, shares what it does not, and passes tensors by reference, unfrozen", () => {
    const machine = dnc({ ...small, biases: true });
    const params = machine.init(random.key(0));
    const bias = tf.ones<tf.Rank.R1>([2]);
    const altered = produce(params, (draft) => {
      draft.output.bias = bias;
    });
    expect(altered.output.bias).toBe(bias);
    expect(altered.controller).toBe(params.controller);
    expect(altered.output.weights).toBe(params.output.weights);
    expect([params.output.weights, bias].some((tensor) => Object.isFrozen(tensor))).toBe(false);
    expect(isFrozenDeep(altered)).toBe(true);

    const state = machine.initialState(1);
    const filled = produce(state, (draft) => {
      draft.memory.memory = tf.ones([1, 4, 5]);
    });
    expect(filled.memory.links).toBe(state.memory.links);
    expect(machine.step(altered, filled, tf.zeros([1, 3])).output.shape).toEqual([1, 2]);
  });
});
