// Trigonometric functions and their inverses, named as primitives are (see math.ts). Polynomials after Cephes (Moshier).
// Arguments of any size are reduced by the bits of 2/π that matter for them (Payne and Hanek).

import {
  abs,
  add,
  and,
  bits,
  copySign,
  div,
  eq,
  f,
  fromBits,
  gt,
  i,
  lt,
  mul,
  neg,
  not,
  or,
  polynomial,
  shl,
  shr,
  sqrt,
  sub,
  toFloat,
  toInt,
  when,
  xor,
} from "./expression.ts";
import type { Scalar } from "./scalar.ts";

/** 32 zero bits, then the first bits of 2/π. */
const twoOverPi = [0, 0xa2f9836e, 0x4e441529, 0xfc2757d1, 0xf534ddc0, 0xdb629599, 0x3c439041, 0xfe5163ab].map(
  (word) => word | 0,
);

/** High half of the 64-bit product of two unsigned integers, the first below 2^24. */
function multiplyHigh(x: Scalar, y: Scalar): Scalar {
  const low = i(0xffff);
  const sixteen = i(16);
  const [xl, xh, yl, yh] = [and(x, low), shr(x, sixteen), and(y, low), shr(y, sixteen)];
  const middle = add(mul(xh, yl), shr(mul(xl, yl), sixteen));
  const other = add(mul(xl, yh), and(middle, low));
  return add(add(mul(xh, yh), shr(middle, sixteen)), shr(other, sixteen));
}

/** x = n π/2 + r with |r| <= π/4: n modulo 4 as int32, and r. */
function reduceAngle(x: Scalar): { n: Scalar; r: Scalar } {
  const a = abs(x);
  const b = bits(a);
  const mantissa = or(and(b, i(0x7fffff)), i(0x800000));
  // a = mantissa · 2^exponent. Bits of 2/π above 2^(2 - exponent) give multiples of 2π: the window of bits starts there.
  const exponent = sub(shr(b, i(23)), i(150));
  const start = add(exponent, i(30));
  const word = shr(start, i(5));
  const offset = and(start, i(31));
  const at = (j: number): Scalar =>
    [4, 3, 2, 1].reduceRight((rest, w) => when(eq(word, i(w)), i(twoOverPi[w + j]!), rest), i(twoOverPi[j]!));
  const words = [at(0), at(1), at(2), at(3)];
  const back = sub(i(31), offset);
  const window = (j: number): Scalar => or(shl(words[j]!, offset), shr(shr(words[j + 1]!, i(1)), back));
  const [w0, w1, w2] = [window(0), window(1), window(2)];
  // mantissa · window modulo 2^96, two words of it: quarter turns with 62 bits of fraction.
  const low = mul(mantissa, w1);
  const p1 = add(low, multiplyHigh(mantissa, w2));
  const flip = i(-0x80000000);
  const carry = toInt(lt(xor(p1, flip), xor(low, flip)));
  const p0 = add(add(mul(mantissa, w0), multiplyHigh(mantissa, w1)), carry);
  const turns = and(shr(add(shr(p0, i(29)), i(1)), i(1)), i(3));
  const high = or(shl(p0, i(2)), shr(p1, i(30)));
  const rest = shl(p1, i(2));
  const negative = lt(high, i(0));
  const magnitude = when(negative, not(high), high);
  const below = when(negative, not(rest), rest);
  // The fraction as a sum of floats, each exact, then of two.
  const h1 = mul(toFloat(shr(magnitude, i(8))), f(2 ** -24));
  const h2 = mul(toFloat(or(shl(and(magnitude, i(0xff)), i(16)), shr(below, i(16)))), f(2 ** -48));
  const h3 = mul(toFloat(and(below, i(0xffff))), f(2 ** -64));
  const sum = add(h1, add(h2, h3));
  const lost = add(sub(h2, sub(sum, h1)), h3);
  const quarter = Math.fround(Math.PI / 2);
  const r = add(mul(sum, f(quarter)), add(mul(sum, f(Math.PI / 2 - quarter)), mul(lost, f(quarter))));
  const signed = when(negative, neg(r), r);
  const small = lt(a, f(0.75));
  // An angle's sign turns both.
  const back0 = lt(x, f(0));
  return {
    n: when(small, i(0), when(back0, and(sub(i(0), turns), i(3)), turns)),
    r: when(small, x, when(back0, neg(signed), signed)),
  };
}

