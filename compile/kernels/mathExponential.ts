// Exponentials, logarithms and hyperbolic functions, named as primitives are (see math.ts). Polynomials after Cephes
// (Moshier) and, for erf, Juffa.

import {
  abs,
  add,
  bits,
  copySign,
  div,
  eq,
  f,
  fromBits,
  ge,
  greater,
  gt,
  i,
  lt,
  minusAbs,
  mul,
  mulAdd,
  mulSub,
  polynomial,
  shl,
  shr,
  sqrt,
  sub,
  toFloat,
  when,
  and,
} from "./expression.ts";
import type { Scalar } from "./scalar.ts";

/** ln 2 in two parts: the product of the first, of 9 bits, and a small integer is exact. */
const ln2High = 0.693359375;
const ln2Low = -0.00021219444005469057;

/** x = n ln 2 + r: e^r - 1 for |r| <= ln 2 / 2, and n + bias in the low bits of an int32. |x| below 2^20 or NaN (then r is
 *  NaN too). */
function reduceExponent(x: Scalar, bias: number): { n: Scalar; q: Scalar } {
  // Adding 1.5 · 2^23 rounds to an integer, which then stands in the low bits.
  const magic = 12582912 + bias;
  const shifted = mulAdd(x, f(Math.LOG2E), f(magic));
  const n = sub(shifted, f(magic));
  const high = sub(x, mul(n, f(ln2High))); // exact
  const low = mul(n, f(ln2Low));
  const r = sub(high, low);
  const p = polynomial(r, [1.3813144e-3, 8.369419e-3, 4.166846e-2, 1.6666515e-1, 4.9999994e-1]);
  return { n: bits(shifted), q: add(high, sub(mul(p, mul(r, r)), low)) };
}

/** 2^(n - 127) for an int32 with n in 1..254 in its low 9 bits. */
const power2 = (n: Scalar): Scalar => fromBits(shl(n, i(23)));

/** x · 2^n, n in -252..254, by two powers: subnormal results are rounded once. */
export const scale = (x: Scalar, n: Scalar): Scalar => scaleBiased(x, add(n, i(254)));

/** x · 2^(n - 254) for an int32 with n in 2..508 in its low 10 bits. */
function scaleBiased(x: Scalar, n: Scalar): Scalar {
  const half = shr(n, i(1));
  return mul(mul(x, power2(half)), power2(sub(n, half)));
}

/** The greater of a constant and x, and the lesser; NaN stays. One instruction each. */
const atLeast = (x: Scalar, low: number): Scalar => when(lt(x, f(low)), f(low), x);
const atMost = (x: Scalar, high: number): Scalar => when(lt(f(high), x), f(high), x);

/** e^x · 2^shift. */
function exponentialShifted(x: Scalar, shift: number): Scalar {
  const { n, q } = reduceExponent(atMost(atLeast(x, -105), 91), 254 + shift);
  return scaleBiased(add(q, f(1)), n);
}

export const exponential = (x: Scalar): Scalar => exponentialShifted(x, 0);

export function exponential_minus_one(x: Scalar): Scalar {
  const { n, q } = reduceExponent(atMost(atLeast(x, -30), 89), 126);
  // 2 (2^(n-1) q + (2^(n-1) - 1/2)), since 2^128 is no float.
  const s = power2(n);
  const r = mul(f(2), mulAdd(s, q, sub(s, f(0.5))));
  return when(lt(abs(x), f(2 ** -25)), x, r);
}

/** With e = e^(-|x|): 1 / (1 + e) or e / (1 + e), less what rounding 1 + e does to it. */
export function logistic(x: Scalar): Scalar {
  const { n, q } = reduceExponent(atLeast(minusAbs(x), -105), 127 + 64);
  const e = mul(mul(add(q, f(1)), power2(n)), f(2 ** -64));
  const one = when(ge(x, f(0)), f(1), f(0));
  const d = add(f(1), e);
  const lost = sub(e, sub(d, f(1)));
  const y = div(greater(e, one), d);
  return mulSub(mul(y, lost), greater(y, sub(f(1), y)), y); // the greater is 1 / (1 + e)
}

/** A polynomial near 0; elsewhere, with e = e^(-2|x|), 1 - 2e / (1 + e). */
export function tanh(x: Scalar): Scalar {
  const a = abs(x);
  const { n, q } = reduceExponent(mul(f(-2), atMost(a, 20)), 127);
  const s = power2(n);
  const e = mulAdd(s, q, s);
  const large = sub(f(1), div(add(e, e), add(f(1), e)));
  const z = mul(x, x);
  const p = polynomial(
    z,
    [-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1],
  );
  return copySign(when(gt(a, f(0.625)), large, mulAdd(mul(p, z), a, a)), x);
}

