// Products of tensors: batch loops around one matrix product (productMatrix.ts). An operand that is an expression, or
// whose axes do not lie in memory as a matrix's do, is computed into scratch memory first, once for each batch element;
// where it would be used but once, the product is a reduction instead.

import type { Affine, Scalar } from "../../kernels/scalar.ts";
import { axisIndex } from "../../kernels/scalar.ts";
import { asReduce } from "../../program/compose.ts";
import { sizeOf, stridesOf, type Shape } from "../../type.ts";
import { mergeAxes, type Level } from "../../kernels/axes.ts";
import type { Code, Local } from "./code.ts";
import type { KernelContext } from "./kernelContext.ts";
import { unrollFor, type KernelOf } from "./emitMap.ts";
import { emitReduce } from "./emitReduce.ts";
import { Nest } from "./nest.ts";
import { affinesOf, flatten, Nodes, type Node } from "../../kernels/nodes.ts";
import type { MatrixView } from "./productLoops.ts";
import { emitPanels, planProduct } from "./productMatrix.ts";

/** One operand; axes: batch, free (m or n), k. */
interface Operand {
  readonly free: Shape;
  readonly nodes: Nodes;
  readonly root: Node;
  /** Where it lies in memory as a matrix: strides of rows and of k, in elements. */
  readonly matrix: {
    readonly operand: number;
    readonly affine: Affine;
    readonly row: number;
    readonly k: number;
  } | null;
}

/** Whether the lanes of a product run along k; null if it is none that sums vectors. */
export function productRunsAlong(kernel: KernelOf<"contract">): boolean | null {
  const { batch, m, n, k, lhs, rhs } = kernel.form;
  if (sizeOf(k) < 2 || kernel.results[0]!.dtype !== "float32") return null;
  return bothAlong(operandOf(kernel, lhs, m), operandOf(kernel, rhs, n), batch.length, k);
}

function operandOf({ form: { batch, k }, operands }: KernelOf<"contract">, scalar: Scalar, free: Shape): Operand {
  const nodes = new Nodes(operands);
  const root = nodes.intern(scalar);
  return { free, nodes, root, matrix: matrixOf(root, [...batch, ...free, ...k], batch.length, free.length) };
}

/** Lanes run along k if both operands do, else along the columns. What decides holds for a part of the rows as for all
 *  of them, so that threads that share them sum in one order. */
const bothAlong = (left: Operand, right: Operand, batch: number, k: Shape): boolean =>
  sizeOf(k) >= 8 && alongK(left, batch, k.length) && alongK(right, batch, k.length);

