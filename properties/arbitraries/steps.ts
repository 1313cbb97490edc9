// How a step of a recipe becomes equations: one entry an operation. Operands come from the pool, moved into a shape and
// squashed into a domain where the operation asks for it; results go back into the pool.

import type { Direction, Op, Value } from "../../compile/graph/graph.ts";
import { broadcastShapes, sizeOf, type DType } from "../../compile/type.ts";
import { bodySteps } from "./bodies.ts";
import { Dice } from "./dice.ts";
import type { StepName } from "./recipe.ts";
import { everywhere, inexact, jumping, rule, type StepRule, type WeaveSteps } from "./stepRule.ts";
import type { Known, Weaver } from "./weaver.ts";

const none = {};

/** One float operand, brought into a domain; the result is inexact and within `bound`. */
const smooth = (op: Op, domain: (w: Weaver, x: Value) => Value, bound: number): StepRule =>
  rule(inexact, (w, dice) => {
    const x = domain(w, w.find(dice, "float32"));
    w.put(w.b.one(op, [x], none as never), { bound, bits: null }, dice);
  });

const anyFloat = (_w: Weaver, x: Value): Value => x;
const upTo =
  (limit: number) =>
  (w: Weaver, x: Value): Value =>
    w.within(x, limit);
const from =
  (low: number) =>
  (w: Weaver, x: Value): Value =>
    w.above(x, low);

/** A step function: exact operands, exact results. */
const jump = (op: Op, growth = 1): StepRule =>
  rule(jumping, (w, dice) => {
    const x = w.find(dice, "float32", true);
    w.put(w.b.one(op, [x], none as never), { bound: w.known(x).bound + growth, bits: 0 }, dice);
  });

type Combine = (p: Known, q: Known, n: number) => Known;

const summed: Combine = (p, q) => ({ bound: p.bound + q.bound, bits: joined(p, q) });
const multiplied: Combine = (p, q, n) => ({
  bound: p.bound * q.bound * n,
  bits: p.bits === null || q.bits === null ? null : p.bits + q.bits,
});
const chosen: Combine = (p, q) => ({ bound: Math.max(p.bound, q.bound), bits: joined(p, q) });
const joined = (p: Known, q: Known): number | null =>
  p.bits === null || q.bits === null ? null : Math.max(p.bits, q.bits);

/** Two operands that broadcast, of float32 or int32. */
const arithmetic = (
  op: "add" | "subtract" | "multiply" | "maximum" | "minimum",
  known: Combine,
  kink = false,
): StepRule =>
  rule(kink ? jumping : everywhere, (w, dice) => {
    const dtype: DType = dice.roll(4) === 3 ? "int32" : "float32";
    const [x, y] = w.pair(dice, dtype, kink && w.mode !== "forward");
    w.put(w.b[op](x, y), known(w.known(x), w.known(y), 1), dice);
  });

const onWords = (op: Op, dtypes: readonly DType[], second?: (w: Weaver, y: Value) => Value): StepRule =>
  rule(everywhere, (w, dice) => {
    const [x, y] = w.pair(dice, dice.of(dtypes));
    w.put(w.b.one(op, sameShapes(w, x, second ? second(w, y) : y), none as never), notAFloat, dice);
  });

const notAFloat: Known = { bound: 0, bits: 0 };

const directions: readonly Direction[] = ["EQ", "NE", "GE", "GT", "LE", "LT"];

/** A step that moves elements of any dtype. */
const moving = (move: (w: Weaver, dice: Dice, x: Value) => Value): StepRule =>
  rule(everywhere, (w, dice) => {
    const x = w.any(dice);
    w.put(move(w, dice, x), w.known(x), dice);
  });

const axesOf = (x: Value): number[] => x.type.shape.map((_, d) => d);
const someAxes = (dice: Dice, x: Value): number[] => axesOf(x).filter(() => dice.roll(2) === 0);

/** An operand for a sample's operand: of its type, from the pool. */
function standIn(w: Weaver, dice: Dice, { shape, dtype }: Value["type"], exact = false): Value {
  return w.fit(w.find(dice, dtype, exact), shape);
}

