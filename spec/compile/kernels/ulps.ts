// Errors of float32 functions in units in the last place, measured by running them compiled.

import { loadHere, type Scalar } from "../../../compile/kernels/scalar.ts";
import { compileWasm } from "../../../compile/targets/wasm/wasm.ts";
import { tensorType } from "../../../compile/type.ts";
import { kernelProgram } from "../targets/wasm/kernelProgram.ts";

/** A function of float32 tensors of any length that applies `body` to each element (or pair). */
export function compiledFunction(
  operands: number,
  body: (...x: Scalar[]) => Scalar,
): (...xs: Float32Array[]) => Float32Array {
  const length = 1 << 16;
  const types = Array.from({ length: operands }, () => tensorType([length]));
  const loads = types.map((_, operand) => loadHere(operand, 1, "float32"));
  const program = compileWasm(
    kernelProgram({
      name: "f",
      operands: types,
      results: [tensorType([length])],
      form: { form: "map", shape: [length], body: body(...loads) },
    }),
  );
  return (...xs) => {
    const out = new Float32Array(xs[0]!.length);
    for (let start = 0; start < out.length; start += length) {
      const inputs = xs.map((x) => {
        const part = new Float32Array(length);
        part.set(x.subarray(start, start + length));
        return part;
      });
      const [part] = program.run(inputs) as [Float32Array];
      out.set(part.subarray(0, Math.min(length, out.length - start)), start);
    }
    return out;
  };
}

/** Distance of neighbouring float32 at |x|; that of subnormals at least. */
export const ulpAt = (x: number): number => 2 ** (Math.max(Math.floor(Math.log2(Math.abs(x) || 1e-300)), -126) - 23);

/** |actual - expected| in ulps of the expected value; 0 for equal, Infinity where one is NaN or infinite alone. */
export function ulpError(actual: number, expected: number): number {
  const rounded = Math.fround(expected);
  if (Object.is(actual, rounded) || actual === rounded) return 0;
  if (!Number.isFinite(rounded) || !Number.isFinite(actual)) {
    // The last float and infinity are neighbours.
    if (Number.isNaN(rounded) || Number.isNaN(actual) || Math.sign(actual) !== Math.sign(rounded)) return Infinity;
    const limit = 2 ** 128;
    const finite = (x: number): number => (Number.isFinite(x) ? x : Math.sign(x) * limit);
    return Math.abs(finite(actual) - finite(expected)) / 2 ** 104;
  }
  return Math.abs(actual - expected) / ulpAt(expected);
}

/** Float32 of every sign and exponent, infinities and NaN, `step` bit patterns apart. */
export function allFloats(step: number): Float32Array {
  const bits = new Int32Array(Math.ceil(2 ** 32 / step));
  for (let i = 0; i < bits.length; i++) bits[i] = (i * step) | 0;
  return new Float32Array(bits.buffer);
}

export interface Worst {
  readonly ulps: number;
  readonly at: readonly number[];
}

export function worstError(
  f: (...xs: Float32Array[]) => Float32Array,
  reference: (...x: number[]) => number,
  ...xs: Float32Array[]
): Worst {
  const actual = f(...xs);
  let worst: Worst = { ulps: 0, at: [] };
  for (let i = 0; i < actual.length; i++) {
    const point = xs.map((x) => x[i]!);
    const ulps = ulpError(actual[i]!, reference(...point));
    if (ulps > worst.ulps) worst = { ulps, at: [...point, actual[i]!, reference(...point)] };
  }
  return worst;
}