export function emitProduct(context: KernelContext, kernel: KernelOf<"contract">): void {
  const { batch, k, lhs, rhs } = kernel.form;
  const dtype = kernel.results[0]!.dtype;
  const swap = sizeOf(kernel.form.n) === 1;
  const [m, n] = swap ? [kernel.form.n, kernel.form.m] : [kernel.form.m, kernel.form.n];
  const { operands } = kernel;
  const operand = (scalar: Scalar, free: Shape): Operand => operandOf(kernel, scalar, free);
  const reduction = (): KernelOf<"reduce"> => ({ ...kernel, form: asReduce(kernel.form) });
  const [left, right] = swap ? [operand(rhs, m), operand(lhs, n)] : [operand(lhs, m), operand(rhs, n)];
  const [M, N, K] = [sizeOf(m), sizeOf(n), sizeOf(k)];
  if (sizeOf(batch) * M * N === 0 || K === 0 || dtype === "bool") return emitReduce(context, reduction());

  const { wide, loadsFirst } = context;
  const arithmetic = { dtype, fused: dtype === "float32" && context.fused, wide, loadsFirst };
  const along = bothAlong(left, right, batch.length, k);
  const panels = swap ? null : panelsOf(right.root, [...batch, ...n, ...k], batch.length, n.length);
  const inPanels = panels !== null && left.matrix !== null;
  const usedOnce = M === 1 && ((!right.matrix && !inPanels) || (N === 1 && !left.matrix));
  if (usedOnce || K === 1) return emitReduce(context, reduction(), { along, arithmetic });

  const view = ({ row, k: step }: { readonly row: number; readonly k: number }): StridesView => ({
    rowBytes: 4 * row,
    kBytes: 4 * step,
  });
  const leftView = view(left.matrix ?? { row: K, k: 1 });
  const asItLies = right.matrix && (along || right.matrix.row === 1) ? view(right.matrix) : null;
  const rightView = asItLies ?? view(along ? { row: K, k: 1 } : { row: 1, k: N });
  const plan = inPanels
    ? { scratch: 0, emit: emitPanels }
    : planProduct({ m: M, n: N, k: K, lhs: leftView, rhs: rightView, along, arithmetic });

  const { code } = context;
  const outAffine = flatten([...batch.keys()].map((axis) => axisIndex(axis)), batch).affine; // prettier-ignore
  const out: Affine = { offset: 0, coefficients: outAffine.coefficients.map((c) => c * M * N) };
  const levels = mergeAxes(batch, 0, batch.length, [out, ...affinesOf(left.nodes), ...affinesOf(right.nodes)]);
  const place = (source: Operand, view: StridesView, computed: boolean): Place =>
    computed ? new Computed(context, source, view, levels, batch, k) : new Lying(code, source);
  const leftPlace = place(left, leftView, !left.matrix);
  const rightPlace = inPanels ? new Lying(code, { ...right, matrix: panels }) : place(right, rightView, !asItLies);
  const scratch = code.local("i32");
  code.get(context.scratchPointer).plus(context.reserve(plan.scratch)).set(scratch);
  const outPointer = code.local("i32");
  const indices: Local[] = [];
  leftPlace.start();
  rightPlace.start();
  const loops = (depth: number): void => {
    if (depth < levels.length) {
      const local = code.local("i32");
      indices.push(local);
      code.for(local, 0, levels[depth]!.size, 1, () => {
        leftPlace.enter(local);
        rightPlace.enter(local);
        loops(depth + 1);
        leftPlace.leave();
        rightPlace.leave();
      });
      return;
    }
    emitPointer(code, operands.length, out, levels, indices, outPointer);
    plan.emit(
      code,
      {
        arithmetic,
        m: M,
        n: N,
        k: K,
        lhs: { ...leftView, pointer: leftPlace.pointer(levels, indices) },
        rhs: { ...(inPanels ? view(panels) : rightView), pointer: rightPlace.pointer(levels, indices) },
        out: { pointer: outPointer, rowBytes: 4 * N },
      },
      scratch,
      context.inner,
    );
  };
  loops(0);
}

type StridesView = Omit<MatrixView, "pointer">;

/** Sets `to` to `parameter + 4 · affine`. */
function emitPointer(
  code: Code,
  parameter: Local,
  affine: Affine,
  levels: readonly Level[],
  indices: readonly Local[],
  to: Local,
): void {
  code.get(parameter).plus(4 * affine.offset);
  levels.forEach(({ axis }, level) => {
    const coefficient = affine.coefficients[axis] ?? 0;
    if (coefficient !== 0)
      code
        .get(indices[level]!)
        .times(4 * coefficient)
        .op("i32.add");
  });
  code.set(to);
}

/** Whether a node is a load that lies in memory as a matrix. */
function matrixOf(node: Node, sizes: Shape, batch: number, free: number): Operand["matrix"] {
  if (node.kind !== "load" || node.terms.length > 0 || node.dtype === "bool") return null;
  const { affine } = node;
  if (affine.coefficients.some((coefficient) => coefficient < 0)) return null;
  const rows = mergeAxes(sizes, batch, batch + free, [affine]);
  const ks = mergeAxes(sizes, batch + free, sizes.length, [affine]);
  if (rows.length > 1 || ks.length > 1) return null;
  const stride = (levels: readonly Level[]): number => (levels[0] ? (affine.coefficients[levels[0].axis] ?? 0) : 1);
  return { operand: node.operand, affine, row: stride(rows), k: stride(ks) };
}

/** The same for a load that lies in panels of columns: `row` is the distance of panels. */
function panelsOf(node: Node, sizes: Shape, batch: number, free: number): Operand["matrix"] {
  if (node.kind !== "load" || node.terms.length > 0 || node.dtype !== "float32") return null;
  const { affine } = node;
  const [outer, inner, ...more] = mergeAxes(sizes, batch, batch + free, [affine]);
  const ks = mergeAxes(sizes, batch + free, sizes.length, [affine]);
  if (more.length > 0 || ks.length !== 1) return null;
  // One panel alone is a matrix.
  const stride = (level: Level): number => affine.coefficients[level.axis] ?? 0;
  if (!outer || !inner || inner.size % 8 !== 0 || inner.size > 64) return null;
  const lies = stride(inner) === 1 && stride(ks[0]!) === inner.size && stride(outer) > 0;
  return lies ? { operand: node.operand, affine, row: stride(outer), k: inner.size } : null;
}

