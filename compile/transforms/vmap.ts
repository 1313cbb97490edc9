// Batching: a function of single examples made a function of a batch of them, by one rule a primitive.

import * as tf from "@tensorflow/tfjs-core";
import { batchSizesDiffer, nothingToMap, wrongAxes, wrongAxis } from "../errors.ts";
import { GraphBuilder } from "../graph/build.ts";
import { withBatchAxis } from "../primitives/primitive.ts";
import { apply } from "../trace/apply.ts";
import { typeOf } from "../trace/trace.ts";
import { treePaths, treeUnflatten, type TreeStructure } from "../tree.ts";
import { showType, type TensorType } from "../type.ts";
import { checkFunction, countLeaves, flattenArguments, nameOf, traceFunction } from "./traced.ts";

/** Which axis of a leaf is mapped: a number (negative from the end), null for none; or a tree of them down to any depth. */
export type Axes = number | null | readonly Axes[] | { readonly [name: string]: Axes };

export interface VmapOptions {
  /** One entry an argument, or one for all; 0 unless told. */
  readonly inAxes?: Axes;
  /** Where the mapped axis of the results goes; 0 unless told. */
  readonly outAxes?: Axes;
}

/** `f` mapped over an axis of its arguments: `vmap(f)(xs)` stacks `f(x)` for every slice x, without a loop.
 *  @throws TypeMismatchError where mapped sizes differ, an axis is out of range, or nothing is mapped
 *  @example
 *  const dot = (x: tf.Tensor, y: tf.Tensor) => tf.dot(x, y);
 *  vmap(dot, { inAxes: [0, null] })(tf.tensor2d([[1, 2], [3, 4]]), tf.tensor1d([1, 10])); // [21, 43]
 */
export function vmap<A extends readonly unknown[], R>(
  f: (...args: A) => R,
  options: VmapOptions = {},
): (...args: A) => R {
  const name = nameOf("vmap", f);
  checkFunction(name, f);
  const { inAxes = 0, outAxes = 0 } = options;
  return (...args) => {
    const flat = flattenArguments(name, args);
    const given = Array.isArray(inAxes) ? (inAxes as readonly Axes[]) : args.map(() => inAxes);
    if (given.length !== args.length) throw wrongAxes(name, "inAxes", `one entry an argument (${args.length})`, given);
    const axes = flat.flatMap(({ structure }, i) => spreadAxes(`${name}: inAxes[${i}]`, given[i]!, structure));
    const leaves = flat.flatMap((arg) => arg.leaves);
    const paths = flat.flatMap(({ structure }, i) => treePaths(structure).map((path) => `argument ${i}${path}`));

    let size: number | undefined;
    let first = "";
    const fronted = leaves.map((leaf, i) => {
      const axis = axes[i]!;
      if (axis === null) return leaf;
      const at = axis < 0 ? axis + leaf.rank : axis;
      if (!Number.isInteger(axis) || at < 0 || at >= leaf.rank)
        throw wrongAxis(name, paths[i]!, axis, showType(typeOf(leaf)));
      const n = leaf.shape[at]!;
      if (size !== undefined && n !== size) throw batchSizesDiffer(name, first, size, paths[i]!, n);
      if (size === undefined) [size, first] = [n, paths[i]!];
      return moveAxis(leaf, at, 0);
    });
    if (size === undefined) throw nothingToMap(name);

    const single = fronted.map((leaf, i): TensorType => {
      const type = typeOf(leaf);
      return axes[i] === null ? type : { shape: type.shape.slice(1), dtype: type.dtype };
    });
    const traced = traceFunction(name, f as unknown as (...args: never[]) => unknown, flat.map((arg) => arg.structure), single); // prettier-ignore
    const b = new GraphBuilder();
    const operands = [...traced.captures, ...fronted];
    const inputs = operands.map((x) => b.input(typeOf(x)));
    const flags = [...traced.captures.map(() => false), ...axes.map((axis) => axis !== null)];
    const mapped = b.batch(traced.graph, inputs, flags, size);
    const outputs = mapped.outputs.map((value, i) => (mapped.batched[i] ? value : withBatchAxis(b, value, size!)));
    const results = apply(b.graph(inputs, outputs), operands);
    const places = spreadAxes(`${name}: outAxes`, outAxes, traced.structure);
    const placed = results.map((result, i) => {
      const axis = places[i]!;
      if (axis === null) throw wrongAxes(name, "outAxes", "a number for every result", outAxes);
      const at = axis < 0 ? axis + result.rank : axis;
      if (!Number.isInteger(axis) || at < 0 || at >= result.rank)
        throw wrongAxis(name, "outAxes", axis, showType(typeOf(result)));
      return moveAxis(result, 0, at);
    });
    return treeUnflatten(traced.structure, placed) as R;
  };
}

function moveAxis(x: tf.Tensor, from: number, to: number): tf.Tensor {
  if (from === to) return x;
  const rest = x.shape.map((_, i) => i).filter((i) => i !== from);
  return tf.transpose(x, [...rest.slice(0, to), from, ...rest.slice(to)]);
}

/** An axis for every leaf of `structure`. */
function spreadAxes(where: string, axes: Axes, structure: TreeStructure): readonly (number | null)[] {
  if (axes === null || typeof axes === "number") return new Array<number | null>(countLeaves(structure)).fill(axes);
  if (structure.kind === "list" && Array.isArray(axes) && axes.length === structure.items.length) {
    return structure.items.flatMap((item, i) => spreadAxes(`${where}[${i}]`, (axes as readonly Axes[])[i]!, item));
  }
  if (structure.kind === "record" && !Array.isArray(axes)) {
    const named = axes as { readonly [name: string]: Axes };
    if (structure.entries.every(([key]) => key in named)) {
      return structure.entries.flatMap(([key, inner]) => spreadAxes(`${where}.${key}`, named[key]!, inner));
    }
  }
  throw wrongAxes(where, "axes", "a number, null, or a tree of the argument's structure", axes);
}
