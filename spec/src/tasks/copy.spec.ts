import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { copyBatch } from "../../../src/tasks/copy.ts";
import { streamKey } from "../../../src/train/randomStream.ts";

const config = { bits: 8, minLength: 1, maxLength: 5, batch: 3 } as const;

describe("copyBatch", () => {
  it("has the stated shapes", () => {
    const { input, target, mask } = copyBatch(streamKey(0), config);
    expect([input.shape, target.shape, mask.shape]).toEqual([
      [12, 3, 10],
      [12, 3, 8],
      [12, 3],
    ]);
  });

  it("shows a sequence between two flags, then asks for it with zeros as input", () => {
    const sizes = fc.record({
      bits: fc.integer({ min: 1, max: 9 }),
      minLength: fc.integer({ min: 1, max: 4 }),
      more: fc.nat(4),
      batch: fc.integer({ min: 1, max: 4 }),
    });
    fc.assert(
      fc.property(fc.nat(), sizes, (seed, { more, ...sizes }) => {
        const config = { ...sizes, maxLength: sizes.minLength + more };
        const batch = copyBatch(streamKey(seed), config);
        const input = batch.input.arraySync();
        const target = batch.target.arraySync();
        const mask = batch.mask.arraySync();
        for (let row = 0; row < config.batch; row++) {
          const length = input.findIndex((step) => step[row]![config.bits + 1] === 1) - 1;
          expect(length).toBeGreaterThanOrEqual(config.minLength);
          expect(length).toBeLessThanOrEqual(config.maxLength);
          input.forEach((step, t) => {
            const [bits, flags] = [step[row]!.slice(0, config.bits), step[row]!.slice(config.bits)];
            const asked = t >= length + 2 && t < 2 * length + 2;
            expect(flags).toEqual([t === 0 ? 1 : 0, t === length + 1 ? 1 : 0]);
            if (t < 1 || t > length) expect(bits).toEqual(new Array(config.bits).fill(0));
            expect(mask[t]![row]).toBe(asked ? 1 : 0);
            const expected = asked ? input[t - length - 1]![row]!.slice(0, config.bits) : bits.map(() => 0);
            expect(target[t]![row]).toEqual(expected);
          });
        }
      }),
      { numRuns: 30 },
    );
  });

  it("draws lengths from shortest to longest, and fair bits", () => {
    const { input, mask } = copyBatch(streamKey(1), { ...config, batch: 500 });
    const asked = tf.sum(mask, 0).arraySync() as number[];
    expect([...new Set(asked)].sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5]);
    const words = asked.reduce((a, b) => a + b);
    const ones = tf.sum(tf.slice(input, [0, 0, 0], [-1, -1, 8])).arraySync() as number;
    expect(ones / words / 8).toBeCloseTo(0.5, 1);
  });

  it("is a function of its key", () => {
    const numbers = (seed: number): number[] => [...copyBatch(streamKey(seed), config).input.dataSync()];
    expect(numbers(4)).toEqual(numbers(4));
    expect(numbers(4)).not.toEqual(numbers(5));
  });

  it.each([
    [{ ...config, bits: 0 }, "copy: bits must be a whole number of at least 1, got 0"],
    [{ ...config, maxLength: 2.5 }, "copy: maxLength must be a whole number of at least 1, got 2.5"],
    [{ ...config, minLength: 6 }, "copy: minLength must be at most maxLength (5), got 6"],
  ])("refuses %j", (wrong, message) => {
    expect(() => copyBatch(streamKey(0), wrong)).toThrow(message);
  });
});
