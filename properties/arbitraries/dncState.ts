// States that a DNC can be in. Links and precedence are those of a made-up past: writes that follow each other from an
// empty memory, worked out in plain numbers by the paper's equations.

import fc from "fast-check";
import type { MemoryState } from "../../src/index.ts";
import { anyNumber, filled, moderateNumber, tensorOf, unitNumber, weighting, type Numbers } from "./extremes.ts";

/** Sizes of a memory, batch included. */
export interface MemorySizes {
  readonly batch: number;
  readonly locations: number;
  readonly wordSize: number;
  readonly readHeads: number;
  readonly writeHeads: number;
}

/** The state as plain data. */
export type MemoryNumbers = { readonly [K in keyof MemoryState]: Numbers };

interface Past {
  readonly links: readonly number[];
  readonly precedence: readonly number[];
  /** The last write. */
  readonly weighting: readonly number[];
}

/** What writes in this order leave. */
function past(N: number, writes: readonly (readonly number[])[]): Past {
  const links = new Array<number>(N * N).fill(0);
  let precedence = new Array<number>(N).fill(0);
  for (const w of writes) {
    for (let i = 0; i < N; i++) {
      for (let j = 0; j < N; j++) {
        if (i !== j) links[i * N + j] = Math.max(0, 1 - w[i]! - w[j]!) * links[i * N + j]! + w[i]! * precedence[j]!;
      }
    }
    const sum = w.reduce((p, q) => p + q, 0);
    precedence = precedence.map((p, i) => Math.max(0, 1 - sum) * p + w[i]!);
  }
  return {
    links: links.map(Math.fround),
    precedence: precedence.map(Math.fround),
    weighting: writes.at(-1) ?? new Array<number>(N).fill(0),
  };
}

const pasts = (N: number): fc.Arbitrary<Past> =>
  fc.array(weighting(N), { maxLength: 4 }).map((writes) => past(N, writes));

const flat = (lists: readonly (readonly number[])[], shape: readonly number[]): Numbers => ({
  shape,
  values: lists.flat(),
});

/** States of these sizes; with `extreme` (unless told) memory holds huge and denormal numbers, too. */
export function memoryStates(sizes: MemorySizes, extreme = true): fc.Arbitrary<MemoryNumbers> {
  const { batch: B, locations: N, wordSize: W, readHeads: R, writeHeads: H } = sizes;
  const each = <T>(count: number, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T[]> =>
    fc.array(arbitrary, { minLength: count, maxLength: count });
  const empty = (shape: readonly number[]): fc.Arbitrary<Numbers> =>
    fc.constant({ shape, values: new Array<number>(shape.reduce((n, d) => n * d, 1)).fill(0) });
  return fc
    .record({
      memory: fc.oneof(
        { weight: 4, arbitrary: filled([B, N, W], extreme ? anyNumber : moderateNumber) },
        { weight: 1, arbitrary: empty([B, N, W]) },
      ),
      usage: filled([B, N], unitNumber),
      pasts: each(B * H, pasts(N)),
      reads: each(B * R, weighting(N)),
    })
    .map(({ memory, usage, pasts: all, reads }) => ({
      memory,
      usage,
      writeWeightings: flat(all.map((one) => one.weighting), [B, H, N]), // prettier-ignore
      precedence: flat(all.map((one) => one.precedence), [B, H, N]), // prettier-ignore
      links: flat(all.map((one) => one.links), [B, H, N, N]), // prettier-ignore
      readWeightings: flat(reads, [B, R, N]),
    }));
}

/** The state as tensors. */
export const memoryStateOf = (numbers: MemoryNumbers): MemoryState => ({
  memory: tensorOf(numbers.memory),
  usage: tensorOf(numbers.usage),
  writeWeightings: tensorOf(numbers.writeWeightings),
  precedence: tensorOf(numbers.precedence),
  links: tensorOf(numbers.links),
  readWeightings: tensorOf(numbers.readWeightings),
});
