// Every form of kernel, on the device and interpreted: by one workgroup and by many, narrow and wide.

import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import fc from "fast-check";
import { describe, it } from "vitest";
import { interpretProgram } from "../../../../compile/program/interpret.ts";
import { WebGPUProgram } from "../../../../compile/targets/webgpu/webgpu.ts";
import type { TypedValues } from "../../../../compile/type.ts";
import { kernelCases, type KernelCase } from "../wasm/arbitraryKernel.ts";
import { expectNear } from "../wasm/expectNear.ts";
import { kernelProgram } from "../wasm/kernelProgram.ts";
import { gpu, titled } from "./device.ts";

/** A device may take the smallest numbers for zero. */
const flushed = (values: TypedValues): TypedValues =>
  values instanceof Float32Array ? values.map((x) => (Math.abs(x) < 2 ** -126 ? 0 : x)) : values;

/** A workgroup that most kernels are too small for. */
const wide = { lanes: 128, widest: 128 } as const;

async function agrees({ kernel, inputs: given }: KernelCase): Promise<void> {
  const inputs = given.map(flushed);
  const program = kernelProgram(kernel);
  const expected = interpretProgram(program, inputs);
  const whole = { ...program, buffers: program.buffers.map(({ bytes }) => ({ bytes, loop: -1 })) };
  for (const [small, machine] of [
    [0, {}],
    [Infinity, {}],
    [Infinity, wide],
    [0, { ...wide, subgroups: null }],
  ] as const) {
    const compiled = new WebGPUProgram(whole, { small, round: Infinity, rowRound: Infinity, slice: Infinity, machine });
    const tensors = program.inputs.map(({ type }, i) => tf.tensor(inputs[i]!, [...type.shape], type.dtype));
    const results = compiled.run(tensors);
    for (const [i, result] of results.entries()) expectNear(await result.data(), expected[i]!, 3e-6);
    tf.dispose([...tensors, ...results]);
  }
}

describe.skipIf(!gpu)(titled("kernels on the device do what interpreted ones do"), () => {
  for (const [form, arbitrary] of Object.entries(kernelCases)) {
    it(form, async () => {
      await fc.assert(fc.asyncProperty(arbitrary, agrees), { numRuns: Number(process.env.RUNS ?? 20) });
    });
  }
});
