// Large products: operands are copied, block by block, into the order in which tiles read them.

import type { Code, Local } from "./code.ts";
import type { Inner } from "./kernelContext.ts";
import { emitLoad, neighbours } from "./lanes.ts";
import {
  forBlocks,
  forParts,
  forRows,
  offsetPointer,
  tallest,
  vectorsOf,
  widest,
  type MatrixProduct,
  type MatrixView,
  type ProductPlan,
  type ProductSizes,
} from "./productLoops.ts";
import { emitTile, type Registers } from "./productTile.ts";

/** Columns of a panel, where the right operand lies as `[n / panel, k, panel]`, packed before the loop that uses it: few
 *  rows take wide ones, for sums enough to fill the pipeline. */
export function panelFor(rows: number, registers: Registers): number {
  if (rows === 1) return 4 * widest(1, registers);
  if (registers.wide) return rows === 2 ? 32 : widePanel;
  return rows <= 3 ? 16 : panel;
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

export function planPacked({ m, n, k, lhs, arithmetic }: ProductSizes): ProductPlan {
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
