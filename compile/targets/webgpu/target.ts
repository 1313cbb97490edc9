// The GPU's target: the whole program as a handful of WGSL modules over one buffer.

import { lowerWhole } from "../../program/lower.ts";
import type { Target } from "../target.ts";
import { knownDevice } from "./device.ts";
import { halfWeights } from "./halfWeights.ts";
import { machineOf } from "./machine.ts";
import { scheduleSizes, sizesFor } from "./schedule.ts";
import { WebGPUProgram } from "./webgpu.ts";

export const webgpuTarget: Target = {
  name: "webgpu",
  halves: true,
  compile(graph, { weights }) {
    const device = knownDevice();
    const stored = weights === "float16" ? halfWeights(graph) : graph;
    const program = new WebGPUProgram(lowerWhole(stored), device ? sizesFor(machineOf(device)) : scheduleSizes);
    return { bytes: program.bytes, run: (inputs) => program.run(inputs), submitted: () => program.submitted };
  },
};
