import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { babiData, meanError } from "../../../src/tasks/babi.ts";
import { babiDefaults, babiExperiment } from "../../../src/tasks/babiExperiment.ts";
import type { BabiTask } from "../../../src/tasks/babiFolder.ts";
import { parseBabi } from "../../../src/tasks/babiStories.ts";
import { beginRun, fit, type Measured } from "../../../src/train/fit.ts";
import { randomStream, streamKey } from "../../../src/train/randomStream.ts";

/** Stories of one fact and one question, made up: where somebody went. */
function madeUpTask(): BabiTask {
  const stream = randomStream(streamKey(0));
  const places = ["attic", "cellar", "yard", "barn"];
  const story = (): string => {
    const place = places[stream.below(places.length)]!;
    return `1 Ada went to the ${place}.\n2 Where is Ada?\t${place}\t1\n`;
  };
  const stories = (count: number): ReturnType<typeof parseBabi> =>
    parseBabi(Array.from({ length: count }, story).join(""), { file: "made up", task: 1 });
  const files = { train: "train", valid: undefined, test: "test" };
  return { task: 1, name: "made up", stories: { train: stories(100), valid: [], test: stories(40) }, files };
}

describe("babiExperiment", () => {
  const data = babiData([madeUpTask()], { seed: 0 });
  const config = {
    ...babiDefaults,
    ...{ data: "made up", tasks: [1], hidden: 12, locations: 6, wordSize: 6, readHeads: 1 },
    ...{ batch: 8, learningRate: 1e-2, validateEvery: 50 },
  };

  it("learns simple stories, validates as it goes, and answers those it has never seen", async () => {
    const experiment = babiExperiment(config, data);
    const begun = beginRun(experiment);
    const before = experiment.score(begun.learner.params, data.test);
    expect(before).toMatchObject({ 1: { questions: 40 } });
    expect(meanError(before)).toBeGreaterThan(0.4);
    const { run, reason } = await fit(experiment, begun, { maxSteps: 1500 });
    expect(reason).toBe("finished");
    const steps = run.lesson.validations.map(({ step }) => step);
    expect(steps).toEqual(steps.map((_, i) => (i + 1) * 50));
    expect(run.lesson.validations.at(-1)?.score).toMatchObject({ 1: { questions: 10, wrong: 0 } });
    expect(meanError(experiment.score(run.learner.params, data.test))).toBeLessThan(0.1);
  });

  it("does not count padding: a story among longer ones is answered as by itself", () => {
    const experiment = babiExperiment(config, data);
    const { params } = beginRun(experiment).learner;
    const longer = { ...data, steps: data.steps + 7 };
    const padded = babiExperiment(config, longer);
    expect(padded.score(params, data.test)).toEqual(experiment.score(params, data.test));
  });

  it("takes one program for stories of every length, and the gradients of the shorter ones", async () => {
    const measured = async (steps: number): Promise<readonly (readonly number[])[]> => {
      const experiment = babiExperiment(config, { ...data, steps });
      const rows: (readonly number[])[] = [];
      const onProgress = ({ loss, error, gradientNorm }: Measured): void => void rows.push([loss, error, gradientNorm]);
      await fit(experiment, beginRun(experiment), { maxSteps: 5, onProgress });
      return rows;
    };
    const [tight, loose] = [await measured(data.buckets.at(-1)!), await measured(3 * data.steps)];
    loose.forEach((row, step) => row.forEach((x, i) => expect(x).toBeCloseTo(tight[step]![i]!, 5)));
  });

  it("keeps all that a run depends on as plain data", () => {
    const experiment = babiExperiment(config, data);
    expect(JSON.parse(JSON.stringify(experiment.config))).toEqual(config);
  });

  it("leaves no tensors behind", () => {
    const experiment = babiExperiment(config, data);
    const { params } = beginRun(experiment).learner;
    const before = tf.memory().numTensors;
    experiment.score(params, data.test);
    expect(tf.memory().numTensors).toBe(before);
  });
});
