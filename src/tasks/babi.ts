/**
 * bAbI as a task for a recurrent network: a vocabulary, the stories as numbers, batches of stories of like length,
 * and the count of wrong answers. The network sees one word a step, one-hot, and is asked at each `-`.
 */
import * as tf from "@tensorflow/tfjs-core";
import { foldInKey, randomStream, shuffled, streamKey, type StreamKey } from "../train/randomStream.ts";
import { answerMark, type Story } from "./babiStories.ts";
import type { BabiTask } from "./babiFolder.ts";
import { unknownBabiWord } from "./errors.ts";
import { bucketOf, fewBuckets } from "./lengthBuckets.ts";

/** A story as numbers: places of its words in the vocabulary. */
export interface EncodedStory {
  readonly task: number;
  readonly words: readonly number[];
  readonly questions: readonly { readonly steps: readonly number[]; readonly answer: readonly number[] }[];
}

/** All that training and testing need of the stories. */
export interface BabiData {
  /** The words, in alphabetical order: a word's place is its number. */
  readonly vocabulary: readonly string[];
  readonly train: readonly EncodedStory[];
  readonly valid: readonly EncodedStory[];
  readonly test: readonly EncodedStory[];
  /** Stories of a batch are alike in length: no longer than the same of these. */
  readonly buckets: readonly number[];
  /** The length that all batches are padded to: one program serves them all. A batch costs the steps of its longest story. */
  readonly steps: number;
}

/** Stories side by side, time first, padded to one length. The word -1 is padding: it has no one, and no answer is asked of it. */
export interface BabiBatch {
  /** `int32 [T, B]` */
  readonly words: tf.Tensor2D;
  /** `int32 [T, B]`, the word to answer where `mask` is one */
  readonly answers: tf.Tensor2D;
  /** `[T, B]` */
  readonly mask: tf.Tensor2D;
  /** `int32 []`, the number of words of the longest story */
  readonly length: tf.Scalar;
}

export interface BabiSplitOptions {
  readonly seed: number;
  /** Share of each task's train stories held back for validation, where it has no file of its own. The paper's is 0.1, the default. */
  readonly validShare?: number;
  /** How many ranges of lengths stories are sorted into, at most, for batches of stories of like length. Default 16. */
  readonly buckets?: number;
}

/** The words of all stories and answers, and the answer mark. */
export function babiVocabulary(stories: readonly Story[]): readonly string[] {
  const words = new Set<string>([answerMark]);
  for (const story of stories) {
    for (const word of story.words) words.add(word);
    for (const { answer } of story.questions) for (const word of answer) words.add(word);
  }
  return [...words].sort();
}

/** Puts tasks together for joint training, with a tenth of each task's stories held back for validation. */
export function babiData(tasks: readonly BabiTask[], options: BabiSplitOptions): BabiData {
  const { seed, validShare = 0.1, buckets = 16 } = options;
  const every = tasks.flatMap(({ stories: { train, valid, test } }) => [...train, ...valid, ...test]);
  const vocabulary = babiVocabulary(every);
  const encode = encoder(vocabulary);
  const train: EncodedStory[] = [];
  const valid: EncodedStory[] = [];
  for (const { task, stories } of tasks) {
    if (stories.valid.length > 0) {
      train.push(...stories.train.map(encode));
      valid.push(...stories.valid.map(encode));
      continue;
    }
    const mixed = shuffled(stories.train, randomStream(foldInKey(streamKey(seed), task)));
    const held = Math.round(mixed.length * validShare);
    valid.push(...mixed.slice(0, held).map(encode));
    train.push(...mixed.slice(held).map(encode));
  }
  const lengths = every.map(({ words }) => words.length);
  return {
    vocabulary,
    train,
    valid,
    test: tasks.flatMap(({ stories }) => stories.test.map(encode)),
    buckets: fewBuckets(lengths, { most: buckets, padding: 0.05 }),
    steps: Math.ceil(Math.max(1, ...lengths) / pieceOfTime) * pieceOfTime,
  };
}

/** Sums over time go by pieces of this many steps where that divides their number. */
const pieceOfTime = 32;

function encoder(vocabulary: readonly string[]): (story: Story) => EncodedStory {
  const places = new Map(vocabulary.map((word, place) => [word, place]));
  return ({ task, words, questions }) => {
    const place = (word: string): number => {
      const found = places.get(word);
      if (found === undefined) throw unknownBabiWord(word, task);
      return found;
    };
    return {
      task,
      words: words.map(place),
      questions: questions.map(({ steps, answer }) => ({ steps, answer: answer.map(place) })),
    };
  };
}

