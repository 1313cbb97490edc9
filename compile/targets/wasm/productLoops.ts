// What all ways to a matrix product have in common: what they are given, and loops over tiles and over blocks of k.

import type { Code, Local } from "./code.ts";
import type { Inner } from "./kernelContext.ts";
import type { Arithmetic, Registers } from "./productTile.ts";

/** A matrix in memory: element (row, k) at `pointer + rowBytes · row + kBytes · k`. */
export interface MatrixView {
  readonly pointer: Local;
  readonly rowBytes: number;
  readonly kBytes: number;
}

export interface MatrixProduct {
  readonly arithmetic: Arithmetic;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly lhs: MatrixView;
  readonly rhs: MatrixView;
  /** Rows of n neighbours. */
  readonly out: { readonly pointer: Local; readonly rowBytes: number };
  /** Add to what is there. */
  readonly accumulate?: boolean;
}

/** What a plan needs of scratch memory; its pointer is given when the code is emitted. */
export interface ProductPlan {
  readonly scratch: number;
  readonly emit: (code: Code, product: MatrixProduct, scratch: Local, inner: Inner) => void;
}

export interface ProductSizes extends Pick<MatrixProduct, "m" | "n" | "k"> {
  readonly lhs: Omit<MatrixView, "pointer">;
  readonly rhs: Omit<MatrixView, "pointer">;
  /** Whether lanes run along k, where both operands then have neighbours; else the right one has them along n. */
  readonly along: boolean;
  readonly arithmetic: Arithmetic;
}

/** Splits a count into equal parts and one rest. */
function parts(count: number, size: number): { full: number; rest: number } {
  return { full: Math.floor(count / size), rest: count % size };
}

/** Loops over parts of an axis: `body` gets the position of the part's start (a local, counted in `unit`) and its size. */
export function forParts(code: Code, count: number, size: number, body: (start: Local, size: number) => void): void {
  const { full, rest } = parts(count, size);
  const start = code.local("i32");
  if (full > 0) code.for(start, 0, full * size, size, () => body(start, size));
  if (rest > 0) {
    code.i32(full * size).set(start);
    body(start, rest);
  }
}

/** A local that holds `pointer + bytes · index`. */
export function offsetPointer(code: Code, pointer: Local, index: Local, bytes: number): Local {
  if (bytes === 0) return pointer;
  const local = code.local("i32");
  code.get(pointer).get(index).times(bytes).op("i32.add").set(local);
  return local;
}

/** Loops over tiles of rows, as `tileHeights` says. */
export function forRows(code: Code, m: number, most: number, body: (start: Local, rows: number) => void): void {
  const start = code.local("i32");
  let next = 0;
  for (const { height, count } of tileHeights(m, most)) {
    const end = next + count * height;
    if (count > 1) code.for(start, next, end, height, () => body(start, height));
    else {
      code.i32(next).set(start);
      body(start, height);
    }
    next = end;
  }
}

interface Heights {
  readonly height: number;
  readonly count: number;
}

/** Heights of tiles of `m` rows, from above: `most` rows in each as a rule. One row alone would be slow. */
function tileHeights(m: number, most: number): readonly Heights[] {
  const list = (...heights: readonly Heights[]): readonly Heights[] => heights.filter(({ count }) => count > 0);
  if (most === 6) {
    const tiles = Math.ceil(m / most);
    const low = Math.floor(m / tiles);
    return list({ height: low + 1, count: m % tiles }, { height: low, count: tiles - (m % tiles) });
  }
  if (m <= 5) return [{ height: m, count: 1 }];
  const full = Math.floor(m / most);
  if (most !== 4) {
    const rest = m - full * most;
    return list({ height: most, count: full }, ...(rest > 0 ? tileHeights(rest, 4) : []));
  }
  switch (m % 4) {
    case 1:
      return list({ height: 4, count: full - 1 }, { height: 5, count: 1 });
    case 2:
      return list({ height: 4, count: full - 1 }, { height: 3, count: 2 });
    default:
      return list({ height: 4, count: full }, { height: m % 4, count: m % 4 && 1 });
  }
}

/** Rows of a tile. */
export const tallest = ({ wide }: Registers): number => (wide ? 6 : 4);

/** Vectors of a tile of so few rows, or of more. Of one row each vector of the right operand is used but once, and takes no
 *  register for long, unless the engine loads all of them first; a product that is not fused takes one. */
export function widest(rows: number, { fused, wide, loadsFirst }: Registers): number {
  const vectors = [0, fused && !loadsFirst ? 8 : 6, 4, 3][rows] ?? 2;
  return wide ? 2 * vectors : vectors;
}

export const vectorsOf = (columns: number): { vectors: number; lanes: number } => ({
  vectors: Math.ceil(columns / 4),
  lanes: ((columns - 1) % 4) + 1,
});

/** Blocks of k: the first one sets the result, the others add to it. */
export function forBlocks(
  code: Code,
  k: number,
  size: number,
  block: (start: Local, size: number, accumulate: boolean) => void,
): void {
  const depth = Math.min(k, size);
  const { full, rest } = parts(k, depth);
  const start = code.local("i32");
  code.i32(0).set(start);
  block(start, depth, false);
  if (full > 1) code.for(start, depth, full * depth, depth, () => block(start, depth, true));
  if (rest > 0) {
    code.i32(full * depth).set(start);
    block(start, rest, true);
  }
}
