/**
 * Learning rates that change with the step. The step is a tensor, so a schedule is part of the compiled program and a
 * new rate needs no new program.
 */
import * as tf from "@tensorflow/tfjs-core";
import { badTrainingOption } from "./errors.ts";

/** The rate at a step: a scalar, of the number of updates made before this one, `int32 []`. */
export type Schedule = (step: tf.Scalar) => tf.Scalar;

/** The rate at a step, for either kind of rate. */
export function rateAt(rate: number | Schedule, step: tf.Scalar): tf.Scalar {
  return typeof rate === "number" ? tf.scalar(rate) : rate(step);
}

/** The same rate always. */
export const constant =
  (rate: number): Schedule =>
  () =>
    tf.scalar(rate);

/** `initial · factor^(step / steps)`; with `staircase` the exponent is rounded down. */
export function exponentialDecay(options: {
  readonly initial: number;
  readonly factor: number;
  readonly steps: number;
  readonly staircase?: boolean;
}): Schedule {
  const { initial, factor, steps, staircase = false } = options;
  checkSteps("exponentialDecay", steps);
  return (step) => {
    const passed = tf.div(real(step), steps);
    return tf.mul(initial, tf.pow(factor, staircase ? tf.floor(passed) : passed));
  };
}

/** Half a wave of the cosine, from `initial` down to `final` (default 0) at `steps`, and level from there. */
export function cosineDecay(options: {
  readonly initial: number;
  readonly steps: number;
  readonly final?: number;
}): Schedule {
  const { initial, steps, final = 0 } = options;
  checkSteps("cosineDecay", steps);
  return (step) => {
    const passed = tf.minimum(tf.div(real(step), steps), 1);
    const share = tf.mul(0.5, tf.add(1, tf.cos(tf.mul(passed, Math.PI))));
    return tf.add(final, tf.mul(initial - final, share));
  };
}

/** A line from 0 at step 0 up to the first rate of `then` at `steps`, where `then` begins. */
export function warmUp({ steps, then }: { readonly steps: number; readonly then: number | Schedule }): Schedule {
  checkSteps("warmUp", steps);
  return (step) => {
    const begun = tf.maximum<tf.Scalar>(tf.sub(real(step), steps), 0);
    return tf.mul(tf.minimum(tf.div(real(step), steps), 1), rateAt(then, tf.cast<tf.Scalar>(begun, "int32")));
  };
}

/** `rates[0]` before step `boundaries[0]`, `rates[1]` from there until `boundaries[1]`, and so on. */
export function piecewise(options: {
  readonly boundaries: readonly number[];
  readonly rates: readonly number[];
}): Schedule {
  const { boundaries, rates } = options;
  const first = rates[0];
  if (first === undefined || rates.length !== boundaries.length + 1) {
    const expected = `one more than boundaries (${boundaries.length + 1})`;
    throw badTrainingOption("piecewise", "rates", expected, String(rates.length));
  }
  if (boundaries.some((boundary, i) => i > 0 && boundary <= (boundaries[i - 1] as number))) {
    throw badTrainingOption("piecewise", "boundaries", "ascending", `[${boundaries}]`);
  }
  return (step) =>
    boundaries.reduce<tf.Scalar>(
      (rate, boundary, i) => tf.where(tf.greaterEqual(real(step), boundary), tf.scalar(rates[i + 1] as number), rate),
      tf.scalar(first),
    );
}

const real = (step: tf.Scalar): tf.Scalar => tf.cast(step, "float32");

function checkSteps(schedule: string, steps: number): void {
  if (!(steps > 0)) throw badTrainingOption(schedule, "steps", "greater than 0", String(steps));
}
