import "@tensorflow/tfjs-backend-cpu";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { babiData, babiSampler, babiVocabulary, layOut, meanError, scoreBabi } from "../../../src/tasks/babi.ts";
import { readBabiFolder } from "../../../src/tasks/babiFolder.ts";
import { parseBabi } from "../../../src/tasks/babiStories.ts";
import { babiTable, failedTasks } from "../../../src/tasks/babiTable.ts";
import { foldInKey, streamKey } from "../../../src/train/randomStream.ts";

// Made up for these tests, in the form of the published files.
const fetching = `1 Ada carried the lamp to the cellar.
2 Where is the lamp? \tcellar\t1
3 Ada took the rope, too.
4 What is Ada carrying?\tlamp,rope\t1 3
1 Ben went to the attic.
2 Where is Ben?\tattic\t1
`;
const where = { file: "qa8_made-up_train.txt", task: 8 };

describe("parseBabi", () => {
  it("gives words in lower case, punctuation apart, and a mark for each word of an answer", () => {
    const stories = parseBabi(fetching, where);
    expect(stories.map(({ words }) => words.join(" "))).toEqual([
      "ada carried the lamp to the cellar . where is the lamp ? - ada took the rope , too . what is ada carrying ? - -",
      "ben went to the attic . where is ben ? -",
    ]);
    expect(stories[0]?.questions).toEqual([
      { steps: [13], answer: ["cellar"] },
      { steps: [26, 27], answer: ["lamp", "rope"] },
    ]);
    for (const { words, questions } of stories) {
      expect(questions.flatMap(({ steps }) => steps.map((step) => words[step]))).toEqual(
        questions.flatMap(({ answer }) => answer.map(() => "-")),
      );
    }
  });

  it("removes numbers and takes either line end", () => {
    const text = "1 Room 12 is dark.\r\n2 Is it dark?\tyes\t1\r\n";
    expect(parseBabi(text, where)[0]?.words.join(" ")).toBe("room is dark . is it dark ? -");
  });

  it.each([
    ["", "1: expected a story, got an empty file"],
    ["Ada left.\n", "1: expected a line number, a space and a sentence, got `Ada left.`"],
    ["1 A.\n\n", "2: expected a line number, a space and a sentence, got nothing"],
    ["2 Ada left.\n", "1: expected 1 as the line's number, got 2"],
    ["1 A b.\n3 C d.\n", "2: expected 2, or 1 for a new story, as the line's number, got 3"],
    ["1 A b.\n2 Where is a?\n", "2: expected a tab and an answer after a question, got the line's end"],
    ["1 A b.\n2 Where is a?\t\t1\n", "2: expected an answer of words parted by commas, got nothing"],
    ["1 A b.\n2 Where is a?\tb,\t1\n", "2: expected an answer of words parted by commas, got `b,`"],
    ["1 A b.\n2 Where is a?\tb\tone\n", "2: expected numbers of supporting lines after the answer, got `one`"],
    ["1 A b.\n2 Where is a?\tb\t1\tc\n", "2: expected question, answer and supporting lines, got 4 columns"],
    ["1 Ada {left}.\n", "1: expected letters, `.`, `,`, `?` and spaces, got `{`"],
    ["1 12\n", "1: expected a sentence after the line's number, got `12`"],
    ["1 A b.\n1 C d.\n2 Where is c?\td\t1\n", "1: expected a story with at least one question, got one without"],
  ])("says where a file is malformed: %j", (text, message) => {
    expect(() => parseBabi(text, where)).toThrow(`qa8_made-up_train.txt:${message}`);
  });
});

