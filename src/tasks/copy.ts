/**
 * Copy: a sequence of random words is shown, then asked for again. The memory must write each word to a free slot
 * and read the slots in the order of writing. One sequence of n words takes 2n + 2 steps:
 *
 *     step     0      1 .. n   n+1    n+2 .. 2n+1
 *     input    start  word     end    zeros
 *     target                          word
 */
import { randomStream, type StreamKey } from "../train/randomStream.ts";
import { badTaskConfig } from "./errors.ts";
import { draftSequences, type SequenceBatch } from "./sequenceBatch.ts";

export interface CopyConfig {
  /** bits of a word */
  readonly bits: number;
  /** words of the shortest sequence */
  readonly minLength: number;
  /** words of the longest sequence; sizes every batch, `T = 2 maxLength + 2` */
  readonly maxLength: number;
  readonly batch: number;
}

/** @returns the length of a word that goes in: its bits, the start flag and the end flag */
export const copyInputSize = ({ bits }: Pick<CopyConfig, "bits">): number => bits + 2;

/**
 * A batch of fresh sequences, each as long as the dice say. Shorter ones are followed by zeros and no question.
 *
 * @returns input `[T, B, bits + 2]`, target `[T, B, bits]`, mask `[T, B]`, `T = 2 maxLength + 2`
 */
export function copyBatch(key: StreamKey, config: CopyConfig): SequenceBatch {
  const { bits, minLength, maxLength, batch } = checkCopyConfig(config);
  const stream = randomStream(key);
  const draft = draftSequences({
    steps: 2 * maxLength + 2,
    batch,
    inputSize: copyInputSize(config),
    outputSize: bits,
  });
  for (let row = 0; row < batch; row++) {
    const length = minLength + stream.below(maxLength - minLength + 1);
    draft.setInput(0, row, bits);
    draft.setInput(length + 1, row, bits + 1);
    for (let word = 0; word < length; word++) {
      const asked = length + 2 + word;
      draft.ask(asked, row);
      for (let bit = 0; bit < bits; bit++) {
        if (stream.below(2) === 0) continue;
        draft.setInput(1 + word, row, bit);
        draft.setTarget(asked, row, bit);
      }
    }
  }
  return draft.finish();
}

/** @throws where a size is no whole number or lengths are in the wrong order */
export function checkCopyConfig(config: CopyConfig): CopyConfig {
  for (const field of ["bits", "minLength", "maxLength", "batch"] as const) {
    if (!Number.isInteger(config[field]) || config[field] < 1) {
      throw badTaskConfig("copy", field, "a whole number of at least 1", config[field]);
    }
  }
  if (config.minLength > config.maxLength) {
    throw badTaskConfig("copy", "minLength", `at most maxLength (${config.maxLength})`, config.minLength);
  }
  return config;
}
