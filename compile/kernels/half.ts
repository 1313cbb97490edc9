// IEEE 754 binary16: what the low 16 bits of an int32 stand for, as a number and as an expression. A target with an
// instruction for it emits that (nodes.ts asks); the others compute the expression, exact for every half.

import { and, f, fromBits, ge, i, mul, or, shl, when } from "./expression.ts";
import type { Scalar } from "./scalar.ts";

/** Bits of a half's exponent, all ones in infinities and NaN, and of a float32's. */
const [exponent16, exponent32] = [0x7c00, 0x7f800000];

export function halfValue(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const [exponent, mantissa] = [(bits & exponent16) >>> 10, bits & 0x3ff];
  if (exponent === 31) return mantissa ? NaN : sign * Infinity;
  return sign * (exponent === 0 ? mantissa * 2 ** -24 : (1024 + mantissa) * 2 ** (exponent - 25));
}

/** The bits moved to a float32's places are the number times 2^-112, except of infinities and NaN. A subnormal half is a
 *  subnormal float32 on the way, which engines of WebAssembly keep. */
export function halfToFloat(bits: Scalar): Scalar {
  const magnitude = shl(and(bits, i(0x7fff)), i(13));
  const special = ge(magnitude, i(exponent16 << 13));
  const sign = shl(and(bits, i(0x8000)), i(16));
  return mul(fromBits(or(sign, when(special, or(magnitude, i(exponent32)), magnitude))), f(2 ** 112));
}
