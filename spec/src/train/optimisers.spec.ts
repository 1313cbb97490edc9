import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { adam } from "../../../src/train/adam.ts";
import { clipByGlobalNorm, clipByValue, globalNorm } from "../../../src/train/clip.ts";
import { applyUpdates, chain, type Optimiser, type OptimiserState } from "../../../src/train/optimiser.ts";
import { rmsProp } from "../../../src/train/rmsProp.ts";
import { exponentialDecay } from "../../../src/train/schedule.ts";
import { sgd } from "../../../src/train/sgd.ts";

/** One parameter, walked through `grads`: where it is after each step. */
function walk<S extends OptimiserState>(optimiser: Optimiser<S>, start: number, grads: readonly number[]): number[] {
  let params = { x: tf.scalar(start) };
  let state = optimiser.init(params);
  return grads.map((g) => {
    const step = optimiser.update({ x: tf.scalar(g) }, state, params);
    state = step.state;
    params = applyUpdates(params, step.updates);
    return params.x.dataSync()[0] as number;
  });
}

const close = (got: readonly number[], expected: readonly number[]): void => {
  expect(got).toHaveLength(expected.length);
  got.forEach((x, i) => expect(Math.abs(x - expected[i]!)).toBeLessThan(1e-6 * Math.max(1, Math.abs(expected[i]!))));
};

describe("sgd", () => {
  it("goes down the gradient", () => {
    close(walk(sgd({ learningRate: 0.1 }), 1, [1, -2]), [0.9, 1.1]);
  });

  it("keeps its momentum", () => {
    // m: 1, 0.5 + 1 = 1.5, 0.75 + 0 = 0.75
    close(walk(sgd({ learningRate: 0.1, momentum: 0.5 }), 0, [1, 1, 0]), [-0.1, -0.25, -0.325]);
  });

  it("looks ahead with nesterov", () => {
    // directions: 0.5·1 + 1 = 1.5, 0.5·1.5 + 1 = 1.75
    close(walk(sgd({ learningRate: 0.1, momentum: 0.5, nesterov: true }), 0, [1, 1]), [-0.15, -0.325]);
  });

  it("takes its rate from a schedule of the step", () => {
    const learningRate = exponentialDecay({ initial: 1, factor: 0.5, steps: 1 });
    close(walk(sgd({ learningRate }), 0, [1, 1, 1]), [-1, -1.5, -1.75]);
  });
});

describe("rmsProp", () => {
  it("divides by the root of the mean square, which begins at one", () => {
    // s: 0.9 + 0.1·4 = 1.3; 1.17 + 0.1 = 1.27
    const x1 = -(0.1 * 2) / Math.sqrt(1.3);
    const x2 = x1 + 0.1 / Math.sqrt(1.27);
    close(walk(rmsProp({ learningRate: 0.1 }), 0, [2, -1]), [x1, x2]);
  });

  it("has TensorFlow's momentum: over updates, with the rate inside", () => {
    const m1 = (0.1 * 2) / Math.sqrt(1.3);
    const m2 = 0.5 * m1 - 0.1 / Math.sqrt(1.27);
    close(walk(rmsProp({ learningRate: 0.1, momentum: 0.5 }), 0, [2, -1]), [-m1, -m1 - m2]);
  });

  it("takes decay, epsilon and the beginning from its options", () => {
    const options = { learningRate: 1, decay: 0.5, epsilon: 1, initialMeanSquare: 0 };
    close(walk(rmsProp(options), 0, [2]), [-2 / Math.sqrt(3)]);
  });
});

describe("adam", () => {
  it("steps by the rate at first, whatever the gradient's size", () => {
    close(walk(adam({ learningRate: 0.1 }), 0, [1e-3]), [-0.1 / (1 + 1e-5)]);
    close(walk(adam({ learningRate: 0.1 }), 0, [-100]), [0.1]);
  });

  it("follows the published formula", () => {
    const [rate, beta1, beta2, epsilon] = [0.01, 0.8, 0.95, 1e-3];
    const grads = [0.3, -0.1, 0.7, 0.2, -2];
    const expected: number[] = [];
    let [x, m, v] = [1, 0, 0];
    grads.forEach((g, i) => {
      m = beta1 * m + (1 - beta1) * g;
      v = beta2 * v + (1 - beta2) * g * g;
      x -= (rate * (m / (1 - beta1 ** (i + 1)))) / (Math.sqrt(v / (1 - beta2 ** (i + 1))) + epsilon);
      expected.push(x);
    });
    close(walk(adam({ learningRate: rate, beta1, beta2, epsilon }), 1, grads), expected);
  });
});

describe("clipping", () => {
  const grads = { a: tf.tensor1d([3, 0]), b: [tf.scalar(-4)] };
  const numbers = (optimiser: Optimiser): number[][] => {
    const { updates } = optimiser.update(grads, optimiser.init(grads), grads);
    return [updates.a, ...updates.b].map((x) => [...x.dataSync()]);
  };

  it("by the global norm keeps the direction of all gradients together", () => {
    expect(globalNorm(grads).dataSync()[0]).toBe(5);
    close(numbers(clipByGlobalNorm(1)).flat(), [0.6, 0, -0.8]);
    expect(numbers(clipByGlobalNorm(10))).toEqual([[3, 0], [-4]]);
  });

  it("of zero gradients is zero, not 0 / 0", () => {
    close(walk(chain(clipByGlobalNorm(1), sgd({ learningRate: 1 })), 0, [0]), [0]);
  });

  it("by value cuts each number", () => {
    expect(numbers(clipByValue(3.5))).toEqual([[3, 0], [-3.5]]);
  });

  it("is chained before the optimiser", () => {
    close(walk(chain(clipByValue(1), sgd({ learningRate: 0.1, momentum: 0.5 })), 0, [5, 5]), [-0.1, -0.25]);
  });

  it("refuses a limit that is not positive", () => {
    expect(() => clipByGlobalNorm(0)).toThrow("clipByGlobalNorm: limit must be greater than 0, got 0");
    expect(() => clipByValue(Number.NaN)).toThrow("clipByValue: limit must be greater than 0, got NaN");
  });
});

describe("every optimiser", () => {
  const every = {
    sgd: sgd({ learningRate: 0.05, momentum: 0.5 }),
    rmsProp: rmsProp({ learningRate: 0.05, momentum: 0.5 }),
    adam: adam({ learningRate: 0.05 }),
    chained: chain(clipByGlobalNorm(1), clipByValue(0.5), adam({ learningRate: 0.05 })),
  } satisfies { [name: string]: Optimiser };

  it.each(Object.entries(every))("finds the bottom of a bowl: %s", (_, optimiser: Optimiser) => {
    let params = { a: tf.tensor1d([1, -2]), b: [tf.scalar(3)] };
    let state = optimiser.init(params);
    for (let i = 0; i < 300; i++) {
      const step = optimiser.update(params, state, params); // the gradient of ½ x² is x
      state = step.state;
      params = applyUpdates(params, step.updates);
    }
    for (const x of [params.a, ...params.b]) for (const p of x.dataSync()) expect(Math.abs(p)).toBeLessThan(0.05);
  });

  it.each(Object.entries(every))("leaves no tensors behind but its results: %s", (_, optimiser: Optimiser) => {
    const params = { a: tf.tensor1d([1, -2]) };
    const state = optimiser.init(params);
    const kept = tf.memory().numTensors;
    const step = optimiser.update(params, state, params);
    tf.dispose([step.updates, step.state] as tf.TensorContainer);
    expect(tf.memory().numTensors).toBe(kept);
  });
});
