// The window that a start index selects, shared by gather and scatter: which axes of the result (or of the updates) run
// over the start indices and which over the window, and what index of the operand a position is.

import { wrongAttribute, wrongRank, wrongShape } from "../errors.ts";
import type { GatherDimensions, Value } from "../graph/graph.ts";
import { axisIndex, binary, constantIndex, index, load, number, type Affine, type Scalar } from "../kernels/scalar.ts";
import type { Shape, TensorType } from "../type.ts";
import { axesUpTo } from "./batching.ts";
import { eachIndex } from "./host.ts";
import { checkAxes, checkDType, otherAxes } from "./operands.ts";
import type { Builder } from "./primitive.ts";

/** Operand axes that the window runs over, one an offset dimension. */
const windowAxes = (rank: number, dims: GatherDimensions): number[] =>
  otherAxes(rank, [...dims.collapsedSliceDims, ...dims.operandBatchingDims]);

/** Single elements of the last axis, by indices `[...shape, 1]` that count within each lane. */
export function alongLast(shape: Shape): GatherDimensions {
  const last = shape.length - 1;
  const lanes = axesUpTo(last);
  return {
    offsetDims: [],
    collapsedSliceDims: [last],
    operandBatchingDims: lanes,
    startIndicesBatchingDims: lanes,
    startIndexMap: [last],
    sliceSizes: shape.map(() => 1),
  };
}

/** Shape of what is gathered, or of the updates to scatter. */
export function windowedShape(operand: Shape, startIndices: Shape, dims: GatherDimensions): Shape {
  const window = windowAxes(operand.length, dims).map((d) => dims.sliceSizes[d]!);
  const starts = startIndices.slice(0, -1);
  const rank = window.length + starts.length;
  const shape = new Array<number>(rank);
  dims.offsetDims.forEach((d, i) => (shape[d] = window[i]!));
  otherAxes(rank, dims.offsetDims).forEach((d, i) => (shape[d] = starts[i]!));
  return shape;
}

/** The last start that keeps the window inside the operand, one a component. */
const lastStarts = (operand: Shape, dims: GatherDimensions): number[] =>
  dims.startIndexMap.map((d) => operand[d]! - dims.sliceSizes[d]!);

export function checkWindow(op: string, operand: TensorType, startIndices: TensorType, dims: GatherDimensions): void {
  const { sliceSizes, offsetDims, startIndexMap, operandBatchingDims, startIndicesBatchingDims } = dims;
  const dropped = [...dims.collapsedSliceDims, ...operandBatchingDims];
  const list = (numbers: readonly number[]): string => `[${numbers.join(",")}]`;
  checkDType(op, "startIndices", startIndices, ["int32"]);
  if (startIndices.shape.length === 0) throw wrongRank(op, "startIndices", "at least one axis", startIndices);
  checkAxes(op, "collapsedSliceDims and operandBatchingDims", dropped, operand);
  checkAxes(op, "startIndexMap and operandBatchingDims", [...startIndexMap, ...operandBatchingDims], operand);
  if (startIndices.shape.at(-1) !== startIndexMap.length) {
    throw wrongShape(
      op,
      "startIndices",
      `[…, ${startIndexMap.length}] (one component an entry of startIndexMap)`,
      startIndices,
    );
  }
  const sizesFit =
    sliceSizes.length === operand.shape.length &&
    sliceSizes.every(
      (n, d) => Number.isInteger(n) && n >= 0 && n <= operand.shape[d]! && (n === 1 || !dropped.includes(d)),
    );
  if (!sizesFit) {
    throw wrongAttribute(
      op,
      "sliceSizes",
      `one an axis, at most its size, 1 for ${list(dropped)}`,
      list(sliceSizes),
      operand,
    );
  }
  const rank = operand.shape.length - dropped.length + startIndices.shape.length - 1;
  const offsetsFit =
    offsetDims.length === operand.shape.length - dropped.length &&
    offsetDims.every((d, i) => d < rank && d > (offsetDims[i - 1] ?? -1));
  if (!offsetsFit) {
    const expected = `${operand.shape.length - dropped.length} increasing axes of ${rank}`;
    throw wrongAttribute(op, "offsetDims", expected, list(offsetDims), operand);
  }
  checkAxes(op, "startIndicesBatchingDims", startIndicesBatchingDims, {
    ...startIndices,
    shape: startIndices.shape.slice(0, -1),
  });
  const pairsFit =
    operandBatchingDims.length === startIndicesBatchingDims.length &&
    operandBatchingDims.every((d, i) => operand.shape[d] === startIndices.shape[startIndicesBatchingDims[i]!]);
  if (!pairsFit) {
    const got = `${list(operandBatchingDims)} and ${list(startIndicesBatchingDims)}`;
    throw wrongAttribute(
      op,
      "operandBatchingDims and startIndicesBatchingDims",
      "pairs of axes of one size",
      got,
      operand,
    );
  }
}

/** One equation's window with all attributes resolved: for each operand axis, what its index is made of. */
interface Resolved {
  /** Axis of the result that runs over the window, or that is batched with the operand's. */
  readonly axis: number | undefined;
  /** Component of the start index. */
  readonly component: number | undefined;
  readonly last: number;
}

