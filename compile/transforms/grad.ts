// Derivatives of functions of trees, in JAX's terms. A function is traced once a call, its graph differentiated by the
// primitives' rules; the result is appended to the trace under way, or computed at once where there is none.

import type { Tensor } from "@tensorflow/tfjs-core";
import { notDifferentiableArgument, notScalar, structuresDiffer, tangentDiffers, wrongArgnum } from "../errors.ts";
import { GraphBuilder } from "../graph/build.ts";
import type { Graph, Value } from "../graph/graph.ts";
import { differentiateBothWays } from "../primitives/twoWays.ts";
import { orZeros, typesOf } from "../primitives/primitive.ts";
import { apply } from "../trace/apply.ts";
import { typeOf } from "../trace/trace.ts";
import { structureKey, treeFlatten, treePaths, treeUnflatten, type Flattened, type TreeStructure } from "../tree.ts";
import { sameType, showType } from "../type.ts";
import { checkFunction, flattenArguments, nameOf, traceFunction } from "./traced.ts";

export interface GradOptions<Argnums extends number | readonly number[] = number> {
  /** Which argument is differentiated by, or which ones; 0 unless told. */
  readonly argnums?: Argnums;
  /** The function returns `{ value, aux }`: `aux` is a tree that is passed on, not differentiated. */
  readonly hasAux?: boolean;
}

/** The gradient's type: the argument's own, or one for each of several. */
export type GradOf<A extends readonly unknown[], N> = N extends readonly number[]
  ? { readonly [K in keyof N]: A[N[K] & keyof A] }
  : N extends number
    ? A[N & keyof A] extends never
      ? A[0]
      : number extends N
        ? A[0]
        : A[N & keyof A]
    : never;

interface Prepared {
  readonly leaves: readonly Tensor[];
  readonly flat: readonly Flattened[];
  readonly graph: Graph;
  readonly captures: readonly Tensor[];
  readonly structure: TreeStructure;
}

function prepare(name: string, f: (...args: never[]) => unknown, args: readonly unknown[]): Prepared {
  checkFunction(name, f);
  const flat = flattenArguments(name, args);
  const leaves = flat.flatMap((arg) => arg.leaves);
  const traced = traceFunction(name, f, flat.map((arg) => arg.structure), leaves.map(typeOf)); // prettier-ignore
  return { leaves, flat, ...traced };
}

/** Flags the leaves of the arguments in `argnums`, behind `captures` that are never differentiated by. */
function flagArguments(name: string, argnums: readonly number[], { flat, captures }: Prepared): readonly boolean[] {
  for (const n of argnums) {
    const arg = flat[n];
    if (!Number.isInteger(n) || !arg) throw wrongArgnum(name, n, flat.length);
    const paths = treePaths(arg.structure);
    arg.leaves.forEach((leaf, i) => {
      if (leaf.dtype !== "float32") throw notDifferentiableArgument(name, n, paths[i]!, showType(typeOf(leaf)));
    });
  }
  return [...captures.map(() => false), ...flat.flatMap((arg, n) => arg.leaves.map(() => argnums.includes(n)))];
}

/** The function's value and its gradient: `valueAndGrad(f)(...args)` is `{ value, grad }`.
 *  @param f returns a float32 scalar, or `{ value, aux }` with `hasAux`
 *  @returns `grad` has the structure, shapes and dtypes of argument `argnums`; an array of such for several
 *  @throws TypeMismatchError where the value is no scalar or an argument is not float32
 *  @example
 *  valueAndGrad((x: tf.Tensor) => tf.sum(tf.square(x)))(tf.tensor1d([1, 2])); // { value: 5, grad: [2, 4] }
 */
