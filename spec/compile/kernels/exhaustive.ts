// Every float32, all 2^32 of them, through functions of one argument as they are compiled: infinities, NaN, denormals and
// all. Takes minutes a function; a sample of it is in the tests (math.spec.ts).
//
//   npm run exhaustive                            the functions a DNC is made of
//   npm run exhaustive -- sine cosine             others; "all" for all
//   npm run exhaustive -- --step 101 exponential  each 101st float

import { parseArgs } from "node:util";
import { unary, type UnaryFunction } from "../../../compile/kernels/scalar.ts";
import { compiledFunction, ulpError } from "./ulps.ts";
import { unaryLimits } from "./unaryLimits.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { step: { type: "string", default: "1" } },
});
const step = Number(values.step);
const known = Object.keys(unaryLimits) as (keyof typeof unaryLimits)[];
const asked = positionals.length > 0 ? positionals : ["exponential", "log", "tanh", "logistic"];
const names = known.filter((name) => asked.includes(name) || asked.includes("all"));
const unknown = asked.filter((name) => name !== "all" && !(known as string[]).includes(name));
if (unknown.length > 0 || !Number.isInteger(step) || step < 1) {
  console.error(
    `Expected functions among ${known.join(", ")}, and --step 1 or more; got ${process.argv.slice(2).join(" ")}.`,
  );
  process.exit(2);
}

const blockSize = 1 << 20;
const block = new Float32Array(blockSize);
const bits = new Int32Array(block.buffer);
const count = Math.ceil(2 ** 32 / step);

console.log(`${count} float32 each, errors in units in the last place; Node ${process.version}`);
for (const name of names) {
  const [reference, limit] = unaryLimits[name];
  const f = compiledFunction(1, (x) => unary(name as UnaryFunction, x));
  const begin = performance.now();
  let [worst, at, rounded] = [0, NaN, 0];
  for (let first = 0; first < count; first += blockSize) {
    const length = Math.min(blockSize, count - first);
    for (let i = 0; i < length; i++) bits[i] = ((first + i) * step) | 0;
    const results = f(block.subarray(0, length));
    for (let i = 0; i < length; i++) {
      const expected = reference(block[i]!);
      const got = results[i]!;
      if (got === Math.fround(expected) || (got !== got && expected !== expected)) rounded++;
      else {
        const ulps = ulpError(got, expected);
        if (ulps > worst) [worst, at] = [ulps, block[i]!];
      }
    }
  }
  const seconds = ((performance.now() - begin) / 1000).toFixed(0);
  const share = ((100 * rounded) / count).toFixed(2);
  const most = Math.max(worst, rounded > 0 ? 0.5 : 0).toFixed(3);
  const where = Number.isNaN(at) ? "" : ` at ${at}`;
  console.log(`${name.padEnd(24)} ${most} of ${limit}${where}; ${share} % as if rounded once; ${seconds} s`);
  if (worst > limit) process.exitCode = 1;
}
