// Random numbers by explicit key, those of `jax.random` (default settings: Threefry-2x32, partitionable): the same seed gives
// the same bits, and the same draws to rounding. A key is never used twice: split it, or fold a number in.
// Each function is one small graph: inside a trace it is inlined, outside it is evaluated at once.

import * as tf from "@tensorflow/tfjs-core";
import { wrongAttribute } from "./errors.ts";
import { GraphBuilder } from "./graph/build.ts";
import type { Value } from "./graph/graph.ts";
import { axesUpTo } from "./primitives/batching.ts";
import { erf } from "./kernels/erf.ts";
import { otherAxes } from "./primitives/operands.ts";
import type { Builder } from "./primitives/primitive.ts";
import { apply, bind } from "./trace/apply.ts";
import { optimise } from "./passes/index.ts";
import { wasmTarget } from "./targets/wasm/target.ts";
import { currentTrace, typeOf } from "./trace/trace.ts";
import { sizeOf, type Shape } from "./type.ts";

/** Runs or traces the graph that `build` makes of the tensors' values. */
function draw(
  name: string,
  inputs: readonly tf.Tensor[],
  build: (b: Builder, values: readonly Value[]) => Value,
): tf.Tensor {
  const b = new GraphBuilder(`random.${name}`);
  const values = inputs.map((x) => b.input(typeOf(x)));
  const graph = b.graph(values, [build(b, values)]);
  const many = sizeOf(graph.outputs[0]!.type.shape) >= worthCompiling;
  const run =
    many && !currentTrace()
      ? wasmTarget.compile(optimise(graph), { threads: 1, weights: "float32" }).run
      : (xs: readonly tf.Tensor[]) => apply(graph, xs);
  return run(inputs)[0]!;
}

/** From this many elements on, a program of its own (some milliseconds) is sooner done than dozens of eager ops. */
const worthCompiling = 4096;

// Keys

/** A key from a seed: `[high, low]` words of an integer. As `jax.random.key` for 32-bit seeds, and for larger ones as it is
 *  with 64-bit integers switched on.
 *  @param seed an integer in -2³¹ .. 2⁵³-1
 *  @returns int32[2] */
export function key(seed: number): tf.Tensor1D {
  if (!Number.isSafeInteger(seed) || seed < -(2 ** 31)) {
    throw wrongAttribute("random.key", "seed", "an integer in -2^31 .. 2^53-1", String(seed));
  }
  const high = seed < 0 ? 0 : Math.floor(seed / 2 ** 32);
  return tf.tensor1d(Int32Array.of(high, seed | 0), "int32");
}

/** `count` new keys from one, which must not be used again. `jax.random.split`. */
export function split(of: tf.Tensor, count = 2): tf.Tensor1D[] {
  return tf.tidy(() => tf.unstack(bind("rng_split", [of], { count })[0]!) as tf.Tensor1D[]); // rows of [count, 2]
}

/** A new key from a key and a number, such as a step's. `jax.random.fold_in`.
 *  @param data an integer, or a scalar tensor of int32 */
export function foldIn(of: tf.Tensor, data: number | tf.Tensor): tf.Tensor1D {
  return tf.tidy(() => {
    const folded = typeof data === "number" ? tf.scalar(data | 0, "int32") : data;
    return bind("rng_fold_in", [of, folded], {})[0] as tf.Tensor1D; // shaped like the key
  });
}

/** 32 random bits an element, as int32. `jax.random.bits`. */
export const bits = (of: tf.Tensor, shape: Shape = []): tf.Tensor => bind("rng_bit_generator", [of], { shape })[0]!;

// Real numbers

const bitsOf = (b: Builder, k: Value, shape: Shape): Value => b.one("rng_bit_generator", [k], { shape });
const word = (b: Builder, value: number): Value => b.fill(value, [], "int32");

/** An operation of integers that the builder has no method for; the second operand is a scalar. */
function integers(b: Builder, op: "shift_right_logical" | "or" | "xor" | "remainder", x: Value, y: Value): Value {
  return b.one(op, [x, b.broadcastTo(y, x.type.shape)], {});
}

/** Uniform in [0, 1): the upper 23 bits as the mantissa of a number in [1, 2), less 1. */
function unit(b: Builder, k: Value, shape: Shape): Value {
  const mantissa = integers(b, "shift_right_logical", bitsOf(b, k, shape), word(b, 9));
  const inOneToTwo = integers(b, "or", mantissa, word(b, 0x3f800000));
  return b.subtract(b.one("bitcast_convert", [inOneToTwo], { dtype: "float32" }), b.fill(1, []));
}

/** Uniform in [low, high). */
function between(b: Builder, k: Value, shape: Shape, low: number, high: number): Value {
  const span = Math.fround(Math.fround(high) - Math.fround(low));
  const drawn = unit(b, k, shape);
  if (low === 0 && span === 1) return drawn;
  return b.maximum(b.add(b.multiply(drawn, b.fill(span, [])), b.fill(low, [])), b.fill(low, []));
}

