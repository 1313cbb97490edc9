// One matrix product, result[m, n] (+)= Σ_k lhs[m, k] · rhs[n, k], out of tiles: which way lanes run, how large tiles are,
// what is copied into neighbouring memory first (packed), and in which order, so that what is used again is still near.

import type { Code, Local } from "./code.ts";
import {
  forBlocks,
  forParts,
  forRows,
  offsetPointer,
  tallest,
  vectorsOf,
  widest,
  type MatrixProduct,
  type ProductPlan,
  type ProductSizes,
} from "./productLoops.ts";
import { planPacked } from "./productPacked.ts";
import { emitDots, emitTile, type Tile } from "./productTile.ts";

/** The first cache, of which a program may take the whole. */
const firstCache = 32768;

/** How to compute a product of these sizes and strides. Each element is summed in one order however m and n are split. */
export function planProduct(sizes: ProductSizes): ProductPlan {
  const { m, n, k, along } = sizes;
  if (along) return { scratch: spillBytes, emit: emitDotProduct };
  const large = m >= 6 && 4 * k * n >= 2 * firstCache;
  return large ? planPacked(sizes) : { scratch: 0, emit: emitPlain };
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

/** Lanes along n, operands as they lie. Where the right one is larger than the first cache, and wider than a tile, k goes in
 *  blocks so short that the cache lines that two neighbouring tiles share are still there for the second, even if they fall
 *  on few sets. */
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
  const near = 4 * n * k <= firstCache || (rhs.kBytes === 4 * n && n <= 4 * widest(m, arithmetic));
  if (near || accumulate) block(null, k, accumulate);
  else forBlocks(code, k, rhs.kBytes % 4096 === 0 ? 6 : 16, block); // rows 4 KiB apart share one set of eight lines
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
