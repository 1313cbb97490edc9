// Reductions. Either the lanes run along a reduced axis, with several vectors of partial results that are combined at the
// end, or along a result axis, with one vector of results a register: whichever loads better. The order in which an
// element's terms are combined does not depend on how many results there are: threads that share them get the same bits.

import type { Combiner } from "../../graph/graph.ts";
import { axisIndex, type Affine, type Scalar } from "../../kernels/scalar.ts";
import { sizeOf, type DType } from "../../type.ts";
import { emitHorizontal, emitTogether, newAccumulator, newProductAccumulator } from "./accumulate.ts";
import { mergeAxes, type Level } from "../../kernels/axes.ts";
import type { Local } from "./code.ts";
import { unrollFor, type KernelOf } from "./emitMap.ts";
import type { KernelContext } from "./kernelContext.ts";
import type { Side } from "./inThree.ts";
import { Nest } from "./nest.ts";
import { affinesOf, flatten, Nodes, type Node } from "../../kernels/nodes.ts";
import type { Arithmetic } from "./productTile.ts";
import { settledAlong } from "./settled.ts";

/** A sum of products: which way lanes run is given, one vector of partial results, multiplication and addition as one. */
export interface ProductSum {
  readonly along: boolean;
  readonly arithmetic: Arithmetic;
}

/** Vectors of partial results where lanes run along a reduced axis, products apart: a sweep takes as many. */
export const partialSums = 2;

/** Sums of more terms are taken in pieces, and these summed: what is added to a large sum loses digits. */
export const longSum = 4096;
const blocksASettlement = 64;

/** Whether the lanes of a reduction run along its innermost reduced axis; null if it reduces nothing. */
export function runsAlong({ form, operands, results }: KernelOf<"reduce">): boolean | null {
  const { shape, reduced, body } = form;
  if (sizeOf(reduced) < 2 || sizeOf(reduced) > longSum || sizeOf(shape) === 0) return null;
  const nodes = new Nodes(operands);
  nodes.intern(body);
  const target = flatten(shape.map((_, axis) => axisIndex(axis)), results[0]!.shape).affine; // prettier-ignore
  const sizes = [...shape, ...reduced];
  return !acrossIsCheaper(nodes, shape.length, mergeAxes(sizes, shape.length, sizes.length, [...affinesOf(nodes), target])); // prettier-ignore
}

/** The factors of terms that are products, to be rounded together with their sum. */
export const factorsOf = (body: Scalar, root: Node, fused: boolean): readonly Node[] | null =>
  fused && body.kind === "binary" && body.contract && root.kind === "apply" && root.fn === "multiply"
    ? root.args
    : null;

export function emitReduce(context: KernelContext, kernel: KernelOf<"reduce">, product?: ProductSum): void {
  const { shape, reduced, body } = kernel.form;
  const result = kernel.results[0]!;
  if (sizeOf(shape) === 0) return;
  const nodes = new Nodes(kernel.operands, { fused: context.fused });
  const root = nodes.intern(body);
  const rank = shape.length;
  const sizes = [...shape, ...reduced];
  const target = flatten(shape.map((_, axis) => axisIndex(axis)), result.shape).affine; // prettier-ignore
  const affines = [...affinesOf(nodes), target];
  const kept = mergeAxes(sizes, 0, rank, affines);
  const inner = mergeAxes(sizes, rank, sizes.length, affines);
  const empty = sizeOf(reduced) === 0;
  const levels = [...kept, ...inner];
  const across = !empty && (product ? !product.along : inner.length === 0 || acrossIsCheaper(nodes, rank, inner));
  const vector = across ? kept.length - 1 : levels.length - 1;
  const factors = factorsOf(body, root, context.fused);
  const inThree =
    across && !product && !factors && levels.length > kept.length ? settledAlong([body], levels.at(-1)!.axis) : null;
  const sides = inThree && {
    between: root,
    below: nodes.intern(inThree.below[0]!),
    above: nodes.intern(inThree.above[0]!),
  };
  const roots = product && root.kind === "apply" ? root.args : (factors ?? (sides ? Object.values(sides) : [root]));
  const nest = new Nest(
    context,
    nodes,
    levels,
    vector,
    empty ? [] : roots.map((node) => ({ node, level: levels.length - 1 })),
  );
  const stream = nest.stream(kernel.operands.length, target);
  nest.start();
  const { combiner } = kernel.form;
  const { dtype } = result;
  const reduction: Reduction = {
    context,
    nest,
    combiner,
    dtype,
    unroll: across ? unrollFor(nest.innerCost(vector), context.wide) : product ? 1 : partialSums,
    accumulator: () => {
      if (product || factors) {
        const arithmetic = product?.arithmetic ?? ({ dtype: "float32", fused: true } as const);
        const { combine, ...rest } = newProductAccumulator(context.code, arithmetic);
        const [x, y] = roots;
        return { ...rest, combine: (u, lanes) => combine(nest.local(x!, u), nest.local(y!, u), lanes) };
      }
      const { combine, ...rest } = newAccumulator(context.code, combiner, dtype);
      return { ...rest, combine: (u, lanes, side) => combine(nest.local(sides?.[side] ?? root, u), lanes) };
    },
    settledAt: inThree?.at ?? null,
    last: empty ? kept.length - 1 : levels.length - 1,
    store: (u, push) => nest.store(stream, u, result.dtype === "bool", push),
  };
  if (across && kept.length > 0) reduceAcross(reduction);
  else if (empty || across || levels.length === 0) reduceSingly(reduction, kept.length, empty);
  else reduceAlong(reduction, kept.length);
}

