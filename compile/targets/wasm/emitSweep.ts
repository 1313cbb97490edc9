// Sweeps. With products in it a sweep goes in strips of rows that stay in the first cache: first the strip's elements and
// their sums, in one nest of loops, then the products of the strip, in tiles of registers. Without products it is that
// nest alone. Sums over the innermost loop are vectors of partial results, as in a reduction; sums over outer loops are
// taken in memory, at the result's own place. Every element's terms are combined in the order in which its kernel alone
// would combine them.

import type { Kernel, SweepPart } from "../../kernels/kernel.ts";
import { identityOf, type Affine, type Scalar } from "../../kernels/scalar.ts";
import { sizeOf, type Shape } from "../../type.ts";
import {
  emitCombine,
  emitHorizontal,
  emitMaskLanes,
  emitTogether,
  newAccumulator,
  newProductAccumulator,
  type Accumulator,
} from "./accumulate.ts";
import { mergeAxes, type Level } from "../../kernels/axes.ts";
import type { Local } from "./code.ts";
import { emitFill, type KernelOf } from "./emitMap.ts";
import { productRunsAlong } from "./emitProduct.ts";
import { factorsOf, partialSums, runsAlong } from "./emitReduce.ts";
import type { KernelContext } from "./kernelContext.ts";
import type { Side } from "./inThree.ts";
import { Nest, type Stream } from "./nest.ts";
import { affinesOf, flatten, Nodes, trimmed, type Node } from "../../kernels/nodes.ts";
import type { MatrixView } from "./productLoops.ts";
import { emitDotProduct, emitPlain, spillBytes } from "./productMatrix.ts";
import { emitMultiplyAdd } from "./productTile.ts";
import { settledAlong } from "./settled.ts";

/** Which way the lanes of a kernel's sums run, for the forming of sweeps. */
export function lanesAlong(kernel: Kernel): boolean | null {
  switch (kernel.form.form) {
    case "reduce":
      return runsAlong(kernel as KernelOf<"reduce">);
    case "contract":
      return productRunsAlong(kernel as KernelOf<"contract">);
    default:
      return null;
  }
}

/** What a strip of each large tensor takes of the first cache. */
const stripBytes = 16384;

interface Part {
  readonly part: SweepPart;
  readonly root: Node;
  /** Position in the result. */
  readonly target: Affine;
}

export function emitSweep(context: KernelContext, kernel: KernelOf<"sweep">): void {
  const { shape, parts } = kernel.form;
  const nodes = new Nodes(kernel.operands, { fused: context.fused });
  const all = parts.map((part): Part => ({
    part,
    root: nodes.intern(part.body),
    target: flatten(part.at, kernel.results[part.result]!.shape).affine,
  }));
  const products = all.filter(({ part }) => part.factor);
  const values = all.filter(({ part }) => !part.factor);
  const rank = shape.length;
  for (const [result, type] of kernel.results.entries()) {
    const summed = all.find(({ part, target }) => part.result === result && part.combiner && isAcross(target, rank));
    if (summed) emitFill(context, kernel.operands.length + result, type, identityOf(summed.part.combiner!, type.dtype));
  }
  if (products.length === 0) {
    const levels = mergeAxes(shape, 0, rank, [...affinesOf(nodes), ...values.map(({ target }) => target)]);
    const walk = new Walk(context, kernel, nodes, levels, values, []);
    walk.nest.start();
    walk.nest.loops(levels.length - 2, () => walk.row());
    return;
  }
  emitStrips(context, kernel, nodes, values, products);
}

/** Whether a part with this target is summed over outer loops: lanes run along its result. */
const isAcross = ({ coefficients }: Affine, rank: number): boolean => (coefficients[rank - 1] ?? 0) !== 0;

