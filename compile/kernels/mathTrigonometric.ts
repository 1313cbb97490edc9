// Trigonometric functions and their inverses, named as primitives are (see math.ts). Polynomials after Cephes (Moshier), those
// of tan and atan fitted anew. Arguments of any size are reduced by the bits of 2/π that matter for them (Payne and Hanek).

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
  not,
  or,
  polynomial,
  shl,
  shr,
  sqrt,
  sub,
  toFloat,
  toInt,
  upper,
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

interface Angle {
  /** Quarter turns modulo 4, an int32. */
  readonly n: Scalar;
  /** The angle beyond them, from -π/4 to π/4, as a sum: the tail is at most some 2^-11 of the head. Added last, the head
   *  makes a function of the angle one rounding better than the angle itself. */
  readonly head: Scalar;
  readonly tail: Scalar;
}

/** π/2 to 12 bits: its product with a float of as many is exact. */
const quarterHead = 3217 / 2048;

/** x = n π/2 + head + tail. */
function reduceAngle(x: Scalar): Angle {
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
  const h = upper(sum);
  const head = mul(h, f(quarterHead));
  const tail = add(mul(add(sub(sum, h), lost), f(Math.PI / 2)), mul(sum, f(Math.PI / 2 - quarterHead)));
  const small = lt(a, f(0.75));
  // An angle's sign turns both.
  const back0 = lt(x, f(0));
  const sign = and(xor(high, bits(x)), i(-0x80000000));
  const signed = (y: Scalar): Scalar => fromBits(xor(bits(y), sign));
  return {
    n: when(small, i(0), when(back0, and(sub(i(0), turns), i(3)), turns)),
    head: when(small, x, signed(head)),
    tail: when(small, f(0), signed(tail)),
  };
}

/** Sine of head + tail, r their sum and z its square. */
const sinePolynomial = ({ head, tail }: Angle, r: Scalar, z: Scalar): Scalar =>
  add(add(mul(mul(polynomial(z, [-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1]), z), r), tail), head);

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
  const angle = reduceAngle(x);
  const r = add(angle.head, angle.tail);
  const z = mul(r, r);
  const quadrant = shift === 0 ? angle.n : add(angle.n, i(shift));
  const value = when(eq(and(quadrant, i(1)), i(0)), sinePolynomial(angle, r, z), cosinePolynomial(z));
  const flipped = fromBits(xor(bits(value), shl(and(quadrant, i(2)), i(30))));
  return when(lt(abs(x), f(Infinity)), flipped, f(NaN));
}

/** Below 2^-12 sine and tangent are their argument, -0 and subnormals too. */
const unlessTiny = (x: Scalar, value: Scalar): Scalar => when(lt(abs(x), f(2 ** -12)), x, value);

export const sine = (x: Scalar): Scalar => unlessTiny(x, sineShifted(x, 0));
export const cosine = (x: Scalar): Scalar => sineShifted(x, 1);

/** A polynomial fitted to (tan r - r) / r³; in odd quarters its reciprocal. */
export function tan(x: Scalar): Scalar {
  const { n, head, tail } = reduceAngle(x);
  const r = add(head, tail);
  const z = mul(r, r);
  const p = polynomial(
    z,
    [4.3724608e-3, 9.8610486e-5, 1.08272424e-2, 2.12862547e-2, 5.40589094e-2, 1.33326754e-1, 3.33333492e-1],
  );
  const t = add(add(mul(mul(p, z), r), tail), head);
  const value = when(eq(and(n, i(1)), i(0)), t, div(f(-1), t));
  return unlessTiny(x, when(lt(abs(x), f(Infinity)), value, f(NaN)));
}

/** Arc tangent of a number from 0: of one up to 1/2 by a polynomial fitted to it; from 1/2 to 2, where a - 1 is exact, as an
 *  angle from π/4, and above from π/2. */
function atanPositive(a: Scalar): Scalar {
  const large = gt(a, f(2));
  const medium = gt(a, f(0.5));
  const x = when(large, div(f(-1), a), when(medium, div(sub(a, f(1)), add(a, f(1))), a));
  const z = mul(x, x);
  const p = mul(mul(polynomial(z, [-5.12504354e-2, 0.101557977, -0.14174211, 0.19994168, -0.33333233]), z), x);
  // π/2 and π/4 in two parts
  const turn = when(large, f(Math.PI / 2), when(medium, f(Math.PI / 4), f(0)));
  const turnLow = when(large, f(-4.371139e-8), when(medium, f(-2.1855695e-8), f(0)));
  return add(turn, add(add(p, turnLow), x));
}

export const atan = (x: Scalar): Scalar => copySign(abs(atanPositive(abs(x))), x);

/** What the arc sine of x is above x, z being its square. */
const asinPolynomial = (x: Scalar, z: Scalar): Scalar =>
  mul(mul(polynomial(z, [4.2163199048e-2, 2.4181311049e-2, 4.5470025998e-2, 7.4953002686e-2, 1.6666752422e-1]), z), x);

const halfPi = Math.fround(Math.PI / 2);

export function asin(x: Scalar): Scalar {
  const a = abs(x);
  const large = gt(a, f(0.5));
  const z = when(large, mul(f(0.5), sub(f(1), a)), mul(a, a));
  const y = when(large, sqrt(z), a);
  const p = asinPolynomial(y, z);
  // π/2 - 2 (y + p), the greater terms first: their difference is exact, or near π/2.
  const h = upper(y);
  const low = add(sub(y, h), p);
  const wide = sub(sub(f(halfPi), add(h, h)), sub(add(low, low), f(Math.PI / 2 - halfPi)));
  return copySign(abs(when(large, wide, add(y, p))), x);
}

/** Where |x| > 1/2, twice the arc sine of √((1 - |x|)/2), taken from π for negative x. */
export function acos(x: Scalar): Scalar {
  const a = abs(x);
  const large = gt(a, f(0.5));
  const z = when(large, mul(f(0.5), sub(f(1), a)), mul(a, a));
  const y = when(large, sqrt(z), x);
  const p = add(y, asinPolynomial(y, z));
  const twice = mul(f(2), p);
  const low = f(Math.PI / 2 - halfPi);
  const wide = when(gt(x, f(0)), twice, sub(f(2 * halfPi), sub(twice, mul(f(2), low))));
  return when(large, wide, sub(f(halfPi), sub(p, low)));
}
