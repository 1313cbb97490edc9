// Short words for writing scalar expressions of float32 and int32.

import { binary, bitcast, compare, convert, number, select, unary, type Scalar } from "./scalar.ts";

export const f = (value: number): Scalar => number(value, "float32");
export const i = (value: number): Scalar => number(value, "int32");
export const add = (x: Scalar, y: Scalar): Scalar => binary("add", x, y);
export const sub = (x: Scalar, y: Scalar): Scalar => binary("subtract", x, y);
export const mul = (x: Scalar, y: Scalar): Scalar => binary("multiply", x, y);
/** z + x · y and z - x · y, in one instruction where the engine has it: then rounded once. */
export const mulAdd = (x: Scalar, y: Scalar, z: Scalar): Scalar => binary("add", z, mul(x, y), true);
export const mulSub = (x: Scalar, y: Scalar, z: Scalar): Scalar => binary("subtract", z, mul(x, y), true);
export const div = (x: Scalar, y: Scalar): Scalar => binary("divide", x, y);
export const neg = (x: Scalar): Scalar => unary("negate", x);
export const abs = (x: Scalar): Scalar => unary("abs", x);
export const sqrt = (x: Scalar): Scalar => unary("sqrt", x);
export const floor = (x: Scalar): Scalar => unary("floor", x);
export const and = (x: Scalar, y: Scalar): Scalar => binary("and", x, y);
export const or = (x: Scalar, y: Scalar): Scalar => binary("or", x, y);
export const xor = (x: Scalar, y: Scalar): Scalar => binary("xor", x, y);
export const not = (x: Scalar): Scalar => unary("not", x);
export const shl = (x: Scalar, count: Scalar): Scalar => binary("shift_left", x, count);
export const shr = (x: Scalar, count: Scalar): Scalar => binary("shift_right_logical", x, count);
export const lt = (x: Scalar, y: Scalar): Scalar => compare("LT", x, y);
export const gt = (x: Scalar, y: Scalar): Scalar => compare("GT", x, y);
export const ge = (x: Scalar, y: Scalar): Scalar => compare("GE", x, y);
export const eq = (x: Scalar, y: Scalar): Scalar => compare("EQ", x, y);
export const when = (predicate: Scalar, onTrue: Scalar, onFalse: Scalar): Scalar => select(predicate, onTrue, onFalse);
export const bits = (x: Scalar): Scalar => bitcast(x, "int32");
export const fromBits = (x: Scalar): Scalar => bitcast(x, "float32");
export const toFloat = (x: Scalar): Scalar => convert(x, "float32");
export const toInt = (x: Scalar): Scalar => convert(x, "int32");

/** `Σ coefficients[j] · x^(degree - j)`, highest first: by Estrin's scheme, pairs and pairs of pairs, since a chain of
 *  dependent operations as long as Horner's is what processors wait for. */
export function polynomial(x: Scalar, coefficients: readonly number[]): Scalar {
  let terms = coefficients.map(f).reverse(); // lowest first
  for (let power = x; terms.length > 1; power = mul(power, power)) {
    terms = terms
      .filter((_, j) => j % 2 === 0)
      .map((term, j) => (terms[2 * j + 1] ? mulAdd(terms[2 * j + 1]!, power, term) : term));
  }
  return terms[0]!;
}

/** The magnitude of `x`, which is not negative, with the sign of `sign`; -0 counts as negative. */
export const copySign = (x: Scalar, sign: Scalar): Scalar => fromBits(or(bits(x), and(bits(sign), i(-0x80000000))));

/** -|x| */
export const minusAbs = (x: Scalar): Scalar => fromBits(or(bits(x), i(-0x80000000)));

/** The greater of two, `x` where one is NaN. */
export const greater = (x: Scalar, y: Scalar): Scalar => when(lt(x, y), y, x);

/** The upper 12 bits of a float: products of two such are exact. Read off bits, so that no compiler takes `x - upper(x)` for 0. */
export const upper = (x: Scalar): Scalar => fromBits(and(bits(x), i(~0xfff)));
