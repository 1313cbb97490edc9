// Weaves steps into a graph under construction. It knows of every value how large it may be and whether it is exact: a
// small multiple of a power of two, the same in whatever order it is computed. It keeps to three rules, so that a
// difference between two evaluations is a bug and not a matter of rounding:
//   – floats stay within ±8, squashed where an operation may leave that;
//   – what jumps (floor, comparisons, sorting, conversion to integers) sees exact floats only;
//   – what has a kink (max, abs) sees exact floats only where derivatives are compared, and nothing has one where they
//     are compared with finite differences.

import { GraphBuilder } from "../../compile/graph/build.ts";
import type { Value } from "../../compile/graph/graph.ts";
import type { Builder } from "../../compile/primitives/primitive.ts";
import { broadcastShapes, sameShape, sizeOf, typedValues, type DType, type Shape, type TensorType } from "../../compile/type.ts"; // prettier-ignore
import type { Dice } from "./dice.ts";

/** What is known of a float: `|x| <= bound`, and a multiple of 2^-bits if it is exact (null if not). */
export interface Known {
  readonly bound: number;
  readonly bits: number | null;
}

/** How a program is going to be compared. */
export type Mode =
  /** Bit by bit: integers, bools and exact floats. */
  | "exact"
  /** With a tolerance, forwards. */
  | "forward"
  /** With a tolerance, its derivatives too. */
  | "derivative"
  /** Its derivatives with finite differences: nothing has a kink, every derivative is the true one. */
  | "smooth";

const largestBound = 8;
const mostBits = 4;
const exactRange = 2 ** 22;
const largestSize = 128;

export const isExactly = ({ bits, bound }: Known): boolean => bits !== null && bound * 2 ** bits <= exactRange;

/** What is known of a value that is the one or the other. */
export const either = (p: Known, q: Known): Known => ({
  bound: Math.max(p.bound, q.bound),
  bits: p.bits === null || q.bits === null ? null : Math.max(p.bits, q.bits),
});

const nothing: Known = { bound: Infinity, bits: null };
const notAFloat: Known = { bound: 0, bits: 0 };

/** One of several, every other time the latest: chains are what passes work on. */
function latestOf(candidates: readonly Value[], dice: Dice): Value {
  const back = dice.roll(2 * candidates.length);
  return candidates[candidates.length - 1 - (back < candidates.length ? back : 0)]!;
}

export class Weaver {
  readonly b: Builder;
  readonly mode: Mode;
  /** Values to choose operands from, the latest last. */
  readonly pool: Value[] = [];
  readonly #known = new Map<Value, Known>();

  constructor(mode: Mode, b: Builder = new GraphBuilder()) {
    this.mode = mode;
    this.b = b;
  }

  known(value: Value): Known {
    return value.type.dtype === "float32" ? (this.#known.get(value) ?? nothing) : notAFloat;
  }

  isExact(value: Value): boolean {
    return this.known(value).bits !== null;
  }

  /** Records what is known of a value, which is in the pool from now on. */
  input(value: Value, known: Known): void {
    this.#learn(value, known);
    this.pool.push(value);
  }

  #learn(value: Value, known: Known): Value {
    if (value.type.dtype === "float32" && !this.#known.has(value)) this.#known.set(value, known);
    return value;
  }

  /** Records what the caller knows of a value. */
  assume(value: Value, known: Known): Value {
    return this.#learn(value, known);
  }

  /** A result: settled, and in the pool. */
  put(value: Value, known: Known, dice: Dice): Value {
    const settled = this.settle(value, known, dice);
    if (sizeOf(settled.type.shape) <= largestSize && settled.type.shape.length <= 6) this.pool.push(settled);
    return settled;
  }

  /** A value within bounds. What is exact stays so as long as that is possible and the dice like it. */
  settle(value: Value, known: Known, dice: Dice): Value {
    if (value.type.dtype !== "float32") return value;
    const { bound, bits } = known;
    if (isExactly(known)) {
      if (bound <= largestBound && bits! <= mostBits) return this.#learn(value, known);
      if (this.mode === "exact" || (this.mode !== "smooth" && dice.roll(2) === 1))
        return this.#settleExactly(value, known);
    }
    if (bound <= largestBound) return this.#learn(value, { bound, bits: null });
    return this.#squash(value, bound, dice);
  }

  #settleExactly(value: Value, { bound, bits }: Known): Value {
    const { b } = this;
    let x = value;
    let most = bound;
    if (bits! > mostBits) {
      const scale = 2 ** mostBits;
      x = b.multiply(b.floor(b.multiply(x, b.fill(scale, []))), b.fill(1 / scale, []));
      most = bound + 1 / scale;
    }
    if (most > largestBound) x = b.minimum(b.maximum(x, b.fill(-largestBound, [])), b.fill(largestBound, []));
    return this.#learn(x, { bound: Math.min(most, largestBound), bits: Math.min(bits!, mostBits) });
  }