function emitStrips(
  context: KernelContext,
  kernel: KernelOf<"sweep">,
  nodes: Nodes,
  values: readonly Part[],
  products: readonly Part[],
): void {
  const { code } = context;
  const { shape } = kernel.form;
  const rank = shape.length;
  const [rows, columns] = [shape[rank - 2]!, shape[rank - 1]!];
  const strip = Math.min(rows, Math.max(4, Math.floor(stripBytes / (4 * columns) / 4) * 4));
  const levels = shape.map((size, axis): Level => ({ axis, size }));

  // Matrices that are not in memory are put into strips of scratch memory.
  const computed = [...new Set(products.map(({ root }) => root))].filter((root) => root.kind !== "load" || root.terms.length > 0); // prettier-ignore
  const stored = new Map<Node, { readonly pointer: Local; readonly affine: Affine; readonly scratch?: number }>();
  for (const root of computed) {
    const map = values.find(({ part, root: other }) => other === root && part.combiner === null);
    if (map) stored.set(root, { pointer: kernel.operands.length + map.part.result, affine: map.target });
    else {
      const offset = context.reserve(4 * strip * columns);
      const coefficients = new Array<number>(rank).fill(0);
      coefficients.splice(rank - 2, 2, columns, 1);
      stored.set(root, { pointer: code.local("i32"), affine: { offset: 0, coefficients }, scratch: offset });
    }
  }
  const copies = [...stored].flatMap(([root, { pointer, affine, scratch: at }]) => {
    const { body } = products.find((product) => product.root === root)!.part;
    return at === undefined ? [] : [{ body, pointer, affine }];
  });
  const walk = new Walk(context, kernel, nodes, levels, values, copies);
  const idle = values.length === 0 && copies.length === 0;

  const spill = code.local("i32");
  code.get(context.scratchPointer).plus(context.reserve(spillBytes)).set(spill);
  const around: Local[] = [];
  const position = (pointer: Local, { offset, coefficients }: Affine, first: Local): Local => {
    const local = code.local("i32");
    code.get(pointer).plus(4 * offset);
    [...around, first].forEach((index, axis) => {
      const coefficient = coefficients[axis] ?? 0;
      if (coefficient !== 0) code.get(index).times(4 * coefficient).op("i32.add"); // prettier-ignore
    });
    code.set(local);
    return local;
  };
  const emitProducts = (first: Local, height: number): void => {
    for (const { part, root, target } of products) {
      const place = stored.get(root);
      const matrix = place ?? { pointer: operandOf(root), affine: affineOf(root) };
      const factor = part.factor!;
      const few = sizeOf(factor.rows);
      const rowNode = nodes.intern(factor.body);
      const across = isAcross(target, rank);
      const fewStride = (affine: Affine): number => strideOf(factor.rows, rank, affine);
      const view = (pointer: Local, row: number, k: number): MatrixView => ({ pointer, rowBytes: 4 * row, kBytes: 4 * k }); // prettier-ignore
      // A scratch strip begins with its own first row.
      const strideI = matrix.affine.coefficients[rank - 2] ?? 0;
      const strideJ = matrix.affine.coefficients[rank - 1] ?? 0;
      const pointer = position(matrix.pointer, matrix.affine, first);
      const rowAffine = affineOf(rowNode);
      const rowPointer = position(operandOf(rowNode), rowAffine, first);
      const out = position(kernel.operands.length + part.result, target, first);
      const k = rowAffine.coefficients[across ? rank - 2 : rank - 1] ?? 0;
      const fewView = view(rowPointer, fewStride(rowAffine), k);
      const matrixView = across ? view(pointer, strideJ, strideI) : view(pointer, strideI, strideJ);
      const free = across ? columns : height;
      const depth = across ? height : columns;
      // Rows of the result: the few, unless the matrix's own are (or there is but one).
      const outFew = fewStride(target);
      const outFree = target.coefficients[across ? rank - 1 : rank - 2] ?? 0;
      const matrixRight = outFree === 1;
      const { fused, wide, loadsFirst } = context;
      const arithmetic = { dtype: "float32", fused, wide, loadsFirst } as const;
      const product = matrixRight
        ? { m: few, n: free, lhs: fewView, rhs: matrixView, out: { pointer: out, rowBytes: 4 * outFew } }
        : { m: free, n: few, lhs: matrixView, rhs: fewView, out: { pointer: out, rowBytes: 4 * outFree } };
      if (across) emitPlain(code, { ...product, arithmetic, k: depth, accumulate: true });
      else emitDotProduct(code, { ...product, arithmetic, k: depth }, spill);
    }
  };
  const emitStrip = (first: Local, height: number): void => {
    for (const place of stored.values()) {
      if (place.scratch === undefined) continue;
      code.get(context.scratchPointer).plus(place.scratch).get(first).times(4 * columns).op("i32.sub").set(place.pointer); // prettier-ignore
    }
    if (!idle) {
      const [row, end] = [code.local("i32"), code.local("i32")];
      code.get(first).plus(height).set(end).get(first).set(row).op("loop");
      walk.nest.enter({ local: row });
      walk.row();
      walk.nest.leave();
      code.get(row).plus(1).tee(row).get(end).op("i32.ne").op("br_if", 0).op("end");
    }
    emitProducts(first, height);
  };
  walk.nest.start();
  const loops = (level: number): void => {
    if (level < rank - 2) {
      const local = code.local("i32");
      code.for(local, 0, shape[level]!, 1, () => {
        around.push(local);
        walk.nest.enter({ local });
        loops(level + 1);
        walk.nest.leave();
        around.pop();
      });
      return;
    }
    const first = code.local("i32");
    const full = Math.floor(rows / strip) * strip;
    code.for(first, 0, full, strip, () => emitStrip(first, strip));
    if (full < rows) {
      code.i32(full).set(first);
      emitStrip(first, rows - full);
    }
  };
  loops(0);
}