/** Whether an operand's elements are neighbours along k; an expression's, if more of its loads are than along the free axes. */
function alongK({ matrix, nodes, free }: Operand, batch: number, ks: number): boolean {
  if (matrix) return matrix.k === 1;
  const neighbours = (axis: number): number =>
    affinesOf(nodes).filter(({ coefficients }) => Math.abs(coefficients[axis] ?? 0) === 1).length;
  return neighbours(batch + free.length + ks - 1) > neighbours(batch + free.length - 1);
}

/** An operand ready to be multiplied. */
interface Place {
  start(): void;
  enter(index: Local): void;
  leave(): void;
  /** Emits what has to be computed inside all batch loops; the local points at the matrix. */
  pointer(levels: readonly Level[], indices: readonly Local[]): Local;
}

/** Used where it lies. */
class Lying implements Place {
  readonly #code: Code;
  readonly #matrix: NonNullable<Operand["matrix"]>;
  readonly #pointer: Local;

  constructor(code: Code, { matrix }: Operand) {
    this.#code = code;
    this.#matrix = matrix!; // the caller has seen it
    this.#pointer = code.local("i32");
  }

  start(): void {}
  enter(): void {}
  leave(): void {}

  pointer(levels: readonly Level[], indices: readonly Local[]): Local {
    emitPointer(this.#code, this.#matrix.operand, this.#matrix.affine, levels, indices, this.#pointer);
    return this.#pointer;
  }
}

/** Computed into scratch memory: rows of k, or for each k the rows, as the view says. */
class Computed implements Place {
  readonly #nest: Nest;
  readonly #root: Node;
  readonly #pointer: Local;
  readonly #stream: ReturnType<Nest["stream"]>;
  /** Whether it is the same for all batch elements. */
  readonly #once: boolean;
  readonly #first: number;
  readonly #wide: boolean;

  constructor(
    context: KernelContext,
    { nodes, root, free }: Operand,
    view: StridesView,
    batchLevels: readonly Level[],
    batch: Shape,
    k: Shape,
  ) {
    const { code, wide } = context;
    this.#wide = wide;
    this.#root = root;
    const sizes = [...batch, ...free, ...k];
    const [b, f] = [batch.length, batch.length + free.length];
    const affines = affinesOf(nodes);
    this.#once = affines.every(({ coefficients }) =>
      coefficients.slice(0, b).every((coefficient) => coefficient === 0),
    );
    const rowsFirst = view.kBytes === 4;
    const shape = rowsFirst ? [...free, ...k] : [...k, ...free];
    const strides = stridesOf(shape);
    const coefficients = new Array<number>(sizes.length).fill(0);
    free.forEach((_, i) => (coefficients[b + i] = strides[rowsFirst ? i : k.length + i]!));
    k.forEach((_, i) => (coefficients[f + i] = strides[rowsFirst ? free.length + i : i]!));
    const target: Affine = { offset: 0, coefficients };
    const rows = mergeAxes(sizes, b, f, [...affines, target]);
    const ks = mergeAxes(sizes, f, sizes.length, [...affines, target]);
    const outer = this.#once ? [] : batchLevels;
    const levels = [...outer, ...(rowsFirst ? [...rows, ...ks] : [...ks, ...rows])];
    this.#first = outer.length;
    this.#pointer = code.local("i32");
    code
      .get(context.scratchPointer)
      .plus(context.reserve(4 * sizeOf(shape)))
      .set(this.#pointer);
    this.#nest = new Nest(context, nodes, levels, levels.length - 1, [{ node: root, level: levels.length - 1 }]);
    this.#stream = this.#nest.stream(this.#pointer, target);
  }

  start(): void {
    this.#nest.start();
    if (this.#once) this.#compute();
  }

  enter(index: Local): void {
    if (!this.#once) this.#nest.enter({ local: index });
  }

  leave(): void {
    if (!this.#once) this.#nest.leave();
  }

  pointer(): Local {
    if (!this.#once) this.#compute();
    return this.#pointer;
  }

  #compute(): void {
    const nest = this.#nest;
    const store = (vectors: number): void => nest.storeBlock(this.#stream, vectors, false, this.#root);
    const last = nest.levels.length - 1;
    if (last < this.#first) return store(1);
    nest.loops(last - 1, () => nest.blocks(unrollFor(nest.innerCost(last), this.#wide), store));
  }
}