/** Operations whose attributes a sample gives; the operands come from the pool. `known` tells the result from the floats'. */
const sampled = (op: Op, known: (all: readonly Known[], types: readonly Value["type"][]) => Known): StepRule =>
  rule(everywhere, (w, dice, { sample }) => {
    if (!sample) return;
    const operands = sample.operands.map(({ type }, i) => {
      const isIndex = type.dtype === "int32" && op !== "dot_general" && i > 0;
      const x = standIn(w, dice, type);
      return isIndex ? w.small(x) : x;
    });
    const floats = operands.filter(({ type }) => type.dtype === "float32");
    const [value] = w.b.emit(op, operands, sample.attrs as never);
    w.put(value!, known(floats.map((x) => w.known(x)), operands.map(({ type }) => type)), dice); // prettier-ignore
  });

const ofAll = (all: readonly Known[]): Known => all.reduce((p, q) => chosen(p, q, 1), { bound: 0, bits: 0 });

const plainSteps = {
  negate: rule(everywhere, (w, dice) => {
    const x = w.any(dice, ["float32", "int32"]);
    w.put(w.b.negate(x), w.known(x), dice);
  }),
  abs: rule(jumping, (w, dice) => {
    const x = dice.roll(3) === 2 ? w.find(dice, "int32") : w.find(dice, "float32", w.mode !== "forward");
    w.put(w.b.abs(x), w.known(x), dice);
  }),
  sign: rule(jumping, (w, dice) => {
    const x = dice.roll(3) === 2 ? w.find(dice, "int32") : w.find(dice, "float32", true);
    w.put(w.b.sign(x), { bound: 1, bits: 0 }, dice);
  }),
  floor: jump("floor"),
  ceil: jump("ceil"),
  round_nearest_even: jump("round_nearest_even"),
  sqrt: smooth("sqrt", from(0.25), 1.2),
  rsqrt: smooth("rsqrt", from(0.25), 2),
  exponential: smooth("exponential", upTo(2), 7.5),
  exponential_minus_one: smooth("exponential_minus_one", upTo(2), 7.5),
  log: smooth("log", from(0.25), 1.5),
  log_plus_one: smooth("log_plus_one", upTo(0.7), 1.3),
  logistic: smooth("logistic", anyFloat, 1),
  tanh: smooth("tanh", anyFloat, 1),
  sine: smooth("sine", anyFloat, 1),
  cosine: smooth("cosine", anyFloat, 1),
  tan: smooth("tan", upTo(0.7), 1),
  asin: smooth("asin", upTo(0.7), 1),
  acos: smooth("acos", upTo(0.7), 3.2),
  atan: smooth("atan", anyFloat, 1.6),
  sinh: smooth("sinh", upTo(2), 4),
  cosh: smooth("cosh", upTo(2), 4),
  asinh: smooth("asinh", anyFloat, 3),
  acosh: smooth("acosh", from(1.25), 1.5),
  atanh: smooth("atanh", upTo(0.7), 1),
  erf: smooth("erf", anyFloat, 1),
  not: rule(everywhere, (w, dice) => {
    w.put(w.b.not(w.any(dice, ["bool", "int32"])), notAFloat, dice);
  }),
  add: arithmetic("add", summed),
  subtract: arithmetic("subtract", summed),
  multiply: arithmetic("multiply", multiplied),
  divide: rule(everywhere, (w, dice) => {
    if (w.mode === "exact" || dice.roll(3) === 2) {
      const [x, y] = w.pair(dice, "int32");
      w.put(w.b.divide(x, y), notAFloat, dice);
      return;
    }
    const [x, y] = w.pair(dice, "float32");
    w.put(w.b.divide(x, w.above(y, 0.5)), { bound: 2 * w.known(x).bound, bits: null }, dice);
  }),
  remainder: rule(jumping, (w, dice) => {
    if (dice.roll(2) === 1) {
      const [x, y] = w.pair(dice, "int32");
      w.put(w.b.one("remainder", sameShapes(w, x, y), none), notAFloat, dice);
      return;
    }
    const x = w.find(dice, "float32", true);
    const modulus = dice.of([1, 1.5, -2, 0.75]);
    w.put(
      w.b.one("remainder", [x, w.b.fill(modulus, x.type.shape)], none),
      { bound: 2, bits: Math.max(2, w.known(x).bits!) },
      dice,
    );
  }),
  maximum: arithmetic("maximum", chosen, true),
  minimum: arithmetic("minimum", chosen, true),
  power: rule(inexact, (w, dice) => {
    const [x, y] = w.pair(dice, "float32");
    w.put(w.b.power(w.above(x, 0.5), w.within(y, 2)), { bound: 4.1, bits: null }, dice);
  }),
  atan2: rule(inexact, (w, dice) => {
    const [x, y] = w.pair(dice, "float32");
    w.put(w.b.one("atan2", sameShapes(w, x, w.above(y, 0.25)), none), { bound: 3.2, bits: null }, dice);
  }),
  and: onWords("and", ["int32", "bool"]),
  or: onWords("or", ["int32", "bool"]),
  xor: onWords("xor", ["int32", "bool"]),
  shift_left: onWords("shift_left", ["int32"], count),
  shift_right_logical: onWords("shift_right_logical", ["int32"], count),
  compare: rule(jumping, (w, dice) => {
    const [x, y] = w.pair(dice, dice.of(["float32", "int32", "bool"] as const), true);
    w.put(w.b.compare(x, y, dice.of(directions)), notAFloat, dice);
  }),
  select: rule(everywhere, (w, dice) => {
    const [x, y] = w.pair(dice, dice.of(["float32", "float32", "int32", "bool"] as const));
    const sum = sameShapes(w, x, y);
    const predicate = w.fit(w.find(dice, "bool"), sum[0]!.type.shape);
    w.put(w.b.select(predicate, sum[0]!, sum[1]!), chosen(w.known(x), w.known(y), 1), dice);
  }),
  convert: rule(everywhere, (w, dice) => {
    const to = dice.of(["float32", "int32", "bool"] as const);
    const x = w.any(dice);
    if (x.type.dtype === "float32" && (w.mode === "smooth" || !w.isExact(x))) return;
    if (to === "float32" && x.type.dtype === "int32") {
      w.put(w.b.convert(w.small(x, 7), to), { bound: 7, bits: 0 }, dice);
      return;
    }
    const known = x.type.dtype === "float32" ? w.known(x) : { bound: 1, bits: 0 };
    w.put(w.b.convert(x, to), known, dice);
  }),
  bitcast_convert: rule(["exact", "forward"], (w, dice) => {
    const { b } = w;
    if (w.mode === "exact" || dice.roll(2) === 1) {
      // Not of -0, whose sign nobody promises to keep.
      const x = w.find(dice, "float32", true);
      const bits = b.one("bitcast_convert", [b.select(b.compare(x, b.fill(0, []), "EQ"), b.fill(0, []), x)], {
        dtype: "int32",
      });
      w.put(bits, notAFloat, dice);
      return;
    }
    const x = b.and(w.find(dice, "int32"), b.fill(0x3f7fffff, [], "int32"));
    w.put(b.one("bitcast_convert", [x], { dtype: "float32" }), { bound: 1, bits: null }, dice);
  }),
  half_to_float: rule(everywhere, (w, dice) => {
    const { b } = w;
    const bits = b.or(b.and(w.find(dice, "int32"), b.fill(0x300, [], "int32")), b.fill(0x3c00, [], "int32"));
    w.put(b.one("half_to_float", [bits], {}), { bound: 1.75, bits: 2 }, dice); // 1, 1.25, 1.5, 1.75
  }),
  constant: rule(everywhere, (w, dice) => {
    w.pool.push(w.constant(dice, dice.of(["float32", "int32", "bool"] as const)));
  }),
  iota: rule(everywhere, (w, dice) => {
    const shape = dice.of([[3], [2, 3], [5], [1, 2], [2, 1, 4]]);
    w.put(
      w.b.iota(shape, dice.roll(shape.length), dice.of(["int32", "float32"] as const)),
      { bound: 4, bits: 0 },
      dice,
    );
  }),
  rng_bit_generator: rule(everywhere, (w, dice) => {
    w.put(w.b.one("rng_bit_generator", [key(w, dice)], { shape: dice.of([[2], [], [3, 1], [5]]) }), notAFloat, dice);
  }),
  rng_split: rule(everywhere, (w, dice) => {
    w.put(w.b.one("rng_split", [key(w, dice)], { count: 1 + dice.roll(3) }), notAFloat, dice);
  }),
  rng_fold_in: rule(everywhere, (w, dice) => {
    const k = key(w, dice);
    const data = w.fit(w.find(dice, "int32"), k.type.shape.slice(0, -1));
    w.put(w.b.one("rng_fold_in", [k, data], none), notAFloat, dice);
  }),
  broadcast_in_dim: moving((w, dice, x) => {
    const { shape } = x.type;
    if (shape.length > 4) return x;
    // A new axis somewhere, and axes of size 1 that may grow.
    const at = dice.roll(shape.length + 1);
    const grown = shape.map((n) => (n === 1 ? 1 + dice.roll(3) : n));
    const wide = [...grown.slice(0, at), 1 + dice.roll(3), ...grown.slice(at)];
    return sizeOf(wide) > 128 ? x : w.b.broadcastInDim(x, wide, axesOf(x).map((d) => (d < at ? d : d + 1))); // prettier-ignore
  }),
  reshape: moving((w, dice, x) => {
    const size = sizeOf(x.type.shape);
    const { shape } = x.type;
    const factor = [2, 3, 5].find((n) => size > 0 && size % n === 0) ?? 1;
    return w.b.reshape(
      x,
      dice.of([[size], [factor, size / factor], [size / factor, 1, factor], [...shape].reverse(), [1, ...shape]]),
    );
  }),
  transpose: moving((w, dice, x) => w.b.transpose(x, dice.order(x.type.shape.length))),
  slice: moving((w, dice, x) => {
    const { shape } = x.type;
    const strides = shape.map(() => (dice.roll(3) === 2 ? 2 : 1));
    const start = shape.map((n) => (n > 1 ? dice.roll(Math.min(n, 3)) : 0));
    const limit = shape.map((n, d) => n - dice.roll(Math.min(Math.max(n - start[d]!, 1), 3)));
    return w.b.slice(x, start, limit, strides);
  }),
  pad: rule(everywhere, (w, dice) => {
    const x = w.any(dice);
    const counts = (): number[] => x.type.shape.map(() => dice.of([0, 0, 1, 2]));
    const interior = x.type.shape.map(() => dice.of([0, 0, 0, 1]));
    const { bound, bits } = w.known(x);
    w.put(w.b.pad(x, counts(), counts(), interior, dice.roll(2)), { bound: Math.max(bound, 1), bits }, dice);
  }),
  concatenate: rule(everywhere, (w, dice) => {
    const x = w.any(dice);
    const { shape, dtype } = x.type;
    if (shape.length === 0) return;
    const dimension = dice.roll(shape.length);
    const rest = Array.from({ length: dice.roll(3) }, () => {
      const part = w.find(dice, dtype);
      const own = shape.map((n, d) => (d === dimension ? dice.roll(4) : n));
      return w.fit(part, own);
    });
    const known = [x, ...rest].map((value) => w.known(value)).reduce((p, q) => chosen(p, q, 1));
    w.put(w.b.concatenate(dice.roll(2) === 1 ? [...rest, x] : [x, ...rest], dimension), known, dice);
  }),
  reverse: moving((w, dice, x) => w.b.reverse(x, someAxes(dice, x))),
  reduce: rule(everywhere, (w, dice) => {
    const dtype = dice.of(["float32", "float32", "float32", "int32", "bool"] as const);
    const combiner = dtype === "bool" ? dice.of(["and", "or"] as const) : dice.of(["add", "add", "multiply", "maximum", "minimum"] as const); // prettier-ignore
    const most = combiner === "maximum" || combiner === "minimum";
    if (most && w.mode === "smooth") return;
    let x = w.find(dice, dtype, most && w.mode !== "forward");
    const dimensions = someAxes(dice, x);
    const n = dimensions.reduce((m, d) => m * x.type.shape[d]!, 1);
    if (dtype !== "float32") {
      w.put(w.b.reduce(x, combiner, dimensions), notAFloat, dice);
    } else if (most) {
      if (n > 0) w.put(w.b.reduce(x, combiner, dimensions), w.known(x), dice);
    } else if (combiner === "add") {
      const { bound, bits } = w.known(x);
      w.put(w.b.sum(x, dimensions), { bound: bound * n, bits }, dice);
    } else {
      x = unitFactors(w, x);
      w.put(w.b.reduce(x, "multiply", dimensions), { bound: 1, bits: w.known(x).bits }, dice);
    }
  }),
  cumulative: rule(everywhere, (w, dice) => {
    const combiner = dice.of(["add", "add", "multiply"] as const);
    let x = w.any(dice, ["float32", "int32"]);
    if (x.type.shape.length === 0) return;
    if (combiner === "multiply" && x.type.dtype === "float32") x = unitFactors(w, x);
    const dimension = dice.roll(x.type.shape.length);
    const { bound, bits } = w.known(x);
    const value = w.b.cumulative(x, {
      combiner,
      dimension,
      exclusive: dice.roll(2) === 1,
      reverse: dice.roll(2) === 1,
    });
    w.put(value, { bound: combiner === "add" ? bound * x.type.shape[dimension]! : 1, bits }, dice);
  }),
  sort: rule(jumping, (w, dice) => {
    const x = w.find(dice, dice.of(["float32", "int32"] as const), true);
    if (x.type.shape.length === 0) return;
    const [values, positions] = w.b.sort(x, dice.roll(2) === 1);
    w.put(values, w.known(x), dice);
    w.put(positions, notAFloat, dice);
  }),
  dot_general: sampled("dot_general", (all, [lhs]) =>
    all.length === 0 ? notAFloat : multiplied(all[0]!, all[1]!, Math.max(1, sizeOf(lhs!.shape))),
  ),
  gather: sampled("gather", ofAll),
  scatter: sampled("scatter", (all, types) => {
    const { bound, bits } = ofAll(all);
    return { bound: bound * (1 + sizeOf(types[2]!.shape)), bits };
  }),
  dynamic_slice: sampled("dynamic_slice", ofAll),
  dynamic_update_slice: sampled("dynamic_update_slice", ofAll),
  slices: rule(everywhere, (w, dice) => {
    const x = w.any(dice, ["float32", "int32"]);
    const { shape } = x.type;
    if (shape.length === 0) return;
    const dimension = dice.roll(shape.length);
    const n = shape[dimension]!;
    // Two or three pieces, with a gap here and there.
    const cuts = Array.from({ length: 2 + dice.roll(2) }, () => dice.roll(n + 1)).sort((p, q) => p - q);
    const pieces = cuts.map((from, i) => {
      const to = Math.max(from, (cuts[i + 1] ?? n) - dice.roll(2));
      return w.b.slice(x, shape.map((_, d) => (d === dimension ? from : 0)), shape.map((m, d) => (d === dimension ? to : m))); // prettier-ignore
    });
    pieces.forEach((piece) => w.put(piece, w.known(x), dice));
  }),
  pads: rule(everywhere, (w, dice) => {
    const x = w.any(dice, ["float32", "int32"]);
    const { shape } = x.type;
    if (shape.length === 0) return;
    const y = w.fit(w.find(dice, x.type.dtype), shape);
    const dimension = dice.roll(shape.length);
    const gap = dice.roll(3) - dice.roll(2);
    const [low, high] = [dice.roll(3), dice.roll(2)];
    const after = Math.max(0, shape[dimension]! + gap);
    const along = (n: number): number[] => shape.map((_, d) => (d === dimension ? n : 0));
    const first = w.b.pad(x, along(low), along(after + high));
    const second = w.b.pad(y, along(low + after), along(high));
    const sum = dice.roll(2) === 1 ? w.b.add(second, first) : w.b.add(first, second);
    w.put(sum, summed(w.known(x), w.known(y), 1), dice);
  }),
  stop_gradient: rule(jumping, (w, dice) => {
    const x = w.any(dice);
    w.put(w.b.stopGradient(x), w.known(x), dice);
  }),
  optimization_barrier: rule(everywhere, (w, dice) => {
    const xs = Array.from({ length: 1 + dice.roll(2) }, () => w.any(dice));
    w.b.emit("optimization_barrier", xs, none).forEach((value, i) => w.put(value, w.known(xs[i]!), dice));
  }),
} satisfies Partial<Record<StepName, StepRule>>;