function resolve(operand: Shape, result: Shape, dims: GatherDimensions) {
  const window = windowAxes(operand.length, dims);
  const startAxes = otherAxes(result.length, dims.offsetDims);
  const axes = operand.map((size, d): Resolved => {
    const inWindow = window.indexOf(d);
    const inBatch = dims.operandBatchingDims.indexOf(d);
    const component = dims.startIndexMap.indexOf(d);
    return {
      axis:
        inWindow >= 0
          ? dims.offsetDims[inWindow]!
          : inBatch >= 0
            ? startAxes[dims.startIndicesBatchingDims[inBatch]!]!
            : undefined,
      component: component >= 0 ? component : undefined,
      last: size - dims.sliceSizes[d]!,
    };
  });
  return { startAxes, axes };
}

/** In a loop over `result`: indices of the operand (starts clamped, or as they are), and the starts themselves. */
export function windowScalars(
  operand: Shape,
  result: Shape,
  dims: GatherDimensions,
  clamped: boolean,
): {
  readonly at: readonly (Affine | Scalar)[];
  readonly starts: readonly { readonly start: Scalar; readonly last: number }[];
} {
  const { startAxes, axes } = resolve(operand, result, dims);
  const starts: { start: Scalar; last: number }[] = [];
  const at = axes.map(({ axis, component, last }): Affine | Scalar => {
    const offset = axis === undefined ? constantIndex(0) : axisIndex(axis);
    if (component === undefined) return offset;
    const start = load(1, [...startAxes.map((d) => axisIndex(d)), constantIndex(component)], "int32");
    starts.push({ start, last });
    const from = clamped
      ? binary("maximum", binary("minimum", start, number(last, "int32")), number(0, "int32"))
      : start;
    return axis === undefined ? from : binary("add", from, index(offset));
  });
  return { at, starts };
}

/** Calls `visit` for each position of the result in row-major order with the operand's index there (the same array each
 *  time), and whether its start was in range; out of range it is that of the nearest start that is. */
export function eachWindowed(
  operand: Shape,
  result: Shape,
  starts: ArrayLike<number>,
  dims: GatherDimensions,
  visit: (operandIndex: readonly number[], flat: number, inRange: boolean) => void,
): void {
  const { startAxes, axes } = resolve(operand, result, dims);
  const components = dims.startIndexMap.length;
  const at = new Array<number>(operand.length).fill(0);
  eachIndex(result, (position, flat) => {
    const row = startAxes.reduce((sum, d) => sum * result[d]! + position[d]!, 0);
    let inRange = true;
    axes.forEach(({ axis, component, last }, d) => {
      const offset = axis === undefined ? 0 : position[axis]!;
      const start = component === undefined ? 0 : starts[row * components + component]!;
      if (component !== undefined && (start < 0 || start > last)) inRange = false;
      at[d] = offset + (component === undefined ? 0 : Math.max(Math.min(start, last), 0));
    });
    visit(at, flat, inRange);
  });
}

/** Start indices moved into range. */
export function clampStarts(b: Builder, operand: Shape, startIndices: Value, dims: GatherDimensions): Value {
  const last = lastStarts(operand, dims);
  const limits = b.constant(new Int32Array(last), { shape: [last.length], dtype: "int32" });
  return b.maximum(b.minimum(startIndices, limits), b.fill(0, [], "int32"));
}

/** For each start index, whether all of its window lies inside the operand (clamping leaves it as it is); shaped like the
 *  result, or the updates. */
export function startsInRange(
  b: Builder,
  startIndices: Value,
  clamped: Value,
  result: Shape,
  dims: GatherDimensions,
): Value {
  const components = startIndices.type.shape.length - 1;
  const all = b.reduce(b.compare(startIndices, clamped, "EQ"), "and", [components]);
  return b.broadcastInDim(all, result, otherAxes(result.length, dims.offsetDims));
}

const shiftedDims = (axes: readonly number[], by: boolean): readonly number[] => (by ? axes.map((d) => d + 1) : axes);

/** The dimension numbers once a batch axis stands in front of the operand, of the start indices, or of both. */
export function batchedDimensions(
  dims: GatherDimensions,
  operandBatched: boolean,
  indicesBatched: boolean,
  size: number,
): GatherDimensions {
  const both = operandBatched && indicesBatched ? [0] : [];
  const ofResult = dims.offsetDims.map((d) => d + 1);
  return {
    offsetDims: operandBatched && !indicesBatched ? [0, ...ofResult] : ofResult,
    collapsedSliceDims: shiftedDims(dims.collapsedSliceDims, operandBatched),
    operandBatchingDims: [...both, ...shiftedDims(dims.operandBatchingDims, operandBatched)],
    startIndicesBatchingDims: [...both, ...shiftedDims(dims.startIndicesBatchingDims, indicesBatched)],
    startIndexMap: shiftedDims(dims.startIndexMap, operandBatched),
    sliceSizes: operandBatched ? [indicesBatched ? 1 : size, ...dims.sliceSizes] : dims.sliceSizes,
  };
}
