// Scalar expressions: what happens at one point of a loop. Kernels hold them, targets emit them.
// Every expression has a dtype; a `bool` is a truth value (how a target stores one is its own affair).

import type { Combiner, Direction } from "../graph/graph.ts";
import type { DType } from "../type.ts";

/** `offset + Σ coefficients[axis] · i[axis]` over the loop axes; missing coefficients are 0. */
export interface Affine {
  readonly offset: number;
  readonly coefficients: readonly number[];
}

/** The functions of scalars. Named after the primitives; those with several dtypes act by their arguments'. */
export type UnaryFunction =
  | "negate" | "abs" | "sign" | "floor" | "ceil" | "round_nearest_even" | "sqrt" | "rsqrt"
  | "exponential" | "exponential_minus_one" | "log" | "log_plus_one" | "logistic" | "tanh"
  | "sine" | "cosine" | "tan" | "asin" | "acos" | "atan" | "sinh" | "cosh" | "asinh" | "acosh" | "atanh" | "erf"
  | "not"; // prettier-ignore
export type BinaryFunction =
  | "add" | "subtract" | "multiply" | "divide" | "remainder" | "maximum" | "minimum" | "power" | "atan2"
  | "and" | "or" | "xor" | "shift_left" | "shift_right_logical"; // prettier-ignore

export type Scalar =
  /** One element of operand `operand` (of the kernel), one index a dimension of it. An index that is a Scalar is an int32
   *  computed at run time and known to be in range. */
  | {
      readonly kind: "load";
      readonly operand: number;
      readonly index: readonly (Affine | Scalar)[];
      readonly dtype: DType;
    }
  | { readonly kind: "number"; readonly value: number; readonly dtype: DType }
  /** An affine function of the loop axes as an int32. */
  | { readonly kind: "index"; readonly affine: Affine; readonly dtype: "int32" }
  | { readonly kind: "unary"; readonly fn: UnaryFunction; readonly x: Scalar; readonly dtype: DType }
  | {
      readonly kind: "binary";
      readonly fn: BinaryFunction;
      readonly x: Scalar;
      readonly y: Scalar;
      readonly dtype: DType;
      /** An addition or subtraction may be rounded together with the multiplication that is its y; a multiplication, with
       *  the sum that a reduction makes of it. */
      readonly contract?: true;
    }
  | {
      readonly kind: "compare";
      readonly direction: Direction;
      readonly x: Scalar;
      readonly y: Scalar;
      readonly dtype: "bool";
    }
  | {
      readonly kind: "select";
      readonly predicate: Scalar;
      readonly x: Scalar;
      readonly y: Scalar;
      readonly dtype: DType;
    }
  | { readonly kind: "convert"; readonly x: Scalar; readonly dtype: DType }
  | { readonly kind: "bitcast"; readonly x: Scalar; readonly dtype: "float32" | "int32" }
  /** What the low 16 bits of an int32 are as IEEE 754 binary16. */
  | { readonly kind: "half"; readonly x: Scalar; readonly dtype: "float32" };

/** The affine function that is loop axis `axis` itself. */
export function axisIndex(axis: number, coefficient = 1, offset = 0): Affine {
  const coefficients = new Array<number>(axis + 1).fill(0);
  coefficients[axis] = coefficient;
  return { offset, coefficients };
}

export const constantIndex = (offset: number): Affine => ({ offset, coefficients: [] });

export const isAffine = (index: Affine | Scalar): index is Affine => "coefficients" in index;

export const load = (operand: number, index: readonly (Affine | Scalar)[], dtype: DType): Scalar => ({
  kind: "load",
  operand,
  index,
  dtype,
});
/** The element at the loop's own position: axis d of the loop indexes dimension d. */
export const loadHere = (operand: number, rank: number, dtype: DType): Scalar =>
  load(operand, Array.from({ length: rank }, (_, axis) => axisIndex(axis)), dtype); // prettier-ignore
export const number = (value: number, dtype: DType): Scalar => ({ kind: "number", value, dtype });
export const index = (affine: Affine): Scalar => ({ kind: "index", affine, dtype: "int32" });
export const unary = (fn: UnaryFunction, x: Scalar): Scalar => ({ kind: "unary", fn, x, dtype: x.dtype });
/** @param contract see {@link Scalar} */
export const binary = (fn: BinaryFunction, x: Scalar, y: Scalar, contract = false): Scalar => ({
  kind: "binary",
  fn,
  x,
  y,
  dtype: x.dtype,
  ...(contract ? { contract } : {}),
});
export const compare = (direction: Direction, x: Scalar, y: Scalar): Scalar => ({
  kind: "compare",
  direction,
  x,
  y,
  dtype: "bool",
});
export const select = (predicate: Scalar, x: Scalar, y: Scalar): Scalar => ({
  kind: "select",
  predicate,
  x,
  y,
  dtype: x.dtype,
});
export const convert = (x: Scalar, dtype: DType): Scalar => (x.dtype === dtype ? x : { kind: "convert", x, dtype });
export const bitcast = (x: Scalar, dtype: "float32" | "int32"): Scalar => ({ kind: "bitcast", x, dtype });
export const half = (x: Scalar): Scalar => ({ kind: "half", x, dtype: "float32" });

/** The value that leaves the other operand of a combiner as it is. */
export function identityOf(combiner: Combiner, dtype: DType): number {
  switch (combiner) {
    case "add":
    case "or":
      return 0;
    case "multiply":
    case "and":
      return 1;
    case "maximum":
      return dtype === "int32" ? -2147483648 : dtype === "bool" ? 0 : -Infinity;
    case "minimum":
      return dtype === "int32" ? 2147483647 : dtype === "bool" ? 1 : Infinity;
    default:
      return combiner satisfies never;
  }
}

/** Two elements of `dtype` combined: floats in float64, integers wrapping. */
export function combine(combiner: Combiner, x: number, y: number, dtype: DType): number {
  const integer = dtype === "int32";
  switch (combiner) {
    case "add":
      return integer ? (x + y) | 0 : x + y;
    case "multiply":
      return integer ? Math.imul(x, y) : x * y;
    case "maximum":
      return Math.max(x, y);
    case "minimum":
      return Math.min(x, y);
    case "and":
      return x & y;
    case "or":
      return x | y;
    default:
      return combiner satisfies never;
  }
}

/** The expression with `f` of each of its arguments; loads and their indices stay. */
export function mapArguments(node: Scalar, f: (argument: Scalar) => Scalar): Scalar {
  switch (node.kind) {
    case "load":
    case "number":
    case "index":
      return node;
    case "unary":
    case "convert":
    case "bitcast":
    case "half":
      return { ...node, x: f(node.x) };
    case "binary":
    case "compare":
      return { ...node, x: f(node.x), y: f(node.y) };
    case "select":
      return { ...node, predicate: f(node.predicate), x: f(node.x), y: f(node.y) };
    default:
      return node satisfies never;
  }
}
