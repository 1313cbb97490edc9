// Threefry-2x32 with 20 rounds (Salmon et al., Parallel random numbers: as easy as 1, 2, 3, 2011): a block of two words
// enciphered under a key of two. As `jax.random` uses it: the same words for the same key and counter.

import { binary, number, type Scalar } from "../kernels/scalar.ts";

/** Arithmetic on 32-bit words, of numbers or of scalar expressions. */
interface Words<T> {
  readonly constant: (value: number) => T;
  readonly add: (x: T, y: T) => T;
  readonly xor: (x: T, y: T) => T;
  readonly rotateLeft: (x: T, by: number) => T;
}

const rotations = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
] as const;

function encipher<T>(words: Words<T>, key: readonly [T, T], block: readonly [T, T]): [T, T] {
  const schedule = [key[0], key[1], words.xor(words.xor(key[0], key[1]), words.constant(0x1bd11bda))] as const;
  let x = words.add(block[0], schedule[0]);
  let y = words.add(block[1], schedule[1]);
  for (let group = 1; group <= 5; group++) {
    for (const by of rotations[(group - 1) % 2]!) {
      x = words.add(x, y);
      y = words.xor(words.rotateLeft(y, by), x);
    }
    x = words.add(x, schedule[group % 3]!);
    y = words.add(y, words.add(schedule[(group + 1) % 3]!, words.constant(group)));
  }
  return [x, y];
}

const numbers: Words<number> = {
  constant: (value) => value,
  add: (x, y) => (x + y) | 0,
  xor: (x, y) => x ^ y,
  rotateLeft: (x, by) => (x << by) | (x >>> (32 - by)),
};

const scalars: Words<Scalar> = {
  constant: (value) => number(value, "int32"),
  add: (x, y) => binary("add", x, y),
  xor: (x, y) => binary("xor", x, y),
  rotateLeft: (x, by) =>
    binary(
      "or",
      binary("shift_left", x, number(by, "int32")),
      binary("shift_right_logical", x, number(32 - by, "int32")),
    ),
};

export const threefry = (key: readonly [number, number], block: readonly [number, number]): [number, number] =>
  encipher(numbers, key, block);

export const threefryScalars = (key: readonly [Scalar, Scalar], block: readonly [Scalar, Scalar]): [Scalar, Scalar] =>
  encipher(scalars, key, block);
