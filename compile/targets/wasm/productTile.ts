// The innermost code of products: a tile of the result held in registers while k runs.
//
// WebAssembly on x64 has 15 vector registers to give: 4 rows of 2 vectors take 8, and leave room for 2 vectors of the
// right operand, 1 element of the left in all lanes, and the product before it is added. Where registers hold two vectors
// each, and additions wait longer for their turn, 6 rows of 4 take 12.

import type { Code, Local } from "./code.ts";
import { emitLoad, emitStore, neighbours } from "./lanes.ts";

/** What decides how many sums registers have room for. */
export interface Registers {
  /** Whether multiplication and addition are one instruction, which needs none for the product. */
  readonly fused: boolean;
  /** Whether the engine joins pairs of vectors: see `Features`. */
  readonly wide: boolean;
  /** Whether the engine loads all that a round reads before it computes: see `Features`. */
  readonly loadsFirst: boolean;
}

/** Multiplication and addition of one dtype. */
export interface MultiplyAdd {
  readonly dtype: "float32" | "int32";
  /** Whether the two are one instruction: float32 only. */
  readonly fused: boolean;
}

export interface Arithmetic extends Registers, MultiplyAdd {}

/** `sum = sum + x · y`. */
export function emitMultiplyAdd(code: Code, { dtype, fused }: MultiplyAdd, sum: Local, x: Local, y: Local): void {
  if (dtype === "int32") code.get(sum).get(x).get(y).op("i32x4.mul").op("i32x4.add").set(sum);
  else if (fused) code.get(x).get(y).get(sum).op("f32x4.relaxed_madd").set(sum);
  else code.get(sum).get(x).get(y).op("f32x4.mul").op("f32x4.add").set(sum);
}

/** Elements `row` bytes apart in one direction, `step` bytes along k. */
export interface Walk {
  readonly pointer: Local;
  readonly row: number;
  readonly step: number;
}

export interface Tile {
  readonly arithmetic: Arithmetic;
  readonly rows: number;
  /** Vectors of neighbouring results a row, and how many lanes of the last one are results. */
  readonly vectors: number;
  readonly lanes: number;
  readonly k: number;
  /** Rows of the tile are `row` apart. */
  readonly lhs: Walk;
  /** Vectors of the tile lie `row` apart: 16 where they are neighbours. The last may read beyond its lanes. */
  readonly rhs: Walk;
  readonly out: { readonly pointer: Local; readonly row: number };
  /** Add to what is there. */
  readonly accumulate: boolean;
}

/** result[r, 4v + lane] (+)= Σ_k lhs[r, k] · rhs[k, 4v + lane]: lanes run along the result's columns. */
export function emitTile(code: Code, tile: Tile): void {
  const { arithmetic, rows, vectors, lanes, k, lhs, rhs, out, accumulate } = tile;
  const sums = Array.from({ length: rows }, () => Array.from({ length: vectors }, () => code.local("v128")));
  sums.forEach((row, r) =>
    row.forEach((sum, v) => {
      if (accumulate)
        emitLoad(code, v === vectors - 1 ? lanes : 4, 1, neighbours(code, out.pointer, r * out.row + 16 * v));
      else code.i32Splat(0);
      code.set(sum);
    }),
  );
  const columns = Array.from({ length: vectors }, () => code.local("v128"));
  const element = code.local("v128");
  emitAlong(code, k, 1, [lhs, rhs], ([left, right], at) => {
    const loadColumn = (v: number): void => {
      code
        .get(right!)
        .op("v128.load", 2, at * rhs.step + rhs.row * v)
        .set(columns[v]!);
    };
    if (rows > 1) columns.forEach((_, v) => loadColumn(v));
    sums.forEach((row, r) => {
      code
        .get(left!)
        .op("v128.load32_splat", 2, at * lhs.step + lhs.row * r)
        .set(element);
      row.forEach((sum, v) => {
        if (rows === 1) loadColumn(v); // just before its only use
        emitMultiplyAdd(code, arithmetic, sum, element, columns[v]!);
      });
    });
  });
  // The last first, as engines that join vectors want it.
  sums.forEach((row, r) =>
    [...row.entries()]
      .reverse()
      .forEach(([v, sum]) =>
        emitStore(code, v === vectors - 1 ? lanes : 4, 1, neighbours(code, out.pointer, r * out.row + 16 * v), () =>
          code.get(sum),
        ),
      ),
  );
}

/** Runs `body` for k steps: `unroll` in a round, the rest after. `body` gets copies of the walks' pointers and the number of steps
 *  that they are behind. */
export function emitAlong(
  code: Code,
  k: number,
  unroll: number,
  walks: readonly Walk[],
  body: (pointers: readonly Local[], at: number) => void,
): void {
  const rounds = Math.floor(k / unroll);
  const pointers = walks.map(() => code.local("i32"));
  walks.forEach((walk, w) => code.get(walk.pointer).set(pointers[w]!));
  const round = (steps: number): void => {
    for (let at = 0; at < steps; at++) body(pointers, at);
  };
  const advance = (w: number): Code =>
    code
      .get(pointers[w]!)
      .i32(unroll * walks[w]!.step)
      .op("i32.add");
  if (rounds > 1) {
    // The loop ends where the first pointer that moves arrives.
    const counter = walks.findIndex((walk) => walk.step !== 0);
    const end = code.local("i32");
    if (counter < 0) code.i32(rounds).set(end);
    else
      code
        .get(pointers[counter]!)
        .plus(rounds * unroll * walks[counter]!.step)
        .set(end);
    code.op("loop");
    round(unroll);
    walks.forEach((walk, w) => {
      if (w !== counter && walk.step !== 0) advance(w).set(pointers[w]!);
    });
    if (counter < 0) code.get(end).i32(1).op("i32.sub").tee(end);
    else advance(counter).tee(pointers[counter]!).get(end).op("i32.ne");
    code.op("br_if", 0).op("end");
    round(k - rounds * unroll);
  } else round(k);
}

