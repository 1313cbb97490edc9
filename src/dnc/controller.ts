// The controller (paper, Methods, "Controller network"): a deep LSTM with skip connections, or layers without a state.
// Layer l sees [controller input; its own last output; this step's output of layer l-1]; all layers' outputs together are the controller's.
import * as tf from "@tensorflow/tfjs-core";
import { produce } from "immer";
import { random } from "../../compile/index.ts";
import type { ControllerConfig } from "./config.ts";
import { missingLayerState } from "./errors.ts";
import { applyLinear, initLinear, type Linear } from "./linear.ts";

/** One linear layer a layer of the controller. An LSTM's has `4 hidden` columns: input gate, forget gate, candidate, output gate. */
export interface ControllerParams {
  readonly layers: readonly Linear[];
}

/** What one LSTM layer carries on: h and s, each `[B, hidden]`. */
export interface LstmLayerState {
  readonly hidden: tf.Tensor2D;
  readonly cell: tf.Tensor2D;
}

/** Nothing for a feed-forward controller: an empty list. */
export interface ControllerState {
  readonly layers: readonly LstmLayerState[];
}

/** What a controller is made of, every option said. */
export type CompleteControllerConfig = Required<ControllerConfig>;

/** Width of the controller's output: all layers together. */
export const controllerOutputSize = (config: CompleteControllerConfig): number =>
  config.hidden.reduce((sum, size) => sum + size, 0);

/** Rows and columns of each layer's weights. */
export function controllerLayerShapes(
  config: CompleteControllerConfig,
  inputSize: number,
): readonly (readonly [number, number])[] {
  const recurrent = config.kind === "lstm";
  return config.hidden.map((size, layer) => {
    const below = config.hidden[layer - 1] ?? 0;
    return [inputSize + (recurrent ? size : 0) + below, recurrent ? 4 * size : size];
  });
}

/** {@link initLinear} for each layer; an LSTM's forget gates begin with bias 1, so that a cell remembers until it learns to forget. */
export function initController(
  config: CompleteControllerConfig,
  key: tf.Tensor1D,
  inputSize: number,
): ControllerParams {
  const shapes = controllerLayerShapes(config, inputSize);
  const keys = random.split(key, shapes.length);
  const params = {
    layers: shapes.map(([rows, columns], layer) => initLinear(keys[layer] as tf.Tensor1D, rows, columns, true)),
  };
  if (config.kind === "feedforward") return produce<ControllerParams>(params, () => {});
  return produce<ControllerParams>(params, (draft) => {
    draft.layers.forEach((layer, l) => {
      const size = config.hidden[l] ?? 0;
      layer.bias = tf.concat<tf.Tensor1D>([tf.zeros([size]), tf.ones([size]), tf.zeros([2 * size])]);
    });
  });
}

/** All zeros. */
export function initialControllerState(config: CompleteControllerConfig, batch: number): ControllerState {
  if (config.kind === "feedforward") return Object.freeze({ layers: Object.freeze([]) });
  const layers = config.hidden.map((size) =>
    Object.freeze({ hidden: tf.zeros<tf.Rank.R2>([batch, size]), cell: tf.zeros<tf.Rank.R2>([batch, size]) }),
  );
  return Object.freeze({ layers: Object.freeze(layers) });
}

/**
 * One layer of LSTM:
 * `i = σ(W_i z + b_i)`, `f = σ(W_f z + b_f)`, `s = f ∘ s' + i ∘ tanh(W_s z + b_s)`, `o = σ(W_o z + b_o)`, `h = o ∘ tanh(s)`.
 *
 * @param layer weights `[inputs + hidden, 4 hidden]`, columns i, f, s, o; bias `[4 hidden]`
 * @param z the layer's input with its own last output, `[χ; h'; h of the layer below]` `[B, inputs + hidden]`
 * @param clip both h and s are cut to ±clip where it is not null, as released code does; a clipped value passes no gradient
 */
export function lstmLayer(
  layer: Linear,
  state: LstmLayerState,
  z: tf.Tensor2D,
  clip: number | null = null,
): LstmLayerState {
  const size = state.cell.shape[1];
  const sums = applyLinear(layer, z);
  const block = (index: number): tf.Tensor2D => tf.slice(sums, [0, index * size], [-1, size]);
  const inputGate = tf.sigmoid(block(0));
  const forgetGate = tf.sigmoid(block(1));
  const candidate = tf.tanh(block(2));
  const outputGate = tf.sigmoid(block(3));
  const cell = tf.add<tf.Tensor2D>(tf.mul(forgetGate, state.cell), tf.mul(inputGate, candidate));
  const hidden = tf.mul<tf.Tensor2D>(outputGate, tf.tanh(cell));
  return Object.freeze({ hidden: clipped(hidden, clip), cell: clipped(cell, clip) });
}

/**
 * One step of the controller.
 *
 * @param input `[x; r^1; …; r^R]`, `[B, inputs]`
 * @returns the new state, and the outputs of all layers together, `[B, sum of hidden]`
 */
export function stepController(
  config: CompleteControllerConfig,
  params: ControllerParams,
  state: ControllerState,
  input: tf.Tensor2D,
  clip: number | null = null,
): { readonly state: ControllerState; readonly output: tf.Tensor2D } {
  const outputs: tf.Tensor2D[] = [];
  const layers: LstmLayerState[] = [];
  for (const [l, layer] of params.layers.entries()) {
    const below = outputs.slice(-1); // Nothing under the lowest layer.
    if (config.kind === "lstm") {
      const last = state.layers[l];
      if (last === undefined) throw missingLayerState(l, state.layers.length);
      const next = lstmLayer(layer, last, tf.concat([input, last.hidden, ...below], 1), clip);
      layers.push(next);
      outputs.push(next.hidden);
    } else {
      const sums = applyLinear(layer, below.length === 0 ? input : tf.concat([input, ...below], 1));
      outputs.push(clipped(config.activation === "relu" ? tf.relu(sums) : tf.tanh(sums), clip));
    }
  }
  return Object.freeze({ state: Object.freeze({ layers: Object.freeze(layers) }), output: tf.concat(outputs, 1) });
}

/** `x` cut to ±bound; as it is where the bound is null. */
export function clipped(x: tf.Tensor2D, bound: number | null): tf.Tensor2D {
  return bound === null ? x : tf.clipByValue(x, -bound, bound);
}
