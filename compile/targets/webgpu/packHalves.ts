// Floats as halves (IEEE 754 binary16), two an int32: by integer arithmetic alone, since languages of devices leave open how
// they round. Neighbours along an axis share a word, the even one in the low bits: whoever reads both reads them at one time, and
// no word comes twice from far memory. Which of the two is an axis of its own, so that indices stay affine.

import type { Builder } from "../../primitives/primitive.ts";
import type { Value } from "../../graph/graph.ts";

/** The largest finite half, 65504; infinity; a NaN. */
const [largest, infinity, aNaN] = [0x7bff, 0x7c00, 0x7e00];

/** The bits of the nearest halves, even ones of two as near, in the low 16 bits of int32s: subnormal or zero for the smallest
 *  numbers, the largest finite half for numbers beyond it. What is no finite number stays so.
 *  @param x float32
 *  @returns int32 of its shape */
export function roundToHalf(b: Builder, x: Value): Value {
  const { shape } = x.type;
  const n = (value: number): Value => b.fill(value, shape, "int32");
  const up = (value: Value, by: Value): Value => b.one("shift_left", [value, by], {});
  const down = (value: Value, by: Value): Value => b.one("shift_right_logical", [value, by], {});
  const bits = b.one("bitcast_convert", [x], { dtype: "int32" });
  const magnitude = b.and(bits, n(0x7fffffff));
  const exponent = down(magnitude, n(23));

  // From 2^-14 on the exponent loses 112, the mantissa 13 bits; what rounding carries goes into the exponent.
  const even = b.and(down(magnitude, n(13)), n(1));
  const rounded = b.subtract(down(b.add(magnitude, b.add(n(0xfff), even)), n(13)), n(112 << 10));
  const normal = b.minimum(rounded, n(largest));
  // Below, halves are multiples of 2^-24; of less than half of one nothing is left.
  const mantissa = b.or(b.and(magnitude, n(0x7fffff)), n(0x800000));
  const places = b.minimum(b.subtract(n(126), b.minimum(exponent, n(112))), n(25));
  const belowHalf = b.subtract(up(n(1), b.subtract(places, n(1))), n(1));
  const tie = b.and(down(mantissa, places), n(1));
  const subnormal = down(b.add(mantissa, b.add(belowHalf, tie)), places);

  const finite = b.select(b.compare(exponent, n(113), "LT"), subnormal, normal);
  const endless = b.select(b.compare(magnitude, n(0x7f800000), "GT"), n(aNaN), n(infinity));
  const half = b.select(b.compare(exponent, n(255), "LT"), finite, endless);
  return b.or(half, b.and(down(bits, n(16)), n(0x8000)));
}

/** @param x float32, of an even size along `axis`
 *  @returns int32, half as large along `axis` */
export function packHalves(b: Builder, x: Value, axis: number): Value {
  const { shape } = x.type;
  const each = (first: number): Value =>
    b.slice(x, shape.map((_, d) => (d === axis ? first : 0)), shape, shape.map((_, d) => (d === axis ? 2 : 1))); // prettier-ignore
  const [even, odd] = [roundToHalf(b, each(0)), roundToHalf(b, each(1))];
  return b.or(even, b.one("shift_left", [odd, b.fill(16, odd.type.shape, "int32")], {}));
}

/** What `packHalves` packed.
 *  @returns float32, with `axis` in two: which word, and which of its halves */
export function unpackHalves(b: Builder, words: Value, axis: number): Value {
  const { shape: packed } = words.type;
  const shape = packed.flatMap((size, d) => (d === axis ? [size, 2] : [size]));
  const places = b.multiply(b.iota(shape, axis + 1), b.fill(16, [], "int32"));
  const each = b.broadcastInDim(words, shape, packed.map((_, d) => (d <= axis ? d : d + 1))); // prettier-ignore
  return b.one("half_to_float", [b.one("shift_right_logical", [each, places], {})], {});
}
