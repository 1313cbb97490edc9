// One matrix product, result[m, n] (+)= Σ_k lhs[m, k] · rhs[n, k], out of tiles: which way lanes run, how large tiles are,
// what is copied into neighbouring memory first (packed), and in which order, so that what is used again is still near.

import type { Code, Local } from "./code.ts";
import type { Inner } from "./kernelContext.ts";
import { emitLoad, neighbours } from "./lanes.ts";
import { emitDots, emitTile, type Arithmetic, type Tile } from "./productTile.ts";

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

interface Sizes extends Pick<MatrixProduct, "m" | "n" | "k"> {
  readonly lhs: Omit<MatrixView, "pointer">;
  readonly rhs: Omit<MatrixView, "pointer">;
  /** Whether lanes run along k, where both operands then have neighbours; else the right one has them along n. */
  readonly along: boolean;
  readonly arithmetic: Arithmetic;
}

/** The first cache, of which a program may take the whole. */
const firstCache = 32768;

/** How to compute a product of these sizes and strides. Each element is summed in one order however m and n are split. */
export function planProduct(sizes: Sizes): ProductPlan {
  const { m, n, k, along } = sizes;
  if (along) return { scratch: spillBytes, emit: emitDotProduct };
  const large = m >= 6 && 4 * k * n >= 2 * firstCache;
  return large ? planPacked(sizes) : { scratch: 0, emit: emitPlain };
}

/** Columns of a panel, where the right operand lies as `[n / panel, k, panel]`, packed before the loop that uses it: few
 *  rows take wide ones, for sums enough to fill the pipeline. */
export function panelFor(rows: number, wide: boolean): number {
  if (wide) return rows <= 2 ? 32 : widePanel;
  return rows <= 3 ? 16 : panel;
}

/** Lanes along n, the right operand in panels, one `rhs.rowBytes` from the next. */
export function emitPanels(code: Code, { arithmetic, m, n, k, lhs, rhs, out }: MatrixProduct): void {
  forParts(code, n, rhs.kBytes / 4, (column, width) => {
    const right = offsetPointer(code, rhs.pointer, column, (4 * rhs.rowBytes) / rhs.kBytes);
    const outColumn = offsetPointer(code, out.pointer, column, 4);
    forRows(code, m, tallest(arithmetic), (row, height) =>
      emitTile(code, {
        arithmetic,
        rows: height,
        ...vectorsOf(width),
        k,
        lhs: { pointer: offsetPointer(code, lhs.pointer, row, lhs.rowBytes), row: lhs.rowBytes, step: lhs.kBytes },
        rhs: { pointer: right, row: 16, step: rhs.kBytes },
        out: { pointer: offsetPointer(code, outColumn, row, out.rowBytes), row: out.rowBytes },
        accumulate: false,
      }),
    );
  });
}

/** Splits a count into equal parts and one rest. */
function parts(count: number, size: number): { full: number; rest: number } {
  return { full: Math.floor(count / size), rest: count % size };
}

/** Loops over parts of an axis: `body` gets the position of the part's start (a local, counted in `unit`) and its size. */
function forParts(code: Code, count: number, size: number, body: (start: Local, size: number) => void): void {
  const { full, rest } = parts(count, size);
  const start = code.local("i32");
  if (full > 0) code.for(start, 0, full * size, size, () => body(start, size));
  if (rest > 0) {
    code.i32(full * size).set(start);
    body(start, rest);
  }
}

/** A local that holds `pointer + bytes · index`. */
function offsetPointer(code: Code, pointer: Local, index: Local, bytes: number): Local {
  if (bytes === 0) return pointer;
  const local = code.local("i32");
  code.get(pointer).get(index).times(bytes).op("i32.add").set(local);
  return local;
}

