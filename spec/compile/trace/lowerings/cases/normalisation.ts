import * as tf from "@tensorflow/tfjs-core";
import { floats, given, ints, on, valuesOf, type Case, type Cases, type Example } from "./case.ts";

type Norm = (x: tf.Tensor, mean: tf.Tensor, variance: tf.Tensor, offset: tf.Tensor, scale: tf.Tensor) => tf.Tensor;

const batchNorm = (f: Norm, shape: readonly number[]): Case =>
  on(
    f,
    floats(shape),
    floats(shape.slice(-1)),
    floats(shape.slice(-1), 0.5, 2),
    floats(shape.slice(-1)),
    floats(shape.slice(-1)),
  );

const extreme = given([1000, 999, -1000, 0, 0, 0], "float32", [2, 3]);

export const normalisation: Cases = {
  batchNorm: [
    batchNorm((x, m, v, o, s) => tf.batchNorm(x, m, v, o, s, 0.01), [2, 3, 2, 4]),
    on(
      (x, m, v) => tf.batchNorm(x, m as tf.Tensor1D, v as tf.Tensor1D),
      floats([2, 3]),
      floats([3]),
      floats([3], 0.5, 2),
    ),
    on(
      (x, m, v) => tf.batchNorm(x as tf.Tensor4D, m as tf.Tensor4D, v as tf.Tensor4D),
      floats([2, 1, 2, 2]),
      floats([2, 1, 2, 2]),
      floats([2, 1, 2, 2], 0.5, 2),
    ),
  ],
  batchNorm2d: [
    batchNorm(
      (x, m, v, o, s) =>
        tf.batchNorm2d(x as tf.Tensor2D, m as tf.Tensor1D, v as tf.Tensor1D, o as tf.Tensor1D, s as tf.Tensor1D),
      [3, 4],
    ),
  ],
  batchNorm3d: [
    batchNorm(
      (x, m, v, o, s) =>
        tf.batchNorm3d(x as tf.Tensor3D, m as tf.Tensor1D, v as tf.Tensor1D, o as tf.Tensor1D, s as tf.Tensor1D),
      [2, 3, 4],
    ),
  ],
  batchNorm4d: [
    batchNorm(
      (x, m, v, o, s) =>
        tf.batchNorm4d(x as tf.Tensor4D, m as tf.Tensor1D, v as tf.Tensor1D, o as tf.Tensor1D, s as tf.Tensor1D),
      [2, 1, 3, 4],
    ),
  ],
  localResponseNormalization: [
    on((x) => tf.localResponseNormalization(x as tf.Tensor4D, 1, 1.5, 0.7, 0.6), floats([1, 2, 2, 5])),
    on((x) => tf.localResponseNormalization(x as tf.Tensor3D), floats([2, 2, 4])),
    valuesOf(
      (x, y, dy) =>
        tf.engine().runKernel<tf.Tensor>("LRNGrad", { x, y, dy }, { depthRadius: 1, bias: 1.5, alpha: 0.7, beta: 0.6 }),
      floats([1, 2, 2, 5]),
      floats([1, 2, 2, 5]),
      floats([1, 2, 2, 5]),
    ),
  ],
  logSoftmax: [
    on((x) => tf.logSoftmax(x), floats([3, 4])),
    on((x) => tf.logSoftmax(x), floats([5])),
    valuesOf((x) => tf.logSoftmax(x), extreme),
  ],
  moments: [
    on((x) => Object.values<tf.Tensor>(tf.moments(x)), floats([3, 4])),
    on((x) => Object.values<tf.Tensor>(tf.moments(x, [0], true)), floats([3, 4])),
    valuesOf((x) => Object.values<tf.Tensor>(tf.moments(x, 1)), ints([3, 4])),
  ],
  softmax: [
    on((x) => tf.softmax(x), floats([3, 4])),
    on((x) => tf.softmax(x), floats([2, 3, 4])),
    on((x) => tf.softmax(x), floats([5])),
    valuesOf((x) => tf.softmax(x), extreme),
  ],
  sparseToDense: [
    on((i, v, d) => tf.sparseToDense(i, v, [5], d as tf.Scalar), given([3, 1], "int32"), floats([2]), floats([])),
    on((i, v) => tf.sparseToDense(i, v, [2, 3]), given([1, 0, 0, 2], "int32", [2, 2]), floats([2])),
    valuesOf((i, v) => tf.sparseToDense(i, v, [5]), given([3, 1, 0], "int32"), given([7], "float32", [])),
    valuesOf((i, v) => tf.sparseToDense(i, v, [5]), given([3, 1, 0], "int32"), given([7, 8, 9], "int32")),
    valuesOf((i, v) => tf.sparseToDense(i, v, [4]), given([2], "int32", []), given([7], "float32", [])),
    valuesOf((i, v) => tf.sparseToDense(i, v, [5], false), given([3, 1], "int32"), given([1, 1], "bool")),
  ],
};

type Loss = (labels: tf.Tensor, predictions: tf.Tensor, weights?: tf.Tensor, reduction?: tf.Reduction) => tf.Tensor;

/** With each reduction, with weights and without. */
function losses(loss: Loss, labels: Example, predictions: Example): Case[] {
  const reductions = [tf.Reduction.NONE, tf.Reduction.MEAN, tf.Reduction.SUM, tf.Reduction.SUM_BY_NONZERO_WEIGHTS];
  const weights = floats([labels.shape[0]!, 1], 0.5, 2);
  const someZero = { ...weights, values: weights.values.map((w, i) => (i === 1 ? 0 : w)) };
  return [
    on((x, y) => loss(x, y), labels, predictions),
    valuesOf((x, y, w) => loss(x, y, w), labels, predictions, someZero),
    ...reductions.map((reduction) => on((x, y, w) => loss(x, y, w, reduction), labels, predictions, weights)),
    ...reductions.map((reduction) => on((x, y) => loss(x, y, undefined, reduction), labels, predictions)),
  ];
}

