import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { jit, random, treeLeaves } from "../../../compile/index.ts";
import { dnc } from "../../../src/dnc/dnc.ts";
import type { DncParams } from "../../../src/dnc/params.ts";
import { memoryTrace } from "../../../src/inspect/memoryTrace.ts";
import { unroll, type Unrolled } from "../../../src/inspect/unroll.ts";

const machine = dnc({
  inputSize: 3,
  outputSize: 2,
  locations: 5,
  wordSize: 4,
  readHeads: 2,
  writeHeads: 2,
  controller: { kind: "lstm", hidden: [6] },
  bypassDropout: 0.5,
});
const [T, B] = [4, 3];
const params = machine.init(random.key(0) as tf.Tensor1D);
const input = random.normal(random.key(1), [T, B, 3]) as tf.Tensor3D;

describe("unroll", () => {
  const unrolled = unroll(machine, params, input);

  it("keeps what each step of the sequence did", () => {
    let state = machine.initialState(B);
    for (let t = 0; t < T; t++) {
      const x = tf.squeeze<tf.Tensor2D>(tf.slice(input, [t, 0, 0], [1, -1, -1]), [0]);
      const step = machine.observe(params, state, x);
      state = step.state;
      const expected = {
        output: step.output,
        memory: state.memory.memory,
        usage: state.memory.usage,
        writeWeightings: state.memory.writeWeightings,
        readWeightings: state.memory.readWeightings,
        allocation: step.addressing.allocation,
        writeContent: step.addressing.writeContent,
        readContent: step.addressing.readContent,
        freeGates: step.interface.freeGates,
        allocationGates: step.interface.allocationGates,
        writeGates: step.interface.writeGates,
      };
      for (const [name, tensor] of Object.entries(expected)) {
        const all = unrolled[name as keyof typeof expected] as tf.Tensor;
        expect(all.shape, name).toEqual([T, ...tensor.shape]);
        const here = tf.slice(all, [t], [1]).dataSync();
        tensor.dataSync().forEach((value, i) => expect(here[i], name).toBeCloseTo(value, 6));
      }
    }
  });

  it("compiles", () => {
    const compiled = jit((p: DncParams, x: tf.Tensor3D) => unroll(machine, p, x))(params, input);
    const shapes = (tree: Unrolled): readonly unknown[] => treeLeaves(tree).map(({ shape }) => shape);
    expect(shapes(compiled)).toEqual(shapes(unrolled));
    // Slots of an empty memory are as good as each other: which is taken hangs on the last bit of a rounding, and with it
    // the weightings. What does not speak of slots is the same.
    const slotless = ({ output, freeGates, allocationGates, writeGates, readModes }: Unrolled): tf.Tensor[] =>
      treeLeaves({ output, freeGates, allocationGates, writeGates, readModes });
    const fast = slotless(compiled);
    slotless(unrolled).forEach((tensor, i) => {
      const numbers = fast[i]!.dataSync();
      tensor.dataSync().forEach((value, j) => expect(numbers[j]).toBeCloseTo(value, 4));
    });
  });
});

describe("memoryTrace", () => {
  it("is one row of the batch as plain numbers, heads first", () => {
    const unrolled = unroll(machine, params, input);
    const mask = tf.tensor2d([0, 0, 0, 0, 1, 0, 1, 1, 0, 1, 1, 1], [T, B]);
    const trace = memoryTrace(unrolled, { row: 1, input, mask, steps: 3 });
    expect(trace.input).toEqual((input.arraySync() as number[][][]).slice(0, 3).map((step) => step[1]));
    expect(trace.asked).toEqual([0, 1, 1]);
    expect([trace.writeWeightings.length, trace.readWeightings.length, trace.readModes.length]).toEqual([2, 2, 2]);
    expect([trace.usage.length, trace.usage[0]?.length]).toEqual([3, 5]);
    expect([trace.freeGates.length, trace.freeGates[0]?.length]).toEqual([2, 3]);
    const weightings = unrolled.readWeightings.arraySync() as number[][][][];
    expect(trace.readWeightings[1]?.[2]).toEqual(weightings[2]?.[1]?.[1]);
    for (const { backward, content, forward } of trace.readModes.flat()) {
      expect(backward + content + forward).toBeCloseTo(1, 5);
    }
    for (const probability of trace.output.flat()) expect(probability > 0 && probability < 1).toBe(true);
    expect(trace.target).toBeUndefined();
  });

  it("reads outputs as the task does", () => {
    const unrolled = unroll(machine, params, input);
    const label = memoryTrace(unrolled, { row: 0, input, outputs: "label" });
    for (const row of label.output) expect(row.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
    const plain = memoryTrace(unrolled, { row: 0, input, outputs: "plain" });
    expect(plain.output[0]).toEqual((unrolled.output.arraySync() as number[][][])[0]?.[0]);
  });
});
