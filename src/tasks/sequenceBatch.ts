/** A batch of sequences, time first, on its way from plain numbers to tensors. */
import * as tf from "@tensorflow/tfjs-core";

/** What one training step sees: where `mask` is one, `target` was asked for; elsewhere it is padding or input time. */
export interface SequenceBatch {
  /** `[T, B, X]` */
  readonly input: tf.Tensor3D;
  /** `[T, B, Y]` */
  readonly target: tf.Tensor3D;
  /** `[T, B]`, of zeros and ones */
  readonly mask: tf.Tensor2D;
}

/** A batch while it is being filled: a tape of numbers that all begin at zero. */
export interface SequenceDraft {
  /** One at feature `feature` of the input, unless told another value. */
  setInput(time: number, row: number, feature: number, value?: number): void;
  setTarget(time: number, row: number, feature: number, value?: number): void;
  /** This step of this row asks for an answer. */
  ask(time: number, row: number): void;
  finish(): SequenceBatch;
}

export interface SequenceSizes {
  readonly steps: number;
  readonly batch: number;
  readonly inputSize: number;
  readonly outputSize: number;
}

export function draftSequences({ steps, batch, inputSize, outputSize }: SequenceSizes): SequenceDraft {
  const input = new Float32Array(steps * batch * inputSize);
  const target = new Float32Array(steps * batch * outputSize);
  const mask = new Float32Array(steps * batch);
  return {
    setInput: (time, row, feature, value = 1) => void (input[(time * batch + row) * inputSize + feature] = value),
    setTarget: (time, row, feature, value = 1) => void (target[(time * batch + row) * outputSize + feature] = value),
    ask: (time, row) => void (mask[time * batch + row] = 1),
    finish: () => ({
      input: tf.tensor3d(input, [steps, batch, inputSize]),
      target: tf.tensor3d(target, [steps, batch, outputSize]),
      mask: tf.tensor2d(mask, [steps, batch]),
    }),
  };
}
