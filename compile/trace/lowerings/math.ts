// Kernels of one operand, each element by itself: basic mathematics and activations.
// Gradients at the corners (relu at 0, clip at its bounds) are those that tfjs registers, written as the branch that
// `select` takes there. A branch that is not taken sees an operand at which its derivative is finite.

import { backend_util } from "@tensorflow/tfjs-core";
import type {
  CastAttrs,
  ClipByValueAttrs,
  EluGradInputs,
  LeakyReluAttrs,
  PreluInputs,
  StepAttrs,
  UnaryInputs,
} from "@tensorflow/tfjs-core";
import type { Attrs, Value } from "../../graph/graph.ts";
import type { Builder } from "../../primitives/primitive.ts";
import { dtypeOf, fillLike, lowering, store, type TfjsLowering } from "./lowering.ts";

type Map = (b: Builder, x: Value) => Value;

type Operation = {
  [K in keyof Attrs]: Attrs[K] extends Readonly<Record<string, never>> ? K : never;
}[keyof Attrs];

/** A function of floats; on other dtypes its value is stored in the operand's, as tfjs does. */
const float =
  (map: Map): Map =>
  (b, x) =>
    x.type.dtype === "float32" ? map(b, x) : store(b, map(b, b.convert(x, "float32")), x.type.dtype);

/** A rounding: nothing to do where numbers are whole. */
const rounding =
  (op: "floor" | "ceil" | "round_nearest_even"): Map =>
  (b, x) =>
    x.type.dtype === "float32" ? b.one(op, [x], {}) : x;

/** As it is on bools: a truth value is its own absolute value, its own square, ... */
const butBool =
  (map: Map): Map =>
  (b, x) =>
    x.type.dtype === "bool" ? x : map(b, x);

const unary = (map: Map): TfjsLowering => lowering<UnaryInputs>((b, { x }) => map(b, x));

const primitive =
  (op: Operation): Map =>
  (b, x) =>
    b.one(op, [x], {});

const isPositive: Map = (b, x) => b.compare(x, fillLike(b, x, 0), "GT");

/** `x` where `predicate` holds, zero elsewhere. */
const keep = (b: Builder, predicate: Value, x: Value): Value => b.select(predicate, x, fillLike(b, x, 0));

/** max(x, 0), with gradient 0 at 0. A NaN stays. */
export const relu: Map = (b, x) => b.select(b.compare(x, fillLike(b, x, 0), "LE"), fillLike(b, x, 0), x);

/** min(max(x, 0), 6), with gradient 0 at 0 and 1 at 6. */
export const relu6: Map = (b, x) => b.select(b.compare(x, fillLike(b, x, 6), "GT"), fillLike(b, x, 6), relu(b, x));

/** x, below zero e^x - 1. */
export const elu: Map = (b, x) => {
  const below = b.compare(x, fillLike(b, x, 0), "LT");
  return b.select(below, primitive("exponential_minus_one")(b, keep(b, below, x)), x);
};

const scale = backend_util.SELU_SCALE;
const scaleAlpha = backend_util.SELU_SCALEALPHA;

/** scale · x, below zero scale · alpha · (e^x - 1); the gradient at 0 is the lower branch's. */
const selu: Map = (b, x) => {
  const above = isPositive(b, x);
  const below = b.select(above, fillLike(b, x, 0), x);
  const curve = b.multiply(primitive("exponential_minus_one")(b, below), fillLike(b, x, scaleAlpha));
  return b.select(above, b.multiply(x, fillLike(b, x, scale)), curve);
};

/** x, below and at zero `slope` · x. float32 whatever the operands are. */
export const leaky = (b: Builder, x: Value, slope: Value): Value => {
  const float = b.convert(x, "float32");
  return b.select(isPositive(b, float), float, b.multiply(float, b.convert(slope, "float32")));
};

export const leakyRelu = (b: Builder, x: Value, alpha: number): Value => leaky(b, x, b.fill(alpha, x.type.shape));

/** log(1 + e^x) as log(1 + e^-|x|) + max(x, 0): no overflow, and a gradient of 1/2 at 0 (|x| has none there, max(x, 0) half). */
export const softplus: Map = (b, x) =>
  b.add(primitive("log_plus_one")(b, b.exponential(b.negate(b.abs(x)))), b.maximum(x, fillLike(b, x, 0)));

/** 1 where x > 0, elsewhere alpha; a NaN stays. No gradient. */
const step =
  (alpha: number): Map =>
  (b, x) => {
    const steps = b.select(isPositive(b, x), fillLike(b, x, 1), fillLike(b, x, alpha));
    if (x.type.dtype !== "float32") return steps;
    const numbers = b.stopGradient(x);
    return b.select(b.compare(numbers, numbers, "NE"), numbers, steps);
  };