describe("readBabiFolder", () => {
  let folder = "";
  beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), "engram-babi-"))));
  afterEach(() => rm(folder, { recursive: true }));
  const put = (name: string, text = fetching): Promise<void> => writeFile(join(folder, name), text);

  it("reads the tasks that are whole, or those asked for", async () => {
    for (const split of ["train", "test"]) await put(`qa8_made-up_${split}.txt`);
    for (const split of ["train", "test", "valid"]) await put(`qa12_another_${split}.txt`);
    await put("qa3_half_test.txt");
    await put("README.txt");
    const tasks = await readBabiFolder(folder);
    expect(tasks.map(({ task, name, stories }) => [task, name, stories.train.length, stories.valid.length])).toEqual([
      [8, "made up", 2, 0],
      [12, "another", 2, 2],
    ]);
    expect((await readBabiFolder(folder, { tasks: [12] })).map(({ task }) => task)).toEqual([12]);
  });

  it("takes a train file from elsewhere", async () => {
    await put("qa3_half_test.txt");
    await mkdir(join(folder, "elsewhere"));
    await put("elsewhere/three.txt");
    const file = join(folder, "elsewhere", "three.txt");
    const [task] = await readBabiFolder(folder, { tasks: [3], trainFiles: { 3: file } });
    expect([task?.stories.train.length, task?.files.train]).toEqual([2, file]);
  });

  it("says which file is missing, and what there is", async () => {
    for (const split of ["train", "test"]) await put(`qa8_made-up_${split}.txt`);
    await put("qa3_half_test.txt");
    await expect(readBabiFolder(folder, { tasks: [8, 3] })).rejects.toThrow(
      `bAbI task 3: ${folder} has no train file for it (only qa3_half_test.txt). Leave the task out, or name a file for it; tasks with both files: 8.`,
    );
  });

  it("says so where the folder is a wrong one", async () => {
    await mkdir(join(folder, "en"));
    await put("en/qa1_x_train.txt");
    await expect(readBabiFolder(folder)).rejects.toThrow("but its folders en do. Give one of them.");
    await expect(readBabiFolder(join(folder, "none"))).rejects.toThrow(
      `cannot read the folder ${join(folder, "none")}`,
    );
  });

  it("refuses two files for one thing", async () => {
    for (const name of ["qa1_x_train.txt", "qa1_y_train.txt", "qa1_x_test.txt"]) await put(name);
    await expect(readBabiFolder(folder)).rejects.toThrow(
      "bAbI task 1: expected one train file, found qa1_x_train.txt and qa1_y_train.txt. Remove all but one.",
    );
  });

  it("names file and line of a malformed file", async () => {
    await put("qa1_x_train.txt", "1 A b\n");
    await put("qa1_x_test.txt");
    await expect(readBabiFolder(folder)).rejects.toThrow(`${join(folder, "qa1_x_train.txt")}:1: expected a story with`);
  });
});

const stories = parseBabi(fetching, where);
const task = {
  task: 8,
  name: "made up",
  stories: { train: Array.from({ length: 20 }, (_, i) => stories[i % 2]!), valid: [], test: stories },
  files: { train: "train", valid: undefined, test: "test" },
};

describe("babiData", () => {
  it("numbers the words and holds a tenth of the stories back", () => {
    const data = babiData([task], { seed: 1 });
    expect(data.vocabulary).toEqual(babiVocabulary(stories));
    expect([data.train.length, data.valid.length, data.test.length]).toEqual([18, 2, 2]);
    expect(data.test[1]?.words.map((place) => data.vocabulary[place]).join(" ")).toBe(stories[1]?.words.join(" "));
    expect(data.buckets).toEqual([11, 28]);
    expect(data.steps).toBe(32);
  });

  it("uses the stories of a validation file where there is one", () => {
    const data = babiData([{ ...task, stories: { ...task.stories, valid: stories } }], { seed: 1 });
    expect([data.train.length, data.valid.length]).toEqual([20, 2]);
  });

  it("splits by the seed", () => {
    const held = (seed: number): string => JSON.stringify(babiData([task], { seed }).valid);
    expect(held(1)).toBe(held(1));
    expect(new Set([1, 2, 3, 4, 5, 6].map(held)).size).toBeGreaterThan(1);
  });
});

