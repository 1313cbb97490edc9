// The whole road: trace, passes, target; once for each structure, shapes, dtypes and static arguments.

import type { Tensor, TypedArray } from "@tensorflow/tfjs-core";
import { wrongArgnum } from "./errors.ts";
import { cannotSave, noHalfWeights, noProfile, unknownTarget, wrongRuns, wrongThreads, wrongWeights } from "./targets/errors.ts"; // prettier-ignore
import { GraphBuilder } from "./graph/build.ts";
import type { Graph } from "./graph/graph.ts";
import { printGraph } from "./graph/print.ts";
import { optimise } from "./passes/index.ts";
import type { Profile, ProfileOptions } from "./program/profile.ts";
import { weightFormats, type Compiled, type Submitted, type Target, type WeightFormat } from "./targets/target.ts";
import { tfjsTarget } from "./targets/tfjs.ts";
import { wasmTarget } from "./targets/wasm/target.ts";
import { webgpuTarget } from "./targets/webgpu/target.ts";
import { availableThreads } from "./targets/wasm/threads.ts";
import { apply } from "./trace/apply.ts";
import { currentTrace, typeOf } from "./trace/trace.ts";
import { checkFunction, flattenArguments, nameOf, traceFunction, type TracedFunction } from "./transforms/traced.ts";
import { structureKey, treeUnflatten, type TreeStructure } from "./tree.ts";
import { showType, type DType, type TypedValues } from "./type.ts";

const targets = { wasm: wasmTarget, tfjs: tfjsTarget, webgpu: webgpuTarget } as const satisfies Record<string, Target>;

export type TargetName = keyof typeof targets;

/** Targets that run anywhere, and whose results can be read at once: all but `webgpu`. */
export const targetNames: readonly Exclude<TargetName, "webgpu">[] = Object.freeze(["wasm", "tfjs"] as const);

export interface JitOptions {
  /** `wasm` (one WebAssembly module for the whole program; the default), `webgpu` (a few dispatches; needs `createWebGPU`, and
   *  results are tensors of the backend `webgpu`, read with `await data()`) or `tfjs` (ops of the current backend). */
  readonly target?: TargetName;
  /** Arguments that are no tensors but known when compiling: a program is compiled for each value they take.
   *  Plain data is compared by its contents, functions and objects of a class by identity. */
  readonly staticArgnums?: readonly number[];
  /** How many threads a `wasm` program may use: the machine's, 8 at most, unless told. Results do not depend on it. */
  readonly threads?: number;
  /** How a `webgpu` program stores the matrices that a loop multiplies by and never changes: `float32`, the default, or
   *  `float16`, half of the bytes to read at every step, forwards and back. Each number is rounded to 11 bits, those beyond 65504 to
   *  that; sums stay float32. Results are further from those of other targets than targets are from each other. */
  readonly weights?: WeightFormat;
}

/** A compiled function: called as the one it was made from. */
export interface Jitted<A extends readonly unknown[], R> {
  (...args: A): R;
  /** How many programs have been compiled so far. */
  readonly programs: number;
  /** Compiles for these arguments without running; tells what came of it. */
  readonly compile: (...args: A) => CompiledInfo;
}

export interface CompiledInfo {
  /** The program before and after the passes. */
  readonly before: Graph;
  readonly after: Graph;
  /** Planned peak of the program's memory, in bytes. */
  readonly memory: number;
  /** Runs the program with these arguments, on one thread, and tells where the time goes: time, floating-point operations
   *  and bytes for each kernel, with the names of the ops in it. Printed as a string it is a table. */
  readonly profile: (options?: ProfileOptions) => Profile;
  /** What the program's last run took on its device; null on targets that have none. */
  readonly submitted: () => Submitted | null;
  /** The program as bytes that `load` makes a function of, in another process, too: tracing and compiling are done. */
  readonly serialize: () => Uint8Array<ArrayBuffer>;
}

interface Entry extends Omit<CompiledInfo, "profile" | "serialize" | "submitted"> {
  readonly compiled: Compiled;
  readonly structure: TreeStructure;
}

/** `f` compiled: traced at its first call with arguments of these shapes and dtypes, run as one program from then on.
 *  Results are ordinary tensors (of the backend `engram-wasm` with the default target) that the caller disposes or tidies.
 *  Tensors that `f` closes over are constants of the program. Within another traced function `f` is inlined.
 *  @throws TypeMismatchError for arguments that are not trees of tensors; what `f` itself throws while traced
 *  @example
 *  const norm = jit((x: tf.Tensor) => tf.sqrt(tf.sum(tf.square(x))));
 *  norm(tf.tensor1d([3, 4])); // 5
 */
