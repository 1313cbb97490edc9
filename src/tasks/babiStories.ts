/**
 * Stories of the bAbI tasks (Weston et al. 2015) as sequences of words, the way the DNC paper reads them: lower case,
 * line numbers removed, punctuation marks words of their own, and after each question as many `-` as its answer has
 * words. A file is a line a sentence; numbers count from 1 within a story; a question is followed by a tab, its
 * answer (words parted by commas), a tab, and the numbers of the lines that support it:
 *
 *     1 Mary moved to the bathroom.
 *     2 Where is Mary? <tab> bathroom <tab> 1
 */
import { malformedBabi } from "./errors.ts";

/** The word at which an answer is asked for. */
export const answerMark = "-";

export interface Question {
  /** Where the answer's words are asked for: steps of the story at which the word is `-`. */
  readonly steps: readonly number[];
  /** The words of the answer, one for each step. */
  readonly answer: readonly string[];
}

export interface Story {
  readonly task: number;
  readonly words: readonly string[];
  readonly questions: readonly Question[];
}

/**
 * The stories in the text of a file.
 *
 * @param file the file's name, for messages
 * @throws TaskError `malformed-babi`, `file:line: what was expected, what came`
 * @example
 * ```ts
 * const stories = parseBabi("1 Mary went home.\n2 Where is Mary?\thome\t1\n", { file: "qa1_train.txt", task: 1 });
 * stories[0]?.words.join(" "); // "mary went home . where is mary ? -"
 * ```
 */
export function parseBabi(text: string, { file, task }: { readonly file: string; readonly task: number }): Story[] {
  const stories: Story[] = [];
  let words: string[] = [];
  let questions: Question[] = [];
  let previous = 0; // the number of the line before, within its story
  let begun = 0; // the line of the file where the story begins

  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  const malformed = (line: number, expected: string, came: string): Error => malformedBabi(file, line, expected, came);
  const close = (): void => {
    if (previous === 0) return;
    if (questions.length === 0) throw malformed(begun, "a story with at least one question", "one without a question");
    stories.push({ task, words, questions });
  };

  lines.forEach((line, index) => {
    const at = index + 1;
    const numbered = /^(\d+) +(.*)$/.exec(line);
    if (!numbered) throw malformed(at, "a line number, a space and a sentence", quote(line));
    const number = Number(numbered[1]);
    if (number === 1) {
      close();
      [words, questions, begun] = [[], [], at];
    } else if (number !== previous + 1) {
      const expected = previous === 0 ? "1" : `${previous + 1}, or 1 for a new story,`;
      throw malformed(at, `${expected} as the line's number`, String(number));
    }
    previous = number;

    const [sentence = "", answer, support, ...more] = (numbered[2] ?? "").split("\t");
    const sentenceWords = splitSentence(sentence, (came) => malformed(at, "letters, `.`, `,`, `?` and spaces", came));
    if (sentenceWords.length === 0) throw malformed(at, "a sentence after the line's number", quote(sentence));
    words.push(...sentenceWords);
    if (answer === undefined) {
      if (sentenceWords.at(-1) === "?") throw malformed(at, "a tab and an answer after a question", "the line's end");
      return;
    }
    if (more.length > 0) throw malformed(at, "question, answer and supporting lines", `${more.length + 3} columns`);
    if (support !== undefined && !/^\d*( \d+)*\s*$/.test(support)) {
      throw malformed(at, "numbers of supporting lines after the answer", quote(support));
    }
    const answerWords = answer.trim().toLowerCase().split(",");
    if (!answerWords.every((word) => /^[a-z]+$/.test(word))) {
      throw malformed(at, "an answer of words parted by commas", quote(answer));
    }
    const first = words.length;
    words.push(...answerWords.map(() => answerMark));
    questions.push({ steps: answerWords.map((_, i) => first + i), answer: answerWords });
  });

  if (lines.length === 0) throw malformed(1, "a story", "an empty file");
  close();
  return stories;
}

/** Words and punctuation marks. Digits are left out, as in the paper. */
function splitSentence(sentence: string, strange: (came: string) => Error): readonly string[] {
  const words: string[] = [];
  for (const [word] of sentence.toLowerCase().matchAll(/[a-z]+|\d+|[^\sa-z\d]/g)) {
    if (/^\d/.test(word)) continue;
    if (!/^(?:[a-z]+|[.,?])$/.test(word)) throw strange(quote(word));
    words.push(word);
  }
  return words;
}

const quote = (text: string): string =>
  text === "" ? "nothing" : `\`${text.length > 60 ? `${text.slice(0, 60)}…` : text}\``;