const operandOf = (node: Node): Local => (node.kind === "load" ? node.operand : -1);
const affineOf = (node: Node): Affine =>
  node.kind === "load" ? trimmed(node.affine) : { offset: 0, coefficients: [] };

/** Distance of neighbouring rows of the few, which are one axis (or lie as one). */
function strideOf(rows: Shape, rank: number, { coefficients }: Affine): number {
  const axis = rows.findLastIndex((size) => size > 1);
  return axis < 0 ? 0 : (coefficients[rank + axis] ?? 0);
}

/** What a part is computed from on each side of where it changes along a row, if it does. */
type Sided = Readonly<Record<Side, readonly Node[]>>;

/** A sum of terms: of one value each, or of the product of two. */
interface Sum {
  readonly part: SweepPart;
  readonly terms: Sided;
  readonly stream: Stream;
}

interface Stored {
  readonly terms: Sided;
  readonly stream: Stream;
}

/** Elements of rows, and their sums. */
class Walk {
  readonly nest: Nest;
  readonly #context: KernelContext;
  readonly #maps: readonly Stored[];
  /** Into scratch memory, where nothing is read that is not computed here. */
  readonly #copies: readonly Stored[];
  readonly #along: readonly (Sum & { readonly partial: readonly Partial[] })[];
  readonly #across: readonly Sum[];
  readonly #settledAt: Affine | null;