const sinePolynomial = (r: Scalar, z: Scalar): Scalar =>
  add(mul(mul(polynomial(z, [-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1]), z), r), r);

const cosinePolynomial = (z: Scalar): Scalar =>
  add(
    sub(
      mul(mul(polynomial(z, [2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2]), z), z),
      mul(f(0.5), z),
    ),
    f(1),
  );

/** Sine for `shift` 0, cosine for 1. */
function sineShifted(x: Scalar, shift: number): Scalar {
  const { n, r } = reduceAngle(x);
  const z = mul(r, r);
  const quadrant = shift === 0 ? n : add(n, i(shift));
  const value = when(eq(and(quadrant, i(1)), i(0)), sinePolynomial(r, z), cosinePolynomial(z));
  const flipped = fromBits(xor(bits(value), shl(and(quadrant, i(2)), i(30))));
  return when(lt(abs(x), f(Infinity)), flipped, f(NaN));
}

/** Below 2^-12 sine and tangent are their argument, -0 and subnormals too. */
const unlessTiny = (x: Scalar, value: Scalar): Scalar => when(lt(abs(x), f(2 ** -12)), x, value);

export const sine = (x: Scalar): Scalar => unlessTiny(x, sineShifted(x, 0));
export const cosine = (x: Scalar): Scalar => sineShifted(x, 1);

export function tan(x: Scalar): Scalar {
  const { n, r } = reduceAngle(x);
  const z = mul(r, r);
  const [s, c] = [sinePolynomial(r, z), cosinePolynomial(z)];
  const even = eq(and(n, i(1)), i(0));
  return unlessTiny(x, when(lt(abs(x), f(Infinity)), div(when(even, s, neg(c)), when(even, c, s)), f(NaN)));
}

/** Arc tangent of a number from 0 to tan(3π/8), and above. */
function atanPositive(a: Scalar): Scalar {
  const large = gt(a, f(2.414213562373095));
  const medium = gt(a, f(0.4142135623730951));
  const x = when(large, div(f(-1), a), when(medium, div(sub(a, f(1)), add(a, f(1))), a));
  const z = mul(x, x);
  const p = mul(mul(polynomial(z, [8.05374449538e-2, -1.38776856032e-1, 1.99777106478e-1, -3.33329491539e-1]), z), x);
  // π/2 and π/4 in two parts
  const turn = when(large, f(Math.PI / 2), when(medium, f(Math.PI / 4), f(0)));
  const turnLow = when(large, f(-4.371139e-8), when(medium, f(-2.1855695e-8), f(0)));
  return add(turn, add(add(p, turnLow), x));
}

export const atan = (x: Scalar): Scalar => copySign(abs(atanPositive(abs(x))), x);

const asinPolynomial = (x: Scalar, z: Scalar): Scalar =>
  add(
    mul(
      mul(polynomial(z, [4.2163199048e-2, 2.4181311049e-2, 4.5470025998e-2, 7.4953002686e-2, 1.6666752422e-1]), z),
      x,
    ),
    x,
  );

const halfPi = Math.fround(Math.PI / 2);

export function asin(x: Scalar): Scalar {
  const a = abs(x);
  const large = gt(a, f(0.5));
  const z = when(large, mul(f(0.5), sub(f(1), a)), mul(a, a));
  const p = asinPolynomial(when(large, sqrt(z), a), z);
  return copySign(abs(when(large, sub(f(halfPi), sub(mul(f(2), p), f(Math.PI / 2 - halfPi))), p)), x);
}

/** Where |x| > 1/2, twice the arc sine of √((1 - |x|)/2), taken from π for negative x. */
export function acos(x: Scalar): Scalar {
  const a = abs(x);
  const large = gt(a, f(0.5));
  const z = when(large, mul(f(0.5), sub(f(1), a)), mul(a, a));
  const p = asinPolynomial(when(large, sqrt(z), x), z);
  const twice = mul(f(2), p);
  const low = f(Math.PI / 2 - halfPi);
  const wide = when(gt(x, f(0)), twice, sub(f(2 * halfPi), sub(twice, mul(f(2), low))));
  return when(large, wide, sub(f(halfPi), sub(p, low)));
}
