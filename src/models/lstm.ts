// The paper's baseline: the same deep LSTM with skip connections, without a memory.
import type * as tf from "@tensorflow/tfjs-core";
import { random } from "../../compile/index.ts";
import { checkChoice, checkClip, checkHidden, checkKnown, checkSize } from "../dnc/config.ts";
import {
  clipped,
  controllerOutputSize,
  initController,
  initialControllerState,
  stepController,
  type ControllerParams,
  type ControllerState,
} from "../dnc/controller.ts";
import { wrongShape } from "../dnc/errors.ts";
import { applyLinear, initLinear, type Linear } from "../dnc/linear.ts";
import type { Cell, CellStep } from "./cell.ts";
import { tidied } from "./tidied.ts";

/** Sizes and options of an LSTM; see the DNC's of the same names. */
export interface LstmConfig {
  /** X, width of the input. */
  readonly inputSize: number;
  /** Y, width of the output. */
  readonly outputSize: number;
  /** Width of each layer, lowest first. */
  readonly hidden: readonly number[];
  /** Whether the output layer has a bias. Default false. */
  readonly biases?: boolean;
  /** Bound on hidden states, cells and output; null for none, the default. */
  readonly clip?: number | null;
}

export interface LstmParams {
  readonly controller: ControllerParams;
  /** `[sum of hidden, Y]` */
  readonly output: Linear;
}

export interface LstmState {
  readonly controller: ControllerState;
}

/** An LSTM of one configuration. */
export interface Lstm extends Cell<LstmParams, LstmState> {
  readonly config: Required<LstmConfig>;
}

/**
 * A deep LSTM: `y = W_y [h^1; …; h^L]`.
 *
 * @throws RangeError that names the option of `config` that cannot be
 * @example
 * ```ts
 * const cell = lstm({ inputSize: 3, outputSize: 2, hidden: [8, 8] });
 * const { output } = cell.step(cell.init(random.key(0)), cell.initialState(4), tf.zeros([4, 3]));
 * output.shape; // [4, 2]
 * ```
 */
export function lstm(config: LstmConfig): Lstm {
  const complete = checkLstmConfig(config);
  const { inputSize: X, outputSize: Y, clip } = complete;
  const controller = { kind: "lstm", hidden: complete.hidden } as const;
  return Object.freeze({
    config: complete,
    inputSize: X,
    outputSize: Y,
    init: (key: tf.Tensor1D): LstmParams =>
      tidied(() => {
        const [controllerKey, outputKey] = random.split(key, 2) as [tf.Tensor1D, tf.Tensor1D]; // 2 asked for.
        return Object.freeze({
          controller: initController(controller, controllerKey, X),
          output: initLinear(outputKey, controllerOutputSize(controller), Y, complete.biases),
        });
      }),
    initialState: (batch: number): LstmState =>
      Object.freeze({ controller: initialControllerState(controller, batch) }),
    step: (params: LstmParams, state: LstmState, input: tf.Tensor2D): CellStep<LstmState> =>
      tidied(() => {
        if (input.shape.length !== 2 || input.shape[1] !== X) {
          throw wrongShape(
            "lstm.step",
            "input",
            `[B, ${X}]`,
            input.shape,
            `Batch first, then inputSize (X = ${X}) numbers.`,
          );
        }
        const next = stepController(controller, params.controller, state.controller, input, clip);
        const output = clipped(applyLinear(params.output, next.output), clip);
        return Object.freeze({ state: Object.freeze({ controller: next.state }), output });
      }),
  });
}

function checkLstmConfig(config: LstmConfig): Required<LstmConfig> {
  checkKnown("lstm", config, ["inputSize", "outputSize", "hidden", "biases", "clip"]);
  const { inputSize, outputSize, biases = false, clip = null } = config;
  checkSize("lstm: inputSize", inputSize);
  checkSize("lstm: outputSize", outputSize);
  checkChoice("lstm: biases", biases, [false, true]);
  checkClip("lstm: clip", clip);
  return Object.freeze({ inputSize, outputSize, hidden: checkHidden("lstm: hidden", config.hidden), biases, clip });
}
