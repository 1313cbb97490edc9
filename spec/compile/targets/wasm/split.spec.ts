// Threads share the rows of a kernel: a part of the rows must give the same bits as all of them together.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rowsOf, withRows } from "../../../../compile/program/rows.ts";
import { load, type Affine } from "../../../../compile/kernels/scalar.ts";
import { compileWasm } from "../../../../compile/targets/wasm/wasm.ts";
import { sizeOf } from "../../../../compile/type.ts";
import {
  contractCase,
  mapCase,
  reduceCase,
  runningCase,
  scatterRowsCase,
  sortCase,
  type KernelCase,
} from "./arbitraryKernel.ts";
import { kernelProgram } from "./kernelProgram.ts";

/** Data whose sums round: any change of order shows. */
const noise = (length: number, seed: number): Float32Array => {
  let state = seed;
  return Float32Array.from({ length }, () => (state = (Math.imul(state, 1664525) + 1013904223) | 0) / 2 ** 28);
};

function splits({ kernel, inputs }: KernelCase): void {
  const rows = rowsOf(kernel);
  fc.pre(rows !== null);
  const data = inputs.map((values, i) => (values instanceof Float32Array ? noise(values.length, i + 1) : values));
  const whole = compileWasm(kernelProgram(kernel)).run(data);
  for (const parts of [2, 3]) {
    const count = Math.ceil(rows.count / parts);
    for (let first = 0; first < rows.count; first += count) {
      const part = withRows(kernel, rows, Math.min(count, rows.count - first), first);
      const operands = part.operands.map((_, i) => data[i]!.subarray((first * rows.operands[i]!) / 4));
      const own = kernelProgram(part);
      // An operand may be longer than the part's type says: its rows lie apart.
      let start = 0;
      const buffers = own.buffers.map((buffer, i) => {
        const bytes = 4 * Math.max(buffer.bytes / 4, operands[i]?.length ?? 0);
        start += Math.ceil(bytes / 64) * 64;
        return { start: start - Math.ceil(bytes / 64) * 64, bytes };
      });
      const padded = operands.map((values, i) => {
        const size = sizeOf(part.operands[i]!.shape);
        const out = new (values.constructor as Float32ArrayConstructor)(size);
        out.set(values.subarray(0, size) as Float32Array);
        return out;
      });
      const results = compileWasm({ ...own, buffers, bytes: start }).run(padded);
      results.forEach((values, r) => {
        const from = (first * rows.results[r]!) / 4;
        expect(Array.from(values)).toEqual(Array.from(whole[r]!.subarray(from, from + values.length)));
      });
    }
  }
}

describe("parts of the rows give the bits of all", () => {
  for (const [form, arbitrary] of Object.entries({
    map: mapCase,
    reduce: reduceCase,
    contract: contractCase,
    running: runningCase,
    sort: sortCase,
    scatter: scatterRowsCase,
  })) {
    it(form, () => {
      fc.assert(fc.property(arbitrary, splits), { numRuns: Number(process.env.RUNS ?? 200) });
    });
  }

  const float = (...shape: number[]) => ({ shape, dtype: "float32" }) as const;
  /** A map of `[6, 3, 8]` that loads at these indices of its one operand. */
  const gathered = (operand: readonly number[], index: readonly Affine[]): KernelCase => ({
    kernel: {
      name: "gathered",
      form: { form: "map", shape: [6, 3, 8], body: load(0, index, "float32") },
      operands: [float(...operand)],
      results: [float(6, 3, 8)],
    },
    inputs: [new Float32Array(sizeOf(operand))],
  });
  const affine = (...coefficients: number[]): Affine => ({ offset: 0, coefficients });

  it("where a row takes several positions of an operand's axis", () => {
    splits(gathered([3, 48], [affine(0, 1, 0), affine(8, 0, 1)]));
    splits(gathered([144], [affine(24, 8, 1)])); // its first axis
    splits(gathered([150], [affine(25, 8, 1)])); // some are left out
  });

  it("not where rows take positions in common, or begin beyond the first", () => {
    const rows = (operand: readonly number[], ...index: Affine[]): unknown => rowsOf(gathered(operand, index).kernel);
    expect(rows([144], affine(24, 8, 1))).not.toBeNull();
    expect(rows([143], affine(23, 8, 1))).toBeNull();
    expect(rows([168], { offset: 24, coefficients: [24, 8, 1] })).toBeNull();
    expect(rows([144], { offset: 143, coefficients: [-24, -8, -1] })).toBeNull();
  });
});
