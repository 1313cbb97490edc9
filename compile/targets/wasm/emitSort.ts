// Stable sort of rows. Each element becomes a 64-bit key: its order as an unsigned integer, then its position, so that
// keys differ and any network sorts stably. A bitonic network runs on two keys a vector, in the form in which every
// comparator points the same way (each merge begins by comparing with the other half reversed).
//
// Up to 2^20 elements a row a key fits the 52 bits of a float64's mantissa; with a constant exponent, floats order as
// their bits, and a comparator is f64x2.pmin and pmax: one machine instruction each. Longer rows compare as integers.

import { sizeOf, type DType } from "../../type.ts";
import type { Code, Local } from "./code.ts";
import type { KernelOf } from "./emitMap.ts";
import type { KernelContext } from "./kernelContext.ts";

interface KeyFormat {
  /** Bits that hold the position. */
  readonly positionBits: number;
  /** Leaves the lesser of each lane in `a`, the greater in `b`. */
  readonly compare: (code: Code, a: Local, b: Local, scratch: Local) => void;
  /** Added to keys; what fills up to a power of two. */
  readonly exponent: number;
  readonly padding: Uint8Array;
}

const bytesOf = (value: bigint): Uint8Array => new Uint8Array(BigInt64Array.of(value, value).buffer);

const floatKeys: KeyFormat = {
  positionBits: 20,
  compare: (code, a, b, scratch) => {
    code.get(a).get(b).op("f64x2.pmin").set(scratch);
    code.get(a).get(b).op("f64x2.pmax").set(b);
    code.get(scratch).set(a);
  },
  exponent: 0x3ff,
  padding: bytesOf(0x3fffffffffffffffn),
};

const integerKeys: KeyFormat = {
  positionBits: 31,
  compare: (code, a, b, scratch) => {
    const mask = code.local("v128");
    code.get(a).get(b).op("i64x2.gt_s").set(mask);
    code.get(b).get(a).get(mask).op("v128.bitselect").set(scratch);
    code.get(a).get(b).get(mask).op("v128.bitselect").set(b);
    code.get(scratch).set(a);
  },
  exponent: 0,
  padding: bytesOf(0x7fffffffffffffffn),
};

export function emitSort(context: KernelContext, kernel: KernelOf<"sort">): void {
  const { code } = context;
  const { shape, descending } = kernel.form;
  const length = shape.at(-1) ?? 1;
  const rows = sizeOf(shape) / length;
  if (sizeOf(shape) === 0) return;
  const format = length <= 2 ** 20 ? floatKeys : integerKeys;
  const padded = Math.max(4, 2 ** Math.ceil(Math.log2(length)));
  const keys = code.local("i32");
  code
    .get(context.scratchPointer)
    .plus(context.reserve(8 * padded))
    .set(keys);
  const [row, input, values, positions] = [code.local("i32"), code.local("i32"), code.local("i32"), code.local("i32")];
  code.for(row, 0, rows, 1, () => {
    [input, values, positions].forEach((local, parameter) => {
      code
        .get(parameter)
        .get(row)
        .times(4 * length)
        .op("i32.add")
        .set(local);
    });
    const { dtype } = kernel.operands[0]!;
    emitKeys(code, format, { input, keys, length, padded, dtype, descending });
    emitNetwork(code, format, keys, padded);
    emitResults(code, format, { input, keys, values, positions, length });
  });
}

interface KeysSource {
  readonly input: Local;
  readonly keys: Local;
  readonly length: number;
  readonly padded: number;
  readonly dtype: DType;
  readonly descending: boolean;
}

/** Pushes `base + index · bytes`. */
const element = (code: Code, base: Local, index: Local, bytes: number): Code =>
  code.get(base).get(index).times(bytes).op("i32.add");

