// Kernels of two operands: arithmetic, comparisons, logic, selection. Operands have one dtype (tfjs's ops see to it)
// and broadcast. In tfjs a bool is a byte, and true + true is 2; here it is a truth value, and arithmetic on it is logic.

import type { AddNInputs, BinaryInputs, LogicalNotInputs, SelectInputs } from "@tensorflow/tfjs-core";
import type { Direction, Value } from "../../graph/graph.ts";
import type { Builder } from "../../primitives/primitive.ts";
import { broadcastTogether, fillLike, lowering, store, upcast, type TfjsLowering } from "./lowering.ts";

type Combine = (b: Builder, x: Value, y: Value) => Value;

const add: Combine = (b, x, y) => b.add(x, y);
const and: Combine = (b, x, y) => b.and(x, y);
const or: Combine = (b, x, y) => b.or(x, y);
const xor: Combine = (b, x, y) => b.one("xor", broadcastTogether(b, x, y), {});

const negative = (b: Builder, x: Value): Value => b.compare(x, fillLike(b, x, 0), "LT");

/** Whether truncated division of `x` by `y` left `rest` on the other side of zero than `y` is. */
const restHasOtherSign = (b: Builder, rest: Value, y: Value): Value =>
  b.and(b.compare(rest, fillLike(b, rest, 0), "NE"), xor(b, negative(b, rest), negative(b, y)));

/** The quotient's integer part, downwards; int32 whatever the operands are. x / 0 is 0 on int32. */
const floorDivide: Combine = (b, x, y) => {
  if (x.type.dtype === "float32") return b.convert(b.floor(b.divide(x, y)), "int32");
  const quotient = b.divide(x, y);
  const rest = b.one("remainder", broadcastTogether(b, x, y), {});
  return b.select(restHasOtherSign(b, rest, y), b.subtract(quotient, fillLike(b, quotient, 1)), quotient);
};

/** What `floorDivide` leaves: it has the divisor's sign. */
const modulo: Combine = (b, x, y) => {
  const rest = b.one("remainder", broadcastTogether(b, x, y), {});
  return b.select(restHasOtherSign(b, rest, y), b.add(rest, y), rest);
};

const squaredDifference: Combine = (b, x, y) => {
  const difference = b.subtract(x, y);
  return b.multiply(difference, difference);
};

/** Towards zero on int32, as tfjs stores the quotient. */
const divide: Combine = (b, x, y) => b.divide(x, y);

/** A function of floats, its result stored in the operands' dtype. */
const inFloat =
  (combine: Combine): Combine =>
  (b, x, y) =>
    store(b, combine(b, b.convert(x, "float32"), b.convert(y, "float32")), x.type.dtype);

/** On int32 operands and back to truth. */
const inInt =
  (combine: Combine): Combine =>
  (b, x, y) =>
    b.convert(combine(b, b.convert(x, "int32"), b.convert(y, "int32")), "bool");

const binary = (combine: Combine, onBool: Combine): TfjsLowering =>
  lowering<BinaryInputs>((b, { a: x, b: y }) => (x.type.dtype === "bool" ? onBool : combine)(b, x, y));

const comparison = (direction: Direction): TfjsLowering =>
  lowering<BinaryInputs>((b, { a: x, b: y }) => b.compare(x, y, direction));

const logical = (combine: Combine): TfjsLowering =>
  lowering<BinaryInputs>((b, { a: x, b: y }) => combine(b, b.convert(x, "bool"), b.convert(y, "bool")));

const atan2: Combine = inFloat((b, x, y) => b.one("atan2", broadcastTogether(b, x, y), {}));

/** tfjs's gradient of a maximum gives all to the first operand where both are equal; here each gets half. */
const maximum: Combine = (b, x, y) => b.maximum(x, y);
const minimum: Combine = (b, x, y) => b.minimum(x, y);

/** On int32 by squaring, with 32-bit wrap-around. A quotient (a negative exponent) is cut to an integer: 0, but for ±1. */
const power: Combine = (b, base, exponent) => {
  if (base.type.dtype === "float32") return b.power(base, exponent);
  const [x, y] = broadcastTogether(b, base, exponent) as [Value, Value];
  const [zero, one] = [fillLike(b, x, 0), fillLike(b, x, 1)];
  let result = one;
  let square = x;
  for (let bit = 0; bit < 5; bit++) {
    const shifted = b.one("shift_right_logical", [y, fillLike(b, y, bit)], {});
    result = b.select(b.compare(b.and(shifted, one), zero, "NE"), b.multiply(result, square), result);
    square = b.multiply(square, square);
  }
  const beyond = b.or(b.compare(y, zero, "LT"), b.compare(y, fillLike(b, y, 31), "GT"));
  return b.select(b.and(beyond, b.compare(b.abs(x), one, "NE")), zero, result);
};

export const arithmetic = {
  Add: binary(add, or),
  AddN: lowering<AddNInputs>((b, tensors) =>
    tensors.reduce((sum, x) => (x.type.dtype === "bool" ? or : add)(b, sum, x)),
  ),
  Sub: binary((b, x, y) => b.subtract(x, y), xor),
  Multiply: binary((b, x, y) => b.multiply(x, y), and),
  RealDiv: binary(divide, and),
  FloorDiv: lowering<BinaryInputs>((b, { a: x, b: y }) =>
    x.type.dtype === "bool" ? floorDivide(b, b.convert(x, "int32"), b.convert(y, "int32")) : floorDivide(b, x, y),
  ),
  Mod: binary(modulo, inInt(modulo)),
  Pow: binary(power, inInt(power)),
  Maximum: binary(maximum, or),
  Minimum: binary(minimum, and),
  SquaredDifference: binary(squaredDifference, xor),
  Atan2: binary(atan2, atan2),

  Equal: comparison("EQ"),
  NotEqual: comparison("NE"),
  Greater: comparison("GT"),
  GreaterEqual: comparison("GE"),
  Less: comparison("LT"),
  LessEqual: comparison("LE"),

  LogicalAnd: logical(and),
  LogicalOr: logical(or),
  LogicalNot: lowering<LogicalNotInputs>((b, { x }) => b.not(b.convert(x, "bool"))),
  BitwiseAnd: lowering<BinaryInputs>((b, { a: x, b: y }) => b.and(x, y)),

  Select: lowering<SelectInputs>((b, { condition, t, e }) => {
    const dtype = upcast(t.type.dtype, e.type.dtype);
    return b.select(b.convert(condition, "bool"), b.convert(t, dtype), b.convert(e, dtype));
  }),
} satisfies Readonly<Record<string, TfjsLowering>>;
