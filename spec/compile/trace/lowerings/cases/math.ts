import * as tf from "@tensorflow/tfjs-core";
import { bools, corners, floats, given, ints, on, valuesOf, type Case, type Cases, type Example } from "./case.ts";

const shape = [3, 5];
const finiteCorners = given([0, 1, -1, 0.5, -0.5, 2.5, 3.5, -2.5, 6, 7, -7]);

/** Smooth on floats between bounds, as tfjs has it at corners, and on what other dtypes it takes. */
const unary = (f: (x: tf.Tensor) => tf.Tensor, low: number, high: number, ...others: readonly Example[]): Case[] => [
  on(f, floats(shape, low, high)),
  on(f, floats([], low, high)),
  valuesOf(f, corners),
  ...others.map((x) => valuesOf(f, x)),
];

const pieces = (f: (x: tf.Tensor) => tf.Tensor, ...others: readonly Example[]): Case[] =>
  [floats(shape, -9, 9), corners, ...others].map((x) => valuesOf(f, x));

const [whole, truth] = [ints(shape), bools(shape)];

export const basicMath: Cases = {
  abs: unary(tf.abs, 0.1, 2, whole, truth),
  acos: unary(tf.acos, -0.9, 0.9, given([0, 1, -1], "int32"), truth),
  acosh: unary(tf.acosh, 1.1, 3, given([1, 2, 9], "int32")),
  asin: unary(tf.asin, -0.9, 0.9, given([0, 1, -1], "int32"), truth),
  asinh: unary(tf.asinh, -2, 2, whole, truth),
  atan: unary(tf.atan, -2, 2, whole, truth),
  atan2: [
    on(tf.atan2, floats(shape), floats([5], 0.5, 2)),
    valuesOf(tf.atan2, given([0, 0, -0, 1, -1, 2]), given([0, -1, -1, 0, 0, -3])),
    valuesOf(tf.atan2, whole, ints([5])),
  ],
  atanh: unary(tf.atanh, -0.9, 0.9, given([0], "int32")),
  ceil: pieces(tf.ceil),
  clipByValue: [
    ...unary((x) => tf.clipByValue(x, -1, 1.5), -0.9, 1.4, whole, truth),
    on((x) => tf.clipByValue(x, -1, 1.5), floats(shape, 2, 3)),
    valuesOf((x) => tf.clipByValue(x, 0.5, 2.5), whole),
    valuesOf((x) => tf.clipByValue(x, -Infinity, 2.5), whole),
    valuesOf((x) => tf.clipByValue(x, 1, Infinity), whole),
    valuesOf((x) => tf.clipByValue(x, 1, 1), whole),
  ],
  cos: unary(tf.cos, -3, 3),
  cosh: unary(tf.cosh, -2, 2),
  elu: [...unary(tf.elu, -2, -0.1), on(tf.elu, floats(shape, 0.1, 2))],
  erf: [on(tf.erf, floats(shape)), valuesOf(tf.erf, given([0, 1, -1, 5, -5, Infinity])), valuesOf(tf.erf, whole)],
  exp: unary(tf.exp, -2, 2, whole, truth),
  expm1: unary(tf.expm1, -2, 2, whole, truth),
  floor: pieces(tf.floor),
  isFinite: pieces(tf.isFinite, whole, truth),
  isInf: pieces(tf.isInf, whole, truth),
  isNaN: pieces(tf.isNaN, whole, truth),
  leakyRelu: [
    ...unary((x) => tf.leakyRelu(x, 0.3), -2, -0.1, whole, truth),
    on((x) => tf.leakyRelu(x), floats(shape, 0.1, 2)),
  ],
  log: unary(tf.log, 0.2, 3),
  log1p: unary(tf.log1p, -0.5, 3, given([0, 1, 5], "int32"), truth),
  logSigmoid: [on(tf.logSigmoid, floats(shape)), on(tf.logSigmoid, finiteCorners)],
  neg: unary(tf.neg, -2, 2, whole, truth),
  prelu: [
    on(tf.prelu, floats(shape, -2, -0.1), floats([5])),
    on(tf.prelu, floats(shape, 0.1, 2), floats(shape)),
    valuesOf(tf.prelu, corners, given([0.25], "float32", [])),
    valuesOf(tf.prelu, whole, floats([5])),
  ],
  reciprocal: unary(tf.reciprocal, 0.5, 2, whole, truth),
  relu: [...unary(tf.relu, -2, -0.1, whole, truth), on(tf.relu, floats(shape, 0.1, 2))],
  relu6: [
    ...unary(tf.relu6, -2, -0.1, ints(shape, -9, 12), truth),
    on(tf.relu6, floats(shape, 0.1, 5.9)),
    on(tf.relu6, floats(shape, 6.1, 9)),
  ],
  round: pieces(tf.round, given([0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 1e9]), whole, truth),
  rsqrt: unary(tf.rsqrt, 0.3, 3),
  selu: [...unary(tf.selu, -2, -0.1, whole, truth), on(tf.selu, floats(shape, 0.1, 2))],
  sigmoid: unary(tf.sigmoid, -3, 3),
  sign: [
    valuesOf(tf.sign, floats(shape)),
    valuesOf(tf.sign, given([0, -0, Infinity, -Infinity, 1e-30])),
    valuesOf(tf.sign, whole),
    valuesOf(tf.sign, truth),
  ],
  sin: unary(tf.sin, -3, 3),
  sinh: unary(tf.sinh, -2, 2, whole, truth),
  softplus: [...unary(tf.softplus, -3, 3, given([0, 5, 100], "int32"), truth), on(tf.softplus, finiteCorners)],
  sqrt: unary(tf.sqrt, 0.2, 3),
  square: unary(tf.square, -2, 2, whole, truth),
  step: [...pieces(tf.step, whole, truth), ...pieces((x) => tf.step(x, -0.5)), valuesOf((x) => tf.step(x, 3), whole)],
  tan: unary(tf.tan, -1, 1),
  tanh: unary(tf.tanh, -2, 2),
};
