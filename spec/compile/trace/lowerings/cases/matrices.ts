import * as tf from "@tensorflow/tfjs-core";
import { bools, floats, given, ints, on, valuesOf, type Case, type Cases } from "./case.ts";

/** With and without each transpose: operands of shapes [...a, 3, 4] and [...b, 4, 2]. */
const products = (a: readonly number[], b: readonly number[]): Case[] =>
  [false, true].flatMap((transposeA) =>
    [false, true].map((transposeB) =>
      on(
        (x, y) => tf.matMul(x, y, transposeA, transposeB),
        floats([...a, ...(transposeA ? [4, 3] : [3, 4])]),
        floats([...b, ...(transposeB ? [2, 4] : [4, 2])]),
      ),
    ),
  );

const fused = (
  activation: "linear" | "relu" | "relu6" | "elu" | "sigmoid" | "leakyrelu" | "prelu",
  sign: number,
): Case =>
  on(
    (a, b, bias, weights) =>
      tf.fused.matMul({
        a,
        b,
        bias,
        activation,
        ...(activation === "prelu" ? { preluActivationWeights: weights } : {}),
        leakyreluAlpha: 0.3,
      }),
    floats([3, 4], 0.1, 1),
    floats([4, 2], 0.1 * sign, sign),
    floats([2], 0.1 * sign, 0.2 * sign),
    floats([2]),
  );

const sums = (equation: string, ...shapes: readonly (readonly number[])[]): Case =>
  on((...xs: tf.Tensor[]) => tf.einsum(equation, ...xs), ...shapes.map((shape) => floats(shape)));

export const matrices: Cases = {
  dot: [
    on(tf.dot, floats([4]), floats([4])),
    on(tf.dot, floats([4]), floats([4, 2])),
    on(tf.dot, floats([3, 4]), floats([4])),
    on(tf.dot, floats([3, 4]), floats([4, 2])),
    valuesOf(tf.dot, ints([3, 4]), ints([4, 2])),
  ],
  einsum: [
    sums("ij,jk->ik", [2, 3], [3, 4]),
    sums("ij,jk->ki", [2, 3], [3, 4]),
    sums("bij,bjk->bik", [2, 2, 3], [2, 3, 4]),
    sums("bhwc,hkc->bkhw", [2, 3, 4, 5], [3, 6, 5]),
    sums("ij->ji", [2, 3]),
    sums("ij->i", [2, 3]),
    sums("ij->", [2, 3]),
    sums("ij->ij", [2, 3]),
    sums("i,j->ij", [2], [3]),
    sums("i,j->ji", [2], [3]),
    sums("bi,bj->bij", [2, 3], [2, 4]),
    sums("i,i->", [4], [4]),
    sums("i,i->i", [4], [4]),
    sums("bnm, bm -> bn", [2, 3, 4], [2, 4]),
    sums("ij,->ij", [2, 3], []),
    sums("ij,jk->ik", [2, 1], [1, 3]),
    valuesOf((x, y) => tf.einsum("ij,jk->ik", x, y), ints([2, 3]), ints([3, 4])),
  ],
  matMul: [
    ...products([], []),
    ...products([2], [2]),
    ...products([2], []),
    ...products([], [2]),
    ...products([5, 2], [2]),
    ...products([1], [2]),
    ...products([2, 1], [2, 1]),
    on((x, y) => tf.matMul(x, y), floats([3, 1]), floats([1, 4])),
    on((x, y) => tf.matMul(x, y, true, true), floats([2, 1, 3]), floats([2, 4, 1])),
    on((x, y) => tf.matMul(x, y), floats([1, 4]), floats([4, 1])),
    valuesOf((x, y) => tf.matMul(x, y), ints([2, 3, 4]), ints([4, 2])),
    valuesOf((x, y) => tf.matMul(x, y), given([1, 0, 0, 1], "bool", [2, 2]), given([1, 0, 1, 0], "bool", [2, 2])),
  ],
  euclideanNorm: [
    on((x) => tf.euclideanNorm(x), floats([3, 4])),
    on((x) => tf.euclideanNorm(x, 1, true), floats([3, 4])),
  ],
  norm: [
    on((x) => tf.norm(x), floats([3, 4])),
    on((x) => tf.norm(x), floats([])),
    on((x) => tf.norm(x, 2, 0), floats([3, 4])),
    on((x) => tf.norm(x, 1), floats([3, 4])),
    on((x) => tf.norm(x, Infinity), floats([3, 4])),
    on((x) => tf.norm(x, -Infinity, 1), floats([3, 4])),
    on((x) => tf.norm(x, "fro", [0, 1]), floats([3, 4])),
    on((x) => tf.norm(x, 1, [0, 1]), floats([3, 4])),
    on((x) => tf.norm(x, "euclidean", 1, true), floats([3, 4])),
    valuesOf((x) => tf.norm(x, 2, 1), given([0, 0, 3, 4], "float32", [2, 2])),
  ],
  outerProduct: [on((x, y) => tf.outerProduct(x as tf.Tensor1D, y as tf.Tensor1D), floats([3]), floats([4]))],
  transpose: [
    on((x) => tf.transpose(x), floats([2, 3, 4])),
    on((x) => tf.transpose(x, [1, 0, 2]), floats([2, 3, 4])),
    valuesOf((x) => tf.transpose(x, [2, 0, 1]), ints([2, 3, 4])),
    valuesOf((x) => tf.transpose(x), bools([2, 3])),
  ],
};

export const fusedProducts: Cases = {
  "fused.matMul": [
    fused("linear", 1),
    fused("relu", 1),
    fused("relu6", 1),
    fused("elu", -1),
    fused("sigmoid", 1),
    fused("leakyrelu", -1),
    fused("prelu", -1),
    on((a, b) => tf.fused.matMul({ a, b, transposeB: true }), floats([2, 3, 4]), floats([2, 4])),
  ],
};

const matrix = given([2, 1, 0.5, -1, 3, 1, 0.3, -0.7, 4], "float32", [3, 3]);

export const linearAlgebra: Cases = {
  "linalg.bandPart": [
    on((x) => tf.linalg.bandPart(x, 1, 0), floats([2, 3, 4])),
    on((x) => tf.linalg.bandPart(x, -1, 1), floats([4, 3])),
    valuesOf((x, lower) => tf.linalg.bandPart(x, lower as tf.Scalar, 0), ints([3, 3]), given([1], "int32", [])),
  ],
  "linalg.gramSchmidt": [on((x) => tf.linalg.gramSchmidt(x as tf.Tensor2D) as tf.Tensor, matrix)],
  "linalg.qr": [
    on((x) => tf.linalg.qr(x), matrix),
    on((x) => tf.linalg.qr(x), floats([4, 2])),
    on((x) => tf.linalg.qr(x), floats([2, 2, 2])),
  ],
};