function emitKeys(code: Code, format: KeyFormat, source: KeysSource): void {
  const { input, keys, length, padded } = source;
  const i = code.local("i32");
  const order = code.local("v128");
  const vector = (loadLanes: () => void): void => {
    loadLanes();
    emitOrder(code, source);
    code.set(order);
    for (const half of [0, 1]) {
      element(code, keys, i, 8)
        .get(order)
        .op(half ? "i64x2.extend_high_i32x4_u" : "i64x2.extend_low_i32x4_u");
      code.i32(format.positionBits).op("i64x2.shl");
      code
        .get(i)
        .op("i64.extend_i32_u")
        .op("i64x2.splat")
        .v128(positionBytes(format, 2 * half))
        .op("i64x2.add");
      code.op("v128.or").op("v128.store", 3, 16 * half);
    }
  };
  if (length >= 4) {
    code.for(i, 0, length - (length % 4), 4, () => vector(() => element(code, input, i, 4).op("v128.load", 2, 0)));
  } else code.i32(0).set(i);
  const rest = length % 4;
  if (rest > 0) {
    vector(() => {
      element(code, input, i, 4).op("v128.load32_zero", 2, 0);
      for (let lane = 1; lane < rest; lane++) {
        code.set(order);
        element(code, input, i, 4)
          .get(order)
          .op("v128.load32_lane", 2, 4 * lane, lane);
      }
    });
  }
  // One by one from the end of the row: at most three lie in its last vector, which is stored already.
  for (let k = length; k < padded && k % 2 !== 0; k++)
    code
      .get(keys)
      .v128(format.padding)
      .op("v128.store64_lane", 3, 8 * k, 0);
  const even = length + (length % 2);
  if (even < padded)
    code.for(i, even, padded, 2, () => element(code, keys, i, 8).v128(format.padding).op("v128.store", 3, 0));
}

function positionBytes({ exponent }: KeyFormat, first: number): Uint8Array {
  const high = BigInt(exponent) << 52n;
  return new Uint8Array(BigInt64Array.of(high + BigInt(first), high + BigInt(first + 1)).buffer);
}

/** From the elements on the stack to unsigned integers that order as they shall come out. */
function emitOrder(code: Code, { dtype, descending }: KeysSource): void {
  if (dtype !== "float32") {
    code.i32Splat(descending ? 0x7fffffff : -0x80000000).op("v128.xor");
    return;
  }
  const x = code.local("v128");
  // -0 + 0 = 0, since both zeros are equal; a negative number's bits are turned, so that all order as integers.
  code.f32Splat(0).op("f32x4.add").tee(x).get(x).i32(31).op("i32x4.shr_s").i32(1).op("i32x4.shr_u").op("v128.xor");
  code.i32Splat(descending ? 0x7fffffff : -0x80000000).op("v128.xor");
  code.get(x).get(x).op("f32x4.ne").op("v128.or"); // NaN last
}

/** Sorts `count` keys, a power of two from 4 on. */
function emitNetwork(code: Code, format: KeyFormat, keys: Local, count: number): void {
  const [a, b, scratch, swapped] = [code.local("v128"), code.local("v128"), code.local("v128"), code.local("v128")];
  const [block, i] = [code.local("i32"), code.local("i32")];
  const compare = (): void => format.compare(code, a, b, scratch);
  /** Pairs lane l of one vector with lane l of the other: (a0 b0) and (a1 b1). */
  const transpose = (): void => {
    code.get(a).get(b).shuffle(0, 1, 4, 5).set(scratch);
    code.get(a).get(b).shuffle(2, 3, 6, 7).set(b);
    code.get(scratch).set(a);
  };
  const inFours = (body: () => void): void => {
    const four = (): void => {
      element(code, keys, block, 8).tee(i).op("v128.load", 3, 0).set(a).get(i).op("v128.load", 3, 16).set(b);
      body();
      code.get(i).get(a).op("v128.store", 3, 0).get(i).get(b).op("v128.store", 3, 16);
    };
    code.for(block, 0, count, 4, four);
  };
  // Sorted fours: (0 2)(1 3), (0 1)(2 3), (1 2).
  inFours(() => {
    compare();
    transpose();
    compare();
    // a = least of each pair, b = greatest; the two in the middle are b0 and a1.
    code.get(b).get(b).shuffle(0, 1, 0, 1).set(scratch).get(a).get(a).shuffle(2, 3, 2, 3).set(swapped);
    const [low, high, spare] = [code.local("v128"), code.local("v128"), code.local("v128")];
    code.get(scratch).set(low).get(swapped).set(high);
    format.compare(code, low, high, spare);
    code.get(a).get(low).shuffle(0, 1, 4, 5).set(a).get(high).get(b).shuffle(0, 1, 6, 7).set(b);
  });
  for (let merged = 8; merged <= count; merged *= 2) {
    emitFlip(code, compare, { keys, count, merged, a, b, block, i });
    for (let distance = merged / 4; distance >= 4; distance /= 2) {
      emitHalfCleaner(code, format, { keys, count, distance, block, i });
    }
    // Distances 2 and 1 within four keys.
    inFours(() => {
      compare();
      transpose();
      compare();
      transpose();
    });
  }
}

