// Functions of two scalars (see math.ts).

import {
  abs,
  add,
  and,
  bits,
  copySign,
  div,
  eq,
  f,
  floor,
  gt,
  i,
  lt,
  mul,
  not,
  or,
  polynomial,
  sub,
  upper,
  when,
} from "./expression.ts";
import { atan } from "./mathTrigonometric.ts";
import { scale, splitExponent } from "./mathExponential.ts";
import type { Scalar } from "./scalar.ts";

/** x y and what rounding it lost (Dekker). */
function multiplyExactly(x: Scalar, y: Scalar): { product: Scalar; lost: Scalar } {
  const product = mul(x, y);
  const [xh, yh] = [upper(x), upper(y)];
  const [xl, yl] = [sub(x, xh), sub(y, yh)];
  return { product, lost: add(add(add(sub(mul(xh, yh), product), mul(xh, yl)), mul(xl, yh)), mul(xl, yl)) };
}

/** log2 of a positive finite number as a sum of two floats. */
function log2(x: Scalar): { high: Scalar; low: Scalar } {
  const { e, f1 } = splitExponent(x);
  // log2 m = 2/ln 2 · atanh s, s = (m-1)/(m+1) in two parts.
  const d = add(f(2), f1);
  const dLost = sub(f1, sub(d, f(2)));
  const s = div(f1, d);
  const sd = multiplyExactly(s, d);
  const sLow = div(sub(sub(sub(f1, sd.product), sd.lost), mul(s, dLost)), d);
  const factor = 2 / Math.LN2;
  const z = mul(s, s);
  const tail = mul(mul(s, z), polynomial(z, [factor / 9, factor / 7, factor / 5, factor / 3]));
  const main = multiplyExactly(s, f(factor));
  const rest = add(add(main.lost, add(mul(s, f(factor - Math.fround(factor))), mul(sLow, f(factor)))), tail);
  const sum = add(e, main.product); // e is 0 or larger than the product
  const low = add(sub(main.product, sub(sum, e)), rest);
  const high = add(sum, low);
  return { high, low: sub(low, sub(high, sum)) };
}

/** x^y as C's pow: 1 for y = 0 and for x = 1, NaN for negative x and fractional y. */
export function power(x: Scalar, y: Scalar): Scalar {
  const a = abs(x);
  const { high, low } = log2(a);
  // Beyond 2^33 every base but 1 overflows or vanishes.
  const limited = when(gt(y, f(2 ** 33)), f(2 ** 33), when(lt(y, f(-(2 ** 33))), f(-(2 ** 33)), y));
  const { product, lost } = multiplyExactly(limited, high);
  const inRange = lt(abs(product), f(300));
  const z = when(inRange, product, when(gt(product, f(0)), f(200), f(-200)));
  const zLow = when(inRange, add(lost, mul(limited, low)), f(0));
  const magic = 12582912;
  const clamped = when(gt(z, f(200)), f(200), when(lt(z, f(-200)), f(-200), z));
  const shifted = add(clamped, f(magic));
  const n = sub(shifted, f(magic));
  const r = mul(add(sub(clamped, n), zLow), f(Math.LN2));
  const p = polynomial(
    r,
    [1.98756915e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1],
  );
  const positive = scale(add(add(mul(p, mul(r, r)), r), f(1)), sub(bits(shifted), i(0x4b400000)));

  const yPositive = gt(y, f(0));
  const magnitude = when(
    eq(a, f(0)),
    when(yPositive, f(0), f(Infinity)),
    when(eq(a, f(Infinity)), when(yPositive, f(Infinity), f(0)), positive),
  );
  const whole = eq(floor(y), y);
  const odd = and(whole, not(eq(mul(floor(mul(y, f(0.5))), f(2)), y)));
  const signed = when(odd, copySign(magnitude, x), magnitude);
  const fractionalOfNegative = and(and(lt(x, f(0)), not(whole)), lt(a, f(Infinity)));
  const undefinedHere = or(fractionalOfNegative, or(not(eq(x, x)), not(eq(y, y))));
  return when(or(eq(y, f(0)), eq(x, f(1))), f(1), when(undefinedHere, f(NaN), signed));
}

/** The angle of the point (x, y). */
export function atan2(y: Scalar, x: Scalar): Scalar {
  const [ax, ay] = [abs(x), abs(y)];
  const steep = gt(ay, ax);
  const [least, greatest] = [when(steep, ax, ay), when(steep, ay, ax)];
  // 0/0 counts as 0, Infinity/Infinity as 1.
  const ratio = when(eq(greatest, f(0)), f(0), when(eq(least, f(Infinity)), f(1), div(least, greatest)));
  const angle = atan(ratio);
  const halfPi = Math.fround(Math.PI / 2);
  const low = Math.PI / 2 - halfPi;
  const acute = when(steep, sub(f(halfPi), sub(angle, f(low))), angle);
  const full = when(lt(bits(x), i(0)), sub(f(2 * halfPi), sub(acute, f(2 * low))), acute);
  return when(and(eq(x, x), eq(y, y)), copySign(full, y), f(NaN));
}
