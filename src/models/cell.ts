// What a recurrent network is to the training code: three pure functions. The DNC, the LSTM and a user's own cell have this one shape.
import type { Tensor1D, Tensor2D } from "@tensorflow/tfjs-core";

/** How a sequence begins. */
export interface InitialStateOptions {
  /** Randomness of this sequence (a dropout mask). Its presence says that the sequence is for training, unless `training` does. */
  readonly key?: Tensor1D;
  /** Whether regularisation (dropout) is on. A cell that has none ignores this. Default: whether there is a `key`. */
  readonly training?: boolean;
}

/** What one time step gives: what is carried to the next, and the output `[B, Y]`. */
export interface CellStep<State> {
  readonly state: State;
  readonly output: Tensor2D;
}

/**
 * A recurrent network as three pure functions. `Params` and `State` are nested readonly records of tensors;
 * nothing else is known of them here. All work eagerly, inside a trace and under every transform.
 *
 * @example
 * ```ts
 * const cell = lstm({ inputSize: 3, outputSize: 2, hidden: [8] });
 * const params = cell.init(random.key(0));
 * const { state, output } = cell.step(params, cell.initialState(1), tf.zeros([1, 3]));
 * ```
 */
export interface Cell<Params, State> {
  /** X, the width of the input. */
  readonly inputSize: number;
  /** Y, the width of the output. */
  readonly outputSize: number;
  /** Parameters drawn with `key`, an `int32 [2]` key of `random`. The same key gives the same parameters. */
  readonly init: (key: Tensor1D) => Params;
  /** The state before the first step of `batch` sequences. */
  readonly initialState: (batch: number, options?: InitialStateOptions) => State;
  /** One time step of a whole batch: input `[B, X]` to output `[B, Y]`. */
  readonly step: (params: Params, state: State, input: Tensor2D) => CellStep<State>;
}
