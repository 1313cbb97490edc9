import * as tf from "@tensorflow/tfjs-core";
import { bools, floats, given, ints, on, valuesOf, type Case, type Cases, type Example } from "./case.ts";

type Binary = (x: tf.Tensor, y: tf.Tensor) => tf.Tensor;

const shape = [3, 4];
const small = ints(shape, -5, 6);
const other = ints(shape, -3, 4);

/** Every pair of signs, exact and not, and zero. */
const dividends = given([7, -7, 7, -7, 6, -6, 6, -6, 0, 0, 5, -5], "int32");
const divisors = given([3, 3, -3, -3, 2, 2, -2, -2, 3, -3, 0, 0], "int32");
const inFloat = ({ values }: Example): Example => given(values);

const broadcasting = (f: Binary, low = -2, high = 2): Case[] => [
  on(f, floats(shape), floats(shape, low, high)),
  on(f, floats(shape), floats([4], low, high)),
  on(f, floats([3, 1]), floats([2, 1, 4], low, high)),
  on(f, floats([]), floats(shape, low, high)),
];

const comparing = (f: Binary): Case[] => {
  const x = given([0, 1, -1, NaN, NaN, Infinity, 2, -0]);
  const y = given([0, -1, 1, NaN, 0, Infinity, 2.5, 0]);
  return [
    valuesOf(f, x, y),
    valuesOf(f, floats(shape), floats([4])),
    valuesOf(f, small, other),
    valuesOf(f, bools(shape), bools([4])),
    valuesOf(f, small, floats(shape)),
  ];
};

const logic = (f: Binary): Case[] => [valuesOf(f, bools([3, 8]), bools([8])), valuesOf(f, bools([]), bools([]))];

const truth = [given([0, 0, 1, 1], "bool"), given([0, 1, 0, 1], "bool")] as const;
/** Where tfjs keeps a truth value in the bool. */
const product = [valuesOf(tf.mul, ...truth)];

export const arithmetic: Cases = {
  add: [
    ...broadcasting(tf.add),
    valuesOf(tf.add, small, other),
    valuesOf(tf.add, bools(shape), ints(shape)),
    valuesOf(tf.add, small, floats([4])),
  ],
  addN: [
    on((x, y, z) => tf.addN([x, y, z]), floats(shape), floats(shape), floats(shape)),
    valuesOf((x, y) => tf.addN([x, y]), small, other),
    on((x) => tf.addN([x]), floats(shape)),
  ],
  div: [
    ...broadcasting(tf.div, 0.5, 2),
    valuesOf(tf.div, dividends, divisors),
    valuesOf(tf.div, given([1, -1, 0, Infinity]), given([0, 0, 0, Infinity])),
    valuesOf(tf.div, ...truth),
  ],
  divNoNan: [
    on(tf.divNoNan, floats(shape), floats(shape, 0.5, 2)),
    valuesOf(tf.divNoNan, given([1, 0, -3]), given([0, 0, 2])),
    valuesOf(tf.divNoNan, dividends, divisors),
  ],
  floorDiv: [
    valuesOf(tf.floorDiv, dividends, divisors),
    valuesOf(tf.floorDiv, inFloat(dividends), given(divisors.values.map((y) => y || 1))),
    valuesOf(tf.floorDiv, floats(shape, -9, 9), floats([4], 1, 3)),
    valuesOf(tf.floorDiv, ...truth),
  ],
  maximum: [
    on(tf.maximum, floats(shape, -2, 0), floats(shape, 0.1, 2)),
    on(tf.maximum, floats(shape, 0.1, 2), floats([4], -2, 0)),
    valuesOf(tf.maximum, given([NaN, 1, 1, -0]), given([1, NaN, 1, 0])),
    valuesOf(tf.maximum, small, other),
    valuesOf(tf.maximum, ...truth),
  ],
  minimum: [
    on(tf.minimum, floats(shape, -2, 0), floats(shape, 0.1, 2)),
    on(tf.minimum, floats(shape, 0.1, 2), floats([4], -2, 0)),
    valuesOf(tf.minimum, given([NaN, 1, 1]), given([1, NaN, 1])),
    valuesOf(tf.minimum, small, other),
    valuesOf(tf.minimum, ...truth),
  ],
  mod: [
    on(tf.mod, given([5.5, -5.5, 5.5, -5.5, 0.25]), given([2, 2, -2, -2, 3])),
    on(tf.mod, given([5.5, -5.5], "float32", [2, 1]), given([2, -3])),
    valuesOf(tf.mod, dividends, divisors),
    valuesOf(tf.mod, inFloat(dividends), given(divisors.values.map((y) => y || 1))),
    valuesOf(tf.mod, ...truth),
  ],
  mul: [...broadcasting(tf.mul), valuesOf(tf.mul, small, other), ...product],
  pow: [
    on(tf.pow, floats(shape, 0.3, 2), floats([4])),
    on((x) => tf.pow(x, 2), floats(shape)),
    on((x) => tf.pow(x, 3), given([0, -1, 2])),
    valuesOf(tf.pow, given([0, 0, -2, -2, 2, 9]), given([0, 2, 3, -1, -1, 0.5])),
    valuesOf(
      tf.pow,
      given([2, -2, 3, 0, 0, 1, -1, -1, 2, -1, 5, 2, 0], "int32"),
      given([10, 3, 0, 0, 4, -5, -5, -4, -1, 33, 13, 40, -32], "int32"),
    ),
    valuesOf(tf.pow, ...truth),
  ],
  squaredDifference: [
    ...broadcasting(tf.squaredDifference),
    valuesOf(tf.squaredDifference, small, other),
    valuesOf(tf.squaredDifference, ...truth),
  ],
  sub: [...broadcasting(tf.sub), valuesOf(tf.sub, small, other), valuesOf(tf.sub, bools(shape), ints([4]))],
};

export const logical: Cases = {
  bitwiseAnd: [valuesOf(tf.bitwiseAnd, ints(shape, -99, 99), ints(shape, -99, 99))],
  equal: comparing(tf.equal),
  greater: comparing(tf.greater),
  greaterEqual: comparing(tf.greaterEqual),
  less: comparing(tf.less),
  lessEqual: comparing(tf.lessEqual),
  notEqual: comparing(tf.notEqual),
  logicalAnd: logic(tf.logicalAnd),
  logicalOr: logic(tf.logicalOr),
  logicalXor: logic(tf.logicalXor),
  logicalNot: [valuesOf(tf.logicalNot, bools(shape))],
  where: [
    on(tf.where<tf.Tensor>, bools(shape), floats(shape), floats(shape)),
    on(tf.where<tf.Tensor>, bools([3, 1]), floats([4]), floats([2, 3, 4])),
    on(tf.where<tf.Tensor>, bools([4]), floats([3, 4]), floats([])),
    valuesOf(tf.where<tf.Tensor>, bools(shape), small, other),
    valuesOf(tf.where<tf.Tensor>, bools(shape), bools(shape), bools([4])),
    valuesOf(tf.where<tf.Tensor>, bools(shape), small, floats(shape)),
  ],
};