/** x = 2^e · m, m between √½ and √2, for positive finite x: e as a float, m - 1 (exact). */
export function splitExponent(x: Scalar): { e: Scalar; f1: Scalar } {
  const subnormal = lt(x, f(2 ** -126));
  const sqrtHalf = 0x3f3504f3;
  const b = add(bits(when(subnormal, mul(x, f(2 ** 23)), x)), i(0x3f800000 - sqrtHalf));
  const e = sub(sub(shr(b, i(23)), i(127)), when(subnormal, i(23), i(0)));
  return { e: toFloat(e), f1: sub(fromBits(add(and(b, i(0x7fffff)), i(sqrtHalf))), f(1)) };
}

/** log (2^e · (1 + f1)), f1 between √½ - 1 and √2 - 1; with `low`, some units in the last place of f1, added to it. */
function logOf({ e, f1 }: { readonly e: Scalar; readonly f1: Scalar }, low?: Scalar): Scalar {
  const z = mul(f1, f1);
  const p = polynomial(f1, [
    7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1, 2.0000714765e-1,
    -2.4999993993e-1, 3.3333331174e-1,
  ]); // prettier-ignore
  const y = sub(add(mul(mul(p, f1), z), mul(e, f(ln2Low))), mul(f(0.5), z));
  return add(add(f1, low ? add(y, low) : y), mul(e, f(ln2High)));
}

/** `r` where x is positive and finite, else what the logarithm is there. */
const logAt = (x: Scalar, r: Scalar): Scalar =>
  when(gt(x, f(0)), when(lt(x, f(Infinity)), r, x), when(eq(x, f(0)), f(-Infinity), f(NaN)));

export const log = (x: Scalar): Scalar => logAt(x, logOf(splitExponent(x)));

/** Near 0 as log is near 1, of x itself; elsewhere log u + (x - (u - 1)) / u with u = 1 + x rounded: the second term is what
 *  rounding lost. Near 0 all would hang on it, and a compiler that may reassociate makes it 0. */
export const log_plus_one = (x: Scalar): Scalar => logPlusOne(x);

/** log (1 + x), or with `low`, less than a unit in the last place of x, log (1 + x + low). */
function logPlusOne(x: Scalar, low?: Scalar): Scalar {
  const u = add(f(1), x);
  const near = and(gt(x, f(-0.29)), lt(x, f(0.41)));
  const { e, f1 } = splitExponent(u);
  const rounded = sub(x, sub(u, f(1)));
  const lost = div(low ? add(rounded, low) : rounded, u);
  const finite = and(gt(u, f(0)), lt(u, f(Infinity)));
  const r = logOf({ e: when(near, f(0), e), f1: when(near, x, f1) }, low && when(near, low, f(0)));
  return when(eq(x, f(0)), x, add(logAt(u, r), when(near, f(0), when(finite, lost, f(0))))); // -0
}

export function sinh(x: Scalar): Scalar {
  const a = abs(x);
  const z = mul(x, x);
  const small = add(mul(mul(polynomial(z, [1 / 362880, 1 / 5040, 1 / 120, 1 / 6]), z), a), a);
  const e = exponentialShifted(a, -1);
  return copySign(when(lt(a, f(1)), small, sub(e, div(f(0.25), e))), x);
}

export function cosh(x: Scalar): Scalar {
  const e = exponentialShifted(abs(x), -1);
  return add(e, div(f(0.25), e));
}

export function asinh(x: Scalar): Scalar {
  const a = abs(x);
  const z = mul(a, a);
  const moderate = log_plus_one(add(a, div(z, add(f(1), sqrt(add(z, f(1)))))));
  return copySign(when(lt(a, f(4096)), moderate, add(log(a), f(Math.LN2))), x);
}

export function acosh(x: Scalar): Scalar {
  const t = sub(x, f(1));
  const s = sqrt(add(mul(f(2), t), mul(t, t)));
  const w = add(t, s);
  const moderate = logPlusOne(w, sub(t, sub(w, s))); // what rounding t + s lost
  return when(lt(x, f(1)), f(NaN), when(lt(x, f(4096)), moderate, add(log(x), f(Math.LN2))));
}

export function atanh(x: Scalar): Scalar {
  const a = abs(x);
  const twice = mul(f(2), a);
  const positive = mul(f(0.5), log_plus_one(add(twice, div(mul(twice, a), sub(f(1), a)))));
  return when(gt(a, f(1)), f(NaN), copySign(positive, x));
}

export function erf(x: Scalar): Scalar {
  const a = abs(x);
  const s = mul(x, x);
  const small = polynomial(
    s,
    [-5.96761703e-4, 4.99119423e-3, -2.67681349e-2, 1.12819925e-1, -3.76125336e-1, 1.28379166e-1],
  );
  const t = when(gt(a, f(4)), f(4), a);
  const c = polynomial(
    t,
    [-1.7285347e-5, 3.83197126e-4, -3.88396438e-3, 2.42546219e-2, -1.06777877e-1, -6.34846687e-1, -1.28717512e-1],
  );
  const large = sub(f(1), exponential(sub(mul(c, t), t)));
  return copySign(when(gt(a, f(0.927734375)), large, abs(add(mul(small, a), a))), x);
}