/** Loops over tiles of rows, as `tileHeights` says. */
function forRows(code: Code, m: number, most: number, body: (start: Local, rows: number) => void): void {
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
const tallest = ({ wide }: Arithmetic): number => (wide ? 6 : 4);

/** Vectors of a tile of so few rows, or of more. */
function widest(rows: number, { wide }: Arithmetic): number {
  const vectors = [0, 6, 4, 3][rows] ?? 2;
  return wide ? 2 * vectors : vectors;
}

const vectorsOf = (columns: number): { vectors: number; lanes: number } => ({
  vectors: Math.ceil(columns / 4),
  lanes: ((columns - 1) % 4) + 1,
});

/** Lanes along n, operands as they lie. Where the right one is larger than the first cache, k goes in blocks so short that
 *  the cache lines that two neighbouring tiles share are still there for the second, even if they fall on few sets. */
export function emitPlain(code: Code, { arithmetic, m, n, k, lhs, rhs, out, accumulate = false }: MatrixProduct): void {
  // Of few columns more rows, lest each sum wait for the one before.
  const most = n <= 4 ? 8 : tallest(arithmetic);
  const block = (start: Local | null, size: number, add: boolean): void => {
    const [left, rightBlock] = start
      ? [offsetPointer(code, lhs.pointer, start, lhs.kBytes), offsetPointer(code, rhs.pointer, start, rhs.kBytes)]
      : [lhs.pointer, rhs.pointer];
    forParts(code, n, 4 * widest(m, arithmetic), (column, columns) => {
      const right = offsetPointer(code, rightBlock, column, 4);
      const outColumn = offsetPointer(code, out.pointer, column, 4);
      forRows(code, m, most, (row, height) =>
        emitTile(code, {
          arithmetic,
          rows: height,
          ...vectorsOf(columns),
          k: size,
          lhs: { pointer: offsetPointer(code, left, row, lhs.rowBytes), row: lhs.rowBytes, step: lhs.kBytes },
          rhs: { pointer: right, row: 16, step: rhs.kBytes },
          out: { pointer: offsetPointer(code, outColumn, row, out.rowBytes), row: out.rowBytes },
          accumulate: add,
        }),
      );
    });
  };
  if (4 * n * k <= firstCache || accumulate) block(null, k, accumulate);
  else forBlocks(code, k, rhs.kBytes % 4096 === 0 ? 6 : 16, block); // rows 4 KiB apart share one set of eight lines
}

/** Blocks of k: the first one sets the result, the others add to it. */
function forBlocks(
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

/** Of scratch memory, that `emitDotProduct` needs. */
export const spillBytes = 2 * 4 * 32;

/** Lanes along k. */
export function emitDotProduct(code: Code, { arithmetic, m, n, k, lhs, rhs, out }: MatrixProduct, spill: Local): void {
  const rows = Math.min(m, 2);
  forParts(code, n, 4, (column, columns) => {
    const right = offsetPointer(code, rhs.pointer, column, rhs.rowBytes);
    const outColumn = offsetPointer(code, out.pointer, column, 4);
    forParts(code, m, rows, (row, height) => {
      const tile: Tile = {
        arithmetic,
        rows: height,
        ...vectorsOf(columns),
        k,
        lhs: { pointer: offsetPointer(code, lhs.pointer, row, lhs.rowBytes), row: lhs.rowBytes, step: 4 },
        rhs: { pointer: right, row: rhs.rowBytes, step: 4 },
        out: { pointer: offsetPointer(code, outColumn, row, out.rowBytes), row: out.rowBytes },
        accumulate: false,
      };
      emitDots(code, tile, spill);
    });
  });
}

/** Most steps of k in one block: a panel of the right operand then stays in the first cache. */
const blockK = 384;
/** Rows of the left operand in one block: that block, blockK wide, stays in the second cache. */
const blockM = 96;
const panel = 8;
const widePanel = 16;
/** Columns copied in one go, to a few panels: whole cache lines, so that rows a power of two apart do not evict each other. */
const packedN = 32;
/** Columns packed before they are used, where few rows use them. */
const groupN = 32;

function planPacked({ m, n, k, lhs, arithmetic }: Sizes): ProductPlan {
  const depth = Math.ceil(k / Math.ceil(k / blockK));
  const packLeft = m > blockM || lhs.kBytes !== 4;
  const whole = m > blockM; // pack all panels of the block before any is used
  const width = arithmetic.wide ? widePanel : panel;
  const rightBytes = depth * 4 * Math.ceil((whole ? n : Math.min(n, groupN)) / width) * width;
  const leftBytes = packLeft ? Math.min(m, blockM) * depth * 4 + 64 : 0;
  const rightAligned = Math.ceil(rightBytes / 64) * 64;
  return {
    scratch: rightAligned + leftBytes,
    emit: (code, product, scratch, inner) => {
      const left = code.local("i32");
      code.get(scratch).plus(rightAligned).set(left);
      emitPacked(code, product, { depth, panel: width, whole, packLeft, right: scratch, left }, inner);
    },
  };
}

interface Packing {
  readonly depth: number;
  /** Columns of a panel. */
  readonly panel: number;
  readonly whole: boolean;
  readonly packLeft: boolean;
  readonly right: Local;
  readonly left: Local;
}

function callWith(code: Code, func: number, ...pointers: readonly Local[]): void {
  for (const pointer of pointers) code.get(pointer);
  code.op("call", func);
}

/** Lanes along n; k in blocks, each adding to the result; the right operand packed in panels. */
function emitPacked(code: Code, product: MatrixProduct, packing: Packing, inner: Inner): void {
  const { arithmetic, m, n, k, lhs, rhs, out } = product;
  const { depth, panel, whole, packLeft, right, left } = packing;
  const most = tallest(arithmetic);
  const block = (start: Local, size: number, accumulate: boolean): void => {
    const rightBlock = offsetPointer(code, rhs.pointer, start, rhs.kBytes);
    const leftBlock = offsetPointer(code, lhs.pointer, start, lhs.kBytes);
    const pack = (first: Local, columns: number): void => {
      const from = offsetPointer(code, rightBlock, first, 4);
      forParts(code, columns, packedN, (column, width) =>
        callWith(
          code,
          inner("pack columns", 2, (body, [source, target]) =>
            emitPackRight(body, source!, rhs.kBytes, size, width, target!, panel),
          ),
          offsetPointer(code, from, column, 4),
          offsetPointer(code, right, column, 4 * size),
        ),
      );
    };
    const zero = code.local("i32");
    code.i32(0).set(zero);
    if (whole) pack(zero, n);
    forParts(code, m, blockM, (top, height) => {
      const rows = offsetPointer(code, leftBlock, top, lhs.rowBytes);
      const outTop = offsetPointer(code, out.pointer, top, out.rowBytes);
      if (packLeft) {
        const packRows = inner("pack rows", 2, (body, [source, target]) =>
          emitPackLeft(body, { ...lhs, pointer: source! }, height, size, target!, most),
        );
        callWith(code, packRows, rows, left);
      }
      forParts(code, n, whole ? n : groupN, (first, columns) => {
        if (!whole) pack(first, columns);
        const outFirst = offsetPointer(code, outTop, first, 4);
        forParts(code, columns, panel, (column, width) => {
          const rightPanel = offsetPointer(code, right, column, 4 * size);
          const outColumn = offsetPointer(code, outFirst, column, 4);
          const tiles = inner("tiles", 3, (body, [leftPointer, rightPointer, outPointer]) =>
            forRows(body, height, most, (row, tile) => {
              const step = packLeft ? 4 * tile : lhs.kBytes;
              const rowBytes = packLeft ? 4 : lhs.rowBytes;
              emitTile(body, {
                arithmetic,
                rows: tile,
                ...vectorsOf(width),
                k: size,
                lhs: {
                  pointer: offsetPointer(body, leftPointer!, row, packLeft ? 4 * size : rowBytes),
                  row: rowBytes,
                  step,
                },
                rhs: { pointer: rightPointer!, row: 16, step: 4 * panel },
                out: { pointer: offsetPointer(body, outPointer!, row, out.rowBytes), row: out.rowBytes },
                accumulate,
              });
            }),
          );
          callWith(code, tiles, packLeft ? left : rows, rightPanel, outColumn);
        });
      });
    });
  };
  forBlocks(code, k, depth, block);
}

/** Copies `columns` neighbours of each of `size` steps of k to panels, one after another, of rows of `panel`. */
function emitPackRight(
  code: Code,
  from: Local,
  kBytes: number,
  size: number,
  columns: number,
  to: Local,
  panel: number,
): void {
  const [source, target, count] = [code.local("i32"), code.local("i32"), code.local("i32")];
  code.get(from).set(source).get(to).set(target);
  const { vectors, lanes } = vectorsOf(columns);
  const perPanel = panel / 4;
  code.for(count, 0, size, 1, () => {
    const copies = Array.from({ length: vectors }, (_, v) => {
      emitLoad(code, v === vectors - 1 ? lanes : 4, 1, neighbours(code, source, 16 * v));
      const copy = code.local("v128");
      code.set(copy);
      return { copy, at: 16 * (v % perPanel) + 4 * panel * size * Math.floor(v / perPanel) };
    });
    for (const { copy, at } of copies.reverse()) code.get(target).get(copy).op("v128.store", 2, at);
    code
      .get(source)
      .plus(kBytes)
      .set(source)
      .get(target)
      .plus(4 * panel)
      .set(target);
  });
}

/** Copies rows in the order in which tiles read them: tile by tile, for each k the tile's rows. */
function emitPackLeft(code: Code, from: MatrixView, m: number, size: number, to: Local, most: number): void {
  forRows(code, m, most, (row, rows) => {
    const [source, target, count] = [code.local("i32"), code.local("i32"), code.local("i32")];
    code.get(offsetPointer(code, from.pointer, row, from.rowBytes)).set(source);
    code.get(offsetPointer(code, to, row, 4 * size)).set(target);
    code.for(count, 0, size, 1, () => {
      const together = from.rowBytes === 4 && rows >= 4 ? 4 : 0;
      if (together > 0) code.get(target).get(source).op("v128.load", 2, 0).op("v128.store", 2, 0);
      for (let r = together; r < rows; r++)
        code
          .get(target)
          .get(source)
          .op("i32.load", 2, r * from.rowBytes)
          .op("i32.store", 2, 4 * r);
      code
        .get(source)
        .plus(from.kBytes)
        .set(source)
        .get(target)
        .plus(4 * rows)
        .set(target);
    });
  });
}
