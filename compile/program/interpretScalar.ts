// The meaning of scalar expressions in plain JavaScript: functions in float64, rounded to the expression's dtype after
// each step. Slow and obvious; what targets compute is compared with it. A bool is 0 or 1.

import type { Direction } from "../graph/graph.ts";
import { isAffine, type Affine, type BinaryFunction, type Scalar, type UnaryFunction } from "../kernels/scalar.ts";
import { stridesOf, type DType, type Shape } from "../type.ts";
import { erf } from "../kernels/erf.ts";
import { halfValue } from "../kernels/half.ts";

/** A tensor to read: its elements in row-major order. */
export interface TensorView {
  readonly shape: Shape;
  readonly values: ArrayLike<number>;
}

/** A number as `dtype` holds it. */
export function rounded(value: number, dtype: DType): number {
  switch (dtype) {
    case "float32":
      return Math.fround(value);
    case "int32":
      return value | 0;
    case "bool":
      return value ? 1 : 0;
    default:
      return dtype satisfies never;
  }
}

export function roundNearestEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest < 0.5) return floor === 0 && (x < 0 || Object.is(x, -0)) ? -0 : floor;
  if (rest > 0.5) return x < 0 && floor === -1 ? -0 : floor + 1;
  const even = floor % 2 === 0 ? floor : floor + 1;
  return even === 0 && x < 0 ? -0 : even;
}

const floatUnary: Record<Exclude<UnaryFunction, "not">, (x: number) => number> = {
  negate: (x) => -x,
  abs: Math.abs,
  sign: (x) => Math.sign(x),
  floor: Math.floor,
  ceil: Math.ceil,
  round_nearest_even: roundNearestEven,
  sqrt: Math.sqrt,
  rsqrt: (x) => 1 / Math.sqrt(x),
  exponential: Math.exp,
  exponential_minus_one: Math.expm1,
  log: Math.log,
  log_plus_one: Math.log1p,
  logistic: (x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x))),
  tanh: Math.tanh,
  sine: Math.sin,
  cosine: Math.cos,
  tan: Math.tan,
  asin: Math.asin,
  acos: Math.acos,
  atan: Math.atan,
  sinh: Math.sinh,
  cosh: Math.cosh,
  asinh: Math.asinh,
  acosh: Math.acosh,
  atanh: Math.atanh,
  erf,
};

export function applyUnary(fn: UnaryFunction, x: number, dtype: DType): number {
  if (fn === "not") return dtype === "bool" ? 1 - x : ~x;
  return rounded(floatUnary[fn](x), dtype);
}

/** C's pow, which JavaScript's leaves at (±1)^±Infinity and 1^NaN. */
export const power = (x: number, y: number): number => (x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : x ** y);

export function applyBinary(fn: BinaryFunction, x: number, y: number, dtype: DType): number {
  const integer = dtype === "int32";
  switch (fn) {
    case "add":
      return rounded(x + y, dtype);
    case "subtract":
      return rounded(x - y, dtype);
    case "multiply":
      return integer ? Math.imul(x, y) : rounded(x * y, dtype);
    case "divide":
      return integer ? (y === 0 ? 0 : Math.trunc(x / y) | 0) : rounded(x / y, dtype);
    case "remainder":
      return integer ? (y === 0 ? 0 : (x % y) | 0) : rounded(x % y, dtype);
    case "maximum":
      return Math.max(x, y);
    case "minimum":
      return Math.min(x, y);
    case "power":
      return rounded(power(x, y), dtype);
    case "atan2":
      return rounded(Math.atan2(x, y), dtype);
    case "and":
      return x & y;
    case "or":
      return x | y;
    case "xor":
      return x ^ y;
    case "shift_left":
      return x << y;
    case "shift_right_logical":
      return (x >>> y) | 0;
    default:
      return fn satisfies never;
  }
}

export function applyCompare(direction: Direction, x: number, y: number): number {
  switch (direction) {
    case "EQ":
      return Number(x === y);
    case "NE":
      return Number(x !== y);
    case "GE":
      return Number(x >= y);
    case "GT":
      return Number(x > y);
    case "LE":
      return Number(x <= y);
    case "LT":
      return Number(x < y);
    default:
      return direction satisfies never;
  }
}

/** `convert`: to int32 truncating and saturating, NaN to 0; to bool, whether it is not 0. */
export function convertValue(x: number, dtype: DType): number {
  if (dtype === "bool") return Number(x !== 0);
  if (dtype === "float32") return Math.fround(x);
  return Number.isNaN(x) ? 0 : Math.min(Math.max(Math.trunc(x), -2147483648), 2147483647) | 0;
}

const bits = new DataView(new ArrayBuffer(4));

export function bitcastValue(x: number, dtype: "float32" | "int32"): number {
  if (dtype === "int32") {
    bits.setFloat32(0, x);
    return bits.getInt32(0);
  }
  bits.setInt32(0, x);
  return bits.getFloat32(0);
}

export const affineAt = ({ offset, coefficients }: Affine, point: readonly number[]): number =>
  coefficients.reduce((sum, coefficient, axis) => sum + (coefficient === 0 ? 0 : coefficient * point[axis]!), offset);

/** The value of `scalar` at the loop position `point`. */
export function evaluateScalar(scalar: Scalar, operands: readonly TensorView[], point: readonly number[]): number {
  const known = new Map<Scalar, number>(); // shared sub-expressions are computed once
  const value = (s: Scalar): number => {
    let result = known.get(s);
    if (result === undefined) known.set(s, (result = compute(s)));
    return result;
  };
  const compute = (s: Scalar): number => {
    switch (s.kind) {
      case "load": {
        const { shape, values } = operands[s.operand]!;
        return values[positionOf(s.index, shape, value, point)]!;
      }
      case "number":
        return rounded(s.value, s.dtype);
      case "index":
        return affineAt(s.affine, point);
      case "unary":
        return applyUnary(s.fn, value(s.x), s.dtype);
      case "binary":
        return applyBinary(s.fn, value(s.x), value(s.y), s.dtype);
      case "compare":
        return applyCompare(s.direction, value(s.x), value(s.y));
      case "select":
        return value(s.predicate) ? value(s.x) : value(s.y);
      case "convert":
        return convertValue(value(s.x), s.dtype);
      case "bitcast":
        return s.x.dtype === s.dtype ? value(s.x) : bitcastValue(value(s.x), s.dtype);
      case "half":
        return halfValue(value(s.x));
      default:
        return s satisfies never;
    }
  };
  return value(scalar);
}

/** Row-major position of an element; throws where an index is out of range, which is the kernel's mistake. */
export function positionOf(
  index: readonly (Affine | Scalar)[],
  shape: Shape,
  value: (scalar: Scalar) => number,
  point: readonly number[],
): number {
  const strides = stridesOf(shape);
  return index.reduce((sum, at, dimension) => {
    const i = isAffine(at) ? affineAt(at, point) : value(at);
    if (!(i >= 0 && i < shape[dimension]!)) {
      throw new Error(
        `internal: index ${i} is outside dimension ${dimension} of [${shape.join()}] at [${point.join()}], please report`,
      );
    }
    return sum + i * strides[dimension]!;
  }, 0);
}
