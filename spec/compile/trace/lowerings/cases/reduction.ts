import * as tf from "@tensorflow/tfjs-core";
import { bools, floats, given, ints, on, spaced, valuesOf, type Case, type Cases } from "./case.ts";

type Reduction = (x: tf.Tensor, axis?: number | number[], keepDims?: boolean) => tf.Tensor;

/** Over all axes, some, the last, none; kept or not. Distinct numbers, so that extremes have a gradient. */
const over = (f: Reduction, example: (shape: readonly number[]) => ReturnType<typeof floats>): Case[] => [
  on((x) => f(x), example([2, 3, 4])),
  on((x) => f(x, 1), example([2, 3, 4])),
  on((x) => f(x, [-1, 0]), example([2, 3, 4])),
  on((x) => f(x, [0, 2], true), example([2, 3, 4])),
  on((x) => f(x, undefined, true), example([2, 3])),
  on((x) => f(x), example([])),
  on((x) => f(x, []), example([2, 3])),
];

const positions = (f: (x: tf.Tensor, axis?: number) => tf.Tensor): Case[] => [
  valuesOf((x) => f(x), floats([3, 4])),
  valuesOf((x) => f(x, 1), floats([3, 4])),
  valuesOf((x) => f(x, -1), ints([3, 4], 0, 3)),
  valuesOf((x) => f(x), bools([6])),
  valuesOf((x) => f(x), given([1, 3, 3, -2, -2])),
  valuesOf((x) => f(x), given([1, NaN, 3, -Infinity, Infinity])),
  valuesOf((x) => f(x), given([-Infinity, -Infinity])),
  valuesOf((x) => f(x), given([Infinity, Infinity])),
];

const zeros = given([0, 2, 0, 3, 1, 2, 0, 5, 4], "float32", [3, 3]);

export const reductions: Cases = {
  all: over(tf.all, bools),
  any: over(tf.any, bools),
  argMax: positions(tf.argMax),
  argMin: positions(tf.argMin),
  bincount: [
    valuesOf(
      (x, w) => tf.bincount(x as tf.Tensor1D, w as tf.Tensor1D, 5),
      given([1, 2, 1, 9, 4], "int32"),
      given([], "float32"),
    ),
    on((x, w) => tf.bincount(x as tf.Tensor1D, w as tf.Tensor1D, 5), given([1, 2, 1, 9, 4], "int32"), floats([5])),
    valuesOf((x, w) => tf.bincount(x as tf.Tensor1D, w as tf.Tensor1D, 3), given([1, 2, 1], "int32"), ints([3])),
  ],
  denseBincount: [false, true].flatMap((binary) => [
    valuesOf(
      (x, w) => tf.denseBincount(x as tf.Tensor2D, w as tf.Tensor2D, 4, binary),
      ints([2, 6], 0, 6),
      given([], "float32", [0, 0]),
    ),
    on((x, w) => tf.denseBincount(x as tf.Tensor2D, w as tf.Tensor2D, 4, binary), ints([2, 6], 0, 6), floats([2, 6])),
    on((x, w) => tf.denseBincount(x as tf.Tensor1D, w as tf.Tensor1D, 4, binary), ints([6], 0, 6), floats([6])),
  ]),
  logSumExp: [...over(tf.logSumExp, floats), valuesOf((x) => tf.logSumExp(x), given([1000, 999, -1000]))],
  max: [
    ...over(tf.max, spaced),
    ...over(tf.max, ints),
    ...over(tf.max, bools),
    valuesOf((x) => tf.max(x), given([1, NaN, 3])),
    valuesOf((x) => tf.max(x), given([-Infinity, -Infinity])),
  ],
  min: [
    ...over(tf.min, spaced),
    ...over(tf.min, ints),
    ...over(tf.min, bools),
    valuesOf((x) => tf.min(x), given([1, NaN, 3])),
  ],
  mean: [...over(tf.mean, floats), ...over(tf.mean, ints), ...over(tf.mean, bools)],
  prod: [
    ...over(tf.prod, (shape) => floats(shape, 0.5, 1.5)),
    ...over(tf.prod, (shape) => ints(shape, -2, 3)),
    ...over(tf.prod, bools),
    on((x) => tf.prod(x, 1), zeros),
  ],
  sum: [
    ...over(tf.sum, floats),
    ...over(tf.sum, ints),
    ...over(tf.sum, bools),
    valuesOf((x) => tf.sum(x, 0), given([], "float32", [0, 3])),
  ],
};

const running = (f: (x: tf.Tensor, axis?: number, exclusive?: boolean, reverse?: boolean) => tf.Tensor): Case[] =>
  [0, 1, 2].flatMap((axis) =>
    [false, true].flatMap((exclusive) =>
      [false, true].flatMap((reverse) => [
        on((x) => f(x, axis, exclusive, reverse), floats([2, 3, 4])),
        valuesOf((x) => f(x, axis, exclusive, reverse), ints([2, 3, 4], -2, 3)),
        valuesOf((x) => f(x, axis, exclusive, reverse), bools([2, 3, 4])),
      ]),
    ),
  );

export const scans: Cases = {
  cumsum: running(tf.cumsum),
  cumprod: [...running(tf.cumprod), on((x) => tf.cumprod(x, 1), zeros)],
};

export const segments: Cases = {
  unsortedSegmentSum: [
    on((x, ids) => tf.unsortedSegmentSum(x, ids as tf.Tensor1D, 3), floats([5, 2]), given([2, 0, 2, -1, 7], "int32")),
    on((x, ids) => tf.unsortedSegmentSum(x, ids as tf.Tensor1D, 2), floats([4]), given([1, 1, 1, 1], "int32")),
    valuesOf((x, ids) => tf.unsortedSegmentSum(x, ids as tf.Tensor1D, 3), ints([4, 2]), given([1, 0, 1, 2], "int32")),
  ],
};
