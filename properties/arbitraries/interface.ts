// Raw interface vectors, before their parts are squashed, in the paper's order.

import fc from "fast-check";
import type { MemorySizes } from "./dncState.ts";
import { anyNumber, filled, moderateNumber, rawNumber, type Numbers } from "./extremes.ts";

/** ξ `[B, columns]`; with `extreme` (unless told) keys and vectors hold huge and denormal numbers, and gates saturate. */
export function interfaceVectors(sizes: MemorySizes, extreme = true): fc.Arbitrary<Numbers> {
  const { batch: B, wordSize: W, readHeads: R, writeHeads: H } = sizes;
  const [vector, raw] = extreme ? [anyNumber, rawNumber] : [moderateNumber, moderateNumber];
  const parts: readonly (readonly [number, fc.Arbitrary<number>])[] = [
    [R * W, vector],
    [R, raw],
    [H * W, vector],
    [H, raw],
    [H * W, raw],
    [H * W, vector],
    [R, raw],
    [H, raw],
    [H, raw],
    [R * (1 + 2 * H), raw],
  ];
  const columns = parts.reduce((n, [count]) => n + count, 0);
  const row = fc
    .tuple(...parts.map(([count, element]) => filled([count], element)))
    .map((all) => all.flatMap(({ values }) => values));
  return fc.array(row, { minLength: B, maxLength: B }).map((rows) => ({ shape: [B, columns], values: rows.flat() }));
}
