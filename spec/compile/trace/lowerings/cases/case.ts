// A function of tensors and example operands: what a traced graph is compared with tfjs's CPU backend on.

import * as tf from "@tensorflow/tfjs-core";
import { sizeOf, type DType, type Shape } from "../../../../../compile/type.ts";

export interface Example {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly values: readonly number[];
}

type Result = tf.Tensor | readonly tf.Tensor[];

export interface Case {
  readonly f: (...xs: readonly tf.Tensor[]) => Result;
  readonly examples: readonly Example[];
  /** Whether its gradient is compared with finite differences: it has one at the examples. */
  readonly smooth: boolean;
}

/** Cases by the name of the op that they show, as coverage.ts spells it. */
export type Cases = Readonly<Record<string, readonly Case[]>>;

// Ops that want tensors of one rank take any here.
type Op<Xs extends readonly tf.Tensor[]> = (...xs: Xs) => Result;

/** Values and gradients. */
export const on = <Xs extends readonly tf.Tensor[]>(f: Op<Xs>, ...examples: { [K in keyof Xs]: Example }): Case => ({
  f: f as unknown as Case["f"],
  examples,
  smooth: examples.some(({ dtype }) => dtype === "float32"),
});

/** Values alone: at a kink, at infinity, or of a function that is constant in pieces. */
export const valuesOf = <Xs extends readonly tf.Tensor[]>(
  f: Op<Xs>,
  ...examples: { [K in keyof Xs]: Example }
): Case => ({ ...on(f, ...examples), smooth: false });

let seed = 1;
function draw(): number {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return seed / 2 ** 32;
}

/** Floats between two bounds. */
export function floats(shape: Shape, low = -2, high = 2): Example {
  return {
    shape,
    dtype: "float32",
    values: Array.from({ length: sizeOf(shape) }, () => Math.fround(low + (high - low) * draw())),
  };
}

/** Integers from `low` to below `high`. */
export function ints(shape: Shape, low = -7, high = 8): Example {
  return {
    shape,
    dtype: "int32",
    values: Array.from({ length: sizeOf(shape) }, () => Math.floor(low + (high - low) * draw())),
  };
}

/** Floats no two of which are near each other, in no order. */
export function spaced(shape: Shape): Example {
  const values = Array.from({ length: sizeOf(shape) }, (_, i) => [draw(), Math.fround(i / 5 - 2)] as const);
  return { shape, dtype: "float32", values: values.sort(([p], [q]) => p - q).map(([, value]) => value) };
}

export function bools(shape: Shape): Example {
  return { shape, dtype: "bool", values: Array.from({ length: sizeOf(shape) }, () => (draw() < 0.5 ? 0 : 1)) };
}

/** Given numbers; a vector unless a shape is given. */
export const given = (
  values: readonly number[],
  dtype: DType = "float32",
  shape: Shape = [values.length],
): Example => ({
  shape,
  dtype,
  values: dtype === "float32" ? values.map(Math.fround) : values,
});

export const corners = given([
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  2.5,
  3.5,
  -2.5,
  6,
  7,
  1e-30,
  -1e-30,
  88,
  -88,
  Infinity,
  -Infinity,
  NaN,
]);

export const tensorOf = ({ shape, dtype, values }: Example): tf.Tensor => tf.tensor([...values], [...shape], dtype);