export function valueAndGrad<A extends readonly unknown[], V, const N extends number | readonly number[] = 0>(
  f: (...args: A) => { readonly value: Tensor; readonly aux: V },
  options: { readonly argnums?: N; readonly hasAux: true },
): (...args: A) => { readonly value: Tensor; readonly aux: V; readonly grad: GradOf<A, N> };
export function valueAndGrad<A extends readonly unknown[], const N extends number | readonly number[] = 0>(
  f: (...args: A) => Tensor,
  options?: { readonly argnums?: N; readonly hasAux?: false },
): (...args: A) => { readonly value: Tensor; readonly grad: GradOf<A, N> };
export function valueAndGrad(
  f: (...args: never[]) => unknown,
  options: GradOptions<number | readonly number[]> = {},
): (...args: readonly unknown[]) => unknown {
  const name = nameOf("valueAndGrad", f);
  checkFunction(name, f);
  const { argnums = 0, hasAux = false } = options;
  return (...args) => {
    const prepared = prepare(name, f, args);
    const { graph, captures, leaves, flat, structure } = prepared;
    const list = typeof argnums === "number" ? [argnums] : argnums;
    const wanted = flagArguments(name, list, prepared);
    const place = valuePlace(name, structure, hasAux);
    const type = graph.outputs[place]!.type;
    if (type.shape.length !== 0 || type.dtype !== "float32") throw notScalar(name, showType(type));

    const b = new GraphBuilder();
    const inputs = graph.inputs.map(({ type: t }) => b.input(t));
    const linear = b.linearise(graph, inputs, wanted);
    const cts = linear.pullback(graph.outputs.map((_, i) => (i === place ? b.fill(1, []) : null)));
    const grads = inputs.flatMap((value, i) => (wanted[i] ? [orZeros(b, cts[i], value.type)] : []));
    const results = apply(b.graph(inputs, [...linear.outputs, ...grads]), [...captures, ...leaves]);

    const outputs = results.slice(0, graph.outputs.length);
    let at = graph.outputs.length;
    const grad = new Map<number, unknown>();
    flat.forEach(({ structure: s, leaves: own }, n) => {
      if (!list.includes(n)) return;
      grad.set(n, treeUnflatten(s, results.slice(at, at + own.length)));
      at += own.length;
    });
    const gradient = typeof argnums === "number" ? grad.get(argnums) : argnums.map((n) => grad.get(n));
    const value = treeUnflatten(structure, outputs);
    return Object.freeze(hasAux ? { ...(value as object), grad: gradient } : { value, grad: gradient });
  };
}

/** Which output leaf is the scalar to differentiate. */
function valuePlace(name: string, structure: TreeStructure, hasAux: boolean): number {
  if (!hasAux) {
    if (structure.kind !== "leaf") throw structuresDiffer(name, "the function's result", "*", structureKey(structure));
    return 0;
  }
  const entry = structure.kind === "record" ? structure.entries.find(([key]) => key === "value") : undefined;
  if (entry?.[1].kind !== "leaf") {
    throw structuresDiffer(name, "with hasAux, the function's result", "{aux, value: *}", structureKey(structure));
  }
  return treePaths(structure).indexOf(".value");
}

/** The gradient of a scalar function: `grad(f)(...args)` has the structure of argument `argnums` (0 unless told).
 *  With `hasAux`, `{ grad, aux }`.
 *  @throws as `valueAndGrad`
 *  @example
 *  grad((x: tf.Tensor) => tf.sum(tf.square(x)))(tf.tensor1d([1, 2])); // [2, 4]
 */
export function grad<A extends readonly unknown[], V, const N extends number | readonly number[] = 0>(
  f: (...args: A) => { readonly value: Tensor; readonly aux: V },
  options: { readonly argnums?: N; readonly hasAux: true },
): (...args: A) => { readonly grad: GradOf<A, N>; readonly aux: V };
export function grad<A extends readonly unknown[], const N extends number | readonly number[] = 0>(
  f: (...args: A) => Tensor,
  options?: { readonly argnums?: N; readonly hasAux?: false },
): (...args: A) => GradOf<A, N>;
export function grad(
  f: (...args: never[]) => unknown,
  options: GradOptions<number | readonly number[]> = {},
): (...args: readonly unknown[]) => unknown {
  const both = (valueAndGrad as (g: unknown, o: unknown) => (...args: readonly unknown[]) => Both)(f, options);
  return (...args) => {
    const { grad: gradient, aux } = both(...args);
    return options.hasAux ? Object.freeze({ grad: gradient, aux }) : gradient;
  };
}

interface Both {
  readonly grad: unknown;
  readonly aux?: unknown;
}

/** Reverse mode as a function: the value of `f` at `primals`, and `pullback`, which takes a cotangent of the value's
 *  structure to one cotangent a primal (zeros for primals that are not float32). `pullback` may be called any number of times.
 *  @throws TypeMismatchError where a cotangent's structure, shape or dtype is not the value's */
