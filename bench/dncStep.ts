// What is timed: one training step (T time steps forward and back, clipping, RMSProp) or one forward pass, compiled.

import * as tf from "@tensorflow/tfjs-core";
import { applyUpdates, chain, clipByGlobalNorm, dnc, rmsProp, runSequence, type Dnc, type DncParams, type Optimiser, type OptimiserState } from "engram"; // prettier-ignore
import { jit, random, treeLeaves, valueAndGrad, type CompiledInfo, type TargetName } from "engram/compile";
import type { Mode, Sizes } from "./configurations.ts";

export interface Subject {
  readonly sizes: Sizes;
  readonly mode: Mode;
  readonly target: TargetName;
  readonly threads: number;
  /** Bytes that what the gradient needs of the time steps may take; all it likes where none are given. */
  readonly memory?: number;
}

export interface Measured {
  /** Milliseconds from the call to the first result. */
  readonly compileMs: number;
  /** The planned memory of the program, in bytes. */
  readonly planned: number;
  /** Runs once more. */
  readonly run: () => void;
  /** The same, to be waited for. */
  readonly runAsync: () => Promise<void>;
  /** What a run computes, leaf by leaf. */
  readonly numbers: () => Promise<readonly tf.TypedArray[]>;
  readonly submitted: CompiledInfo["submitted"];
  readonly profile: CompiledInfo["profile"];
}

/** The DNC of a configuration, as the peers have it: biases in every layer. */
export const dncOf = ({ inputSize, outputSize, hidden, locations, wordSize, readHeads }: Sizes): Dnc =>
  dnc({ inputSize, outputSize, locations, wordSize, readHeads, controller: { kind: "lstm", hidden: [hidden] }, biases: true }); // prettier-ignore

/** Zeros and ones, `[T, B, width]`. */
export const coins = ({ steps, batch }: Sizes, key: number, width: number): tf.Tensor3D =>
  tf.cast(random.bernoulli(random.key(key), [steps, batch, width], 0.5), "float32") as tf.Tensor3D;

/** Mean cross-entropy of the outputs: `softplus(y) - y t`. */
export function lossOf(cell: Dnc, params: DncParams, x: tf.Tensor3D, t: tf.Tensor3D, memory?: number): tf.Scalar {
  const y = runSequence(cell, params, x, memory === undefined ? {} : { memory });
  return tf.mean(tf.sub(tf.softplus(y), tf.mul(y, t)));
}

/** What a step is made of, and what it is given. */
export interface Ingredients {
  readonly cell: Dnc;
  readonly params: DncParams;
  readonly xs: tf.Tensor3D;
  readonly ts: tf.Tensor3D;
  readonly optimiser: Optimiser<readonly OptimiserState[]>;
  readonly state: readonly OptimiserState[];
}

/** The same numbers each time. */
export function ingredients(sizes: Sizes): Ingredients {
  const cell = dncOf(sizes);
  const params = cell.init(random.key(0));
  const [xs, ts] = [coins(sizes, 1, sizes.inputSize), coins(sizes, 2, sizes.outputSize)];
  const optimiser = chain(clipByGlobalNorm(50), rmsProp({ learningRate: 1e-4, decay: 0.9, epsilon: 1e-10, initialMeanSquare: 0 })); // prettier-ignore
  return { cell, params, xs, ts, optimiser, state: optimiser.init(params) };
}

/** Reads results, and disposes of them. */
export async function numbersOf(results: readonly tf.Tensor[]): Promise<readonly tf.TypedArray[]> {
  const numbers = await Promise.all(results.map((result) => result.data()));
  tf.dispose([...results]);
  return numbers;
}

/** One subject, compiled and run once. */
export async function prepare({ sizes, mode, target, threads, memory }: Subject): Promise<Measured> {
  const { cell, params, xs, ts, optimiser, state } = ingredients(sizes);
  const train = jit(
    (p: DncParams, s: typeof state, x: tf.Tensor3D, t: tf.Tensor3D) => {
      const { value, grad } = valueAndGrad((q: DncParams) => lossOf(cell, q, x, t, memory))(p);
      const { updates, state: next } = optimiser.update(grad, s, p);
      return { params: applyUpdates(p, updates), state: next, loss: value };
    },
    { target, threads },
  );
  const forward = jit((p: DncParams, x: tf.Tensor3D) => runSequence(cell, p, x), { target, threads });

  // Reading a result is part of the work: nothing may still be under way.
  const once = (): readonly tf.Tensor[] => treeLeaves(mode === "train" ? train(params, state, xs, ts) : forward(params, xs)); // prettier-ignore
  const run = (): void => tf.tidy(() => void once()[0]!.dataSync());
  const runAsync = async (): Promise<void> => {
    const results = once();
    await results[0]!.data();
    tf.dispose([...results]);
  };
  const numbers = (): Promise<readonly tf.TypedArray[]> => numbersOf(once());
  const begin = performance.now();
  if (target === "webgpu") await runAsync();
  else run();
  const compileMs = performance.now() - begin;
  const { memory: planned, profile, submitted } = mode === "train" ? train.compile(params, state, xs, ts) : forward.compile(params, xs); // prettier-ignore
  return { compileMs, planned, run, runAsync, numbers, profile, submitted };
}

/** The loss and the norm of its gradient, by a compiled program; the norm's own sum in float64, as the peers do. */
export function lossAndGradientNorm(
  sizes: Sizes,
  params: DncParams,
  x: tf.Tensor3D,
  t: tf.Tensor3D,
  threads: number,
): { readonly loss: number; readonly gradientNorm: number } {
  const cell = dncOf(sizes);
  const both = jit(
    (p: DncParams, xs: tf.Tensor3D, ts: tf.Tensor3D) => valueAndGrad((q: DncParams) => lossOf(cell, q, xs, ts))(p),
    { threads },
  );
  const { value, grad } = both(params, x, t);
  const squares = treeLeaves(grad).map((leaf) => Array.from(leaf.dataSync()).reduce((sum, g) => sum + g * g, 0));
  return { loss: value.dataSync()[0]!, gradientNorm: Math.sqrt(squares.reduce((sum, square) => sum + square, 0)) };
}
