import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { treeLeaves } from "../../../compile/index.ts";
import { checkDncConfig, interfaceSize, type DncConfig } from "../../../src/dnc/config.ts";
import { interfaceColumns, parseInterface } from "../../../src/dnc/interface.ts";
import { expectClose, isFinite } from "./closeTo.ts";

const given: DncConfig = {
  inputSize: 3,
  outputSize: 2,
  locations: 4,
  wordSize: 2,
  readHeads: 2,
  controller: { kind: "lstm", hidden: [6] },
};
const config = checkDncConfig(given);
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const oneplus = (x: number): number => 1 + Math.log1p(Math.exp(x));

describe("interfaceColumns", () => {
  it("follow each other in the paper's order and fill the vector", () => {
    const columns = Object.entries(interfaceColumns(config));
    expect(columns.map(([name]) => name)).toEqual([
      "readKeys", "readStrengths", "writeKeys", "writeStrengths", "eraseVectors", "writeVectors",
      "freeGates", "allocationGates", "writeGates", "readModes",
    ]); // prettier-ignore
    let end = 0;
    for (const [, [begin, size]] of columns) {
      expect(begin).toBe(end);
      end += size;
    }
    expect(end).toBe(interfaceSize(config));
  });
});

describe("parseInterface", () => {
  it("cuts the vector and brings each part into its range", () => {
    const xi = Array.from({ length: interfaceSize(config) }, (_, i) => i / 10);
    const parts = parseInterface(config, tf.tensor2d([xi]));
    expectClose(parts.readKeys, [[[0, 0.1], [0.2, 0.3]]]); // prettier-ignore
    expectClose(parts.readStrengths, [[oneplus(0.4), oneplus(0.5)]]);
    expectClose(parts.writeKeys, [[[0.6, 0.7]]]);
    expectClose(parts.writeStrengths, [[oneplus(0.8)]]);
    expectClose(parts.eraseVectors, [[[sigmoid(0.9), sigmoid(1)]]]);
    expectClose(parts.writeVectors, [[[1.1, 1.2]]]);
    expectClose(parts.freeGates, [[sigmoid(1.3), sigmoid(1.4)]]);
    expectClose(parts.allocationGates, [[sigmoid(1.5)]]);
    expectClose(parts.writeGates, [[sigmoid(1.6)]]);
    const e = [0, 0.1, 0.2].map(Math.exp); // A softmax sees differences alone.
    const modes = e.map((x) => x / e.reduce((a, b) => a + b));
    expectClose(parts.readModes.backward, [[[modes[0] ?? 0], [modes[0] ?? 0]]]);
    expectClose(parts.readModes.content, [[modes[1] ?? 0, modes[1] ?? 0]]);
    expectClose(parts.readModes.forward, [[[modes[2] ?? 0], [modes[2] ?? 0]]]);
  });
  it("stays finite for numbers that are huge", () => {
    for (const size of [1e4, -1e4]) {
      const parts = parseInterface(config, tf.fill([1, interfaceSize(config)], size));
      expect(treeLeaves(parts).every(isFinite)).toBe(true);
    }
  });
  it("has one read mode more each way for each further write head", () => {
    const two = checkDncConfig({ ...given, writeHeads: 2 });
    const { readModes, eraseVectors } = parseInterface(two, tf.zeros([3, interfaceSize(two)]));
    expect([readModes.backward.shape, readModes.content.shape, readModes.forward.shape]).toEqual([[3, 2, 2], [3, 2], [3, 2, 2]]); // prettier-ignore
    expect(eraseVectors.shape).toEqual([3, 2, 2]);
    expect(readModes.content.dataSync()[0]).toBeCloseTo(1 / 5);
  });
});
