// How a function is treated when it is differentiated: recomputed, stopped, or by its author's own rule.

import * as tf from "@tensorflow/tfjs-core";
import { cotangentCount, notARecord, structuresDiffer, tangentDiffers } from "../errors.ts";
import type { Graph } from "../graph/graph.ts";
import { GraphBuilder } from "../graph/build.ts";
import { typesOf } from "../primitives/primitive.ts";
import { bind } from "../trace/apply.ts";
import { currentTrace, typeOf } from "../trace/trace.ts";
import { structureKey, treeFlatten, treeMap, treePaths, treeUnflatten, type TreeStructure } from "../tree.ts";
import { sameType, showType } from "../type.ts";
import { checkFunction, flattenArguments, nameOf, traceFunction } from "./traced.ts";

/** `f`, which keeps only its arguments for the backward pass and runs again there (`jax.checkpoint`): memory for time.
 *  @example
 *  const layer = (x: tf.Tensor) => tf.tanh(tf.exp(x));
 *  grad((x: tf.Tensor) => tf.sum(checkpoint(layer)(x)))(tf.ones([3]));
 */
export function checkpoint<A extends readonly unknown[], R>(f: (...args: A) => R): (...args: A) => R {
  const name = nameOf("checkpoint", f);
  checkFunction(name, f);
  return (...args) => {
    if (!currentTrace()) return f(...args);
    const flat = flattenArguments(name, args);
    const leaves = flat.flatMap((arg) => arg.leaves);
    const traced = traceFunction(name, f as unknown as (...args: never[]) => unknown, flat.map((arg) => arg.structure), leaves.map(typeOf)); // prettier-ignore
    const results = bind("checkpoint", [...traced.captures, ...leaves], { body: traced.graph });
    return treeUnflatten(traced.structure, results) as R;
  };
}

/** The tree itself, a constant to differentiation (`jax.lax.stop_gradient`). */
export function stopGradient<T>(tree: T): T {
  return treeMap((leaf) => bind("stop_gradient", [leaf], {})[0]!, tree);
}

/** `f` with a derivative of its own (`jax.custom_vjp`). No gradient flows to what the functions close over.
 *  @param forward `(...args) -> { value, residuals }`, run in place of `f` where it is differentiated
 *  @param backward `(residuals, cotangent) -> cotangents`, one an argument, of its structure; null for a zero one
 *  @example
 *  const clipGradient = customVjp(
 *    (x: tf.Tensor) => x,
 *    (x) => ({ value: x, residuals: null }),
 *    (_, ct) => [tf.clipByValue(ct, -1, 1)],
 *  );
 *  grad((x: tf.Tensor) => tf.mul(clipGradient(x), 5))(tf.scalar(2)); // 1
 */
export function customVjp<A extends readonly unknown[], R, S>(
  f: (...args: A) => R,
  forward: (...args: A) => { readonly value: R; readonly residuals: S },
  backward: (residuals: S, cotangent: R) => { readonly [K in keyof A]: A[K] | null },
): (...args: A) => R {
  const name = nameOf("customVjp", f);
  for (const g of [f, forward, backward]) checkFunction(name, g);
  return (...args) => {
    if (!currentTrace()) return f(...args);
    const flat = flattenArguments(name, args);
    const leaves = flat.flatMap((arg) => arg.leaves);
    const structures = flat.map((arg) => arg.structure);
    const types = leaves.map(typeOf);
    const primal = traceFunction(name, f as unknown as (...args: never[]) => unknown, structures, types);

    let valueStructure: TreeStructure | undefined;
    let residualStructure: TreeStructure | undefined;
    const ahead = traceFunction(
      `${name}: forward`,
      (...tracers: never[]) => {
        const result: unknown = forward(...(tracers as unknown as A));
        if (typeof result !== "object" || result === null || !("value" in result) || !("residuals" in result)) {
          throw notARecord(name, "forward", "{ value, residuals }", result);
        }
        const value = treeFlatten(result.value, `${name}: forward's value`);
        const residuals = treeFlatten(result.residuals, `${name}: forward's residuals`);
        [valueStructure, residualStructure] = [value.structure, residuals.structure];
        return [...value.leaves, ...residuals.leaves];
      },
      structures,
      types,
    );
    const key = structureKey(primal.structure);
    if (structureKey(valueStructure!) !== key) {
      throw structuresDiffer(name, "forward's value", key, structureKey(valueStructure!));
    }
    const count = primal.graph.outputs.length;
    const residualTypes = typesOf(ahead.graph.outputs.slice(count));
    const back = traceFunction(
      `${name}: backward`,
      (residuals: never, ct: never) => checkCotangents(name, backward(residuals, ct), structures, types),
      [residualStructure!, primal.structure],
      [...residualTypes, ...typesOf(primal.graph.outputs)],
    );

    // All three take all three's captures; the way back gets its own as residuals and gives zeros to the captures.
    const captures = [...primal.captures, ...ahead.captures, ...back.captures];
    const captureTypes = captures.map(typeOf);
    const own = (graph: Graph, before: number, own: number): Graph => ({
      ...graph,
      inputs: [
        ...captureTypes.slice(0, before).map((type) => ({ type })),
        ...graph.inputs.slice(0, own),
        ...captureTypes.slice(before + own).map((type) => ({ type })),
        ...graph.inputs.slice(own),
      ],
    });
    const body = own(primal.graph, 0, primal.captures.length);
    const forwardGraph = own(ahead.graph, primal.captures.length, ahead.captures.length);
    const backCaptures = captures.length - back.captures.length;
    const b = new GraphBuilder();
    const backward_ = b.subgraph(
      [...captureTypes.slice(backCaptures), ...residualTypes, ...typesOf(primal.graph.outputs)],
      (inner, inputs) => [...captureTypes.map((type) => inner.zeros(type)), ...inner.inline(back.graph, inputs)],
    );
    const results = bind("custom_vjp", [...captures, ...leaves], {
      body,
      forward: {
        ...forwardGraph,
        outputs: [
          ...forwardGraph.outputs.slice(0, count),
          ...forwardGraph.inputs.slice(backCaptures, captures.length),
          ...forwardGraph.outputs.slice(count),
        ],
      },
      backward: backward_,
    });
    return treeUnflatten(primal.structure, results) as R;
  };
}

/** The leaves of the cotangents that `backward` returned, zeros for null. */
function checkCotangents(
  name: string,
  result: unknown,
  structures: readonly TreeStructure[],
  types: ReturnType<typeof typesOf>,
): ReturnType<typeof treeFlatten>["leaves"] {
  if (!Array.isArray(result) || result.length !== structures.length)
    throw cotangentCount(name, structures.length, result);
  let at = 0;
  return structures.flatMap((structure, n) => {
    const paths = treePaths(structure);
    const expected = types.slice(at, (at += paths.length));
    if (result[n] === null) return expected.map(({ shape, dtype }) => tf.zeros([...shape], dtype));
    const flat = treeFlatten(result[n], `${name}: backward's cotangent ${n}`);
    if (structureKey(flat.structure) !== structureKey(structure)) {
      throw structuresDiffer(name, `backward's cotangent ${n}`, structureKey(structure), structureKey(flat.structure));
    }
    flat.leaves.forEach((leaf, i) => {
      if (!sameType(typeOf(leaf), expected[i]!)) {
        throw tangentDiffers(
          name,
          `backward's cotangent ${n}${paths[i]!}`,
          showType(expected[i]!),
          showType(typeOf(leaf)),
        );
      }
    });
    return flat.leaves;
  });
}