export function jit<A extends readonly unknown[], R>(f: (...args: A) => R, options: JitOptions = {}): Jitted<A, R> {
  const name = nameOf("jit", f);
  checkFunction(name, f);
  const {
    target: targetName = "wasm",
    staticArgnums = [],
    threads = Math.min(availableThreads(), 8),
    weights = "float32",
  } = options;
  if (!Number.isInteger(threads) || threads < 1) throw wrongThreads(name, threads);
  if (!Object.hasOwn(targets, targetName)) throw unknownTarget(targetName, Object.keys(targets));
  const target: Target = targets[targetName];
  if (!weightFormats.includes(weights)) throw wrongWeights(name, weights, weightFormats);
  if (weights === "float16" && !target.halves) throw noHalfWeights(name, targetName);
  const programs = new Map<string, Entry>();
  const staticKey = keyOfStatics();

  const prepare = (args: readonly unknown[]) => {
    for (const n of staticArgnums) {
      if (!Number.isInteger(n) || n < 0 || n >= args.length) throw wrongArgnum(name, n, args.length, "staticArgnums");
    }
    const isStatic = (i: number): boolean => staticArgnums.includes(i);
    const flat = flattenArguments(name, args.map((arg, i) => (isStatic(i) ? null : arg))); // prettier-ignore
    const leaves = flat.flatMap((arg) => arg.leaves);
    const traceNow = (): TracedFunction =>
      traceFunction(
        name,
        (...tracers: never[]) => f(...(args.map((arg, i) => (isStatic(i) ? arg : tracers[i])) as unknown as A)),
        flat.map((arg) => arg.structure),
        leaves.map(typeOf),
      );
    const key = (): string =>
      [
        ...flat.map(({ structure }, i) => (isStatic(i) ? staticKey(args[i]) : structureKey(structure))),
        ...leaves.map((leaf) => showType(typeOf(leaf))),
      ].join(";");
    return { flat, leaves, traceNow, key };
  };

  const entryFor = ({ key, traceNow }: ReturnType<typeof prepare>): Entry => {
    const k = key();
    const known = programs.get(k);
    if (known) return known;
    const traced = traceNow();
    const before = closeOver(traced);
    const after = optimise(before);
    const compiled = target.compile(after, { threads, weights });
    const entry: Entry = { before, after, compiled, structure: traced.structure, memory: compiled.bytes };
    programs.set(k, entry);
    return entry;
  };

  const call = (...args: A): R => {
    const prepared = prepare(args);
    if (currentTrace()) {
      const { graph, captures, structure } = prepared.traceNow();
      return treeUnflatten(structure, apply(graph, [...captures, ...prepared.leaves])) as R;
    }
    const { compiled, structure } = entryFor(prepared);
    return treeUnflatten(structure, compiled.run(prepared.leaves)) as R;
  };
  return Object.defineProperties(call, {
    name: { value: name },
    programs: { get: () => programs.size },
    compile: {
      value: (...args: A): CompiledInfo => {
        const prepared = prepare(args);
        const { before, after, memory, compiled, structure } = entryFor(prepared);
        const profile = ({ runs = 5 }: ProfileOptions = {}): Profile => {
          const where = `${name}.compile(…).profile`;
          if (!compiled.profile) throw noProfile(where, targetName);
          if (!Number.isInteger(runs) || runs < 1) throw wrongRuns(where, runs);
          return compiled.profile(prepared.leaves, runs);
        };
        const serialize = (): Uint8Array<ArrayBuffer> => {
          if (!compiled.save) throw cannotSave(`${name}.compile(…).serialize`, targetName);
          const own = prepared.flat.filter((_, i) => !staticArgnums.includes(i));
          return compiled.save({
            name,
            arguments: own.map((arg) => arg.structure),
            types: prepared.leaves.map(typeOf),
            result: structure,
          });
        };
        return { before, after, memory, profile, serialize, submitted: () => compiled.submitted?.() ?? null };
      },
    },
  }) as Jitted<A, R>;
}

/** A key for static arguments: JSON for data, a number for each function or object of a class met. What JSON lacks is
 *  written as a string, which strings themselves, with a letter in front, cannot equal. */
function keyOfStatics(): (value: unknown) => string {
  const met = new Map<unknown, number>();
  const identity = (thing: object | symbol): string => {
    if (!met.has(thing)) met.set(thing, met.size);
    return `#${met.get(thing)!}`;
  };
  const write = (_key: string, value: unknown): unknown => {
    switch (typeof value) {
      case "string":
        return `s${value}`;
      case "number":
        return Object.is(value, -0) ? "-0" : Number.isFinite(value) ? value : String(value);
      case "undefined":
        return "undefined";
      case "bigint":
        return `${value}n`;
      case "function":
      case "symbol":
        return identity(value);
      case "object":
        return isData(value) ? value : identity(value);
      default:
        return value;
    }
  };
  return (value) => `static ${JSON.stringify(value, write)}`;
}

const isData = (value: object | null): value is object | null => {
  if (value === null || Array.isArray(value) || ArrayBuffer.isView(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

/** The graph with its captures as constants. */
function closeOver({ graph, captures }: TracedFunction): Graph {
  if (captures.length === 0) return graph;
  const b = new GraphBuilder();
  const inputs = graph.inputs.slice(captures.length).map(({ type }) => b.input(type));
  const constants = captures.map((tensor) => b.constant(numbersOf(tensor), typeOf(tensor)));
  return b.graph(inputs, b.inline(graph, [...constants, ...inputs]));
}

function numbersOf(tensor: Tensor): TypedValues {
  const values: TypedArray = tensor.dataSync();
  const dtype: DType = typeOf(tensor).dtype;
  switch (dtype) {
    case "float32":
      return Float32Array.from(values);
    case "int32":
      return Int32Array.from(values);
    case "bool":
      return Uint8Array.from(values);
    default:
      return dtype satisfies never;
  }
}

/** The program of a function as text. */
export interface GraphText {
  /** As traced, typed, one value a line. */
  readonly before: string;
  /** After the passes. */
  readonly after: string;
  readonly toString: () => string;
}

/** `graphOf(f)(...examples)`: the program of `f` at arguments like these, before and after the passes.
 *  @example
 *  console.log(String(graphOf((x: tf.Tensor) => tf.sum(tf.mul(x, 2)))(tf.zeros([3]))));
 */
export function graphOf<A extends readonly unknown[]>(
  f: (...args: A) => unknown,
  options: JitOptions = {},
): (...examples: A) => GraphText {
  return (...examples) => {
    const compiled = jit(f, { ...options, target: "tfjs", weights: "float32" }).compile(...examples);
    const before = printGraph(compiled.before);
    const after = printGraph(compiled.after);
    return Object.freeze({ before, after, toString: () => `before passes:\n${before}\n\nafter passes:\n${after}\n` });
  };
}
