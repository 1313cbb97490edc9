// Functions of scalars as compositions of basic ones (arithmetic, comparison, selection, rounding to integers, bits),
// written once for all targets that have no library of such functions. Straight code without branches: cases are computed
// all and selected. No fused multiply-add, so that every engine gives the same bits.
//
// Of one argument, all are within 2 units in the last place over float32 (spec/compile/kernels/unaryLimits.ts holds them to it,
// docs/accuracy.md has the errors).

import * as exponential from "./mathExponential.ts";
import { atan2, power } from "./mathPower.ts";
import * as trigonometric from "./mathTrigonometric.ts";
import { div, f, gt, lt, sqrt, when } from "./expression.ts";
import { number, type BinaryFunction, type Scalar, type UnaryFunction } from "./scalar.ts";

function sign(x: Scalar): Scalar {
  const n = (value: number): Scalar => number(value, x.dtype);
  return when(gt(x, n(0)), n(1), when(lt(x, n(0)), n(-1), x)); // keeps NaN and -0
}

const floatUnary: Partial<Record<UnaryFunction, (x: Scalar) => Scalar>> = {
  sign,
  rsqrt: (x) => div(f(1), sqrt(x)),
  exponential: exponential.exponential,
  exponential_minus_one: exponential.exponential_minus_one,
  log: exponential.log,
  log_plus_one: exponential.log_plus_one,
  logistic: exponential.logistic,
  tanh: exponential.tanh,
  sinh: exponential.sinh,
  cosh: exponential.cosh,
  asinh: exponential.asinh,
  acosh: exponential.acosh,
  atanh: exponential.atanh,
  erf: exponential.erf,
  sine: trigonometric.sine,
  cosine: trigonometric.cosine,
  tan: trigonometric.tan,
  asin: trigonometric.asin,
  acos: trigonometric.acos,
  atan: trigonometric.atan,
};

const floatBinary: Partial<Record<BinaryFunction, (x: Scalar, y: Scalar) => Scalar>> = { power, atan2 };

/** What computes `scalar` where its function is not basic; undefined where it is. */
export function expansionOf(scalar: Scalar): Scalar | undefined {
  if (scalar.kind === "unary") {
    if (scalar.fn === "sign") return sign(scalar.x);
    if (scalar.x.dtype !== "float32") return undefined;
    return floatUnary[scalar.fn]?.(scalar.x);
  }
  if (scalar.kind === "binary" && scalar.x.dtype === "float32") {
    return floatBinary[scalar.fn]?.(scalar.x, scalar.y);
  }
  return undefined;
}
