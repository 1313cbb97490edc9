import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bucketOf, chooseBuckets, fewBuckets } from "../../../src/tasks/lengthBuckets.ts";

const steps = (lengths: readonly number[], buckets: readonly number[]): number =>
  lengths.reduce((sum, length) => sum + bucketOf(length, buckets), 0);

describe("chooseBuckets", () => {
  it("wastes no more than any other choice of as many lengths", () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(lengths, fc.integer({ min: 1, max: 4 }), (lengths, count) => {
        const chosen = chooseBuckets(lengths, count);
        const sizes = [...new Set(lengths)].sort((a, b) => a - b);
        expect(chosen.length).toBeLessThanOrEqual(count);
        expect(chosen.at(-1)).toBe(sizes.at(-1));
        for (let subset = 0; subset < 2 ** sizes.length; subset++) {
          const other = sizes.filter((_, i) => (subset >> i) & 1);
          if (other.length > count || other.at(-1) !== sizes.at(-1)) continue;
          expect(steps(lengths, chosen)).toBeLessThanOrEqual(steps(lengths, other));
        }
      }),
      { numRuns: 50 },
    );
  });

  it("needs no bucket for no sequence", () => {
    expect(chooseBuckets([], 3)).toEqual([]);
  });
});

describe("fewBuckets", () => {
  it("takes one length where lengths are alike, and more where they are not", () => {
    expect(fewBuckets([85, 86, 87, 93], { most: 8, padding: 0.1 })).toEqual([93]);
    expect(fewBuckets([10, 10, 100], { most: 8, padding: 0.1 })).toEqual([10, 100]);
    expect(fewBuckets([1, 10, 100, 1000], { most: 2, padding: 0 })).toHaveLength(2);
  });
});
