/** What the tasks ask of a network: how a batch is shown to it, and how its outputs are judged. */
import * as tf from "@tensorflow/tfjs-core";
import { scan } from "../../compile/index.ts";
import { bitError, labelError, sigmoidCrossEntropy, softmaxCrossEntropy } from "../train/loss.ts";
import type { Judgement, Objective } from "../train/trainStep.ts";
import type { BabiBatch } from "./babi.ts";
import type { SequenceBatch } from "./sequenceBatch.ts";

/** Copy and its kin: the loss in nats a step asked for, the error as the share of wrong bits. */
export const bitObjective: Objective<SequenceBatch> = Object.freeze({
  input: ({ input }: SequenceBatch) => input,
  judge: (output: tf.Tensor3D, { target, mask }: SequenceBatch) => ({
    loss: sigmoidCrossEntropy(output, target, mask, { per: "step" }),
    error: bitError(output, target, mask),
  }),
});

/**
 * bAbI: words become one-hot vectors inside the program, and only the answers count. The loss is in nats a word of an
 * answer, the error the share of wrong words.
 *
 * @param vocabularySize number of words; padding, the word -1, is all zeros
 */
export function wordObjective(vocabularySize: number): Objective<BabiBatch> {
  return Object.freeze({
    input: ({ words }: BabiBatch) => tf.oneHot(words, vocabularySize) as tf.Tensor3D,
    length: ({ length }: BabiBatch) => length,
    judge: judgeWords,
  });
}

/** A step after the other, and no step of padding: the loss and the error of all are their means by the words asked for. */
function judgeWords(output: tf.Tensor3D, { answers, mask, length }: BabiBatch): Judgement {
  const judgeStep = (
    sums: Sums,
    x: { readonly output: tf.Tensor; readonly answers: tf.Tensor; readonly mask: tf.Tensor },
  ) => {
    const [logits, labels, asked] = [x.output, x.answers, x.mask].map((part) => tf.expandDims(part)) as [tf.Tensor3D, tf.Tensor2D, tf.Tensor2D]; // prettier-ignore
    const words = tf.sum(asked);
    const count = tf.maximum(words, 1);
    return {
      carry: {
        loss: tf.add(sums.loss, tf.mul(softmaxCrossEntropy(logits, labels, asked, { per: "step" }), count)),
        wrong: tf.add(sums.wrong, tf.mul(labelError(logits, labels, asked), count)),
        words: tf.add(sums.words, words),
      },
      y: null,
    };
  };
  const none: Sums = { loss: tf.scalar(0), wrong: tf.scalar(0), words: tf.scalar(0) };
  const { loss, wrong, words } = scan(judgeStep, none, { output, answers, mask }, { length }).carry;
  const count = tf.maximum(words, 1);
  return { loss: tf.div(loss, count), error: tf.div(wrong, count) };
}

interface Sums {
  readonly loss: tf.Tensor;
  readonly wrong: tf.Tensor;
  readonly words: tf.Tensor;
}
