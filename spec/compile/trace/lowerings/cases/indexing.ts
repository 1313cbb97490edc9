import * as tf from "@tensorflow/tfjs-core";
import { bools, floats, given, ints, on, valuesOf, type Cases } from "./case.ts";

const rows = given([2, 0, 2, 1], "int32");
const points = given([1, 0, 0, 2, 1, 0], "int32", [3, 2]);
const scattered = given([3, 1, 3, 0], "int32", [4, 1]);
/** No place twice: tfjs keeps the last of several. */
const distinct = given([3, 1, 0], "int32", [3, 1]);

export const indexing: Cases = {
  gather: [
    on((x, i) => tf.gather(x, i), floats([3, 4]), rows),
    on((x, i) => tf.gather(x, i, 1), floats([2, 3, 4]), given([2, 0, 1, 1], "int32", [2, 2])),
    on((x, i) => tf.gather(x, i, -1), floats([2, 3, 4]), given([3], "int32", [])),
    on((x, i) => tf.gather(x, i, 1, 1), floats([2, 3, 4]), given([2, 0, 1, 1], "int32", [2, 2])),
    on((x, i) => tf.gather(x, i, 2, 1), floats([2, 3, 4]), given([3, 0, 1, 1], "int32", [2, 2])),
    on((x, i) => tf.gather(x, i, 2, 2), floats([2, 3, 4]), ints([2, 3, 2], 0, 4)),
    valuesOf((x, i) => tf.gather(x, i), ints([3, 4]), rows),
    valuesOf((x, i) => tf.gather(x, i), bools([3, 4]), rows),
  ],
  gatherND: [
    on((x, i) => tf.gatherND(x, i), floats([2, 3]), points),
    on((x, i) => tf.gatherND(x, i), floats([2, 3, 2]), points),
    on((x, i) => tf.gatherND(x, i), floats([4, 2]), given([3, 1], "int32", [2, 1])),
    on((x, i) => tf.gatherND(x, i), floats([4]), given([3], "int32")),
    on((x, i) => tf.gatherND(x, i), floats([2, 3]), ints([2, 2, 2], 0, 2)),
    valuesOf((x, i) => tf.gatherND(x, i), ints([2, 3]), points),
    valuesOf((x, i) => tf.gatherND(x, i), bools([2, 3]), points),
  ],
  scatterND: [
    on((i, u) => tf.scatterND(i, u, [5]), scattered, floats([4])),
    on((i, u) => tf.scatterND(i, u, [5, 2]), scattered, floats([4, 2])),
    on((i, u) => tf.scatterND(i, u, [2, 3, 2]), points, floats([3, 2])),
    on((i, u) => tf.scatterND(i, u, [3, 2]), given([0, 2, 1, 1], "int32", [2, 2, 1]), floats([2, 2, 2])),
    on((i, u) => tf.scatterND(i, u, [5]), rows, floats([4])),
    valuesOf((i, u) => tf.scatterND(i, u, [5]), scattered, ints([4])),
    valuesOf((i, u) => tf.scatterND(i, u, [5]), distinct, bools([3])),
  ],
  tensorScatterUpdate: [
    on((x, i, u) => tf.tensorScatterUpdate(x, i, u), floats([5, 2]), distinct, floats([3, 2])),
    on((x, i, u) => tf.tensorScatterUpdate(x, i, u), floats([2, 3]), points, floats([3])),
    valuesOf((x, i, u) => tf.tensorScatterUpdate(x, i, u), floats([5]), scattered, floats([4])),
    valuesOf((x, i, u) => tf.tensorScatterUpdate(x, i, u), ints([5]), scattered, ints([4])),
    valuesOf((x, i, u) => tf.tensorScatterUpdate(x, i, u), bools([5]), scattered, bools([4])),
  ],
};

export const evaluation: Cases = {
  lowerBound: [
    valuesOf(tf.lowerBound, given([1, 2, 2, 5]), given([0, 1, 2, 3, 6])),
    valuesOf(tf.lowerBound, given([1, 2, 2, 5, 0, 1, 8, 9], "int32", [2, 4]), given([2, 9, 1, 8], "int32", [2, 2])),
  ],
  upperBound: [valuesOf(tf.upperBound, given([1, 2, 2, 5]), given([0, 1, 2, 3, 6]))],
  searchSorted: [
    valuesOf(
      (s, v) => tf.searchSorted(s, v, "right"),
      given([1, 2, 2, 5, 0, 1, 8, 9], "float32", [2, 4]),
      given([2, 9, 1, 8], "float32", [2, 2]),
    ),
  ],
  topk: [
    on((x) => tf.topk(x, 2).values, floats([3, 5])),
    valuesOf((x) => [tf.topk(x, 3).values, tf.topk(x, 3).indices], floats([2, 3, 6])),
    valuesOf((x) => Object.values<tf.Tensor>(tf.topk(x, 4)), given([1, 3, 3, 2, 3, 1])),
    valuesOf((x) => Object.values<tf.Tensor>(tf.topk(x, 6)), given([1, 3, 3, 2, 3, 1], "int32")),
    valuesOf((x) => Object.values<tf.Tensor>(tf.topk(x, 3)), bools([2, 7])),
    valuesOf((x) => Object.values<tf.Tensor>(tf.topk(x, 0)), floats([2, 3])),
    valuesOf((x) => Object.values<tf.Tensor>(tf.topk(x)), floats([4])),
  ],
  "math.confusionMatrix": [
    valuesOf(
      (x, y) => tf.math.confusionMatrix(x as tf.Tensor1D, y as tf.Tensor1D, 3),
      ints([7], 0, 3),
      ints([7], 0, 3),
    ),
  ],
};
