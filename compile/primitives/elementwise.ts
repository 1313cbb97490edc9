// The elementwise primitives of one and two operands: one row each. Operands of one type, the result has it too.
// float32 runs in tfjs ops; int32 and bool on the host, where 32-bit wrap-around is exact.

import * as tf from "@tensorflow/tfjs-core";
import { operandsDiffer } from "../errors.ts";
import type { Attrs, Value } from "../graph/graph.ts";
import { binary as binaryScalar, loadHere, unary as unaryScalar } from "../kernels/scalar.ts";
import type { BinaryFunction, UnaryFunction } from "../kernels/scalar.ts";
import { sameType, type DType } from "../type.ts";
import { allInFront } from "./batching.ts";
import { erf as erfOf } from "../kernels/erf.ts";
import { mapElements, zipElements } from "./host.ts";
import { checkCount, checkDType } from "./operands.ts";
import { simpleVjp, type Builder, type Cotangent, type Primitive } from "./primitive.ts";

type Elementwise = Primitive<Attrs["negate"]>;
const none = {} as const;

/** How an operation computes: on float32 by tfjs, on int32 and bool by a function of numbers. What is absent is not admitted. */
interface Unary {
  readonly float32?: (x: tf.Tensor) => tf.Tensor;
  readonly int32?: (x: number) => number;
  readonly bool?: (x: number) => number;
}
interface Binary {
  readonly float32?: (x: tf.Tensor, y: tf.Tensor) => tf.Tensor;
  readonly int32?: (x: number, y: number) => number;
  readonly bool?: (x: number, y: number) => number;
}

const admitted = (by: Unary | Binary): DType[] =>
  (["float32", "int32", "bool"] as const).filter((dtype) => by[dtype] !== undefined);

/** Cotangent of the operand from that of the result; null where the derivative is zero everywhere. */
type UnaryRule = ((b: Builder, ct: Value, x: Value, y: Value) => Value) | null;

function unary(op: UnaryFunction, by: Unary, rule: UnaryRule): Elementwise {
  return {
    infer: (inputs) => {
      checkCount(op, inputs, ["x"]);
      checkDType(op, "x", inputs[0]!, admitted(by));
      return [inputs[0]!];
    },
    evaluate: ([x]) => {
      const onHost = x!.dtype === "int32" ? by.int32 : x!.dtype === "bool" ? by.bool : undefined;
      return [onHost ? mapElements(x!, onHost) : by.float32!(x!)];
    },
    vjp: simpleVjp(op, (b, ct, [x], y) => [rule ? rule(b, ct, x!, y) : null]),
    batch: (b, inputs) => b.emit(op, inputs, none),
    lower: ([x]) => ({ form: "map", shape: x!.shape, body: unaryScalar(op, loadHere(0, x!.shape.length, x!.dtype)) }),
  };
}

type BinaryRule = ((b: Builder, ct: Value, x: Value, y: Value, z: Value) => readonly [Cotangent, Cotangent]) | null;

function binary(op: BinaryFunction, by: Binary, rule: BinaryRule): Elementwise {
  return {
    infer: (inputs) => {
      checkCount(op, inputs, ["x", "y"]);
      const [x, y] = inputs;
      if (!sameType(x!, y!)) throw operandsDiffer(op, inputs);
      checkDType(op, "x", x!, admitted(by));
      return [x!];
    },
    evaluate: ([x, y]) => {
      const onHost = x!.dtype === "int32" ? by.int32 : x!.dtype === "bool" ? by.bool : undefined;
      return [onHost ? zipElements(x!, y!, onHost) : by.float32!(x!, y!)];
    },
    vjp: simpleVjp(op, (b, ct, [x, y], z) => (rule ? rule(b, ct, x!, y!, z) : [null, null])),
    batch: (b, inputs, batched, _attrs, size) => b.emit(op, allInFront(b, inputs, batched, size), none),
    lower: ([x]) => {
      const operand = (i: number) => loadHere(i, x!.shape.length, x!.dtype);
      return { form: "map", shape: x!.shape, body: binaryScalar(op, operand(0), operand(1)) };
    },
  };
}