/**
 * How stories of like length lie together, so that a batch wastes little on padding: the first story of a batch is
 * drawn from all, the others from those of its range of lengths. So each story is as likely as any other.
 */
export interface BabiSampler {
  /** A batch: a function of `key` alone. */
  batch(key: StreamKey): BabiBatch;
}

export interface BabiLayout {
  /** How many stories a batch has. */
  readonly batch: number;
  /** As of {@link BabiData}. */
  readonly buckets: readonly number[];
  readonly steps: number;
}

export function babiSampler(stories: readonly EncodedStory[], { batch, buckets, steps }: BabiLayout): BabiSampler {
  const shelves = new Map<number, EncodedStory[]>();
  for (const story of stories) {
    const bucket = bucketOf(story.words.length, buckets);
    const shelf = shelves.get(bucket);
    if (shelf) shelf.push(story);
    else shelves.set(bucket, [story]);
  }
  return {
    batch: (key) => {
      const stream = randomStream(key);
      const first = stories[stream.below(stories.length)] as EncodedStory;
      const bucket = bucketOf(first.words.length, buckets);
      const shelf = shelves.get(bucket) as EncodedStory[]; // `first` lies on it.
      const rest = Array.from({ length: batch - 1 }, () => shelf[stream.below(shelf.length)] as EncodedStory);
      return layOut([first, ...rest], { batch, steps });
    },
  };
}

/** Stories side by side, with empty rows where there are fewer than `batch`. */
export function layOut(
  stories: readonly EncodedStory[],
  { batch, steps }: { readonly batch: number; readonly steps: number },
): BabiBatch {
  const words = new Int32Array(steps * batch).fill(-1);
  const answers = new Int32Array(steps * batch);
  const mask = new Float32Array(steps * batch);
  stories.forEach((story, row) => {
    story.words.forEach((word, step) => void (words[step * batch + row] = word));
    for (const { steps, answer } of story.questions) {
      steps.forEach((step, i) => {
        answers[step * batch + row] = answer[i] as number;
        mask[step * batch + row] = 1;
      });
    }
  });
  return {
    words: tf.tensor2d(words, [steps, batch], "int32"),
    answers: tf.tensor2d(answers, [steps, batch], "int32"),
    mask: tf.tensor2d(mask, [steps, batch]),
    length: tf.scalar(Math.max(0, ...stories.map((story) => story.words.length)), "int32"),
  };
}

/** Questions asked and answered wrongly, by task. */
export interface BabiScore {
  readonly [task: number]: { readonly questions: number; readonly wrong: number };
}

/**
 * Asks every question of the stories once. A question is right only if all words of its answer are.
 *
 * @param predict the network's answers, places in the vocabulary, `int32 [T, B]`, to words `int32 [T, B]` of a length `int32 []`
 */
export function scoreBabi(
  predict: (words: tf.Tensor2D, length: tf.Scalar) => tf.Tensor2D,
  stories: readonly EncodedStory[],
  { batch, buckets, steps }: BabiLayout,
): BabiScore {
  const score: { [task: number]: { questions: number; wrong: number } } = {};
  for (const [index, longest] of buckets.entries()) {
    const shortest = index === 0 ? 0 : (buckets[index - 1] as number);
    const shelf = stories.filter(({ words }) => words.length > shortest && words.length <= longest);
    for (let from = 0; from < shelf.length; from += batch) {
      const rows = shelf.slice(from, from + batch);
      const answers = tf.tidy(() => {
        const { words, length } = layOut(rows, { batch, steps });
        return predict(words, length).dataSync();
      });
      rows.forEach((story, row) => {
        const counts = (score[story.task] ??= { questions: 0, wrong: 0 });
        for (const { steps, answer } of story.questions) {
          counts.questions++;
          if (!steps.every((step, i) => answers[step * batch + row] === answer[i])) counts.wrong++;
        }
      });
    }
  }
  return score;
}

/** Share of questions answered wrongly: of each task the same weight, as in the paper's mean. */
export function meanError(score: BabiScore): number {
  const errors = Object.values(score).map(({ questions, wrong }) => wrong / questions);
  return errors.reduce((sum, error) => sum + error, 0) / errors.length;
}