/** Uniform in [low, high). `jax.random.uniform`. */
export const uniform = (of: tf.Tensor, shape: Shape = [], low = 0, high = 1): tf.Tensor =>
  draw("uniform", [of], (b, [k]) => between(b, k!, shape, low, high));

/** XLA's float32 inverse error function (M. Giles, Approximating the erfinv function, 2012): a polynomial in
 *  w = -log(1 - x²), one for w < 5 and one for the tails. */
function erfInverse(b: Builder, x: Value): Value {
  const centre = [2.81022636e-8, 3.43273939e-7, -3.5233877e-6, -4.39150654e-6, 0.00021858087, -0.00125372503, -0.00417768164, 0.246640727, 1.50140941]; // prettier-ignore
  const tails = [-0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613, 0.00943887047, 1.00167406, 2.83297682]; // prettier-ignore
  const w = b.negate(b.one("log_plus_one", [b.negate(b.multiply(x, x))], {}));
  const inCentre = b.compare(w, b.fill(5, []), "LT");
  const from = b.select(inCentre, b.subtract(w, b.fill(2.5, [])), b.subtract(b.sqrt(w), b.fill(3, [])));
  const coefficient = (i: number): Value => b.select(inCentre, b.fill(centre[i]!, []), b.fill(tails[i]!, []));
  let sum = coefficient(0);
  for (let i = 1; i < centre.length; i++) sum = b.add(coefficient(i), b.multiply(sum, from));
  const atEnds = b.compare(b.abs(x), b.fill(1, []), "EQ");
  return b.select(atEnds, b.multiply(x, b.fill(Infinity, [])), b.multiply(sum, x));
}

/** The float32 next to x, upwards or downwards. */
function neighbour(x: number, upwards: boolean): number {
  if (x === 0) return upwards ? 2 ** -149 : -(2 ** -149);
  const float = Float32Array.of(x);
  const asBits = new Int32Array(float.buffer);
  asBits[0]! += x > 0 === upwards ? 1 : -1;
  return float[0]!;
}

/** √2 · erf⁻¹(u), u uniform in (-1, 1). `jax.random.normal`. */
export const normal = (of: tf.Tensor, shape: Shape = []): tf.Tensor =>
  draw("normal", [of], (b, [k]) => {
    const drawn = between(b, k!, shape, neighbour(-1, true), 1);
    return b.multiply(b.fill(Math.SQRT2, []), erfInverse(b, drawn));
  });

/** Normal, given that it lies in (lower, upper). `jax.random.truncated_normal`. */
export const truncatedNormal = (of: tf.Tensor, shape: Shape = [], lower = -2, upper = 2): tf.Tensor =>
  draw("truncatedNormal", [of], (b, [k]) => {
    const root = Math.fround(Math.SQRT2);
    const quantile = (x: number): number => Math.fround(erf(Math.fround(Math.fround(x) / root)));
    const drawn = between(b, k!, shape, quantile(lower), quantile(upper));
    const result = b.multiply(b.fill(root, []), erfInverse(b, drawn));
    const highest = b.fill(neighbour(Math.fround(upper), false), []);
    return b.minimum(b.maximum(result, b.fill(neighbour(Math.fround(lower), true), [])), highest);
  });

const gumbelOf = (b: Builder, k: Value, shape: Shape): Value => {
  const tiny = 2 ** -126; // the smallest normal float32: a logarithm of 0 is never taken
  return b.negate(b.log(b.negate(b.log(between(b, k, shape, tiny, 1)))));
};

/** -log(-log u). `jax.random.gumbel`. */
export const gumbel = (of: tf.Tensor, shape: Shape = []): tf.Tensor =>
  draw("gumbel", [of], (b, [k]) => gumbelOf(b, k!, shape));

// Choices

/** True with probability `p`, a number or a tensor that broadcasts to `shape`. `jax.random.bernoulli`.
 *  @returns bool[...shape] */
export function bernoulli(of: tf.Tensor, shape: Shape = [], p: number | tf.Tensor = 0.5): tf.Tensor {
  if (typeof p === "number") {
    return draw("bernoulli", [of], (b, [k]) => b.compare(unit(b, k!, shape), b.fill(p, []), "LT"));
  }
  return draw("bernoulli", [of, p], (b, [k, probability]) => b.compare(unit(b, k!, shape), probability!, "LT"));
}

/** An index along `axis` with probability softmax(logits), for each position of the other axes: the largest of logits plus
 *  Gumbel noise. `jax.random.categorical`.
 *  @returns int32, the shape of `logits` without `axis` */
export const categorical = (of: tf.Tensor, logits: tf.Tensor, axis = -1): tf.Tensor =>
  draw("categorical", [of, logits], (b, [k, x]) => {
    const { shape } = x!.type;
    const along = axis < 0 ? axis + shape.length : axis;
    if (!(along in shape)) {
      throw wrongAttribute("random.categorical", "axis", "an axis", String(axis), x!.type);
    }
    const noisy = b.add(gumbelOf(b, k!, shape), b.convert(x!, "float32"));
    const largest = b.broadcastInDim(b.reduce(noisy, "maximum", [along]), shape, otherAxes(shape.length, [along]));
    const positions = b.iota(shape, along);
    const candidates = b.select(b.compare(noisy, largest, "EQ"), positions, word(b, shape[along]!));
    return b.reduce(candidates, "minimum", [along]);
  });

