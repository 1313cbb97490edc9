// The Differentiable Neural Computer (Graves et al., Nature 538:471, 2016): one step as a pure function of parameters, state and input.
import * as tf from "@tensorflow/tfjs-core";
import type { Cell, CellStep, InitialStateOptions } from "../models/cell.ts";
import { tidied } from "../models/tidied.ts";
import { checkDncConfig, type CompleteDncConfig, type DncConfig } from "./config.ts";
import { clipped, stepController } from "./controller.ts";
import { paperEquations, type DncEquations } from "./equations.ts";
import { wrongShape } from "./errors.ts";
import type { Interface } from "./interface.ts";
import { layerNorm } from "./layerNorm.ts";
import { applyLinear } from "./linear.ts";
import { accessMemory, type Addressing } from "./memory.ts";
import { checkDncParams, initDncParams, type DncParams } from "./params.ts";
import { initialDncState, type DncState } from "./state.ts";

/** A step, and what happened inside it. */
export interface DncObservation extends CellStep<DncState> {
  readonly interface: Interface;
  readonly addressing: Addressing;
}

/** A DNC of one configuration: pure functions, and no state of its own. */
export interface Dnc extends Cell<DncParams, DncState> {
  /** Every option, defaults included. */
  readonly config: CompleteDncConfig;
  /** `step`, and with it the interface and the weightings on the way: for pictures and analysis. */
  readonly observe: (params: DncParams, state: DncState, input: tf.Tensor2D) => DncObservation;
}

/**
 * A DNC: `ν = controller([x; r'])`, `ξ = W_ξ ν`, one access to memory, `y = W_y ν + W_r [r^1; …; r^R]`.
 * The output sees the memory just read.
 *
 * @param equations those to take in place of the paper's: see {@link DncEquations}
 * @throws RangeError that names the option of `config` that cannot be
 * @example
 * ```ts
 * const machine = dnc({
 *   inputSize: 10, outputSize: 8, locations: 16, wordSize: 16, readHeads: 4, controller: { kind: "lstm", hidden: [64] },
 * });
 * const params = machine.init(random.key(0));
 * const { state, output } = machine.step(params, machine.initialState(1), tf.zeros([1, 10]));
 * output.shape; // [1, 8]
 * ```
 */
export function dnc(config: DncConfig, equations: Partial<DncEquations> = {}): Dnc {
  const complete = checkDncConfig(config);
  const chosen: DncEquations = Object.freeze({ ...paperEquations, ...equations });
  const observe: Dnc["observe"] = (params, state, input) =>
    tidied(() => observeDnc(complete, chosen, params, state, input));
  return Object.freeze({
    config: complete,
    inputSize: complete.inputSize,
    outputSize: complete.outputSize,
    init: (key: tf.Tensor1D) => tidied(() => initDncParams(complete, key)),
    initialState: (batch: number, options?: InitialStateOptions) =>
      tidied(() => initialDncState(complete, batch, options)),
    step: (params: DncParams, state: DncState, input: tf.Tensor2D): CellStep<DncState> =>
      tidied(() => {
        const { state: next, output } = observeDnc(complete, chosen, params, state, input);
        return Object.freeze({ state: next, output });
      }),
    observe,
  });
}

/** One step of the DNC, with all that is on the way. Shapes as in {@link Dnc}. */
function observeDnc(
  config: CompleteDncConfig,
  equations: DncEquations,
  params: DncParams,
  state: DncState,
  input: tf.Tensor2D,
): DncObservation {
  checkBorders(config, params, state, input);
  const { readHeads: R, wordSize: W, clip } = config;
  const flat = (reads: tf.Tensor3D): tf.Tensor2D => tf.reshape(reads, [-1, R * W]);

  const seen = tf.concat([input, flat(state.readVectors)], 1);
  const controller = stepController(config.controller, params.controller, state.controller, seen, clip);
  const nu = params.norm === null ? controller.output : layerNorm(params.norm, controller.output);

  const xi = equations.parseInterface(config, applyLinear(params.interface, nu));
  const access = accessMemory(config, state.memory, xi, equations);

  const bypass = state.bypassMask === null ? nu : tf.mul<tf.Tensor2D>(nu, state.bypassMask);
  const output = applyLinear(params.output, tf.concat([bypass, flat(access.readVectors)], 1));

  return Object.freeze({
    state: Object.freeze({
      controller: controller.state,
      memory: access.state,
      readVectors: access.readVectors,
      bypassMask: state.bypassMask,
    }),
    output: clipped(output, clip),
    interface: xi,
    addressing: access.addressing,
  });
}

/** Shapes are known without running anything, so this costs nothing in a compiled program. */
function checkBorders(config: CompleteDncConfig, params: DncParams, state: DncState, input: tf.Tensor2D): void {
  const { inputSize: X, locations: N, wordSize: W } = config;
  const { shape } = input;
  if (shape.length !== 2 || shape[1] !== X) {
    throw wrongShape("dnc.step", "input", `[B, ${X}]`, shape, `Batch first, then inputSize (X = ${X}) numbers.`);
  }
  const M = state.memory.memory.shape;
  if (M[0] !== shape[0] || M[1] !== N || M[2] !== W) {
    const cure = "Make the state by initialState(B) of this DNC, B the input's batch size.";
    throw wrongShape("dnc.step", "state.memory.memory", `[${shape[0]}, ${N}, ${W}]`, M, cure);
  }
  checkDncParams(config, params);
}
