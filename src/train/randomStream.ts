/**
 * Random numbers in plain JavaScript, for making batches: Threefry-2x32 (Salmon et al. 2011), twenty rounds, the
 * generator that `random` of `engram/compile` uses too. A stream is a pure function of its key, and a key of
 * (seed, step): a run that is resumed at a step draws the batches it would have drawn, with no generator to save.
 */

/** Two unsigned 32-bit words that name a stream. */
export type StreamKey = readonly [number, number];

/** Numbers drawn one after another. */
export interface RandomStream {
  /** @returns 32 random bits, as an unsigned integer */
  bits(): number;
  /** @returns an integer, uniform in [0, limit), without bias; `limit` is at most 2^32 */
  below(limit: number): number;
  /** @returns a number, uniform in [0, 1), a multiple of 2^-32 */
  uniform(): number;
}

/** The key of a seed: its high and its low 32 bits, as `random.key` has it. */
export function streamKey(seed: number): StreamKey {
  return [Math.floor(seed / 2 ** 32) >>> 0, seed >>> 0];
}

/** A new key for each number `data`, as `random.foldIn` has it. */
export function foldInKey(key: StreamKey, data: number): StreamKey {
  return threefry2x32(key, streamKey(data));
}

/** The stream of a key: the cipher of 0, 1, 2, ... */
export function randomStream(key: StreamKey): RandomStream {
  let counter = 0;
  let spare: number | undefined;
  const bits = (): number => {
    if (spare !== undefined) {
      const word = spare;
      spare = undefined;
      return word;
    }
    const block = threefry2x32(key, streamKey(counter++));
    spare = block[1];
    return block[0];
  };
  const below = (limit: number): number => {
    // Numbers from the last, incomplete round of `limit` would favour the small ones: draw again.
    const fair = 2 ** 32 - (2 ** 32 % limit);
    for (;;) {
      const word = bits();
      if (word < fair) return word % limit;
    }
  };
  return { bits, below, uniform: () => bits() / 2 ** 32 };
}

/** `items` in an order drawn from the stream (Fisher and Yates). */
export function shuffled<T>(items: readonly T[], stream: RandomStream): readonly T[] {
  const result = [...items];
  for (let i = result.length - 1; i > 0; i--) {
    const j = stream.below(i + 1);
    [result[i], result[j]] = [result[j] as T, result[i] as T];
  }
  return result;
}

const rotations = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
] as const;

/** The block cipher: `counter` enciphered with `key`. */
export function threefry2x32(key: StreamKey, counter: StreamKey): StreamKey {
  const keys = [key[0], key[1], key[0] ^ key[1] ^ 0x1bd11bda] as const;
  let x = (counter[0] + keys[0]) | 0;
  let y = (counter[1] + keys[1]) | 0;
  for (let group = 0; group < 5; group++) {
    for (const rotation of rotations[(group & 1) as 0 | 1]) {
      x = (x + y) | 0;
      y = ((y << rotation) | (y >>> (32 - rotation))) ^ x;
    }
    x = (x + (keys[(group + 1) % 3] as number)) | 0;
    y = (y + (keys[(group + 2) % 3] as number) + group + 1) | 0;
  }
  return [x >>> 0, y >>> 0];
}
