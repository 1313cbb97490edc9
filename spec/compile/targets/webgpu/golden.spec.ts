// Golden vectors on the device: a part of them, since compiling takes long where a processor plays the device.
// `npm run golden -- ../shared/golden` replays them all.

import { join } from "node:path";
import "@tensorflow/tfjs-backend-cpu";
import { describe, expect, it } from "vitest";
import { isResult } from "../../../golden/goldenFile.ts";
import { readGoldenFile } from "../../../golden/readGoldenFile.ts";
import { replayFileOnDevice } from "../../../golden/replayFile.ts";
import { root } from "../../../house/modules.ts";
import { gpu, titled } from "./device.ts";

describe.skipIf(!gpu)(titled("golden vectors on webgpu"), () => {
  it.each(["access_r2_zero", "dnc_momentum_clipped"])("%s", { timeout: 300_000 }, async (name) => {
    const file = readGoldenFile(join(root, `spec/golden/vectors/${name}.safetensors`));
    const report = await replayFileOnDevice(file);
    expect(report.failures).toEqual([]);
    expect(report.comparisons.length).toBe([...file.arrays.keys()].filter(isResult).length);
  });
});
