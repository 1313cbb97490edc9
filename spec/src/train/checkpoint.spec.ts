import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { produce } from "immer";
import { describe, expect, it } from "vitest";
import { decodeRun, encodeParams, encodeRun } from "../../../src/train/checkpoint.ts";
import type { Json, Run } from "../../../src/train/run.ts";
import { readSafetensors, writeSafetensors } from "../../../src/train/safetensors.ts";

interface Params {
  readonly layers: readonly { readonly w: tf.Tensor2D; readonly b: tf.Tensor1D }[];
}

const run = (): Run<Params> => ({
  config: { task: "copy", sizes: [1, 2] },
  seed: 3,
  step: 17,
  lesson: { level: 2, window: [0.1, 1 / 3, 1e-20] },
  learner: {
    params: {
      layers: [
        {
          w: tf.tensor2d([
            [1, -0],
            [1e-40, 3.4e38],
          ]),
          b: tf.tensor1d([0.1, Number.NaN]),
        },
      ],
    },
    optimiser: [{}, { step: tf.scalar(5, "int32"), on: tf.tensor1d([1, 0], "bool"), velocity: null }],
  },
});

describe("a run as bytes", () => {
  it("comes back as it was, bit for bit", () => {
    const bytes = encodeRun(run());
    const back = decodeRun<Params, Json>(bytes);
    const { learner, ...plain } = run();
    const { learner: learnerBack, ...plainBack } = back;
    expect(plainBack).toEqual(plain);
    expect(encodeRun(back)).toEqual(bytes);
    const [layer] = learnerBack.params.layers;
    expect(layer?.w.shape).toEqual([2, 2]);
    expect(new Uint8Array(layer!.w.dataSync().slice().buffer)).toEqual(
      new Uint8Array(learner.params.layers[0]!.w.dataSync().slice().buffer),
    );
    expect(learnerBack.optimiser).toMatchObject([
      {},
      { step: { dtype: "int32" }, on: { dtype: "bool" }, velocity: null },
    ]);
  });

  it("is frozen, and immer changes it without copying its tensors", () => {
    const back = decodeRun<Params, Json>(encodeRun(run()));
    expect(Object.isFrozen(back) && Object.isFrozen(back.learner.params.layers)).toBe(true);
    const later = produce(back, (draft) => void draft.step++);
    expect([back.step, later.step]).toEqual([17, 18]);
    expect(later.learner.params.layers[0]?.w).toBe(back.learner.params.layers[0]?.w);
    expect(Object.isFrozen(later)).toBe(true);
  });

  it("can be read by anyone: tensors by their paths, the rest as JSON", () => {
    const { tensors, metadata } = readSafetensors(encodeRun(run()));
    expect(Object.keys(tensors).sort()).toEqual([
      "optimiser[1].on",
      "optimiser[1].step",
      "params.layers[0].b",
      "params.layers[0].w",
    ]);
    expect(JSON.parse(metadata["run"]!)).toMatchObject({ seed: 3, step: 17 });
  });

  it("says what is wrong with a file that is no run", () => {
    const { tensors, metadata } = readSafetensors(encodeRun(run()));
    expect(() => decodeRun(writeSafetensors(tensors, {}))).toThrow(
      "its format is not named, this version reads engram-run-1",
    );
    const { ["params.layers[0].w"]: _, ...fewer } = tensors;
    expect(() => decodeRun(writeSafetensors(fewer, metadata))).toThrow("the tensor params.layers[0].w is missing");
    expect(() => decodeRun(writeSafetensors(tensors, { ...metadata, run: "{" }))).toThrow("has no run that is JSON");
    expect(() => decodeRun(encodeRun(run()).subarray(0, 100))).toThrow("not a safetensors file");
  });
});

describe("encodeParams", () => {
  it("names tensors by their paths", () => {
    const { tensors, metadata } = readSafetensors(encodeParams(run().learner.params, { step: "17" }));
    expect(Object.keys(tensors).sort()).toEqual(["layers[0].b", "layers[0].w"]);
    expect(metadata).toEqual({ step: "17" });
  });
});
