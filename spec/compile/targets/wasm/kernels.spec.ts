// Every form of kernel, compiled and interpreted: the same bits where an element is computed alone, the same up to
// rounding where the order of a sum is the target's. For registers of both widths.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { interpretProgram } from "../../../../compile/program/interpret.ts";
import { detectFeatures } from "../../../../compile/targets/wasm/features.ts";
import { compileWasm } from "../../../../compile/targets/wasm/wasm.ts";
import { kernelCases, type KernelCase } from "./arbitraryKernel.ts";
import { expectNear, plain } from "./expectNear.ts";
import { kernelProgram } from "./kernelProgram.ts";

const exactForms = new Set(["map", "pieces", "sort", "scatter"]);

function agrees({ kernel, inputs }: KernelCase): void {
  const program = kernelProgram(kernel);
  const expected = interpretProgram(program, inputs);
  for (const wide of [false, true]) {
    const actual = compileWasm(program, { ...detectFeatures(), wide }).run(inputs);
    if (exactForms.has(kernel.form.form)) expect(actual.map(plain)).toEqual(expected.map(plain));
    else actual.forEach((values, i) => expectNear(values, expected[i]!, 2e-6));
  }
}

describe("compiled kernels do what interpreted ones do", () => {
  for (const [form, arbitrary] of Object.entries(kernelCases)) {
    it(form, () => {
      fc.assert(fc.property(arbitrary, agrees), { numRuns: Number(process.env.RUNS ?? 300) });
    });
  }
});
