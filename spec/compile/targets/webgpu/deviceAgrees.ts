// The law of the target `webgpu`: a random program computes on the device what its graph means, however it is scheduled.

import * as tf from "@tensorflow/tfjs-core";
import { inlineCalls } from "../../../../compile/passes/inlineCalls.ts";
import { optimise } from "../../../../compile/passes/index.ts";
import { lowerWhole } from "../../../../compile/program/lower.ts";
import { scheduleSizes, type Sizes } from "../../../../compile/targets/webgpu/schedule.ts";
import { WebGPUProgram } from "../../../../compile/targets/webgpu/webgpu.ts";
import type { Operand } from "../../../../properties/arbitraries/operand.ts";
import type { Program } from "../../../../properties/arbitraries/programText.ts";
import { expectClose } from "../../../../properties/laws/expectClose.ts";
import { withGraph } from "../../../../properties/laws/pass.ts";
import { run } from "../../../../properties/laws/primitive.ts";
import { valuesAs } from "../../../../compile/targets/wasm/backend.ts";

/** As it is, and with a row's buffers in the workgroup's memory; everything by many workgroups and loops in slices of one
 *  round; the same by wide workgroups with little memory and no subgroups; everything by the host. */
const schedules: Readonly<Record<string, Sizes>> = {
  usual: scheduleSizes,
  near: { ...scheduleSizes, machine: { near: true } },
  sliced: { small: 0, round: Infinity, rowRound: Infinity, slice: 0, most: 1, machine: { near: true } },
  scarce: { small: Infinity, round: Infinity, rowRound: Infinity, slice: 0, most: 1, machine: { near: true, memory: 640, lanes: 64, widest: 64, subgroups: null } }, // prettier-ignore
  byHost: { small: 0, round: 0, rowRound: 0, slice: Infinity },
};

/** Twice each, since the second run finds what the first one left. */
export async function deviceAgrees({ graph, inputs }: Program, tolerance: number): Promise<void> {
  const expected = run(graph, inputs);
  for (const [name, sizes] of Object.entries(schedules)) {
    const lowered = name === "sliced" ? inlineCalls(graph) : optimise(graph);
    const program = new WebGPUProgram(lowerWhole(lowered), sizes);
    const tensors = inputs.map(({ type, values }) => tf.tensor(values, [...type.shape], type.dtype));
    for (let time = 0; time < 2; time++) {
      const results = program.run(tensors);
      const actual: Operand[] = [];
      for (const [i, result] of results.entries()) {
        const { type } = expected[i]!;
        actual.push({ type, values: valuesAs(type.dtype, await result.data()) });
      }
      tf.dispose(results);
      withGraph(lowered, () => expectClose(`webgpu, ${name}`, actual, expected, tolerance));
    }
    tf.dispose(tensors);
  }
}
