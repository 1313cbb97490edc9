// The GPU's target: the whole program as a handful of WGSL modules over one buffer.

import { lowerWhole } from "../../program/lower.ts";
import type { Target } from "../target.ts";
import { WebGPUProgram } from "./webgpu.ts";

export const webgpuTarget: Target = {
  name: "webgpu",
  compile(graph) {
    const program = new WebGPUProgram(lowerWhole(graph));
    return { bytes: program.bytes, run: (inputs) => program.run(inputs), submitted: () => program.submitted };
  },
};
