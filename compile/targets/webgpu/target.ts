// The GPU's target: the whole program as a handful of WGSL modules over one buffer.

import { lowerWhole } from "../../program/lower.ts";
import type { Target } from "../target.ts";
import { knownDevice } from "./device.ts";
import { machineOf } from "./machine.ts";
import { scheduleSizes, sizesFor } from "./schedule.ts";
import { WebGPUProgram } from "./webgpu.ts";

export const webgpuTarget: Target = {
  name: "webgpu",
  compile(graph) {
    const device = knownDevice();
    const program = new WebGPUProgram(lowerWhole(graph), device ? sizesFor(machineOf(device)) : scheduleSizes);
    return { bytes: program.bytes, run: (inputs) => program.run(inputs), submitted: () => program.submitted };
  },
};
