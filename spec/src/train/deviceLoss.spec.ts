// A device may go away in the middle of training: another one goes on from the last checkpoint, to the same end.

import "@tensorflow/tfjs-backend-cpu";
import { describe, expect, it } from "vitest";
import { createWebGPU } from "../../../compile/index.ts";
import { copyDefaults, copyExperiment, type CopyLesson } from "../../../src/tasks/copyExperiment.ts";
import type { DncParams } from "../../../src/dnc/params.ts";
import { decodeRun, encodeRun } from "../../../src/train/checkpoint.ts";
import { beginRun, fit, type RunStore } from "../../../src/train/fit.ts";
import type { Run } from "../../../src/train/run.ts";
import { gpu, titled } from "../../compile/targets/webgpu/device.ts";

const sizes = { bits: 2, maxLength: 2, hidden: 6, locations: 4, wordSize: 4, batch: 4 };

/** Keeps runs as bytes, which need no device. */
function storeOfBytes(): { readonly store: RunStore; readonly last: () => Run<DncParams, CopyLesson> } {
  let saved: Uint8Array | null = null;
  return {
    store: { save: async (run) => void (saved = encodeRun(run)), log: () => {} },
    last: () => decodeRun<DncParams, CopyLesson>(saved!),
  };
}

describe.skipIf(!gpu)(titled("training on a device that is lost"), () => {
  it("goes on from its last checkpoint on another one, and learns what it would have learnt", async () => {
    const experiment = copyExperiment({ ...copyDefaults, ...sizes }, { target: "webgpu" });
    const losses = (into: number[]) => ({ onProgress: ({ loss }: { loss: number }) => void into.push(loss) });
    const whole: number[] = [];
    await fit(experiment, beginRun(experiment), { maxSteps: 12, ...losses(whole) });

    const { store, last } = storeOfBytes();
    const before: number[] = [];
    const interrupted = fit(experiment, beginRun(experiment), {
      maxSteps: 12,
      store,
      saveEvery: { steps: 3 },
      onProgress({ step, loss }) {
        before.push(loss);
        if (step === 8) gpu!.device.destroy(); // behind the library's back, as a driver does it
      },
    });
    await expect(interrupted).rejects.toMatchObject({ name: "DeviceError", code: "device-lost" });
    expect(before).toHaveLength(8);

    const another = await createWebGPU();
    try {
      const after: number[] = [];
      const begun = last();
      expect(begun.step).toBe(6);
      const { run, reason } = await fit(experiment, begun, { maxSteps: 12, ...losses(after) });
      expect([run.step, reason]).toEqual([12, "steps"]);
      expect(before).toEqual(whole.slice(0, 8));
      expect(after).toEqual(whole.slice(6));
    } finally {
      another.destroy();
    }
  });
});