/** Between two bounds, with gradient 1 at both. On int32 the bounds are numbers still: 3 clipped to 2.5 is 2. */
function clip(b: Builder, x: Value, low: number, high: number): Value {
  const dtype = x.type.dtype;
  if (dtype === "bool") return b.convert(clip(b, b.convert(x, "int32"), low, high), "bool");
  const beyond = (value: Value, bound: number, direction: "GT" | "LT"): Value => {
    // An int32 is beyond a bound where it is beyond the bound's integer on the inner side; beyond the int32s none is.
    const limit = dtype === "float32" ? bound : direction === "GT" ? Math.floor(bound) : Math.ceil(bound);
    if (dtype === "int32" && Math.abs(limit) > 2 ** 31 - 1) return value;
    return b.select(b.compare(x, fillLike(b, x, limit), direction), fillLike(b, x, bound), value);
  };
  return beyond(beyond(x, low, "LT"), high, "GT");
}

const infinite: Map = (b, x) => fillLike(b, x, Infinity);

/** A test of floats; integers and bools are finite numbers. */
const test = (onFloat: Map, otherwise: boolean): TfjsLowering =>
  unary((b, x) => (x.type.dtype === "float32" ? onFloat(b, x) : b.fill(otherwise ? 1 : 0, x.type.shape, "bool")));

export const math = {
  Abs: unary(butBool((b, x) => b.abs(x))),
  Neg: unary(butBool((b, x) => b.negate(x))),
  Sign: unary(butBool((b, x) => b.sign(x))),
  Square: unary(butBool((b, x) => b.multiply(x, x))),
  Reciprocal: unary(butBool((b, x) => b.divide(fillLike(b, x, 1), x))),
  Sqrt: unary(float((b, x) => b.sqrt(x))),
  Rsqrt: unary(float((b, x) => b.rsqrt(x))),
  /** float32 whatever the operand is. */
  Exp: unary((b, x) => b.exponential(b.convert(x, "float32"))),
  Expm1: unary(float(primitive("exponential_minus_one"))),
  Log: unary(float((b, x) => b.log(x))),
  Log1p: unary(float(primitive("log_plus_one"))),
  Erf: unary(float(primitive("erf"))),
  Floor: unary(rounding("floor")),
  Ceil: unary(rounding("ceil")),
  Round: unary(rounding("round_nearest_even")),
  Sin: unary(float((b, x) => b.sine(x))),
  Cos: unary(float((b, x) => b.cosine(x))),
  Tan: unary(float(primitive("tan"))),
  Asin: unary(float(primitive("asin"))),
  Acos: unary(float(primitive("acos"))),
  Atan: unary(float(primitive("atan"))),
  Sinh: unary(float(primitive("sinh"))),
  Cosh: unary(float(primitive("cosh"))),
  Tanh: unary(float((b, x) => b.tanh(x))),
  Asinh: unary(float(primitive("asinh"))),
  Acosh: unary(float(primitive("acosh"))),
  Atanh: unary(float(primitive("atanh"))),
  Sigmoid: unary(float((b, x) => b.logistic(x))),
  Softplus: unary(float(softplus)),
  Relu: unary(butBool(relu)),
  Relu6: unary(butBool(relu6)),
  Elu: unary(float(elu)),
  Selu: unary(float(selu)),
  LeakyRelu: lowering<UnaryInputs, LeakyReluAttrs>((b, { x }, { alpha }) => leakyRelu(b, x, alpha)),
  Prelu: lowering<PreluInputs>((b, { x, alpha }) => leaky(b, x, alpha)),
  Step: lowering<UnaryInputs, StepAttrs>((b, { x }, { alpha }) => step(alpha)(b, x)),
  ClipByValue: lowering<UnaryInputs, ClipByValueAttrs>((b, { x }, { clipValueMin, clipValueMax }) =>
    clip(b, x, clipValueMin, clipValueMax),
  ),

  IsNan: test((b, x) => b.compare(x, x, "NE"), false),
  IsInf: test((b, x) => b.compare(b.abs(x), infinite(b, x), "EQ"), false),
  IsFinite: test((b, x) => b.compare(b.abs(x), infinite(b, x), "LT"), true),

  /** To int32 towards zero; to bool whether it is not zero. */
  Cast: lowering<UnaryInputs, CastAttrs>((b, { x }, { dtype }) => b.convert(x, dtypeOf("Cast", dtype))),

  /** The kernel that tfjs's gradient of elu runs: dy where y >= 0, elsewhere dy · (y + 1). */
  EluGrad: lowering<EluGradInputs>((b, { dy, y }) =>
    b.select(b.compare(y, fillLike(b, y, 0), "GE"), dy, b.multiply(dy, b.add(y, fillLike(b, y, 1)))),
  ),
} satisfies Readonly<Record<string, TfjsLowering>>;
