// What the transforms share: a function of trees, run through the trace as a function of leaves.

import type { Tensor } from "@tensorflow/tfjs-core";
import { disposedTensor, notAFunction, untraceableDType } from "../errors.ts";
import type { Graph } from "../graph/graph.ts";
import { registerTraceBackend } from "../trace/traceBackend.ts";
import { isTraceable, trace, tracerOf, typeOf } from "../trace/trace.ts";
import { treeFlatten, treePaths, treeUnflatten, type Flattened, type TreeStructure } from "../tree.ts";
import { showType, type TensorType } from "../type.ts";

export interface TracedFunction {
  /** Inputs: captures, then the arguments' leaves. Outputs: the result's leaves. */
  readonly graph: Graph;
  readonly captures: readonly Tensor[];
  readonly structure: TreeStructure;
}

export function checkFunction(name: string, f: unknown): void {
  if (typeof f !== "function") throw notAFunction(name, f);
}

/** Flattens arguments, refusing disposed tensors and dtypes that graphs do not have. */
export function flattenArguments(name: string, args: readonly unknown[]): readonly Flattened[] {
  return args.map((arg, i) => {
    const flat = treeFlatten(arg, `${name}: argument ${i}`);
    flat.leaves.forEach((leaf, n) => {
      tracerOf(leaf.dataId); // a leaked one is disposed as well, but that is not what is wrong with it
      if (!leaf.isDisposed && isTraceable(leaf.dtype)) return;
      const where = `${name}: argument ${i}${treePaths(flat.structure)[n]!}`;
      throw isTraceable(leaf.dtype)
        ? disposedTensor(where, showType(typeOf(leaf)))
        : untraceableDType(where, leaf.dtype);
    });
    return flat;
  });
}

/** Traces `f` at leaves of `types`, put together as `structures`. */
export function traceFunction(
  name: string,
  f: (...args: never[]) => unknown,
  structures: readonly TreeStructure[],
  types: readonly TensorType[],
): TracedFunction {
  registerTraceBackend();
  let structure: TreeStructure | undefined;
  const { graph, captures } = trace(name, types, (leaves) => {
    let next = 0;
    const args = structures.map((s) => {
      const count = countLeaves(s);
      next += count;
      return treeUnflatten(s, leaves.slice(next - count, next));
    });
    const result = treeFlatten(f(...(args as never[])), `${name}: the function's result`);
    structure = result.structure;
    return result.leaves;
  });
  return { graph, captures, structure: structure! };
}

export function countLeaves(structure: TreeStructure): number {
  switch (structure.kind) {
    case "leaf":
      return 1;
    case "none":
      return 0;
    case "list":
      return structure.items.reduce((n, item) => n + countLeaves(item), 0);
    case "record":
      return structure.entries.reduce((n, [, inner]) => n + countLeaves(inner), 0);
    default:
      return structure satisfies never;
  }
}

/** A function's name, for messages. */
export const nameOf = (transform: string, f: unknown): string =>
  typeof f === "function" && f.name ? `${transform}(${f.name})` : transform;
