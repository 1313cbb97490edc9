// Every shape that a docstring of src/dnc states, at sizes that are all different.
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { expect, it } from "vitest";
import { random } from "../../../compile/index.ts";
import * as allocation from "../../../src/dnc/allocation.ts";
import { checkDncConfig, interfaceSize } from "../../../src/dnc/config.ts";
import { contentWeighting, cosineSimilarity } from "../../../src/dnc/content.ts";
import { parseInterface } from "../../../src/dnc/interface.ts";
import * as linkage from "../../../src/dnc/linkage.ts";
import { accessMemory } from "../../../src/dnc/memory.ts";
import { initDncParams } from "../../../src/dnc/params.ts";
import { readVectors, readWeighting } from "../../../src/dnc/read.ts";
import { initialMemoryState } from "../../../src/dnc/state.ts";
import { writeMemory, writeWeighting } from "../../../src/dnc/write.ts";

const [B, N, W, R, H, K, X, Y] = [2, 7, 5, 4, 3, 6, 9, 8];
const config = checkDncConfig({
  inputSize: X,
  outputSize: Y,
  locations: N,
  wordSize: W,
  readHeads: R,
  writeHeads: H,
  controller: { kind: "lstm", hidden: [10, 11] },
  layerNorm: true,
  biases: true,
});

const shapes = (tree: object): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(tree).map(([name, x]) => [name, x instanceof tf.Tensor ? x.shape : shapes(x as object)]),
  );

it("each equation gives the shape it states", () => {
  const memory = tf.ones<tf.Rank.R3>([B, N, W]);
  const usage = tf.ones<tf.Rank.R2>([B, N]);
  const [perWrite, perRead] = [tf.ones<tf.Rank.R3>([B, H, N]), tf.ones<tf.Rank.R3>([B, R, N])];
  const [gates, words] = [tf.ones<tf.Rank.R2>([B, H]), tf.ones<tf.Rank.R3>([B, H, W])];
  const [links, ways] = [tf.ones<tf.Rank.R4>([B, H, N, N]), tf.ones<tf.Rank.R4>([B, R, H, N])];
  const modes = {
    backward: tf.ones<tf.Rank.R3>([B, R, H]),
    content: tf.ones<tf.Rank.R2>([B, R]),
    forward: tf.ones<tf.Rank.R3>([B, R, H]),
  };
  expect(cosineSimilarity(memory, tf.ones([B, K, W])).shape).toEqual([B, K, N]);
  expect(contentWeighting(memory, tf.ones([B, K, W]), tf.ones([B, K])).shape).toEqual([B, K, N]);
  expect(allocation.retention(tf.ones([B, R]), perRead).shape).toEqual([B, N]);
  expect(allocation.nextUsage(usage, perWrite, usage).shape).toEqual([B, N]);
  for (const options of [{ form: "compare" }, { form: "sort" }, { epsilon: 0 }] as const) {
    expect(allocation.allocationWeighting(usage, options).shape).toEqual([B, N]);
    expect(allocation.allocationWeightings(usage, gates, options).shape).toEqual([B, H, N]);
  }
  expect(writeWeighting(perWrite, perWrite, gates, gates).shape).toEqual([B, H, N]);
  expect(writeMemory(memory, perWrite, words, words).shape).toEqual([B, N, W]);
  expect(linkage.nextPrecedence(perWrite, perWrite).shape).toEqual([B, H, N]);
  expect(linkage.nextLinks(links, perWrite, perWrite).shape).toEqual([B, H, N, N]);
  expect(linkage.forwardWeightings(links, perRead).shape).toEqual([B, R, H, N]);
  expect(linkage.backwardWeightings(links, perRead).shape).toEqual([B, R, H, N]);
  expect(readWeighting(modes, ways, perRead, ways).shape).toEqual([B, R, N]);
  expect(readVectors(memory, perRead).shape).toEqual([B, R, W]);
});

it("interface, state and weightings have the shapes they state", () => {
  const xi = parseInterface(config, tf.ones([B, interfaceSize(config)]));
  expect(shapes(xi)).toEqual({
    readKeys: [B, R, W],
    readStrengths: [B, R],
    writeKeys: [B, H, W],
    writeStrengths: [B, H],
    eraseVectors: [B, H, W],
    writeVectors: [B, H, W],
    freeGates: [B, R],
    allocationGates: [B, H],
    writeGates: [B, H],
    readModes: { backward: [B, R, H], content: [B, R], forward: [B, R, H] },
  });
  const before = initialMemoryState(config, B);
  const state = {
    memory: [B, N, W],
    usage: [B, N],
    writeWeightings: [B, H, N],
    precedence: [B, H, N],
    links: [B, H, N, N],
    readWeightings: [B, R, N],
  };
  expect(shapes(before)).toEqual(state);
  expect(shapes(accessMemory(config, before, xi))).toEqual({
    state,
    readVectors: [B, R, W],
    addressing: {
      retention: [B, N],
      allocation: [B, H, N],
      writeContent: [B, H, N],
      readContent: [B, R, N],
      backward: [B, R, H, N],
      forward: [B, R, H, N],
    },
  });
});

it("parameters have the shapes they state", () => {
  const seen = X + R * W;
  expect(shapes(initDncParams(config, random.key(0)))).toEqual({
    controller: {
      layers: {
        0: { weights: [seen + 10, 40], bias: [40] },
        1: { weights: [seen + 11 + 10, 44], bias: [44] },
      },
    },
    norm: { gain: [21], offset: [21] },
    interface: { weights: [21, interfaceSize(config)], bias: [interfaceSize(config)] },
    output: { weights: [21 + R * W, Y], bias: [Y] },
  });
});