/** Remainder of unsigned words by an unsigned scalar, neither zero; `wide` where the divisor may exceed 2³¹ - 1. */
function unsignedRemainder(b: Builder, x: Value, divisor: Value, wide: boolean): Value {
  // x = 2·half + bit, and doubling a remainder below the divisor overshoots it at most once: no step needs a 33rd bit.
  const half = integers(b, "remainder", integers(b, "shift_right_logical", x, word(b, 1)), divisor);
  const over = b.subtract(half, b.subtract(divisor, half));
  const zero = word(b, 0);
  const doubled = b.select(b.compare(over, zero, "GE"), over, b.add(half, half));
  const next = b.add(doubled, b.and(x, word(b, 1)));
  const narrow = b.select(b.compare(next, divisor, "EQ"), zero, next);
  if (!wide) return narrow;
  const sign = word(b, -2147483648);
  const less = b.compare(integers(b, "xor", x, sign), b.one("xor", [divisor, sign], {}), "LT");
  return b.select(b.compare(divisor, zero, "LT"), b.select(less, x, b.subtract(x, divisor)), narrow);
}

/** Integers in [low, high); `low` where that is empty. `jax.random.randint`: 64 random bits an element, so that the bias of
 *  taking a remainder is negligible.
 *  @param low, high integers, or int32 scalar tensors
 *  @returns int32[...shape] */
export function randint(of: tf.Tensor, shape: Shape, low: number | tf.Tensor, high: number | tf.Tensor): tf.Tensor {
  for (const [name, bound] of Object.entries({ low, high })) {
    if (typeof bound === "number" && bound !== (bound | 0)) {
      throw wrongAttribute("random.randint", name, "an integer in -2^31 .. 2^31-1", String(bound));
    }
  }
  const bounds = [low, high].filter((bound) => typeof bound !== "number");
  return draw("randint", [of, ...bounds], (b, [k, ...given]) => {
    const rest = [...given];
    const [from, to] = [low, high].map((bound) => (typeof bound === "number" ? word(b, bound) : rest.shift()!));
    const keys = b.one("rng_split", [k!], { count: 2 });
    const half = (i: number): Value => bitsOf(b, b.reshape(b.slice(keys, [i, 0], [i + 1, 2]), [2]), shape);
    const one = word(b, 1);
    const span = b.select(b.compare(to!, from!, "LE"), one, b.subtract(to!, from!));
    const wide = typeof low !== "number" || typeof high !== "number" || high - low >= 2 ** 31;
    const modulo = (x: Value): Value => unsignedRemainder(b, x, span, wide);
    // 2³² modulo the span, as the square of 2¹⁶.
    const root = modulo(word(b, 65536));
    const multiplier = modulo(b.multiply(root, root));
    return b.add(from!, modulo(b.add(b.multiply(modulo(half(0)), multiplier), modulo(half(1)))));
  });
}

/** 0 … n-1 in random order, or the rows of a tensor (its first axis) in random order. `jax.random.permutation`. */
export function permutation(of: tf.Tensor, x: number | tf.Tensor): tf.Tensor {
  const count = typeof x === "number" ? x : x.shape[0];
  if (count === undefined || !Number.isInteger(count) || count < 0) {
    throw wrongAttribute("random.permutation", "x", "a count, or a tensor with at least one axis", String(x));
  }
  const rounds = Math.ceil((3 * Math.log(Math.max(1, count))) / Math.log(2 ** 32 - 1));
  const rowsAt = (b: Builder, rows: Value, at: Value): Value =>
    b.gather(rows, b.reshape(at, [count, 1]), {
      offsetDims: axesUpTo(rows.type.shape.length).slice(1),
      collapsedSliceDims: [0],
      operandBatchingDims: [],
      startIndicesBatchingDims: [],
      startIndexMap: [0],
      sliceSizes: [1, ...rows.type.shape.slice(1)],
    });
  return draw("permutation", [of, ...(typeof x === "number" ? [] : [x])], (b, [k, rows]) => {
    let current = k!;
    let order = b.iota([count], 0);
    for (let round = 0; round < rounds; round++) {
      const keys = b.one("rng_split", [current], { count: 2 });
      const keyAt = (i: number): Value => b.reshape(b.slice(keys, [i, 0], [i + 1, 2]), [2]);
      current = keyAt(0);
      // As unsigned words: the sign bit flipped.
      const words = integers(b, "xor", bitsOf(b, keyAt(1), [count]), word(b, -2147483648));
      order = rowsAt(b, order, b.sort(words, false)[1]);
    }
    return rows ? rowsAt(b, rows, order) : order;
  });
}
