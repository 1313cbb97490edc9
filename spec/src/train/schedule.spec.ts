import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import {
  constant,
  cosineDecay,
  exponentialDecay,
  piecewise,
  rateAt,
  warmUp,
  type Schedule,
} from "../../../src/train/schedule.ts";

const at = (schedule: number | Schedule, ...steps: number[]): number[] =>
  steps.map((step) => rateAt(schedule, tf.scalar(step, "int32")).dataSync()[0] as number);
const close = (got: readonly number[], expected: readonly number[]): void =>
  got.forEach((x, i) => expect(x).toBeCloseTo(expected[i]!, 6));

describe("schedules", () => {
  it("a number and a constant stay", () => {
    close(at(0.5, 0, 100), [0.5, 0.5]);
    close(at(constant(0.5), 0, 100), [0.5, 0.5]);
  });

  it("exponential decay, smooth and in stairs", () => {
    close(at(exponentialDecay({ initial: 1, factor: 0.25, steps: 10 }), 0, 5, 10, 20), [1, 0.5, 0.25, 0.0625]);
    close(at(exponentialDecay({ initial: 1, factor: 0.25, steps: 10, staircase: true }), 0, 9, 10), [1, 1, 0.25]);
  });

  it("cosine decay ends at its final rate and stays there", () => {
    const half = 0.1 + 0.9 * 0.5;
    close(at(cosineDecay({ initial: 1, final: 0.1, steps: 10 }), 0, 5, 10, 50), [1, half, 0.1, 0.1]);
  });

  it("warm-up climbs to the schedule that it then follows from its beginning", () => {
    close(at(warmUp({ steps: 4, then: 2 }), 0, 1, 4, 9), [0, 0.5, 2, 2]);
    const then = exponentialDecay({ initial: 2, factor: 0.5, steps: 1 });
    close(at(warmUp({ steps: 4, then }), 2, 4, 5), [1, 2, 1]);
  });

  it("piecewise changes at its boundaries", () => {
    const schedule = piecewise({ boundaries: [2, 4], rates: [1, 0.1, 0.01] });
    close(at(schedule, 0, 1, 2, 3, 4, 99), [1, 1, 0.1, 0.1, 0.01, 0.01]);
  });

  it("refuses what makes no sense", () => {
    expect(() => piecewise({ boundaries: [2], rates: [1] })).toThrow(
      "piecewise: rates must be one more than boundaries (2), got 1",
    );
    expect(() => piecewise({ boundaries: [2, 2], rates: [1, 2, 3] })).toThrow(
      "piecewise: boundaries must be ascending, got [2,2]",
    );
    expect(() => warmUp({ steps: 0, then: 1 })).toThrow("warmUp: steps must be greater than 0, got 0");
  });
});
