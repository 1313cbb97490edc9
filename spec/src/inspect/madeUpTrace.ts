/** A trace made by hand, of a memory that copies `length` words as a good DNC does: allocates, writes, reads along the links, frees. */
import type { MemoryTrace } from "../../../src/inspect/memoryTrace.ts";

export function madeUpTrace({
  length,
  locations = 16,
  bits = 8,
}: {
  length: number;
  locations?: number;
  bits?: number;
}): MemoryTrace {
  const steps = 2 * length + 2;
  const times = Array.from({ length: steps }, (_, t) => t);
  const slot = (word: number): number => (word * 7 + 3) % locations;
  const bit = (word: number, b: number): number => ((word * 37 + b * 11 + word * b) % 5 < 2 ? 1 : 0);
  const word = (t: number): number | undefined => (t >= 1 && t <= length ? t - 1 : undefined);
  const answer = (t: number): number | undefined => (t >= length + 2 ? t - length - 2 : undefined);
  const noise = (t: number, i: number): number => (((t * 31 + i * 17) % 13) / 13) * 0.03;
  const spread = (t: number, at: number | undefined): number[] =>
    Array.from({ length: locations }, (_, i) => (i === at ? 0.95 - noise(t, i) : noise(t, i) / locations));
  const usage: number[][] = [];
  for (const t of times) {
    const row = (usage.at(-1) ?? new Array<number>(locations).fill(0)).map((u) => u * 0.999);
    const [written, read] = [word(t - 1), answer(t - 1)];
    if (written !== undefined) row[slot(written)] = 0.95;
    if (read !== undefined) row[slot(read)] = 0.03;
    usage.push(row);
  }
  const target = times.map((t) =>
    Array.from({ length: bits }, (_, b) => (answer(t) === undefined ? 0 : bit(answer(t)!, b))),
  );
  return {
    input: times.map((t) => [
      ...Array.from({ length: bits }, (_, b) => (word(t) === undefined ? 0 : bit(word(t)!, b))),
      t === 0 ? 1 : 0,
      t === length + 1 ? 1 : 0,
    ]),
    output: target.map((row, t) =>
      row.map((b, i) => (answer(t) === undefined ? 0.3 + noise(t, i) * 5 : Math.abs(b - noise(t, i)))),
    ),
    target,
    asked: times.map((t) => (answer(t) === undefined ? 0 : 1)),
    writeWeightings: [times.map((t) => spread(t, word(t) === undefined ? undefined : slot(word(t)!)))],
    readWeightings: [times.map((t) => spread(t, answer(t) === undefined ? undefined : slot(answer(t)!)))],
    readModes: [
      times.map((t) =>
        t < length + 2
          ? { backward: 0.3, content: 0.4, forward: 0.3 }
          : t === length + 2
            ? { backward: 0.02, content: 0.93, forward: 0.05 }
            : { backward: 0.01, content: 0.06, forward: 0.93 },
      ),
    ],
    allocationGates: [times.map((t) => (word(t) === undefined ? 0.4 : 0.98))],
    writeGates: [times.map((t) => (word(t) === undefined ? 0.02 : 0.99))],
    freeGates: [times.map((t) => (answer(t) === undefined ? 0.05 : 0.97))],
    usage,
  };
}