export function vjp<A extends readonly unknown[], R>(
  f: (...args: A) => R,
  ...primals: A
): { readonly value: R; readonly pullback: (cotangent: R) => A } {
  const name = nameOf("vjp", f);
  const prepared = prepare(name, f as (...args: never[]) => unknown, primals);
  const { graph, captures, leaves, flat, structure } = prepared;
  const wants = graph.inputs.map(({ type }, i) => i >= captures.length && type.dtype === "float32");
  const b = new GraphBuilder();
  const ways = differentiateBothWays(b, graph, wants, () => true, () => true); // prettier-ignore
  const operands = [...captures, ...leaves];
  const forward: Graph = { inputs: ways.inputs, equations: ways.forward, outputs: [...ways.outputs, ...ways.kept] };
  const results = apply(forward, operands);
  const kept = results.slice(ways.outputs.length);

  return Object.freeze({
    value: treeUnflatten(structure, results.slice(0, ways.outputs.length)) as R,
    pullback(cotangent: R): A {
      const cts = treeFlatten(cotangent, `${name}: pullback's cotangent`);
      if (structureKey(cts.structure) !== structureKey(structure)) {
        throw structuresDiffer(
          `${name}: pullback`,
          "the cotangent",
          structureKey(structure),
          structureKey(cts.structure),
        );
      }
      checkTypes(`${name}: pullback`, "cotangent", cts, ways.outputs);
      const given = cts.leaves.filter((_, i) => ways.active[i]);
      const back = apply(ways.backward, [...operands, ...kept, ...given]);
      let next = 0;
      return Object.freeze(
        flat.map(
          ({ structure: s, leaves: own }) =>
          treeUnflatten(s, own.map((leaf) => (leaf.dtype === "float32" ? back[next++]! : zerosLike(leaf)))), // prettier-ignore
        ),
      ) as unknown as A;
    },
  });
}

const zerosLike = (x: Tensor): Tensor => {
  const b = new GraphBuilder();
  return apply(b.graph([], [b.zeros(typeOf(x))]), [])[0]!;
};

function checkTypes(where: string, what: string, { leaves, structure }: Flattened, values: readonly Value[]): void {
  const paths = treePaths(structure);
  leaves.forEach((leaf, i) => {
    const expected = values[i]!.type;
    if (!sameType(typeOf(leaf), expected)) {
      throw tangentDiffers(where, `${what}${paths[i]!}`, showType(expected), showType(typeOf(leaf)));
    }
  });
}

/** Forward mode: the value of `f` at `primals` and its derivative along `tangents` (of the primals' structure).
 *  It is the transpose of `vjp`'s pullback, which is linear: one rule a primitive serves both modes.
 *  @throws TypeMismatchError where a tangent's structure, shape or dtype is not its primal's */
export function jvp<A extends readonly unknown[], R>(
  f: (...args: A) => R,
  primals: A,
  tangents: A,
): { readonly value: R; readonly tangent: R } {
  const name = nameOf("jvp", f);
  const prepared = prepare(name, f as (...args: never[]) => unknown, primals);
  const { graph, captures, leaves, structure } = prepared;
  const flatPrimals = treeFlatten(primals, `${name}: primals`);
  const flat = treeFlatten(tangents, `${name}: tangents`);
  if (structureKey(flat.structure) !== structureKey(flatPrimals.structure)) {
    throw structuresDiffer(name, "tangents", structureKey(flatPrimals.structure), structureKey(flat.structure));
  }
  const b = new GraphBuilder();
  const inputs = graph.inputs.map(({ type }) => b.input(type));
  const arguments_ = inputs.slice(captures.length);
  checkTypes(name, "tangents", flat, arguments_);
  const given = arguments_.map(({ type }) => b.input(type));

  const wants = inputs.map(({ type }, i) => i >= captures.length && type.dtype === "float32");
  const cotangentTypes = typesOf(graph.outputs);
  const back = b.subgraph([...typesOf(inputs), ...cotangentTypes], (inner, values) => {
    const linear = inner.linearise(graph, values.slice(0, inputs.length), wants);
    const cts = linear.pullback(values.slice(inputs.length));
    return inputs.flatMap(({ type }, i) => (wants[i] ? [orZeros(inner, cts[i], type)] : []));
  });
  const value = b.inline(graph, inputs);
  const zeros = cotangentTypes.map((type) => b.zeros(type));
  const transposed = b.linearise(
    back,
    [...inputs, ...zeros],
    [...inputs.map(() => false), ...cotangentTypes.map((type) => type.dtype === "float32")],
  );
  const along = transposed.pullback(given.filter((_, i) => wants[captures.length + i]));
  const tangentOut = cotangentTypes.map((type, i) => orZeros(b, along[inputs.length + i], type));
  const results = apply(b.graph([...inputs, ...given], [...value, ...tangentOut]), [
    ...captures,
    ...leaves,
    ...flat.leaves,
  ]);
  const count = graph.outputs.length;
  return Object.freeze({
    value: treeUnflatten(structure, results.slice(0, count)) as R,
    tangent: treeUnflatten(structure, results.slice(count)) as R,
  });
}