function sameShapes(w: Weaver, x: Value, y: Value): [Value, Value] {
  const shape = broadcastShapes(x.type.shape, y.type.shape)!; // Weaver.pair sees to it.
  return [w.b.broadcastTo(x, shape), w.b.broadcastTo(y, shape)];
}

/** A count of bits to shift by. */
function count(w: Weaver, x: Value): Value {
  return w.b.and(x, w.b.fill(31, [], "int32"));
}

/** Keys for random bits. */
function key(w: Weaver, dice: Dice): Value {
  const words = w.find(dice, "int32");
  return w.fit(words, dice.of([[2], [2, 2]]));
}

/** Factors whose product stays small: signs where the mode asks for exact ones. */
const unitFactors = (w: Weaver, x: Value): Value => (w.mode === "exact" ? w.signOf(x) : w.within(x, 1));

/** Every operation, and the transforms. Total: an operation without an entry does not compile. */
export const stepRules: { readonly [K in StepName]: StepRule } = { ...plainSteps, ...bodySteps };

/** Appends those steps of a recipe that make sense in the weaver's mode. */
export const weaveSteps: WeaveSteps = (w, { steps }) => {
  for (const step of steps) {
    const { modes, weave } = stepRules[step.op];
    if (modes.includes(w.mode)) weave(w, new Dice(step.dice), step, weaveSteps);
  }
};

export const stepNames = Object.keys(stepRules) as StepName[]; // the table's keys are its type's