/** result[r, c] (+)= Σ_k lhs[r, k] · rhs[c, k], neighbours along k in both: lanes run along k, and four columns are summed
 *  across into one vector. `tile.vectors` counts fours of columns; `rhs.row` is the distance of columns. */
export function emitDots(code: Code, tile: Tile, spill: Local): void {
  const { arithmetic, rows, vectors, lanes, k, lhs, rhs, out, accumulate } = tile;
  const columns = 4 * (vectors - 1) + lanes;
  const add = arithmetic.dtype === "int32" ? "i32x4.add" : "f32x4.add";
  const sums = Array.from({ length: rows }, () => Array.from({ length: columns }, () => code.local("v128")));
  /** Adds `count` neighbours along k to the sums, side by side, of as many vectors. */
  const step = (sides: readonly Local[][][], pointers: readonly Local[], offset: number, count: number): void => {
    const left = Array.from({ length: rows }, (_, r) =>
      sides.map((_, side) => {
        const vector = code.local("v128");
        emitLoad(code, count, 1, neighbours(code, pointers[0]!, offset + 16 * side + r * lhs.row));
        code.set(vector);
        return vector;
      }),
    );
    for (let c = 0; c < columns; c++) {
      const right = sides.map((_, side) => {
        const vector = code.local("v128");
        emitLoad(code, count, 1, neighbours(code, pointers[1]!, offset + 16 * side + c * rhs.row));
        code.set(vector);
        return vector;
      });
      left.forEach((row, r) =>
        row.forEach((x, side) => emitMultiplyAdd(code, arithmetic, sides[side]![r]![c]!, x, right[side]!)),
      );
    }
  };
  const pairs = arithmetic.wide ? Math.floor(k / 8) : 0;
  const fours = Math.floor(k / 4) - 2 * pairs;
  for (const sum of sums.flat()) code.i32Splat(0).set(sum);
  if (pairs > 0) {
    // Two sums an element, side by side in memory before they meet, so that the engine joins them.
    const second = sums.map((row) =>
      row.map(() => {
        const sum = code.local("v128");
        code.i32Splat(0).set(sum);
        return sum;
      }),
    );
    const walks = [{ ...lhs, step: 32 }, { ...rhs, step: 32 }]; // prettier-ignore
    emitAlong(code, pairs, 1, walks, (pointers, at) => step([sums, second], pointers, 32 * at, 4));
    // Each at a place of its own: engines do not join what overwrites another.
    const at = (r: number, c: number): number => 32 * (r * columns + c);
    sums.forEach((row, r) =>
      row.forEach((sum, c) => {
        code
          .get(spill)
          .get(second[r]![c]!)
          .op("v128.store", 2, at(r, c) + 16);
        code.get(spill).get(sum).op("v128.store", 2, at(r, c));
      }),
    );
    sums.forEach((row, r) =>
      row.forEach((sum, c) => {
        code.get(spill).op("v128.load", 2, at(r, c)).get(spill).op("v128.load", 2, at(r, c) + 16).op(add).set(sum); // prettier-ignore
      }),
    );
  }
  const walks = [{ ...lhs, step: 16 }, { ...rhs, step: 16 }]; // prettier-ignore
  if (pairs > 0)
    for (let four = 0; four < fours; four++) step([sums], walks.map(({ pointer }) => pointer), 32 * pairs + 16 * four, 4); // prettier-ignore
  else if (fours > 0)
    emitAlong(code, fours, rows * columns > 4 ? 1 : 2, walks, (pointers, at) => step([sums], pointers, 16 * at, 4));
  if (k % 4 > 0) step([sums], [lhs.pointer, rhs.pointer], 32 * pairs + 16 * fours, k % 4);
  const [first, second] = [code.local("v128"), code.local("v128")];
  sums.forEach((row, r) => {
    for (let v = 0; v < vectors; v++) {
      const at = (c: number): Local => row[Math.min(4 * v + c, columns - 1)]!;
      const pair = (a: Local, b: Local): Code =>
        code.get(a).get(b).shuffle(0, 4, 1, 5).get(a).get(b).shuffle(2, 6, 3, 7).op(add);
      pair(at(0), at(1)).set(first);
      pair(at(2), at(3)).set(second);
      code.get(first).get(second).shuffle(0, 1, 4, 5).get(first).get(second).shuffle(2, 3, 6, 7).op(add);
      const count = v === vectors - 1 ? lanes : 4;
      if (accumulate) {
        emitLoad(code, count, 1, neighbours(code, out.pointer, r * out.row + 16 * v));
        code.op(add);
      }
      code.set(first);
      emitStore(code, count, 1, neighbours(code, out.pointer, r * out.row + 16 * v), () => code.get(first));
    }
  });
}