/** A scalar constant of a value's shape and dtype. */
const like = (b: Builder, x: Value, value: number): Value => b.fill(value, x.type.shape, x.type.dtype);
const square = (b: Builder, x: Value): Value => b.multiply(x, x);
const times = (b: Builder, x: Value, value: number): Value => b.multiply(x, like(b, x, value));
const plus = (b: Builder, x: Value, value: number): Value => b.add(x, like(b, x, value));
/** 1 - x² */
const oneMinusSquare = (b: Builder, x: Value): Value => b.subtract(like(b, x, 1), square(b, x));
/** The integer part, towards zero. */
const truncated = (b: Builder, x: Value): Value => b.multiply(b.sign(x), b.floor(b.abs(x)));
/** `of` where x wins, half of it where both are equal, else zero. JAX's rule for ties. */
const shareOf = (b: Builder, of: Value, winner: Value, loser: Value): Value =>
  b.select(winner, of, b.select(loser, like(b, of, 0), times(b, of, 0.5)));

/** `Math.pow` makes NaN of 1^±∞, 1^NaN and (-1)^±∞, where IEEE 754 has 1. */
function powerOf(x: tf.Tensor, y: tf.Tensor): tf.Tensor {
  const one = tf.onesLike(x);
  const always = tf.logicalOr(tf.equal(x, one), tf.logicalAnd(tf.equal(x, tf.neg(one)), tf.isInf(y)));
  return tf.where(always, one, tf.pow(x, y));
}

// One operand

export const negate = unary("negate", { float32: tf.neg, int32: (x) => -x | 0 }, (b, ct) => b.negate(ct));
/** Derivative 0 at 0. */
export const abs = unary("abs", { float32: tf.abs, int32: (x) => Math.abs(x) | 0 }, (b, ct, x) =>
  b.multiply(ct, b.sign(x)),
);
/** NaN stays NaN, which tfjs makes 0. */
export const sign = unary(
  "sign",
  { float32: (x) => tf.where(tf.isNaN(x), x, tf.sign(x)), int32: (x) => Math.sign(x) },
  null,
);
export const floor = unary("floor", { float32: tf.floor }, null);
export const ceil = unary("ceil", { float32: tf.ceil }, null);
export const roundNearestEven = unary("round_nearest_even", { float32: tf.round }, null);
/** Infinite slope at 0. */
export const sqrt = unary("sqrt", { float32: tf.sqrt }, (b, ct, _x, y) => b.divide(times(b, ct, 0.5), y));
export const rsqrt = unary("rsqrt", { float32: tf.rsqrt }, (b, ct, x, y) =>
  b.multiply(times(b, ct, -0.5), b.divide(y, x)),
);
export const exponential = unary("exponential", { float32: tf.exp }, (b, ct, _x, y) => b.multiply(ct, y));
export const exponentialMinusOne = unary("exponential_minus_one", { float32: tf.expm1 }, (b, ct, _x, y) =>
  b.multiply(ct, plus(b, y, 1)),
);
export const log = unary("log", { float32: tf.log }, (b, ct, x) => b.divide(ct, x));
export const logPlusOne = unary("log_plus_one", { float32: tf.log1p }, (b, ct, x) => b.divide(ct, plus(b, x, 1)));
export const logistic = unary("logistic", { float32: tf.sigmoid }, (b, ct, _x, y) =>
  b.multiply(ct, b.multiply(y, b.subtract(like(b, y, 1), y))),
);
export const tanh = unary("tanh", { float32: tf.tanh }, (b, ct, _x, y) => b.multiply(ct, oneMinusSquare(b, y)));
export const sine = unary("sine", { float32: tf.sin }, (b, ct, x) => b.multiply(ct, b.cosine(x)));
export const cosine = unary("cosine", { float32: tf.cos }, (b, ct, x) => b.negate(b.multiply(ct, b.sine(x))));
export const tan = unary("tan", { float32: tf.tan }, (b, ct, _x, y) => b.multiply(ct, plus(b, square(b, y), 1)));
export const asin = unary("asin", { float32: tf.asin }, (b, ct, x) => b.multiply(ct, b.rsqrt(oneMinusSquare(b, x))));
export const acos = unary("acos", { float32: tf.acos }, (b, ct, x) =>
  b.negate(b.multiply(ct, b.rsqrt(oneMinusSquare(b, x)))),
);
export const atan = unary("atan", { float32: tf.atan }, (b, ct, x) => b.divide(ct, plus(b, square(b, x), 1)));
export const sinh = unary("sinh", { float32: tf.sinh }, (b, ct, x) => b.multiply(ct, b.one("cosh", [x], none)));
export const cosh = unary("cosh", { float32: tf.cosh }, (b, ct, x) => b.multiply(ct, b.one("sinh", [x], none)));
export const asinh = unary("asinh", { float32: tf.asinh }, (b, ct, x) =>
  b.multiply(ct, b.rsqrt(plus(b, square(b, x), 1))),
);
/** x² - 1 as a product, which keeps its digits near 1. */
export const acosh = unary("acosh", { float32: tf.acosh }, (b, ct, x) =>
  b.multiply(ct, b.rsqrt(b.multiply(plus(b, x, -1), plus(b, x, 1)))),
);
export const atanh = unary("atanh", { float32: tf.atanh }, (b, ct, x) => b.divide(ct, oneMinusSquare(b, x)));
/** tfjs's erf has an absolute error of 1e-7, hence no digits near 0; so ours. d/dx = 2/√π · e^(-x²). */
export const erf = unary("erf", { float32: (x) => mapElements(x, erfOf) }, (b, ct, x) =>
  b.multiply(times(b, ct, 2 / Math.sqrt(Math.PI)), b.exponential(b.negate(square(b, x)))),
);
export const not = unary("not", { int32: (x) => ~x, bool: (x) => 1 - x }, null);

