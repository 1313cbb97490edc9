// Everything a DNC learns: a record of tensors and nothing else. No shape depends on N, the number of locations.
import type * as tf from "@tensorflow/tfjs-core";
import { random } from "../../compile/index.ts";
import { interfaceSize, type CompleteDncConfig } from "./config.ts";
import { controllerLayerShapes, controllerOutputSize, initController, type ControllerParams } from "./controller.ts";
import { wrongShape } from "./errors.ts";
import { initLayerNorm, type LayerNormParams } from "./layerNorm.ts";
import { initLinear, type Linear } from "./linear.ts";

export interface DncParams {
  readonly controller: ControllerParams;
  /** With `layerNorm`; null without. */
  readonly norm: LayerNormParams | null;
  /** W_ξ `[controller's output, interface]`, columns in the paper's order: see interface.ts. */
  readonly interface: Linear;
  /** W_y above W_r: `[controller's output + R W, Y]`. */
  readonly output: Linear;
}

/** Width of what the controller sees: `[x; r^1; …; r^R]`. */
export const controllerInputSize = (config: CompleteDncConfig): number =>
  config.inputSize + config.readHeads * config.wordSize;

/** Parameters drawn with `key`, `int32 [2]`. */
export function initDncParams(config: CompleteDncConfig, key: tf.Tensor1D): DncParams {
  const [controllerKey, interfaceKey, outputKey] = random.split(key, 3) as [tf.Tensor1D, tf.Tensor1D, tf.Tensor1D]; // 3 asked for.
  const width = controllerOutputSize(config.controller);
  const outputWidth = width + config.readHeads * config.wordSize;
  return Object.freeze({
    controller: initController(config.controller, controllerKey, controllerInputSize(config)),
    norm: config.layerNorm ? initLayerNorm(width) : null,
    interface: initLinear(interfaceKey, width, interfaceSize(config), config.biases),
    output: initLinear(outputKey, outputWidth, config.outputSize, config.biases),
  });
}

/** @throws RangeError where a weight does not have the shape that the configuration asks for */
export function checkDncParams(config: CompleteDncConfig, params: DncParams): void {
  const width = controllerOutputSize(config.controller);
  checkWeights(
    "controller.layers",
    params.controller.layers,
    controllerLayerShapes(config.controller, controllerInputSize(config)),
  );
  checkWeights("interface", [params.interface], [[width, interfaceSize(config)]]);
  checkWeights("output", [params.output], [[width + config.readHeads * config.wordSize, config.outputSize]]);
}

function checkWeights(path: string, layers: readonly Linear[], shapes: readonly (readonly [number, number])[]): void {
  shapes.forEach(([rows, columns], l) => {
    const got = layers[l]?.weights.shape ?? [];
    if (got[0] === rows && got[1] === columns) return;
    const name = shapes.length > 1 ? `params.${path}[${l}].weights` : `params.${path}.weights`;
    throw wrongShape("dnc.step", name, `[${rows}, ${columns}]`, got, "These parameters are another configuration's.");
  });
}
