// Axes of a shape, and the dimension numbers of gather and scatter: every legal arrangement of window, indexed, collapsed and
// batched axes.

import fc from "fast-check";
import type { GatherDimensions } from "../../compile/graph/graph.ts";
import type { Shape } from "../../compile/type.ts";
import { shapes } from "./operand.ts";

export const axesOf = (shape: Shape): number[] => shape.map((_, d) => d);
export const permutationOf = (shape: Shape): fc.Arbitrary<number[]> =>
  fc.shuffledSubarray(axesOf(shape), { minLength: shape.length, maxLength: shape.length });
export const someAxes = (shape: Shape): fc.Arbitrary<number[]> => fc.subarray(axesOf(shape));
export const perAxis = (shape: Shape, min: number, max: (d: number) => number): fc.Arbitrary<number[]> =>
  fc.tuple(...shape.map((_, d) => fc.integer({ min, max: max(d) })));

export interface Windowed {
  readonly operand: Shape;
  readonly starts: Shape;
  readonly result: Shape;
  readonly dims: GatherDimensions;
}

/** Any legal dimension numbers of gather and scatter. */
export const windowed: fc.Arbitrary<Windowed> = fc.tuple(shapes(1, 3), shapes(0, 2)).chain(([operand, startShape]) =>
  fc
    .tuple(
      fc.constant(operand),
      fc.tuple(...operand.map(() => fc.constantFrom("window", "indexed", "collapsed", "batched"))),
      perAxis(operand, 1, (d) => operand[d]!),
      fc.constant(startShape),
      fc.nat(1000),
    )
    .map(([operandShape, roles, sizes, ownStarts, seed]): Windowed => {
      const batching = axesOf(operandShape).filter((d) => roles[d] === "batched");
      const collapsed = axesOf(operandShape).filter((d) => roles[d] === "collapsed");
      // Batch axes of the start indices stand among their own, in an order that the seed chooses.
      const starts = [...ownStarts];
      const places: number[] = [];
      batching.forEach((d, i) => {
        const at = (seed + i) % (starts.length + 1);
        for (let j = 0; j < places.length; j++) if (places[j]! >= at) places[j]!++;
        starts.splice(at, 0, operandShape[d]!);
        places.push(at);
      });
      const mapped = axesOf(operandShape).filter((d) => roles[d] === "indexed" || roles[d] === "collapsed");
      if (seed % 2 === 1) mapped.reverse();
      const sliceSizes = sizes.map((size, d) => (roles[d] === "batched" || roles[d] === "collapsed" ? 1 : size));
      const window = axesOf(operandShape).filter((d) => roles[d] === "window" || roles[d] === "indexed");
      const rank = starts.length + window.length;
      // Offset dimensions: the first few, or the last, or every other one.
      const candidates = axesOf(new Array<number>(rank).fill(0));
      const rotated = candidates.map(
        (_, i) => candidates[(i * (seed % 3 === 0 ? 1 : rank - 1) + seed) % Math.max(rank, 1)]!,
      );
      const offsetDims = [...new Set(rotated)].slice(0, window.length).sort((p, q) => p - q);
      while (offsetDims.length < window.length) {
        offsetDims.push(candidates.find((d) => !offsetDims.includes(d))!);
        offsetDims.sort((p, q) => p - q);
      }
      const result = new Array<number>(rank);
      offsetDims.forEach((d, i) => (result[d] = sliceSizes[window[i]!]!));
      candidates.filter((d) => !offsetDims.includes(d)).forEach((d, i) => (result[d] = starts[i]!));
      return {
        operand: operandShape,
        starts: [...starts, mapped.length],
        result,
        dims: {
          offsetDims,
          collapsedSliceDims: collapsed,
          operandBatchingDims: batching,
          startIndicesBatchingDims: places,
          startIndexMap: mapped,
          sliceSizes,
        },
      };
    }),
);
