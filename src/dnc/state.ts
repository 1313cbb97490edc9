// What a DNC carries from one step to the next. Records of tensors and nothing else; every one begins at zero.
import * as tf from "@tensorflow/tfjs-core";
import { random } from "../../compile/index.ts";
import { controllerOutputSize, initialControllerState, type ControllerState } from "./controller.ts";
import type { CompleteDncConfig } from "./config.ts";
import { missingKey } from "./errors.ts";
import type { InitialStateOptions } from "../models/cell.ts";

/** The external memory and all that addresses it. */
export interface MemoryState {
  /** M `[B, N, W]` */
  readonly memory: tf.Tensor3D;
  /** u `[B, N]`, in [0, 1] */
  readonly usage: tf.Tensor2D;
  /** w^w `[B, H, N]`, non-negative, sum at most 1 */
  readonly writeWeightings: tf.Tensor3D;
  /** p `[B, H, N]`, non-negative, sum at most 1 */
  readonly precedence: tf.Tensor3D;
  /** L `[B, H, N, N]`, in [0, 1], zero diagonal, sums of rows and columns at most 1 */
  readonly links: tf.Tensor4D;
  /** w^r `[B, R, N]`, non-negative, sum at most 1 */
  readonly readWeightings: tf.Tensor3D;
}

/** State of a DNC between two steps. */
export interface DncState {
  readonly controller: ControllerState;
  readonly memory: MemoryState;
  /** r, what was read `[B, R, W]` */
  readonly readVectors: tf.Tensor3D;
  /**
   * With `bypassDropout`, the mask that stays the same for a whole sequence: 0 where dropped, 1 / (1 - rate) elsewhere; all ones
   * when not training. `[B, width of the controller's output]`. Null without.
   */
  readonly bypassMask: tf.Tensor2D | null;
}

/** An empty memory that nothing was read from or written to: all zeros. */
export function initialMemoryState(config: CompleteDncConfig, batch: number): MemoryState {
  const { locations: N, wordSize: W, readHeads: R, writeHeads: H } = config;
  return Object.freeze({
    memory: tf.zeros<tf.Rank.R3>([batch, N, W]),
    usage: tf.zeros<tf.Rank.R2>([batch, N]),
    writeWeightings: tf.zeros<tf.Rank.R3>([batch, H, N]),
    precedence: tf.zeros<tf.Rank.R3>([batch, H, N]),
    links: tf.zeros<tf.Rank.R4>([batch, H, N, N]),
    readWeightings: tf.zeros<tf.Rank.R3>([batch, R, N]),
  });
}

/**
 * The state before the first step: all zeros, and where the configuration drops the bypass a mask for these sequences.
 *
 * @throws TypeError where training with bypass dropout comes without a key
 */
export function initialDncState(config: CompleteDncConfig, batch: number, options: InitialStateOptions = {}): DncState {
  const { wordSize: W, readHeads: R, bypassDropout: rate } = config;
  return Object.freeze({
    controller: initialControllerState(config.controller, batch),
    memory: initialMemoryState(config, batch),
    readVectors: tf.zeros<tf.Rank.R3>([batch, R, W]),
    bypassMask: rate === 0 ? null : drawMask([batch, controllerOutputSize(config.controller)], rate, options),
  });
}

function drawMask(shape: readonly [number, number], rate: number, { key, training }: InitialStateOptions): tf.Tensor2D {
  if (!(training ?? key !== undefined)) return tf.ones<tf.Rank.R2>([...shape]);
  if (key === undefined) throw missingKey("initialState");
  const kept = random.bernoulli(key, shape, 1 - rate);
  return tf.div<tf.Tensor2D>(tf.cast(kept, "float32"), 1 - rate);
}