/** Accumulates the terms of one vector of the block. */
interface TermAccumulator {
  readonly start: () => void;
  readonly combine: (u: number, lanes: number, side: Side) => void;
  readonly finish: () => Local;
}

interface Reduction {
  readonly context: KernelContext;
  readonly nest: Nest;
  readonly combiner: Combiner;
  readonly dtype: DType;
  readonly unroll: number;
  readonly accumulator: () => TermAccumulator;
  /** Where terms change along the innermost level, if they do: see `Settled`. */
  readonly settledAt: Affine | null;
  /** Innermost level. */
  readonly last: number;
  readonly store: (u: number, push: () => void) => void;
}

/** Fewer instructions a vector of terms when the lanes run along the results? The number of results plays no part. */
function acrossIsCheaper(nodes: Nodes, rank: number, inner: readonly Level[]): boolean {
  const loads = nodes.all.filter((node) => node.kind === "load");
  const cost = (axis: number): number =>
    loads.reduce(
      (sum, { affine, terms }) => sum + (Math.abs(affine.coefficients[axis] ?? 0) <= 1 && terms.length === 0 ? 1 : 6),
      1,
    );
  const lastKept = Math.max(
    -1,
    ...loads.map(({ affine }) => affine.coefficients.slice(0, rank).findLastIndex((c) => c !== 0)),
  );
  if (lastKept < 0) return false; // one result, or all alike
  const terms = inner.reduce((n, level) => n * level.size, 1);
  const last = inner.at(-1)!;
  const idleLanes = (Math.ceil(last.size / 4) * 4) / last.size;
  return cost(lastKept) <= cost(last.axis) * idleLanes + 12 / Math.ceil(terms / 4);
}

/** A vector of results for each vector of the block. */
function reduceAcross({ nest, unroll, accumulator, settledAt, last, store }: Reduction): void {
  nest.loops(nest.vector - 1, () =>
    nest.blocks(unroll, (vectors) => {
      const results = Array.from({ length: vectors }, accumulator);
      for (const { start } of results) start();
      const combined = (side: Side): void => results.forEach(({ combine }, u) => combine(u, 4, side));
      if (settledAt) nest.loops(last - 1, () => nest.loopInThree(settledAt, combined));
      else nest.loops(last, () => combined("between"));
      // The last first, as engines that join vectors want it.
      const finished = results.map(({ finish }) => finish());
      for (let u = vectors - 1; u >= 0; u--) store(u, () => nest.code.get(finished[u]!));
    }),
  );
}

/** Partial results in lanes, `kept` levels of results around them. */
function reduceAlong(reduction: Reduction, kept: number): void {
  const { context, nest, combiner, dtype, unroll, accumulator, store } = reduction;
  const terms = nest.levels.slice(kept).reduce((n, { size }) => n * size, 1);
  const long = combiner === "add" && dtype === "float32" && terms > longSum;
  nest.loops(kept - 1, () => {
    const { code } = nest;
    const partial = Array.from({ length: unroll }, accumulator);
    for (const { start } of partial) start();
    const totals = long ? partial.map(() => code.local("v128")) : [];
    const left = code.local("i32");
    for (const total of totals) code.f32Splat(0).set(total);
    const settle = (): void =>
      totals.forEach((total, u) => code.get(total).get(partial[u]!.finish()).op("f32x4.add").set(total));
    if (long) code.i32(blocksASettlement).set(left);
    nest.loops(nest.vector - 1, () =>
      nest.blocks(unroll, (vectors, lanes) => {
        for (let u = 0; u < vectors; u++) partial[u]!.combine(u, lanes, "between");
        if (!long) return;
        code.get(left).i32(-1).op("i32.add").tee(left).op("i32.eqz").op("if");
        settle();
        for (const { start } of partial) start();
        code.i32(blocksASettlement).set(left).op("end");
      }),
    );
    settle();
    const results = long ? totals : partial.map(({ finish }) => finish());
    if (nest.levels.at(-1)!.size % (4 * unroll) === 0) emitTogether(context, results);
    store(0, () => emitHorizontal(code, combiner, dtype, results));
  });
}

/** One result at a time, its terms in turn; or no terms at all. */
function reduceSingly({ nest, accumulator, last, store }: Reduction, kept: number, empty: boolean): void {
  const { start, combine, finish } = accumulator();
  nest.loops(kept - 1, () => {
    start();
    if (!empty) nest.loops(last, () => combine(0, 4, "between"));
    store(0, () => nest.code.get(finish()));
  });
}
