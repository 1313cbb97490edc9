/**
 * One training step as one pure function: the sequence forwards, backwards, the gradients clipped and applied. Compiled,
 * it is one program. Nothing here knows what the network is: a DNC, an LSTM and a user's own cell are all a `Cell`.
 */
import type * as tf from "@tensorflow/tfjs-core";
import { jit, random, scan, valueAndGrad, type TargetName } from "../../compile/index.ts";
import type { Cell, InitialStateOptions } from "../models/cell.ts";
import { globalNorm } from "./clip.ts";
import { applyUpdates, type Optimiser, type OptimiserState } from "./optimiser.ts";

/** What a task asks of a network, as functions of a batch that trace. */
export interface Objective<Batch> {
  /** What the network sees: `[T, B, X]`. */
  readonly input: (batch: Batch) => tf.Tensor3D;
  /** `int32 []`: how many of the T steps there are, where batches of several lengths share a program. Default: all. */
  readonly length?: (batch: Batch) => tf.Scalar;
  /** How far off its output `[T, B, Y]` is. */
  readonly judge: (output: tf.Tensor3D, batch: Batch) => Judgement;
}

export interface Judgement {
  /** What is made small. */
  readonly loss: tf.Scalar;
  /** The task's own measure, for people and curricula: a share of wrong answers, in [0, 1]. */
  readonly error: tf.Scalar;
}

/** What training changes. */
export interface Learner<Params> {
  readonly params: Params;
  readonly optimiser: OptimiserState;
}

/** Scalars of one step: of the parameters before the update. */
export interface StepMetrics extends Judgement {
  /** The norm of all gradients together, before clipping. */
  readonly gradientNorm: tf.Scalar;
}

export interface StepResult<Params> {
  readonly learner: Learner<Params>;
  readonly metrics: StepMetrics;
}

export interface TrainStepOptions<Params, State, Batch> {
  readonly cell: Cell<Params, State>;
  readonly objective: Objective<Batch>;
  readonly optimiser: Optimiser;
  /** What the step is compiled for. Default "wasm". */
  readonly target?: TargetName;
  /** Bytes that what the gradient needs of the time steps may take, for sequences too long to keep all of it: see `scan`. */
  readonly memory?: number;
}

/**
 * The compiled training step. The key of a step is `random.foldIn(key, step)`: no generator has a state.
 *
 * @returns `(learner, key, step, batch) -> { learner, metrics }`; `key` is `int32 [2]`, `step` `int32 []`
 * @example
 * ```ts
 * const step = trainStep({ cell, objective: copyObjective, optimiser: adam({ learningRate: 4e-3 }) });
 * const { learner, metrics } = step({ params, optimiser: state }, random.key(0), tf.scalar(0, "int32"), batch);
 * ```
 */
export function trainStep<Params extends object, State extends object, Batch extends object>(
  options: TrainStepOptions<Params, State, Batch>,
): (learner: Learner<Params>, key: tf.Tensor1D, step: tf.Scalar, batch: Batch) => StepResult<Params> {
  const { cell, objective, optimiser, target = "wasm", memory } = options;
  const step = (learner: Learner<Params>, key: tf.Tensor1D, step: tf.Scalar, batch: Batch): StepResult<Params> => {
    const loss = (params: Params): { readonly value: tf.Scalar; readonly aux: Judgement } => {
      const dropout = { key: random.foldIn(key, step) };
      const output = runSequence(cell, params, objective.input(batch), { ...dropout, ...bounds(objective, batch, memory) }); // prettier-ignore
      const judgement = objective.judge(output, batch);
      return { value: judgement.loss, aux: judgement };
    };
    const { aux, grad } = valueAndGrad(loss, { hasAux: true })(learner.params);
    const { updates, state } = optimiser.update(grad, learner.optimiser, learner.params);
    return {
      learner: { params: applyUpdates(learner.params, updates), optimiser: state },
      metrics: { ...aux, gradientNorm: globalNorm(grad) },
    };
  };
  return jit(step, { target });
}

/**
 * The compiled test: the judgement of a batch, without dropout and without learning.
 *
 * @returns `(params, batch) -> { loss, error }`
 */
export function testStep<Params extends object, State extends object, Batch extends object>(
  options: Omit<TrainStepOptions<Params, State, Batch>, "optimiser" | "memory">,
): (params: Params, batch: Batch) => Judgement {
  const { cell, objective, target = "wasm" } = options;
  const test = (params: Params, batch: Batch): Judgement =>
    objective.judge(runSequence(cell, params, objective.input(batch), bounds(objective, batch)), batch);
  return jit(test, { target });
}

function bounds<Batch>({ length }: Objective<Batch>, batch: Batch, memory?: number): SequenceOptions {
  return { ...(length ? { length: length(batch) } : {}), ...(memory === undefined ? {} : { memory }) };
}

export interface SequenceOptions extends InitialStateOptions {
  /** `int32 []`: how many time steps there are, T at most. Outputs are zero from there on, and cost nothing. Default: T. */
  readonly length?: tf.Scalar;
  /** Bytes that what the gradient needs of the time steps may take: see `scan`. Default: all it likes. */
  readonly memory?: number;
}

/**
 * The outputs of a cell over a sequence that begins at its initial state: a scan of its step.
 *
 * @param input `[T, B, X]`
 * @param options as of `cell.initialState` (a key means training, none means testing), and of `scan`
 * @returns `[T, B, Y]`
 */
export function runSequence<Params, State extends object>(
  cell: Cell<Params, State>,
  params: Params,
  input: tf.Tensor3D,
  { length, memory, ...options }: SequenceOptions = {},
): tf.Tensor3D {
  const walk = (last: State, x: tf.Tensor): { readonly carry: State; readonly y: tf.Tensor } => {
    const { state, output } = cell.step(params, last, x as tf.Tensor2D); // one step of the input
    return { carry: state, y: output };
  };
  const bounds = { ...(length === undefined ? {} : { length }), ...(memory === undefined ? {} : { memory }) };
  const { ys } = scan(walk, cell.initialState(input.shape[1], options), input as tf.Tensor, bounds);
  return ys as tf.Tensor3D; // outputs one after another
}