  #squash(value: Value, bound: number, dice: Dice): Value {
    const { b } = this;
    const way = dice.roll(3);
    if (way === 2 && bound <= 1024)
      return this.#learn(b.multiply(value, b.fill(4 / bound, [])), { bound: 4, bits: null });
    return this.#learn(way === 1 ? b.logistic(value) : b.tanh(value), { bound: 1, bits: null });
  }

  /** A value of `dtype` from the pool; a new constant where there is none. Exact if `exact`. */
  find(dice: Dice, dtype: DType, exact = false): Value {
    const candidates = this.pool.filter((value) => value.type.dtype === dtype && (!exact || this.isExact(value)));
    return candidates.length === 0 ? this.constant(dice, dtype) : latestOf(candidates, dice);
  }

  /** Any value. */
  any(dice: Dice, dtypes: readonly DType[] = ["float32", "int32", "bool"]): Value {
    const candidates = this.pool.filter((value) => dtypes.includes(value.type.dtype));
    return candidates.length === 0 ? this.constant(dice, dtypes[0]!) : latestOf(candidates, dice);
  }

  /** The latest values, those first that nothing has read; now and then any. */
  results(dice: Dice, count: number): Value[] {
    const read = new Set(this.b.equations.flatMap(({ inputs }) => inputs));
    const latest = [...new Set(this.pool)].reverse();
    const unread = latest.filter((value) => !read.has(value));
    return Array.from({ length: count }, (_, i) =>
      dice.roll(4) === 3 ? this.any(dice) : (unread[i] ?? latest[i] ?? latest[0]!),
    );
  }

  constant(dice: Dice, dtype: DType): Value {
    const shape = dice.of<Shape>([[], [3], [1, 2], [2, 2]]);
    const values = typedValues(dtype, sizeOf(shape));
    const splat = dice.roll(2) === 1;
    const first = dice.roll(33);
    for (let i = 0; i < values.length; i++) {
      const element = splat ? first : (first + 7 * i) % 33;
      values[i] = dtype === "float32" ? (element - 16) / 8 : dtype === "int32" ? element - 16 : element % 2;
    }
    return this.#learn(this.b.constant(values, { shape, dtype }), { bound: 2, bits: 3 });
  }

  /** `x` with values within `limit`. */
  within(x: Value, limit: number): Value {
    const { b } = this;
    if (this.known(x).bound <= limit) return x;
    const squashed = b.tanh(x);
    return this.#learn(limit === 1 ? squashed : b.multiply(squashed, b.fill(limit, [])), { bound: limit, bits: null });
  }

  /** -1, 0 or 1: exact where `x` is. */
  signOf(x: Value): Value {
    return this.#learn(this.b.sign(x), { bound: 1, bits: 0 });
  }

  /** `x` made to lie in [low, low + 1]. */
  above(x: Value, low: number): Value {
    const { b } = this;
    return this.#learn(b.add(b.logistic(x), b.fill(low, [])), { bound: low + 1, bits: null });
  }

  /** An integer in [-modulus, modulus]. */
  small(x: Value, modulus = 5): Value {
    return this.b.one("remainder", [x, this.b.fill(modulus, x.type.shape, "int32")], {});
  }

  /** Moves `x`'s elements into `shape`, repeating or leaving out some. Keeps what is known of it. */
  fit(x: Value, shape: Shape): Value {
    return this.#learn(this.#fitted(x, shape), this.known(x));
  }

  #fitted(x: Value, shape: Shape): Value {
    const { b } = this;
    if (sameShape(x.type.shape, shape)) return x;
    const [n, size] = [sizeOf(x.type.shape), sizeOf(shape)];
    if (n === size) return b.reshape(x, shape);
    if (n === 0) return b.zeros({ shape, dtype: x.type.dtype });
    const both = broadcastShapes(x.type.shape, shape);
    if (both && sameShape(both, shape)) return b.broadcastTo(x, shape);
    const flat = b.reshape(x, [n]);
    if (n > size) return b.reshape(b.slice(flat, [n - size], [n]), shape);
    const times = Math.ceil(size / n);
    const repeated = b.reshape(b.broadcastInDim(flat, [times, n], [1]), [times * n]);
    return b.reshape(b.slice(repeated, [0], [size]), shape);
  }

  /** Two operands of one dtype that broadcast to a shape of modest size. */
  pair(dice: Dice, dtype: DType, exact = false): [Value, Value] {
    const x = this.find(dice, dtype, exact);
    const y = this.find(dice, dtype, exact);
    const both = broadcastShapes(x.type.shape, y.type.shape);
    return both && sizeOf(both) <= largestSize ? [x, y] : [x, this.fit(y, x.type.shape)];
  }

  /** `x` as a value of `type`, which has `x`'s dtype, and of the kind `wanted`: null where that cannot be. */
  conform(x: Value, { shape }: TensorType, wanted: Known): Value | null {
    const known = this.known(x);
    if (wanted.bits !== null && (known.bits === null || known.bits > wanted.bits || known.bound > wanted.bound))
      return null;
    return this.fit(known.bound > wanted.bound ? this.within(x, wanted.bound) : x, shape);
  }
}
