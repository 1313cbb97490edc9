// The same step by tfjs's own ops on the device, and its own gradients: a dispatch an op. tfjs-core leaves the gradients of its
// kernels to those who want them, and has none at all for comparisons; without them a training step stops at the first one.

import { createRequire } from "node:module";
import * as tf from "@tensorflow/tfjs-core";
import { applyUpdates, runSequence, type DncParams } from "engram";
import { treeLeaves, treeMap } from "engram/compile";
import { ingredients, lossOf, numbersOf, type Subject } from "./dncStep.ts";
import { spreadOf, timedAsync, type Spread } from "./statistics.ts";

export interface Eager {
  readonly ms: Spread;
  readonly dispatches: number;
  /** How far its results are from ours: the largest, of all tensors, of the difference's norm as a share of the norm. */
  readonly difference: number;
}

/** More than rounding leaves between two ways to compute a step. */
const tolerance = 1e-4;

/** Times the step on tfjs's backend `webgpu`, after it has computed what ours has.
 *  @param ours what our step computes, leaf by leaf
 *  @throws Error where tfjs's step computes something else: there is nothing to compare then */
export async function timeEagerly(
  { sizes, mode }: Pick<Subject, "sizes" | "mode">,
  ours: readonly tf.TypedArray[],
  seconds: number,
): Promise<Eager> {
  const { cell, params, xs, ts, optimiser, state } = ingredients(sizes);
  const before = tf.getBackend();
  await tf.setBackend("webgpu");
  registerGradients();
  const train = (): tf.Tensor[] => {
    const { value: loss, grads } = tf.valueAndGrads((...leaves: tf.Tensor[]) =>
      lossOf(cell, withLeaves(params, leaves), xs, ts),
    )(treeLeaves(params));
    const { updates, state: next } = optimiser.update(withLeaves(params, grads), state, params);
    return treeLeaves({ params: applyUpdates(params, updates), state: next, loss });
  };
  const once = (): tf.Tensor[] => tf.tidy(mode === "train" ? train : () => [runSequence(cell, params, xs)]);
  try {
    let numbers: readonly tf.TypedArray[] = []; // of the first run, in which tfjs compiles its shaders
    const dispatches = await dispatchesOf(async () => void (numbers = await numbersOf(once())));
    const difference = farthest(numbers, ours);
    if (!(difference < tolerance)) {
      throw new Error(`bench: tfjs's ${mode} step is ${difference.toExponential(1)} of its norm from ours, more than ${tolerance}.`); // prettier-ignore
    }
    const run = async (): Promise<void> => {
      const results = once();
      await results[0]!.data();
      tf.dispose(results);
    };
    return { ms: spreadOf(await timedAsync(run, seconds)), dispatches, difference };
  } finally {
    tf.dispose([params, state, xs, ts] as object as tf.TensorContainer);
    await tf.setBackend(before);
  }
}

function withLeaves(params: DncParams, leaves: readonly tf.Tensor[]): DncParams {
  let next = 0;
  return treeMap(() => leaves[next++]!, params) as DncParams;
}

function farthest(got: readonly tf.TypedArray[], expected: readonly tf.TypedArray[]): number {
  const shares = expected.map((values, i) => {
    let [difference, norm] = [0, 0];
    values.forEach((y, j) => {
      difference += (got[i]![j]! - y) ** 2;
      norm += y ** 2;
    });
    return norm === 0 ? Math.sqrt(difference) : Math.sqrt(difference / norm);
  });
  return Math.max(...shares, got.length === expected.length ? 0 : Infinity);
}

/** Dispatches that reach the device while something runs, whoever asks for them. */
async function dispatchesOf(run: () => Promise<void>): Promise<number> {
  let count = 0;
  const pass = GPUComputePassEncoder.prototype;
  const { dispatchWorkgroups } = pass;
  pass.dispatchWorkgroups = function (...sizes) {
    count++;
    return dispatchWorkgroups.apply(this, sizes);
  };
  try {
    await run();
  } finally {
    pass.dispatchWorkgroups = dispatchWorkgroups;
  }
  return count;
}

function registerGradients(): void {
  if (tf.getGradient("LogicalOr")) return;
  // Published only as modules for bundlers; by `require`, tsx makes them what Node can load.
  createRequire(import.meta.url)("@tensorflow/tfjs-core/dist/register_all_gradients.js");
  for (const kernelName of ["Less", "Equal", "LogicalAnd", "LogicalOr"]) {
    tf.registerGradient({
      kernelName,
      inputsToSave: ["a", "b"],
      gradFunc: (_, [a, b]) => ({ a: () => tf.zeros(a!.shape), b: () => tf.zeros(b!.shape) }),
    });
  }
}
