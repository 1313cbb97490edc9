// A branch on a value. In a trace both functions are traced and one equation chooses; outside, one of them is called.

import type { Tensor } from "@tensorflow/tfjs-core";
import { branchesDiffer, notAPredicate } from "../errors.ts";
import type { Graph } from "../graph/graph.ts";
import { bind } from "../trace/apply.ts";
import { currentTrace, typeOf } from "../trace/trace.ts";
import { structureKey, treePaths, treeUnflatten } from "../tree.ts";
import { sameType, showType } from "../type.ts";
import { checkFunction, flattenArguments, traceFunction } from "./traced.ts";

/** `onTrue(...operands)` where the bool scalar `predicate` is true, else `onFalse(...operands)` (`jax.lax.cond`).
 *  Only the branch taken runs; under `vmap` with a mapped predicate both do.
 *  @throws TypeMismatchError where the branches' results differ in structure, shapes or dtypes
 *  @example
 *  const x = tf.tensor1d([-3, 1]);
 *  cond(tf.greater(tf.sum(x), 0), (y: tf.Tensor) => y, (y: tf.Tensor) => tf.neg(y), x); // [3, -1]
 */
export function cond<A extends readonly unknown[], R>(
  predicate: Tensor,
  onTrue: (...operands: A) => R,
  onFalse: (...operands: A) => R,
  ...operands: A
): R {
  checkFunction("cond: onTrue", onTrue);
  checkFunction("cond: onFalse", onFalse);
  if (predicate.dtype !== "bool" || predicate.rank !== 0) throw notAPredicate(showType(typeOf(predicate)));
  if (!currentTrace()) return (predicate.dataSync()[0] ? onTrue : onFalse)(...operands);

  const flat = flattenArguments("cond", operands);
  const leaves = flat.flatMap((arg) => arg.leaves);
  const branch = (name: string, f: (...operands: A) => R) =>
    traceFunction(name, f as unknown as (...args: never[]) => unknown, flat.map((arg) => arg.structure), leaves.map(typeOf)); // prettier-ignore
  const yes = branch("cond: onTrue", onTrue);
  const no = branch("cond: onFalse", onFalse);
  const key = structureKey(yes.structure);
  if (structureKey(no.structure) !== key) throw branchesDiffer("", key, structureKey(no.structure));
  const paths = treePaths(yes.structure);
  yes.graph.outputs.forEach(({ type }, i) => {
    const other = no.graph.outputs[i]!.type;
    if (!sameType(type, other)) throw branchesDiffer(paths[i]!, showType(type), showType(other));
  });

  // Both bodies take both functions' captures, then the operands.
  const ofYes = yes.captures.length;
  const ofNo = no.captures.length;
  const unread = (graph: Graph, from: number, to: number): Graph["inputs"] => graph.inputs.slice(from, to).map(({ type }) => ({ type })); // prettier-ignore
  const results = bind("cond", [predicate, ...yes.captures, ...no.captures, ...leaves], {
    onTrue: {
      ...yes.graph,
      inputs: [...yes.graph.inputs.slice(0, ofYes), ...unread(no.graph, 0, ofNo), ...yes.graph.inputs.slice(ofYes)],
    },
    onFalse: {
      ...no.graph,
      inputs: [...unread(yes.graph, 0, ofYes), ...no.graph.inputs],
    },
  });
  return treeUnflatten(yes.structure, results) as R;
}