  constructor(
    context: KernelContext,
    kernel: KernelOf<"sweep">,
    nodes: Nodes,
    levels: readonly Level[],
    values: readonly Part[],
    copies: readonly { readonly body: Scalar; readonly pointer: Local; readonly affine: Affine }[],
  ) {
    this.#context = context;
    const last = levels.length - 1;
    const termsOf = (body: Scalar, sum: boolean): readonly Node[] => {
      const root = nodes.intern(body);
      return (sum && factorsOf(body, root, context.fused)) || [root];
    };
    const bodies = [...values.map(({ part }) => part.body), ...copies.map(({ body }) => body)];
    const sums = bodies.map((_, i) => values[i]?.part.combiner === "add");
    const settled = last < 0 ? null : settledAlong(bodies, levels[last]!.axis);
    const sided = bodies.map((body, i): Sided => {
      const [between, below, above] = [body, settled?.below[i] ?? body, settled?.above[i] ?? body].map((side) => termsOf(side, sums[i]!)); // prettier-ignore
      return { below: below!, between: between!, above: above! };
    });
    const alike = sided.every(({ below, between, above }) => below.length === between.length && above.length === between.length); // prettier-ignore
    this.#settledAt = alike ? (settled?.at ?? null) : null;
    const terms = sided.map((sides): Sided => this.#settledAt ? sides : { below: sides.between, between: sides.between, above: sides.between }); // prettier-ignore
    const roots = [...new Set(terms.flatMap((sides) => Object.values(sides).flat()))];
    this.nest = new Nest(context, nodes, levels, last, roots.map((node) => ({ node, level: last }))); // prettier-ignore
    const withStreams = values.map((value, i) => ({
      ...value,
      terms: terms[i]!,
      stream: this.nest.stream(kernel.operands.length + value.part.result, value.target),
    }));
    this.#maps = withStreams.filter(({ part }) => part.combiner === null);
    this.#copies = copies.map(({ pointer, affine }, i) => ({ terms: terms[values.length + i]!, stream: this.nest.stream(pointer, affine) })); // prettier-ignore
    const added = withStreams.filter(({ part }) => part.combiner !== null);
    this.#along = added
      .filter(({ stream }) => stream.strides[last] === 0)
      .map((sum) => ({ ...sum, partial: partialOf(context, sum) }));
    this.#across = added.filter(({ stream }) => stream.strides[last] !== 0);
  }

  /** The innermost loop: all values of a vector first, then what is stored, so that a result may lie where a value of the
   *  same point was read. */
  row(): void {
    const { nest } = this;
    const { code } = nest;
    for (const { partial } of this.#along) for (const { start } of partial) start();
    const unroll = this.#context.wide ? 2 * partialSums : partialSums;
    const block = (vectors: number, lanes: number, side: Side): void => {
      const us = [...Array(vectors).keys()];
      // The last first, as engines that join vectors want it.
      const store = ({ stream }: { readonly stream: Stream }, values: readonly Local[]): void =>
        [...us].reverse().forEach((u) => nest.store(stream, u, false, () => code.get(values[u]!)));
      const valuesOf = ({ terms }: Stored): readonly Local[] => us.map((u) => nest.local(terms[side][0]!, u));
      for (const copy of this.#copies) store(copy, valuesOf(copy));
      const mapped = this.#maps.map(valuesOf);
      for (const { terms, partial } of this.#along)
        for (const u of us) partial[u % partialSums]!.combine(terms[side].map((term) => nest.local(term, u)), lanes); // prettier-ignore
      for (const { part, terms, stream } of this.#across)
        store({ stream }, us.map((u) => emitAcross(nest, part, terms[side], stream, u, lanes))); // prettier-ignore
      this.#maps.forEach((map, i) => store(map, mapped[i]!));
    };
    nest.blocks(unroll, block, this.#settledAt);
    for (const { part, stream, partial } of this.#along) {
      const results = partial.map(({ finish }) => finish());
      if (nest.levels.at(-1)!.size % (4 * partialSums) === 0) emitTogether(this.#context, results);
      nest.store(stream, 0, false, () => emitHorizontal(this.#context.code, part.combiner!, "float32", results));
    }
  }
}

interface Partial extends Pick<Accumulator, "start" | "finish"> {
  readonly combine: (terms: readonly Local[], lanes: number) => void;
}

const fusedArithmetic = { dtype: "float32", fused: true } as const;

const partialOf = ({ code }: KernelContext, { part, terms }: Sum): Partial[] =>
  Array.from({ length: partialSums }, () => {
    if (terms.between.length === 2) {
      const { combine, ...rest } = newProductAccumulator(code, fusedArithmetic);
      return { ...rest, combine: ([x, y], lanes) => combine(x!, y!, lanes) };
    }
    const { combine, ...rest } = newAccumulator(code, part.combiner!, "float32");
    return { ...rest, combine: ([term], lanes) => combine(term!, lanes) };
  });

/** Vector `u` of the terms combined with that of the result in memory. */
function emitAcross(
  nest: Nest,
  { combiner }: SweepPart,
  terms: readonly Node[],
  stream: Stream,
  u: number,
  lanes: number,
): Local {
  const { code } = nest;
  const sum = code.local("v128");
  nest.load(1, nest.position(stream, [], u));
  const [x, y] = terms.map((term) => nest.local(term, u));
  if (y !== undefined) {
    code.set(sum);
    emitMultiplyAdd(code, fusedArithmetic, sum, x!, y);
  } else {
    code.get(x!);
    emitMaskLanes(code, combiner!, "float32", lanes);
    emitCombine(code, combiner!, "float32");
    code.set(sum);
  }
  return sum;
}
