// Errors of functions on the device, over a sample of all float32, in units in the last place of the exact value. WGSL lets a
// device take denormals for zeros, and assume that there are neither infinities nor NaN: those are counted apart.

import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { describe, expect, it } from "vitest";
import { binary, loadHere, unary, type Scalar, type UnaryFunction } from "../../../../compile/kernels/scalar.ts";
import { scheduleSizes } from "../../../../compile/targets/webgpu/schedule.ts";
import { WebGPUProgram } from "../../../../compile/targets/webgpu/webgpu.ts";
import { tensorType } from "../../../../compile/type.ts";
import { allFloats, ulpError } from "../../kernels/ulps.ts";
import { unaryLimits } from "../../kernels/unaryLimits.ts";
import { kernelProgram } from "../wasm/kernelProgram.ts";
import { gpu, titled } from "./device.ts";

/** `body` of each element, or pair, on the device. */
async function onDevice(body: (...x: Scalar[]) => Scalar, ...xs: readonly Float32Array[]): Promise<Float32Array> {
  const shape = [xs[0]!.length];
  const types = xs.map(() => tensorType(shape));
  const program = kernelProgram({
    name: "f",
    operands: types,
    results: [tensorType(shape)],
    form: { form: "map", shape, body: body(...types.map((_, i) => loadHere(i, 1, "float32"))) },
  });
  const whole = { ...program, buffers: program.buffers.map(({ bytes }) => ({ bytes, loop: -1 })) };
  const tensors = xs.map((x) => tf.tensor1d(x));
  const [result] = new WebGPUProgram(whole, scheduleSizes).run(tensors);
  const values = (await result!.data()) as Float32Array;
  tf.dispose([...tensors, result!]);
  return values;
}

const isDenormal = (x: number): boolean => x !== 0 && Math.abs(x) < 2 ** -126;
/** So small that a term of the result may be a denormal. */
const isTiny = (x: number): boolean => x !== 0 && Math.abs(x) < 2 ** -120;

/** The worst error over finite numbers; and how many infinities and NaN, given or expected, came out as others. */
function errors(
  got: Float32Array,
  reference: (...x: number[]) => number,
  ...xs: readonly Float32Array[]
): { readonly worst: number; readonly at: readonly number[]; readonly special: number } {
  let [worst, at, special] = [0, [] as readonly number[], 0];
  got.forEach((y, i) => {
    const point = xs.map((x) => x[i]!);
    const exact = Math.fround(reference(...point));
    if (point.some(isTiny) || ((isDenormal(exact) || exact === 0) && Math.abs(y) < 2 ** -125)) return;
    if (![...point, exact].every(Number.isFinite)) {
      if (!Object.is(y, exact) && y !== exact) special++;
      return;
    }
    const ulps = ulpError(y, reference(...point));
    if (ulps > worst) [worst, at] = [ulps, [...point, y, exact]];
  });
  return { worst, at, special };
}

const floats = allFloats(40_009);

/** What rounding 1 + x loses is 0 to a compiler that reassociates: so are log1p, and what is made of it, less exact. */
const looser: Readonly<Record<string, number>> = { log_plus_one: 4, asinh: 4, atanh: 4 };

describe.skipIf(!gpu)(titled("functions on the device, over all floats"), () => {
  it.each(Object.entries(unaryLimits))("%s", async (fn, [reference, most]) => {
    const limit = looser[fn] ?? most;
    const { worst, at, special } = errors(await onDevice((x) => unary(fn as UnaryFunction, x), floats), reference, floats); // prettier-ignore
    if (process.env.REPORT) console.log(fn, worst.toFixed(3), at, special);
    expect(worst, `at ${at.join()}`).toBeLessThanOrEqual(limit);
  });

  it("infinities and NaN are what they should be, where the device has them", async () => {
    const specials = Float32Array.of(Infinity, -Infinity, NaN, 0, 1e38, -1e38);
    const has = await onDevice((x) => binary("multiply", x, x), specials);
    if (has[1] !== Infinity || !Number.isNaN(has[2]!)) return;
    for (const [fn, [reference]] of Object.entries(unaryLimits)) {
      const values = await onDevice((x) => unary(fn as UnaryFunction, x), specials);
      expect(errors(values, reference, specials).special, fn).toBe(0);
    }
  });

  it("division", async () => {
    const others = floats.slice().reverse().map((x, i) => (i % 3 === 0 ? x : 1 + (x % 1))); // prettier-ignore
    const quotient = await onDevice((x, y) => binary("divide", x, y), floats, others);
    const { worst, at, special } = errors(quotient, (x, y) => x! / y!, floats, others);
    if (process.env.REPORT) console.log("divide", worst.toFixed(3), at, special);
    expect(worst, `at ${at.join()}`).toBeLessThanOrEqual(2.5);
  });
});
