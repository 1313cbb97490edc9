// Runs a program with a clock around each kernel call. The clock is JavaScript's, called from within the module; what
// calling it takes is measured in the same way, with nothing between its two calls, and taken off.

import { makeProfile, type Measured, type Profile } from "../../program/profile.ts";
import type { Program } from "../../program/program.ts";
import type { TypedValues } from "../../type.ts";
import { Code } from "./code.ts";
import { clockType } from "./emitProgram.ts";
import { encodeModule } from "./encode.ts";
import { detectFeatures } from "./features.ts";
import { arena, maximumPages } from "./memory.ts";
import { compileWasm } from "./wasm.ts";

/** Counts calls and sums times of what happens between `tell(kernel)` and `tell(-1)`. */
class Stopwatch {
  readonly calls: Float64Array;
  readonly ms: Float64Array;
  #running = 0;
  #since = 0;

  constructor(kernels: number) {
    this.calls = new Float64Array(kernels);
    this.ms = new Float64Array(kernels);
  }

  readonly tell = (kernel: number): void => {
    if (kernel < 0) this.ms[this.#running]! += performance.now() - this.#since;
    else {
      this.calls[kernel]!++;
      this.#running = kernel;
      this.#since = performance.now();
    }
  };

  reset(): void {
    this.calls.fill(0);
    this.ms.fill(0);
  }
}

/** Milliseconds that the two calls of a clock seem to take between them, and that they take in all. */
function costOfClock(): { readonly between: number; readonly both: number } {
  const rounds = 20_000;
  const code = new Code("nothing", { params: [], results: [] });
  code.for(code.local("i32"), 0, rounds, 1, () => code.i32(0).op("call", 0).i32(-1).op("call", 0));
  const memory = { pages: 1, ...(detectFeatures().threads ? { sharedMaximum: maximumPages } : {}) };
  const bytes = encodeModule({ memory, clock: clockType, funcs: [code.finish()], exports: { main: 1 } });
  const stopwatch = new Stopwatch(1);
  const env = { memory: arena().memory, clock: stopwatch.tell };
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env });
  const main = exports.main as () => void; // as exported above
  let [between, both] = [Infinity, Infinity];
  for (let i = 0; i < 5; i++) {
    stopwatch.reset();
    const begin = performance.now();
    main();
    both = Math.min(both, (performance.now() - begin) / rounds);
    between = Math.min(between, stopwatch.ms[0]! / rounds);
  }
  return { between, both };
}

/** Milliseconds. */
const warmUp = 500;

export function profileWasm(program: Program, inputs: readonly TypedValues[], runs: number): Profile {
  const stopwatch = new Stopwatch(program.kernels.length);
  const { run } = compileWasm(program, detectFeatures(), stopwatch.tell);
  // An engine compiles in haste, and again with care what has run for a while.
  for (let start = performance.now(), i = 0; i < 2 || performance.now() - start < warmUp; i++) run(inputs);
  const { between, both } = costOfClock();
  let best: { readonly measured: readonly Measured[]; readonly ms: number } | undefined;
  for (let i = 0; i < runs; i++) {
    stopwatch.reset();
    const begin = performance.now();
    run(inputs);
    const elapsed = performance.now() - begin;
    const calls = stopwatch.calls.reduce((sum, n) => sum + n, 0);
    const measured = program.kernels.map((_, kernel) => ({
      calls: stopwatch.calls[kernel]!,
      ms: Math.max(0, stopwatch.ms[kernel]! - stopwatch.calls[kernel]! * between),
    }));
    const inKernels = measured.reduce((sum, { ms }) => sum + ms, 0);
    const ms = Math.max(inKernels, elapsed - calls * both);
    if (!best || ms < best.ms) best = { measured, ms };
  }
  return makeProfile(program.kernels, best!.measured, best!.ms, runs);
}