// Two operands

export const add = binary("add", { float32: tf.add, int32: (x, y) => (x + y) | 0 }, (_b, ct) => [ct, ct]);
export const subtract = binary("subtract", { float32: tf.sub, int32: (x, y) => (x - y) | 0 }, (b, ct) => [
  ct,
  b.negate(ct),
]);
export const multiply = binary("multiply", { float32: tf.mul, int32: Math.imul }, (b, ct, x, y) => [
  b.multiply(ct, y),
  b.multiply(ct, x),
]);
/** int32: towards zero; x / 0 = 0. */
export const divide = binary(
  "divide",
  { float32: tf.div, int32: (x, y) => (y === 0 ? 0 : (x / y) | 0) },
  (b, ct, _x, y, z) => {
    const ofX = b.divide(ct, y);
    return [ofX, b.negate(b.multiply(ofX, z))];
  },
);
/** Sign of the dividend, where tfjs's mod takes the divisor's. int32: x rem 0 = 0. */
export const remainder = binary(
  "remainder",
  { float32: (x, y) => zipElements(x, y, (p, q) => p % q), int32: (x, y) => (y === 0 ? 0 : x % y) },
  (b, ct, x, y) => [ct, b.negate(b.multiply(ct, truncated(b, b.divide(x, y))))],
);
/** Equal operands share the cotangent half and half. */
export const maximum = binary("maximum", { float32: tf.maximum, int32: Math.max }, (b, ct, x, y) => {
  const [over, under] = [b.compare(x, y, "GT"), b.compare(x, y, "LT")];
  return [shareOf(b, ct, over, under), shareOf(b, ct, under, over)];
});
export const minimum = binary("minimum", { float32: tf.minimum, int32: Math.min }, (b, ct, x, y) => {
  const [over, under] = [b.compare(x, y, "GT"), b.compare(x, y, "LT")];
  return [shareOf(b, ct, under, over), shareOf(b, ct, over, under)];
});
/** d/dx = y·x^(y-1), 0 where y is 0, whatever x. d/dy = x^y·log x, taken as 0 where x <= 0 (as tfjs and TensorFlow do). */
export const power = binary("power", { float32: powerOf }, (b, ct, x, y, z) => {
  const zero = like(b, x, 0);
  const one = like(b, x, 1);
  // y·x^(y-1) as it is wherever that is finite, or its own derivative by y would be lost at 0.
  const large = b.compare(b.abs(x), like(b, x, 1e-30), "GT");
  const flat = b.and(b.compare(y, zero, "EQ"), b.not(large));
  const slope = b.multiply(y, b.power(x, b.select(flat, one, b.subtract(y, one))));
  const positive = b.compare(x, zero, "GT");
  return [
    b.multiply(ct, b.select(flat, zero, slope)),
    b.multiply(ct, b.multiply(z, b.log(b.select(positive, x, one)))),
  ];
});
/** atan2(y, x): the first operand is the ordinate. */
export const atan2 = binary("atan2", { float32: tf.atan2 }, (b, ct, y, x) => {
  const scaled = b.divide(ct, b.add(square(b, x), square(b, y)));
  return [b.multiply(scaled, x), b.negate(b.multiply(scaled, y))];
});
export const and = binary("and", { int32: (x, y) => x & y, bool: (x, y) => x & y }, null);
export const or = binary("or", { int32: (x, y) => x | y, bool: (x, y) => x | y }, null);
export const xor = binary("xor", { int32: (x, y) => x ^ y, bool: (x, y) => x ^ y }, null);
export const shiftLeft = binary("shift_left", { int32: (x, n) => x << n }, null);
export const shiftRightLogical = binary("shift_right_logical", { int32: (x, n) => (x >>> n) | 0 }, null);
