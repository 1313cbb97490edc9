// How a kernel goes by rows: positions along its results' first axis of more than one, each computed apart from the
// others. Found in the kernel's indices; what the axis means to whoever wrote the program does not matter.

import type { Kernel } from "../kernels/kernel.ts";
import { isAffine, mapArguments, type Affine, type Scalar } from "../kernels/scalar.ts";
import { sizeOf, stridesOf, type Shape, type TensorType } from "../type.ts";
import type { Address } from "./program.ts";

export interface Rows {
  /** The results' axis; those before it have size 1. */
  readonly axis: number;
  readonly count: number;
  /** For each operand, how many bytes one row is from the next; 0 where all rows read all of it. */
  readonly operands: readonly number[];
  /** The same of each result: its rows lie one after another. */
  readonly results: readonly number[];
  /** Whether a row's number plays a part: such a kernel can be made for rows from a known one on, not for any. */
  readonly numbered: boolean;
  /** Positions along the axis that one row takes: 1, unless they are taken together. */
  readonly grain: number;
}

export const bytesOf = (type: TensorType): number => 4 * sizeOf(type.shape);

/** How `kernel` goes by rows, or null if it does not. */
export function rowsOf(kernel: Kernel): Rows | null {
  const shape = kernel.results[0]?.shape ?? [];
  const axis = shape.findIndex((n) => n > 1);
  if (axis < 0) return null;
  const count = shape[axis]!;
  const alike = ({ shape: other }: TensorType): boolean =>
    other[axis] === count && other.slice(0, axis).every((n) => n === 1);
  if (!kernel.results.every(alike)) return null;
  const reader = new RowReader(kernel, axis, count);
  if (!reader.admits(kernel.form)) return null;
  return {
    axis,
    count,
    operands: kernel.operands.map((_, i) => reader.rowBytes.get(i) ?? 0),
    results: kernel.results.map((type) => bytesOf(type) / count),
    numbered: reader.numbered,
    grain: 1,
  };
}

/** As many positions taken together as make `count` rows, which must divide those that there are. */
export function coarser(rows: Rows, count: number): Rows {
  const together = rows.count / count;
  if (together === 1) return rows;
  const times = (list: readonly number[]): readonly number[] => list.map((bytes) => bytes * together);
  return { ...rows, count, operands: times(rows.operands), results: times(rows.results), grain: rows.grain * together };
}

class RowReader {
  /** Bytes from row to row of each operand that is read. */
  readonly rowBytes = new Map<number, number>();
  numbered = false;
  readonly #kernel: Kernel;
  readonly #axis: number;
  readonly #count: number;

  constructor(kernel: Kernel, axis: number, count: number) {
    this.#kernel = kernel;
    this.#axis = axis;
    this.#count = count;
  }