const shape = [3, 4];
const zeroOne = given([0, 1, 1, 0, 1, 1, 0, 0, 1, 0, 1, 1], "float32", shape);
const oneHot = given([0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1], "float32", shape);

export const allLosses: Cases = {
  "losses.absoluteDifference": losses(tf.losses.absoluteDifference, floats(shape, -2, 0), floats(shape, 0.1, 2)),
  "losses.computeWeightedLoss": losses(
    (x, y, w, reduction) => tf.losses.computeWeightedLoss(tf.add(x, y), w, reduction),
    floats(shape),
    floats(shape),
  ),
  "losses.cosineDistance": losses(
    (x, y, w, reduction) => tf.losses.cosineDistance(x, y, 1, w, reduction),
    floats(shape),
    floats(shape),
  ),
  "losses.hingeLoss": losses(tf.losses.hingeLoss, zeroOne, floats(shape, -0.9, 0.9)),
  "losses.huberLoss": [
    ...losses((x, y, w, reduction) => tf.losses.huberLoss(x, y, w, 1, reduction), floats(shape), floats(shape, 2, 3)),
    on((x, y) => tf.losses.huberLoss(x, y), floats(shape, 0, 0.4), floats(shape, 0.5, 0.9)),
  ],
  "losses.logLoss": losses(
    (x, y, w, reduction) => tf.losses.logLoss(x, y, w, 1e-3, reduction),
    zeroOne,
    floats(shape, 0.1, 0.9),
  ),
  "losses.meanSquaredError": losses(tf.losses.meanSquaredError, floats(shape), floats(shape)),
  "losses.sigmoidCrossEntropy": [
    ...losses((x, y, w, reduction) => tf.losses.sigmoidCrossEntropy(x, y, w, 0, reduction), zeroOne, floats(shape)),
    on((x, y) => tf.losses.sigmoidCrossEntropy(x, y, undefined, 0.2), zeroOne, floats(shape)),
  ],
  "losses.softmaxCrossEntropy": [
    ...losses(
      (x, y, w, reduction) => tf.losses.softmaxCrossEntropy(x, y, w && tf.reshape(w, [3]), 0, reduction),
      oneHot,
      floats(shape),
    ),
    on((x, y) => tf.losses.softmaxCrossEntropy(x, y, undefined, 0.2), oneHot, floats(shape)),
  ],
};

const forget = floats([]);
const kernel = floats([5, 12]);
const lstmBias = floats([12]);
const cell = [floats([2, 2]), floats([2, 3]), floats([2, 3])] as const;

export const networks: Cases = {
  basicLSTMCell: [
    on(
      (f, k, bias, x, c, h) =>
        tf.basicLSTMCell(f as tf.Scalar, k as tf.Tensor2D, bias as tf.Tensor1D, x as tf.Tensor2D, c as tf.Tensor2D, h as tf.Tensor2D),
      forget, kernel, lstmBias, ...cell,
    ), // prettier-ignore
  ],
  multiRNNCell: [
    on(
      (f, k, bias, x, c, h) =>
        tf.multiRNNCell(
          [(data, c, h) => tf.basicLSTMCell(f as tf.Scalar, k as tf.Tensor2D, bias as tf.Tensor1D, data, c, h)],
          x as tf.Tensor2D, [c as tf.Tensor2D], [h as tf.Tensor2D],
        ).flat(),
      forget, kernel, lstmBias, ...cell,
    ), // prettier-ignore
  ],
  movingAverage: [
    on((v, x, d) => tf.movingAverage(v, x, d as tf.Scalar, 3), floats([3]), floats([3]), given([0.9], "float32", [])),
    on((v, x) => tf.movingAverage(v, x, 0.5, undefined, false), floats([3]), floats([3])),
  ],
};

export const pictures: Cases = {
  "image.flipLeftRight": [on((x) => tf.image.flipLeftRight(x as tf.Tensor4D), floats([2, 2, 3, 2]))],
  "image.grayscaleToRGB": [on((x) => tf.image.grayscaleToRGB(x as tf.Tensor3D), floats([2, 3, 1]))],
  "image.rgbToGrayscale": [
    on((x) => tf.image.rgbToGrayscale(x as tf.Tensor4D), floats([2, 2, 3, 3])),
    valuesOf((x) => tf.image.rgbToGrayscale(x as tf.Tensor3D), ints([2, 3, 3], 0, 256)),
  ],
};

export const signals: Cases = {
  "signal.frame": [
    on((x) => tf.signal.frame(x as tf.Tensor1D, 3, 2), floats([8])),
    on((x) => tf.signal.frame(x as tf.Tensor1D, 3, 2, true, 0.5), floats([8])),
  ],
  "signal.hammingWindow": [on(() => tf.signal.hammingWindow(7))],
  "signal.hannWindow": [on(() => tf.signal.hannWindow(8))],
};

/** Kernels that no op runs, but a gradient of tfjs does. */
export const gradientKernels: Cases = {
  EluGrad: [
    valuesOf(
      (dy, y) => tf.engine().runKernel<tf.Tensor>("EluGrad", { dy, y }),
      floats([9]),
      given([0, 1, -0.5, -1, 2, -0.1, -0, 3, -0.9]),
    ),
  ],
};
