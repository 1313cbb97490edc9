import { describe, expect, it } from "vitest";
import { foldInKey, randomStream, shuffled, streamKey, threefry2x32 } from "../../../src/train/randomStream.ts";

describe("threefry2x32", () => {
  // The known-answer vectors published with Random123 (kat_vectors, threefry2x32, 20 rounds).
  it.each([
    [
      [0, 0],
      [0, 0],
      [0x6b200159, 0x99ba4efe],
    ],
    [
      [0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x1cb996fc, 0xbb002be7],
    ],
    [
      [0x13198a2e, 0x03707344],
      [0x243f6a88, 0x85a308d3],
      [0xc4923a9c, 0x483df7a0],
    ],
  ] as const)("gives the published answer for key %j", (key, counter, expected) => {
    expect(threefry2x32(key, counter)).toEqual(expected);
  });
});

describe("randomStream", () => {
  it("is a function of its key", () => {
    const draw = (seed: number): number[] => {
      const stream = randomStream(foldInKey(streamKey(seed), 3));
      return Array.from({ length: 5 }, () => stream.bits());
    };
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });

  it("is uniform, in its integers and in its fractions", () => {
    const stream = randomStream(streamKey(0));
    const counts = new Array<number>(6).fill(0);
    for (let i = 0; i < 60_000; i++) counts[stream.below(6)]!++;
    // Six cells of 10,000 expected each: chi squared with 5 degrees of freedom is above 20.5 once in a thousand.
    expect(counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0)).toBeLessThan(20.5);
    const mean = Array.from({ length: 10_000 }, () => stream.uniform()).reduce((a, b) => a + b) / 10_000;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.01);
  });

  it("shuffles without losing anything", () => {
    const items = Array.from({ length: 100 }, (_, i) => i);
    const mixed = shuffled(items, randomStream(streamKey(5)));
    expect(mixed).not.toEqual(items);
    expect([...mixed].sort((a, b) => a - b)).toEqual(items);
  });
});
