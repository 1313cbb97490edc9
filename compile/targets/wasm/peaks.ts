// What the machine allows one thread of WebAssembly: arithmetic that waits for nothing, and memory read from one end to the
// other, by loops written with the same code as programs are. A measure for profiles: no kernel does better.

import { Code, type Local } from "./code.ts";
import { encodeModule, type Func } from "./encode.ts";
import { compileModule } from "./engine.ts";
import { detectFeatures } from "./features.ts";
import { arena, firstAddress, maximumPages } from "./memory.ts";

export interface Peaks {
  /** 10⁹ operations a second of SIMD multiply and add, a rounding each. */
  readonly multiplyAdd: number;
  /** The same where the two are one instruction (relaxed SIMD); null where the engine has none. */
  readonly fusedMultiplyAdd: number | null;
  /** For memory of several sizes, 10⁹ bytes a second that are read, and that are read and written in place (each counts). */
  readonly streams: readonly { readonly bytes: number; readonly read: number; readonly update: number }[];
}

/** Independent chains of operations: enough to hide their latency, few enough for the registers, which may hold two. */
const chainsFor = (wide: boolean): number => (wide ? 24 : 12);
const unrolled = 4;
/** Vectors in one round of a stream. */
const width = 8;
const vectorBytes = 16;

/** `arithmetic(rounds)`: `x ← x a + a` in many chains; fused `x ← a a + x`, as products have it, which engines compute in
 *  place. (Apart, `a a` would be computed once.) */
function arithmetic(fused: boolean, chains: number): Func {
  const code = new Code("arithmetic", { params: ["i32"], results: [] });
  const list = Array.from({ length: chains }, () => code.local("v128"));
  const half = code.local("v128");
  code.op("f32.const", 0.5).op("f32x4.splat").set(half);
  code.op("loop");
  for (let u = 0; u < unrolled; u++) {
    for (const x of list) {
      if (fused) code.get(half).get(half).get(x).op("f32x4.relaxed_madd").set(x);
      else code.get(x).get(half).op("f32x4.mul").get(half).op("f32x4.add").set(x);
    }
  }
  code.get(0).i32(-1).op("i32.add").tee(0).op("br_if", 0).op("end");
  store(code, firstAddress, list);
  return code.finish();
}

/** `stream(from, to)`: reads all vectors between; with `update` it writes them back, halved. */
function stream(update: boolean): Func {
  const code = new Code("stream", { params: ["i32", "i32"], results: [] });
  // What is only read takes a register beside the one that it is combined with: an engine may load all vectors first.
  const list = Array.from({ length: update ? width : width / 2 }, () => code.local("v128"));
  const half = code.local("v128");
  code.op("f32.const", 0.5).op("f32x4.splat").set(half);
  code.op("loop");
  for (let i = 0; i < width; i++) {
    const x = list[i % list.length]!;
    code.get(0).op("v128.load", 4, i * vectorBytes);
    if (update) code.get(half).op("f32x4.mul").set(x);
    else code.get(x).op("v128.or").set(x);
  }
  if (update) storeAt(() => code.get(0), list);
  code
    .get(0)
    .i32(width * vectorBytes)
    .op("i32.add")
    .tee(0)
    .get(1)
    .op("i32.lt_u")
    .op("br_if", 0)
    .op("end");
  if (!update) store(code, firstAddress, list);
  return code.finish();
}

/** So that no work is for nothing. */
const store = (code: Code, address: number, list: readonly Local[]): void => storeAt(() => code.i32(address), list); // prettier-ignore

/** Stores vectors side by side, the last first, as engines that join them want it. */
function storeAt(push: () => Code, list: readonly Local[]): void {
  [...list.entries()].reverse().forEach(([i, x]) =>
    push()
      .get(x)
      .op("v128.store", 4, i * vectorBytes),
  );
}

/** The least milliseconds of many calls that take about `call` milliseconds each, once the engine has compiled with care. */
function least(run: () => void): number {
  for (let start = performance.now(), i = 0; i < 3 || performance.now() - start < 300; i++) run();
  let best = Infinity;
  for (let start = performance.now(), i = 0; i < 5 || performance.now() - start < 300; i++) {
    const begin = performance.now();
    run();
    best = Math.min(best, performance.now() - begin);
  }
  return best;
}

/** Measures for about five seconds.
 *  @param sizes of the streams in bytes, multiples of 128; by default what lies in the first cache, in the second, and in neither */
export function measurePeaks(sizes: readonly number[] = [2 ** 14, 2 ** 18, 2 ** 27]): Peaks {
  const features = detectFeatures();
  const memory = arena();
  memory.ensure(firstAddress + Math.max(...sizes));
  memory.owner = null; // constants of programs that lie there are lost
  const chains = chainsFor(features.wide);
  const withFused = features.relaxedMadd ? [arithmetic(true, chains)] : [];
  const funcs = [arithmetic(false, chains), stream(false), stream(true), ...withFused];
  const bytes = encodeModule({
    memory: { pages: 1, ...(features.threads ? { sharedMaximum: maximumPages } : {}) },
    funcs,
    exports: { arithmetic: 0, read: 1, update: 2, ...(features.relaxedMadd ? { fused: 3 } : {}) },
  });
  const instance = new WebAssembly.Instance(compileModule(bytes), { env: { memory: memory.memory } });
  const { exports } = instance as { readonly exports: Readonly<Record<string, (a: number, b?: number) => void>> };

  const rounds = 20_000;
  const flop = rounds * unrolled * chains * 4 * 2;
  const arithmeticOf = (name: string): number => flop / least(() => exports[name]!(rounds)) / 1e6;
  const streamOf = (name: string, size: number): number => {
    const times = Math.max(1, Math.round(2 ** 22 / size)); // short ones are too short for a clock
    const ms = least(() => {
      for (let i = 0; i < times; i++) exports[name]!(firstAddress, firstAddress + size);
    });
    return (times * size) / ms / 1e6;
  };
  return {
    multiplyAdd: arithmeticOf("arithmetic"),
    fusedMultiplyAdd: features.relaxedMadd ? arithmeticOf("fused") : null,
    streams: sizes.map((size) => ({
      bytes: size,
      read: streamOf("read", size),
      update: 2 * streamOf("update", size),
    })),
  };
}
