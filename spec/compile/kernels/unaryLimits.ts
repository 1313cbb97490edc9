// What each function of one argument is compared with, in double precision, and how far off it may be, in units in the
// last place of a float32.

import { erf } from "../../../compile/kernels/erf.ts";
import type { UnaryFunction } from "../../../compile/kernels/scalar.ts";

const logistic = (x: number): number => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));

export const unaryLimits = {
  sqrt: [Math.sqrt, 0.5],
  rsqrt: [(x) => 1 / Math.sqrt(x), 2],
  exponential: [Math.exp, 2],
  log: [Math.log, 2],
  tanh: [Math.tanh, 2],
  logistic: [logistic, 2],
  exponential_minus_one: [Math.expm1, 2],
  log_plus_one: [Math.log1p, 2],
  sine: [Math.sin, 2],
  cosine: [Math.cos, 2],
  tan: [Math.tan, 2],
  asin: [Math.asin, 2],
  acos: [Math.acos, 2],
  atan: [Math.atan, 2],
  sinh: [Math.sinh, 2],
  cosh: [Math.cosh, 2],
  asinh: [Math.asinh, 2],
  acosh: [Math.acosh, 2],
  atanh: [Math.atanh, 2],
  erf: [erf, 2],
} satisfies Partial<Record<UnaryFunction, [(x: number) => number, number]>>;
