// What one call of a kernel has to do, whatever the target: floating-point operations, and bytes that it reads and writes
// at least. Counted from the loop form; a target may do more (tails, packing) and never less.
//
// An operation is one arithmetic operation or function of float32 numbers, an exponential as well as a sum; comparisons,
// selections, conversions and integers are none. What some loops do not change counts once for them. Equal expressions
// count once. Bytes are those of the elements that are read, each once a call, and of the results.

import type { Combiner } from "../graph/graph.ts";
import type { Kernel } from "../kernels/kernel.ts";
import { isAffine, type Affine, type Scalar } from "../kernels/scalar.ts";
import { sizeOf, type DType, type Shape, type TensorType } from "../type.ts";

export interface Work {
  readonly flop: number;
  readonly bytes: number;
}

const bytesPerElement = 4;

export function workOf({ form, operands, results }: Kernel): Work {
  const count = new Count(operands);
  const dtype = results[0]!.dtype;
  switch (form.form) {
    case "map":
      count.body(form.shape, form.body);
      break;
    case "pieces":
      for (const { shape, body } of form.pieces) count.body(shape, body);
      break;
    case "reduce": {
      count.body([...form.shape, ...form.reduced], form.body);
      const places = sizeOf(form.shape);
      count.combined(form.combiner, dtype, places * Math.max(0, sizeOf(form.reduced) - 1));
      break;
    }
    case "contract":
      count.body([...form.batch, ...form.m, ...form.k], form.lhs);
      count.body([...form.batch, ...form.n, ...form.k], form.rhs);
      count.flop += 2 * sizeOf([...form.batch, ...form.m, ...form.n, ...form.k]);
      break;
    case "running": {
      count.body(form.shape, form.body);
      const size = sizeOf(form.shape);
      const length = form.shape[form.dimension]!;
      count.combined(form.combiner, dtype, length === 0 ? 0 : size - size / length);
      break;
    }
    case "sort":
      count.whole(0);
      break;
    case "scatter":
      count.whole(0);
      count.body(form.shape, form.inRange);
      for (const index of form.at) if (!isAffine(index)) count.body(form.shape, index);
      count.body(form.shape, form.body);
      count.combined(form.combiner === "add" ? "add" : null, dtype, sizeOf(form.shape));
      break;
    case "sweep": {
      const met: Known = new Map(); // parts share what they have in common
      for (const { body, combiner, factor } of form.parts) {
        count.body(form.shape, body, met);
        if (factor) {
          count.body([...form.shape, ...factor.rows], factor.body, met);
          count.flop += 2 * sizeOf([...form.shape, ...factor.rows]);
        } else count.combined(combiner, dtype, sizeOf(form.shape));
      }
      break;
    }
    default:
      form satisfies never;
  }
  const written = results.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  return { flop: count.flop, bytes: bytesPerElement * (count.read() + written) };
}

/** An expression met: the loop axes it depends on, and a number of its own. */
interface Met {
  readonly id: number;
  readonly axes: ReadonlySet<number>;
}

/** Expressions over the same loops, by what they are. */
type Known = Map<string, Met>;

class Count {
  flop = 0;
  readonly #operands: readonly TensorType[];
  readonly #read: number[];

  constructor(operands: readonly TensorType[]) {
    this.#operands = operands;
    this.#read = operands.map(() => 0);
  }

  /** Elements read, of each operand not more than it has. */
  read(): number {
    return this.#read.reduce((sum, elements, i) => sum + Math.min(elements, sizeOf(this.#operands[i]!.shape)), 0);
  }

  whole(operand: number): void {
    this.#read[operand]! += sizeOf(this.#operands[operand]!.shape);
  }

  combined(combiner: Combiner | null, dtype: DType, times: number): void {
    if (combiner !== null && dtype === "float32") this.flop += times;
  }

  /** An expression over loops of these extents; parts of it that are known have been counted. */
  body(extents: Shape, body: Scalar, byKey: Known = new Map()): void {
    if (sizeOf(extents) === 0) return;
    const times = (axes: Iterable<number>): number => [...axes].reduce((n, axis) => n * extents[axis]!, 1);
    const byScalar = new Map<Scalar, Met>();

    const visit = (scalar: Scalar): Met => {
      let met = byScalar.get(scalar);
      if (!met) byScalar.set(scalar, (met = meet(scalar)));
      return met;
    };
    const meet = (scalar: Scalar): Met => {
      const parts = partsOf(scalar);
      const met = parts.map((part) => (isAffine(part) ? undefined : visit(part)));
      const what = [scalar.kind, scalar.dtype, wordOf(scalar)];
      const key = JSON.stringify([...what, ...parts.map((part, i) => (isAffine(part) ? trimmed(part) : met[i]!.id))]);
      const known = byKey.get(key);
      if (known) return known;
      const axes = new Set(parts.flatMap((part, i) => (isAffine(part) ? axesOf(part) : [...met[i]!.axes])));
      if (scalar.kind === "load") {
        const { shape } = this.#operands[scalar.operand]!;
        // As many elements as there are indices: in each dimension, and together.
        const indices = parts.map((part, d) =>
          Math.min(shape[d]!, times(isAffine(part) ? axesOf(part) : met[d]!.axes)),
        );
        this.#read[scalar.operand]! += Math.min(times(axes), sizeOf(indices));
      } else if (scalar.dtype === "float32" && (scalar.kind === "unary" || scalar.kind === "binary")) {
        this.flop += times(axes);
      }
      const fresh = { id: byKey.size, axes };
      byKey.set(key, fresh);
      return fresh;
    };
    visit(body);
  }
}

/** What an expression is made of. */
function partsOf(scalar: Scalar): readonly (Affine | Scalar)[] {
  switch (scalar.kind) {
    case "load":
      return scalar.index;
    case "number":
      return [];
    case "index":
      return [scalar.affine];
    case "unary":
    case "convert":
    case "bitcast":
    case "half":
      return [scalar.x];
    case "binary":
    case "compare":
      return [scalar.x, scalar.y];
    case "select":
      return [scalar.predicate, scalar.x, scalar.y];
    default:
      return scalar satisfies never;
  }
}

/** What tells an expression from others of its kind and parts. */
function wordOf(scalar: Scalar): string {
  switch (scalar.kind) {
    case "load":
      return String(scalar.operand);
    case "number":
      return Object.is(scalar.value, -0) ? "-0" : String(scalar.value);
    case "unary":
    case "binary":
      return scalar.fn;
    case "compare":
      return scalar.direction;
    default:
      return "";
  }
}

const axesOf = ({ coefficients }: Affine): number[] =>
  coefficients.flatMap((coefficient, axis) => (coefficient === 0 ? [] : [axis]));

const trimmed = (affine: Affine): readonly unknown[] => [
  affine.offset,
  ...axesOf(affine).map((axis) => [axis, affine.coefficients[axis]!]),
];

const times = (shape: Shape): string => (shape.length === 0 ? "1" : shape.join("×"));

/** A kernel's extents, for people. */
export function showExtents({ form }: Kernel): string {
  switch (form.form) {
    case "map":
    case "running":
    case "sort":
    case "scatter":
    case "sweep":
      return times(form.shape);
    case "pieces":
      return form.pieces.map(({ shape }) => times(shape)).join(" and ");
    case "reduce":
      return `${times(form.shape)} of ${times(form.reduced)}`;
    case "contract": {
      const batch = form.batch.length === 0 ? "" : `${times(form.batch)} of `;
      return `${batch}${times(form.m)} by ${times(form.k)} by ${times(form.n)}`;
    }
    default:
      return form satisfies never;
  }
}
