// Linear layers, with and without a bias, and the numbers they begin with.
import * as tf from "@tensorflow/tfjs-core";
import { random } from "../../compile/index.ts";

/** `x W + b`, or `x W` where the bias is null. */
export interface Linear {
  /** W `[inputs, outputs]` */
  readonly weights: tf.Tensor2D;
  /** b `[outputs]` */
  readonly bias: tf.Tensor1D | null;
}

/**
 * `x W`, and `+ b` where the layer has a bias.
 *
 * @param x `[B, inputs]`
 * @returns `[B, outputs]`
 */
export function applyLinear(layer: Linear, x: tf.Tensor2D): tf.Tensor2D {
  const product = tf.matMul<tf.Tensor2D>(x, layer.weights);
  return layer.bias === null ? product : tf.add<tf.Tensor2D>(product, layer.bias);
}

/**
 * Weights from the normal distribution cut off at two standard deviations, divided by `sqrt(inputs)` (LeCun's scale); a bias of zeros, or none.
 *
 * @param key `int32 [2]`
 */
export function initLinear(key: tf.Tensor1D, inputs: number, outputs: number, bias: boolean): Linear {
  const normal = random.truncatedNormal(key, [inputs, outputs]) as tf.Tensor2D; // The shape asked for has two sizes.
  return Object.freeze({
    weights: tf.div<tf.Tensor2D>(normal, Math.sqrt(inputs)),
    bias: bias ? tf.zeros<tf.Rank.R1>([outputs]) : null,
  });
}