  admits(form: Kernel["form"]): boolean {
    const axis = this.#axis;
    switch (form.form) {
      case "map":
        return this.#reads(form.body, axis, form.shape);
      case "reduce":
        return this.#reads(form.body, axis, [...form.shape, ...form.reduced]);
      case "running":
        return form.dimension !== axis && this.#reads(form.body, axis, form.shape);
      case "pieces":
        return form.pieces.every(
          ({ shape, at, body }) =>
            shape[axis] === this.#count &&
            isAxis(at[axis]!, axis) &&
            at.every((index, d) => d === axis || apartFrom(index, axis)) &&
            this.#reads(body, axis, shape),
        );
      case "contract": {
        const part = partOf(form, axis);
        const b = form.batch.length;
        const left = part.kind === "batch" ? part.at : part.kind === "m" ? b + part.at : -1;
        const right = part.kind === "batch" ? part.at : part.kind === "n" ? b + part.at : -1;
        const { batch, m, n, k } = form;
        return (
          this.#reads(form.lhs, left, [...batch, ...m, ...k]) && this.#reads(form.rhs, right, [...batch, ...n, ...k])
        );
      }
      case "sort":
        if (axis === form.shape.length - 1) return false;
        this.rowBytes.set(0, bytesOf(this.#kernel.operands[0]!) / this.#count);
        return true;
      case "scatter": {
        const own = this.#ownAxis(form.at[axis]!, form.shape);
        if (own < 0) return false;
        const others = form.at.filter((_, d) => d !== axis);
        const scalars = others.filter((index) => !isAffine(index)) as readonly Scalar[];
        if (!others.every((index) => apartFrom(index, own))) return false;
        // It begins with operand 0.
        this.rowBytes.set(0, bytesOf(this.#kernel.operands[0]!) / this.#count);
        return [form.inRange, form.body, ...scalars].every((scalar) => this.#reads(scalar, own, form.shape));
      }
      case "sweep": // made when rows are shared out
        return false;
      default:
        return form satisfies never;
    }
  }

  /** The loop axis that an index is, as long as the rows are many; -1 if it is none. */
  #ownAxis(index: Affine | Scalar, shape: Shape): number {
    return shape.findIndex((size, axis) => size === this.#count && isAxis(index, axis));
  }

  /** Whether every load of `body`, over loops of these sizes, is by rows of loop axis `axis`, or independent of it (axis -1
   *  is none at all). */
  #reads(body: Scalar, axis: number, sizes: Shape): boolean {
    const visited = new Set<Scalar>();
    const visit = (node: Scalar): boolean => {
      if (visited.has(node)) return true;
      visited.add(node);
      switch (node.kind) {
        case "load":
          return this.#load(node, axis, sizes) && node.index.every((index) => isAffine(index) || visit(index));
        case "number":
          return true;
        case "index":
          if (!apartFrom(node.affine, axis)) this.numbered = true;
          return true;
        case "unary":
        case "convert":
        case "bitcast":
        case "half":
          return visit(node.x);
        case "binary":
        case "compare":
          return visit(node.x) && visit(node.y);
        case "select":
          return visit(node.predicate) && visit(node.x) && visit(node.y);
        default:
          return node satisfies never;
      }
    };
    return visit(body);
  }

  #load({ operand, index }: Extract<Scalar, { readonly kind: "load" }>, axis: number, sizes: Shape): boolean {
    const moving = index.flatMap((at, d) => (apartFrom(at, axis) ? [] : [d]));
    const [d] = moving;
    const positions = d === undefined ? 0 : positionsOf(index[d]!, axis, sizes);
    if (moving.length > 1 || positions === null) return false;
    const bytes = d === undefined ? 0 : 4 * positions * stridesOf(this.#kernel.operands[operand]!.shape)[d]!;
    const before = this.rowBytes.get(operand);
    if (before !== undefined && before !== bytes) return false;
    this.rowBytes.set(operand, bytes);
    return true;
  }
}

/** Whether an index is the loop axis itself, from its first position. */
const isAxis = (index: Affine | Scalar, axis: number): boolean =>
  isAffine(index) && index.offset === 0 && index.coefficients.every((c, a) => c === (a === axis ? 1 : 0)) && index.coefficients[axis] === 1; // prettier-ignore

/** How many positions next to each other an index runs through for each position of the loop axis, from the first on and
 *  without a common one; null if it does not. The axis itself is one. */
function positionsOf(index: Affine | Scalar, axis: number, sizes: Shape): number | null {
  if (!isAffine(index)) return null;
  const own = index.coefficients[axis] ?? 0;
  if (own < 1 || index.offset < 0) return null;
  let last = index.offset;
  for (const [other, coefficient] of index.coefficients.entries()) {
    if (other === axis || coefficient === 0) continue;
    if (coefficient < 0) return null;
    last += coefficient * Math.max(0, sizes[other]! - 1);
  }
  return last < own ? own : null;
}

/** Whether an index does not move with the axis; what one computed at run time reads is looked at by itself. */
const apartFrom = (index: Affine | Scalar, axis: number): boolean =>
  !isAffine(index) || axis < 0 || (index.coefficients[axis] ?? 0) === 0;

function partOf(
  { batch, m }: { readonly batch: Shape; readonly m: Shape },
  axis: number,
): { kind: "batch" | "m" | "n"; at: number } {
  if (axis < batch.length) return { kind: "batch", at: axis };
  const at = axis - batch.length;
  return at < m.length ? { kind: "m", at } : { kind: "n", at: at - m.length };
}

/** `kernel` for `count` of its rows, wherever its pointers make them begin; the first is row `first`, if that plays a part. */
export function withRows(kernel: Kernel, rows: Rows, count: number, first = 0): Kernel {
  const { axis, grain } = rows;
  const sized = (shape: Shape, at = axis): Shape => shape.map((n, d) => (d === at ? count * grain : n));
  const shared = (shape: Shape): Shape => {
    const at = shape.findIndex((n) => n > 1);
    return shape.map((n, d) => (d === at ? (n / rows.count) * count : n));
  };
  const fewer = ({ shape, dtype }: TensorType): TensorType => ({ shape: sized(shape), dtype });
  const { form } = kernel;
  const numbered = (body: Scalar, at = axis): Scalar => (rows.numbered && first > 0 && at >= 0 ? numberedFrom(body, at, first * grain) : body); // prettier-ignore
  const resized = (): Kernel["form"] => {
    switch (form.form) {
      case "map":
      case "reduce":
      case "running":
        return { ...form, shape: sized(form.shape), body: numbered(form.body) };
      case "sort":
        return { ...form, shape: sized(form.shape) };
      case "pieces":
        return {
          ...form,
          pieces: form.pieces.map((piece) => ({ ...piece, shape: sized(piece.shape), body: numbered(piece.body) })),
        };
      case "contract": {
        const { kind, at } = partOf(form, axis);
        const b = form.batch.length;
        return {
          ...form,
          [kind]: sized(form[kind], at),
          lhs: numbered(form.lhs, kind === "batch" ? at : kind === "m" ? b + at : -1),
          rhs: numbered(form.rhs, kind === "batch" ? at : kind === "n" ? b + at : -1),
        };
      }
      case "scatter": {
        const own = form.shape.findIndex((_, d) => isAxis(form.at[axis]!, d));
        const at = form.at.map((index, d) => (d === axis || isAffine(index) ? index : numbered(index, own)));
        const [inRange, body] = [numbered(form.inRange, own), numbered(form.body, own)];
        return { ...form, shape: sized(form.shape, own), at, inRange, body };
      }
      case "sweep":
        throw new Error(`internal: a ${form.form} does not go by rows; please report this.`);
      default:
        return form satisfies never;
    }
  };
  return {
    name: kernel.name,
    form: resized(),
    // An operand whose rows lie apart keeps its shape, and with it its strides.
    operands: kernel.operands.map((type, i) => {
      const bytes = rows.operands[i]!;
      const leading = bytes > 0 && bytes * rows.count === bytesOf(type);
      return leading ? { ...type, shape: shared(type.shape) } : type;
    }),
    results: kernel.results.map(fewer),
  };
}

/** The expression with indices along `axis` counted from `first`; loads count from their pointers. */
function numberedFrom(body: Scalar, axis: number, first: number): Scalar {
  const done = new Map<Scalar, Scalar>();
  const visit = (node: Scalar): Scalar => {
    const known = done.get(node);
    if (known) return known;
    let result: Scalar;
    if (node.kind === "index") {
      const { offset, coefficients } = node.affine;
      result = { ...node, affine: { coefficients, offset: offset + first * (coefficients[axis] ?? 0) } };
    } else if (node.kind === "load") {
      result = { ...node, index: node.index.map((index) => (isAffine(index) ? index : visit(index))) };
    } else result = mapArguments(node, visit);
    done.set(node, result);
    return result;
  };
  return visit(body);
}

/** Bytes from row to row of the operands, then of the results. */
export const rowBytes = ({ operands, results }: Rows): readonly number[] => [...operands, ...results];

export const moved = (address: Address, bytes: number): Address =>
  bytes === 0 ? address : { ...address, offset: address.offset + bytes };

export const stepped = (address: Address, loop: number, bytes: number): Address =>
  bytes === 0 ? address : { ...address, strides: [...address.strides, { loop, bytes }] };
