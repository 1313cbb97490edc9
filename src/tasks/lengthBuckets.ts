/**
 * Lengths to pad sequences to. A compiled program has a fixed number of steps, so few lengths mean few programs, and
 * many lengths little padding. The choice below wastes the fewest steps that so many lengths can waste.
 */

/**
 * At most `count` lengths, ascending, such that every sequence fits into one and the total padding is least.
 *
 * @param lengths the lengths of all sequences, in any order
 * @returns lengths out of `lengths`, the largest among them; none where there are no sequences
 * @example
 * ```ts
 * chooseBuckets([3, 3, 4, 9, 10], 2); // [4, 10]
 * ```
 */
export function chooseBuckets(lengths: readonly number[], count: number): readonly number[] {
  const counted = new Map<number, number>();
  for (const length of lengths) counted.set(length, (counted.get(length) ?? 0) + 1);
  const sizes = [...counted.keys()].sort((a, b) => a - b);
  // sequences[i]: how many are among the i shortest sizes. The cost of a bucket from size i to size j is its padded
  // steps; the steps of the sequences themselves are the same however they are padded.
  const sequences = [0];
  for (const size of sizes) sequences.push((sequences.at(-1) as number) + (counted.get(size) as number));
  const cost = (from: number, to: number): number =>
    (sizes[to - 1] as number) * ((sequences[to] as number) - (sequences[from] as number));

  // best[j]: least cost of the j shortest sizes with the buckets allowed so far, and where its last bucket begins.
  let best: readonly number[] = sizes.map(() => Infinity);
  best = [0, ...best];
  const begins: (readonly number[])[] = [];
  for (let bucket = 0; bucket < Math.min(count, sizes.length); bucket++) {
    const next = [0];
    const begin = [0];
    for (let to = 1; to <= sizes.length; to++) {
      let [least, at] = [Infinity, 0];
      for (let from = 0; from < to; from++) {
        const total = (best[from] as number) + cost(from, to);
        if (total < least) [least, at] = [total, from];
      }
      next.push(least);
      begin.push(at);
    }
    best = next;
    begins.push(begin);
  }
  const chosen: number[] = [];
  let to = sizes.length;
  for (const begin of begins.toReversed()) {
    if (to === 0) break;
    chosen.unshift(sizes[to - 1] as number);
    to = begin[to] as number;
  }
  return chosen;
}

/**
 * The fewest lengths that keep padding down to a share of all steps, or `most` lengths where that many do not.
 *
 * @param padding share of padded steps among all steps, in [0, 1)
 */
export function fewBuckets(
  lengths: readonly number[],
  { most, padding }: { readonly most: number; readonly padding: number },
): readonly number[] {
  const words = lengths.reduce((sum, length) => sum + length, 0);
  for (let count = 1; count < most; count++) {
    const buckets = chooseBuckets(lengths, count);
    const steps = lengths.reduce((sum, length) => sum + bucketOf(length, buckets), 0);
    if (steps - words <= padding * steps) return buckets;
  }
  return chooseBuckets(lengths, most);
}

/** The bucket that a sequence goes into. `buckets` ascend, and the last is long enough. */
export function bucketOf(length: number, buckets: readonly number[]): number {
  return buckets.find((bucket) => bucket >= length) ?? length;
}
