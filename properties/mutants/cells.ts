// Networks and losses with a mistake that only a whole step, sequence or gradient shows.

import * as tf from "@tensorflow/tfjs-core";
import { customVjp } from "../../compile/index.ts";
import { dnc, paperEquations, type Dnc, type DncConfig, type DncEquations } from "../../src/index.ts";

const config: DncConfig = {
  inputSize: 2,
  outputSize: 3,
  locations: 4,
  wordSize: 3,
  readHeads: 2,
  controller: { kind: "lstm", hidden: [4] },
};

/** The paper's. */
export const sound: Dnc = dnc(config);

type Step = Dnc["step"];
const withStep = (step: Step): Dnc => ({ ...sound, step });

/** B1: every row sees the mean of all. */
export const mixesRows = withStep((params, state, input) =>
  sound.step(params, state, tf.add(input, tf.mean(input, 0, true))),
);

/** K1: a step that remembers, outside of its state, how often it was called. */
export function countsCalls(): Dnc {
  let calls = 0;
  return withStep((params, state, input) => sound.step(params, state, tf.mul(input, ++calls)));
}

/** D1: read vectors whose gradient is half of what it should be. */
const halved: DncEquations["readVectors"] = customVjp(
  paperEquations.readVectors,
  (M, w) => ({ value: paperEquations.readVectors(M, w), residuals: { M, w } }),
  ({ M, w }, ct) => [
    tf.mul(tf.matMul<tf.Tensor3D>(w, ct, true), 0.5),
    tf.mul(tf.matMul<tf.Tensor3D>(ct, M, false, true), 0.5),
  ],
);
export const halvesGradients: Dnc = dnc(config, { readVectors: halved });

/** D2: a square root at zero. */
export const infiniteGradients: Dnc = dnc(config, {
  readVectors: (M, w) => tf.sqrt(tf.mul(paperEquations.readVectors(M, w), 0)),
});

/** K3: the mean over all steps, whether they count or not. */
export const countsPadding = (outputs: tf.Tensor3D, mask: tf.Tensor2D): tf.Scalar =>
  tf.div(tf.sum(tf.mul(tf.sum<tf.Tensor2D>(tf.square(outputs), 2), mask)), mask.shape[0]);

export const soundLoss = (outputs: tf.Tensor3D, mask: tf.Tensor2D): tf.Scalar =>
  tf.sum(tf.mul(tf.sum<tf.Tensor2D>(tf.square(outputs), 2), mask));
