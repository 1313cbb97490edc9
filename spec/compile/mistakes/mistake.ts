// A user's mistake: what is done, and the whole message that answers it.

import * as tf from "@tensorflow/tfjs-core";

export interface Mistake {
  /** What is done wrong. */
  readonly title: string;
  /** The function of compile/errors.ts that answers. */
  readonly error: string;
  readonly run: () => unknown;
  /** All of it; an expression where a number in it is the planner's affair. */
  readonly message: string | RegExp;
}

export const vector = (): tf.Tensor1D => tf.tensor1d([1, 2, 3]);
export const matrix = (): tf.Tensor2D => tf.zeros([2, 3]);
export const scalar = (): tf.Scalar => tf.scalar(1);

/** For mistakes that the types forbid as well. */
export const untyped = <T>(value: unknown): T => value as T;

export const reading =
  "were read (dataSync, arraySync, print, or an op that looks at values), but while a function is traced there are none yet. Use tf.where or cond in place of a JavaScript branch on a value; return the value from the function to read it after the call; or name the argument in `staticArgnums` if it is known beforehand.";