describe("babiSampler", () => {
  const data = babiData([task], { seed: 1 });

  it("gives batches of stories of like length, the same for the same key", () => {
    const sampler = babiSampler(data.train, { batch: 4, ...data });
    const lengths = new Set<number>();
    for (let step = 0; step < 20; step++) {
      const { words, answers, mask, length } = sampler.batch(foldInKey(streamKey(3), step));
      lengths.add(length.dataSync()[0]!);
      expect([words.shape, answers.shape, mask.shape]).toEqual(new Array(3).fill([32, 4]));
      expect([words.dtype, answers.dtype]).toEqual(["int32", "int32"]);
      expect(sampler.batch(foldInKey(streamKey(3), step)).words.dataSync()).toEqual(words.dataSync());
    }
    expect([...lengths].sort((a, b) => a - b)).toEqual(data.buckets);
  });

  it("pads with no word and asks only at the marks", () => {
    const [long, short] = data.test;
    const { words, answers, mask, length } = layOut([short!, long!], { batch: 3, steps: 28 });
    const column = (x: tf.Tensor2D, row: number): number[] => x.arraySync().map((step) => step[row]!);
    expect(column(words, 0)).toEqual([...short!.words, ...new Array<number>(17).fill(-1)]);
    expect([length.dtype, ...length.dataSync()]).toEqual(["int32", 28]);
    expect(column(words, 2)).toEqual(new Array(28).fill(-1));
    expect(column(mask, 0).flatMap((asked, step) => (asked ? [step] : []))).toEqual([10]);
    expect(column(mask, 1).flatMap((asked, step) => (asked ? [step] : []))).toEqual([13, 26, 27]);
    expect(column(mask, 2)).toEqual(new Array(28).fill(0));
    expect(data.vocabulary[column(answers, 1)[27]!]).toBe("rope");
  });
});

describe("scoreBabi", () => {
  const data = babiData([task], { seed: 1 });
  const place = (word: string): number => data.vocabulary.indexOf(word);
  const score = (answer: (step: number) => string): ReturnType<typeof scoreBabi> =>
    scoreBabi(
      (words) => {
        const [steps, batch] = words.shape;
        const places = Array.from({ length: steps }, (_, step) => new Array<number>(batch).fill(place(answer(step))));
        return tf.tensor2d(places, [steps, batch], "int32");
      },
      data.test,
      { batch: 3, ...data },
    );

  it("counts a question right only if all its words are", () => {
    const right: { readonly [step: number]: string } = { 13: "cellar", 26: "lamp", 27: "rope", 10: "attic" };
    expect(score((step) => right[step] ?? "ada")).toEqual({ 8: { questions: 3, wrong: 0 } });
    expect(score((step) => (step === 27 ? "lamp" : (right[step] ?? "ada")))).toEqual({ 8: { questions: 3, wrong: 1 } });
    expect(score(() => "ada")).toEqual({ 8: { questions: 3, wrong: 3 } });
  });

  it("leaves no tensors behind", () => {
    const before = tf.memory().numTensors;
    score(() => "ada");
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe("babiTable", () => {
  it("shows each task, the mean and the published rows", () => {
    const score = { 1: { questions: 1000, wrong: 10 }, 16: { questions: 1000, wrong: 510 } };
    expect(meanError(score)).toBeCloseTo(0.26);
    expect(failedTasks(score)).toEqual([16]);
    const text = babiTable(score, { names: { 1: "single supporting fact", 16: "basic induction" }, model: "this run" });
    expect(text).toContain("   1  single supporting fact      1.0  10 of 1000");
    expect(text).toContain("  16  basic induction            51.0  510 of 1000  failed");
    expect(text).toMatch(/this run +26\.0 +1 of 2/);
    expect(text).toMatch(/DNC \(Graves et al\. 2016\) +16\.7 ± 7\.6 +11\.2 ± 5\.4 +3\.8 \(2\)/);
    expect(text).toContain("This run learnt 2 tasks: not the same problem.");
  });

  it("fails a task above 5 %, not at it", () => {
    expect(failedTasks({ 1: { questions: 100, wrong: 5 }, 2: { questions: 1000, wrong: 51 } })).toEqual([2]);
  });
});