interface Step {
  readonly keys: Local;
  readonly count: number;
  readonly a: Local;
  readonly b: Local;
  readonly block: Local;
  readonly i: Local;
}

/** Key i of each block of `merged` against the i-th from its end. */
function emitFlip(
  code: Code,
  compare: () => void,
  { keys, count, merged, a, b, block, i }: Step & { merged: number },
): void {
  const [front, back, offset] = [code.local("i32"), code.local("i32"), code.local("i32")];
  code.for(block, 0, count, merged, () => {
    element(code, keys, block, 8).set(offset);
    code.for(i, 0, merged / 2, 2, () => {
      element(code, offset, i, 8).tee(front).op("v128.load", 3, 0).set(a);
      code
        .get(offset)
        .get(i)
        .times(8)
        .op("i32.sub")
        .plus(8 * (merged - 2))
        .tee(back);
      code.op("v128.load", 3, 0).set(b).get(b).get(b).shuffle(2, 3, 0, 1).set(b);
      compare();
      code.get(front).get(a).op("v128.store", 3, 0);
      code.get(back).get(b).get(b).shuffle(2, 3, 0, 1).op("v128.store", 3, 0);
    });
  });
}

/** Key i against key i + `distance`, a multiple of four, for i in the first half of each block of twice that. */
function emitHalfCleaner(
  code: Code,
  format: KeyFormat,
  { keys, count, distance, block, i }: Pick<Step, "keys" | "count" | "block" | "i"> & { distance: number },
): void {
  const [offset, at, scratch] = [code.local("i32"), code.local("i32"), code.local("v128")];
  const pairs = [0, 16].map((from) => ({ from, a: code.local("v128"), b: code.local("v128") }));
  code.for(block, 0, count, 2 * distance, () => {
    element(code, keys, block, 8).set(offset);
    code.for(i, 0, distance, 4, () => {
      element(code, offset, i, 8).set(at);
      for (const { from, a, b } of pairs) {
        code.get(at).op("v128.load", 3, from).set(a);
        code
          .get(at)
          .op("v128.load", 3, from + 8 * distance)
          .set(b);
      }
      for (const { a, b } of pairs) format.compare(code, a, b, scratch);
      // The last first, as engines that join vectors want it.
      for (const { from, a } of pairs.toReversed()) code.get(at).get(a).op("v128.store", 3, from);
      for (const { from, b } of pairs.toReversed())
        code
          .get(at)
          .get(b)
          .op("v128.store", 3, from + 8 * distance);
    });
  });
}

interface ResultsTarget {
  readonly input: Local;
  readonly keys: Local;
  readonly values: Local;
  readonly positions: Local;
  readonly length: number;
}

function emitResults(code: Code, format: KeyFormat, { input, keys, values, positions, length }: ResultsTarget): void {
  const [i, from] = [code.local("i32"), code.local("i32")];
  code.for(i, 0, length, 1, () => {
    element(code, keys, i, 8)
      .op("i32.load", 2, 0)
      .i32(format.positionBits === 31 ? 0x7fffffff : 2 ** format.positionBits - 1)
      .op("i32.and")
      .set(from);
    element(code, positions, i, 4).get(from).op("i32.store", 2, 0);
    element(code, values, i, 4);
    element(code, input, from, 4).op("i32.load", 2, 0).op("i32.store", 2, 0);
  });
}
