// Many timings of one thing, and what is told of them.

export interface Spread {
  readonly n: number;
  readonly median: number;
  /** The first quartile and the third. */
  readonly quartiles: readonly [number, number];
}

/** The value below which a share `q` of a sorted list lies; between two neighbours, their mean by distance. */
function quantile(sorted: readonly number[], q: number): number {
  const place = q * (sorted.length - 1);
  const below = Math.floor(place);
  const [low, high] = [sorted[below]!, sorted[Math.min(below + 1, sorted.length - 1)]!];
  return low + (place - below) * (high - low);
}

export function spreadOf(samples: readonly number[]): Spread {
  if (samples.length === 0) throw new Error("bench: no timing was taken.");
  const sorted = [...samples].sort((a, b) => a - b);
  return {
    n: sorted.length,
    median: quantile(sorted, 0.5),
    quartiles: [quantile(sorted, 0.25), quantile(sorted, 0.75)],
  };
}

export const scaled = ({ n, median, quartiles: [low, high] }: Spread, factor: number): Spread => ({
  n,
  median: factor * median,
  quartiles: [factor * low, factor * high],
});

/** Runs again and again for a while, at least three times; milliseconds of each.
 *  @param warmUp seconds of runs before, which do not count: an engine compiles in haste, and again with care what has run
 *  for a while */
export function timed(run: () => void, seconds: number, { warmUp = 0, most = 200 } = {}): number[] {
  for (const warm = performance.now() + 1000 * warmUp; performance.now() < warm;) run();
  const times: number[] = [];
  const end = performance.now() + 1000 * seconds;
  while (times.length < 3 || (performance.now() < end && times.length < most)) {
    const begin = performance.now();
    run();
    times.push(performance.now() - begin);
  }
  return times;
}

/** The same of what must be waited for. */
export async function timedAsync(run: () => Promise<void>, seconds: number, most = 200): Promise<number[]> {
  const times: number[] = [];
  const end = performance.now() + 1000 * seconds;
  while (times.length < 3 || (performance.now() < end && times.length < most)) {
    const begin = performance.now();
    await run();
    times.push(performance.now() - begin);
  }
  return times;
}
