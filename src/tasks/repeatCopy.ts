/**
 * Repeat copy, after DeepMind's released task: a sequence of n words is shown, then a number r of repeats, then the
 * sequence is asked for r times over, and last an end mark. It takes n + 2 + r n + 1 steps:
 *
 *     step     0      1 .. n   n+1            n+2 .. n+1+rn   n+2+rn
 *     input    start  word     r / normMax    zeros           zeros
 *     target                                  word            end mark
 */
import { randomStream, type StreamKey } from "../train/randomStream.ts";
import { badTaskConfig } from "./errors.ts";
import { draftSequences, type SequenceBatch } from "./sequenceBatch.ts";

export interface RepeatCopyConfig {
  /** bits of a word */
  readonly bits: number;
  readonly minLength: number;
  readonly maxLength: number;
  readonly minRepeats: number;
  readonly maxRepeats: number;
  /** The number of repeats is shown divided by this: 10 with DeepMind. */
  readonly normMax: number;
  readonly batch: number;
}

/** DeepMind's settings in training: four-bit words, one or two of them, once or twice. */
export const repeatCopyDefaults = {
  bits: 4,
  minLength: 1,
  maxLength: 2,
  minRepeats: 1,
  maxRepeats: 2,
  normMax: 10,
  batch: 16,
} as const satisfies RepeatCopyConfig;

/** @returns the length of a word that goes in: its bits, the start flag and the number of repeats */
export const repeatCopyInputSize = ({ bits }: Pick<RepeatCopyConfig, "bits">): number => bits + 2;

/** @returns the length of an answer: the bits of a word and the end mark */
export const repeatCopyOutputSize = ({ bits }: Pick<RepeatCopyConfig, "bits">): number => bits + 1;

/**
 * A batch of fresh sequences. Every batch has the length of the longest possible sequence, so that one program
 * serves all of them (DeepMind's has the length of its own longest).
 *
 * @returns input `[T, B, bits + 2]`, target `[T, B, bits + 1]`, mask `[T, B]`, `T = (maxRepeats + 1) maxLength + 3`
 */
export function repeatCopyBatch(key: StreamKey, config: RepeatCopyConfig): SequenceBatch {
  const { bits, minLength, maxLength, minRepeats, maxRepeats, normMax, batch } = checkRepeatCopyConfig(config);
  const stream = randomStream(key);
  const draft = draftSequences({
    steps: (maxRepeats + 1) * maxLength + 3,
    batch,
    inputSize: repeatCopyInputSize(config),
    outputSize: repeatCopyOutputSize(config),
  });
  for (let row = 0; row < batch; row++) {
    const length = minLength + stream.below(maxLength - minLength + 1);
    const repeats = minRepeats + stream.below(maxRepeats - minRepeats + 1);
    const asked = length + 2;
    draft.setInput(0, row, bits);
    draft.setInput(length + 1, row, bits + 1, repeats / normMax);
    for (let word = 0; word < length; word++) {
      for (let bit = 0; bit < bits; bit++) {
        if (stream.below(2) === 0) continue;
        draft.setInput(1 + word, row, bit);
        for (let turn = 0; turn < repeats; turn++) draft.setTarget(asked + turn * length + word, row, bit);
      }
    }
    const end = asked + repeats * length;
    draft.setTarget(end, row, bits);
    for (let time = asked; time <= end; time++) draft.ask(time, row);
  }
  return draft.finish();
}

/** @throws where a size is no whole number or a range is upside down */
export function checkRepeatCopyConfig(config: RepeatCopyConfig): RepeatCopyConfig {
  for (const field of ["bits", "minLength", "maxLength", "minRepeats", "maxRepeats", "batch"] as const) {
    if (!Number.isInteger(config[field]) || config[field] < 1) {
      throw badTaskConfig("repeatCopy", field, "a whole number of at least 1", config[field]);
    }
  }
  if (!(config.normMax > 0)) throw badTaskConfig("repeatCopy", "normMax", "greater than 0", config.normMax);
  for (const [low, high] of [
    ["minLength", "maxLength"],
    ["minRepeats", "maxRepeats"],
  ] as const) {
    if (config[low] > config[high]) {
      throw badTaskConfig("repeatCopy", low, `at most ${high} (${config[high]})`, config[low]);
    }
  }
  return config;
}
