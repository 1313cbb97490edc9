// Kernels that read or write at positions given as numbers: gather, scatter, one-hot, topk, search.
// tfjs's CPU backend throws where an index is out of range. A compiled program cannot: it reads the nearest element,
// and drops what would be written outside.

import { backend_util, util } from "@tensorflow/tfjs-core";
import type {
  GatherNdInputs,
  GatherV2Attrs,
  GatherV2Inputs,
  OneHotAttrs,
  OneHotInputs,
  ScatterNdAttrs,
  ScatterNdInputs,
  SearchSortedAttrs,
  SearchSortedInputs,
  SparseToDenseAttrs,
  SparseToDenseInputs,
  TensorScatterUpdateInputs,
  TopKAttrs,
  TopKInputs,
} from "@tensorflow/tfjs-core";
import type { GatherDimensions, Value } from "../../graph/graph.ts";
import type { Builder } from "../../primitives/primitive.ts";
import type { Shape } from "../../type.ts";
import { axes, dtypeOf, elementOf, lowering, rankOf, type TfjsLowering } from "./lowering.ts";

/** Each position of the leading axes of `indices` names a place in the first axes of `operand`; the others are its slice. */
function pointsInto(operand: Shape, indices: Shape): GatherDimensions {
  const components = indices.at(-1)!;
  const slice = operand.slice(components);
  return {
    offsetDims: axes(slice.length, indices.length - 1),
    collapsedSliceDims: axes(components),
    operandBatchingDims: [],
    startIndicesBatchingDims: [],
    startIndexMap: axes(components),
    sliceSizes: [...operand.map(() => 1).slice(0, components), ...slice],
  };
}

/** Indices of rank 0 or 1 are those of single elements along the first axis. */
const asPoints = (b: Builder, indices: Value): Value =>
  rankOf(indices) > 1 ? indices : b.reshape(indices, [...(rankOf(indices) === 0 ? [1] : indices.type.shape), 1]);

function scatter(b: Builder, operand: Value, indices: Value, updates: Value, combiner: "add" | "set"): Value {
  const points = asPoints(b, indices);
  const { shape } = operand.type;
  const dimensions = pointsInto(shape, points.type.shape);
  const full = [...points.type.shape.slice(0, -1), ...shape.slice(dimensions.startIndexMap.length)];
  return b.scatter(operand, points, b.broadcastTo(updates, full), { ...dimensions, combiner });
}

/** Slices of `x` along `axis`; leading axes `0 .. batch - 1` of `x` and `indices` belong together. */
function gatherAlong(b: Builder, x: Value, indices: Value, axis: number, batch: number): Value {
  const shape = x.type.shape;
  const places = rankOf(indices) - batch;
  return b.gather(x, b.reshape(indices, [...indices.type.shape, 1]), {
    offsetDims: [...axes(axis - batch, batch), ...axes(shape.length - axis - 1, axis + places)],
    collapsedSliceDims: [axis],
    operandBatchingDims: axes(batch),
    startIndicesBatchingDims: axes(batch),
    startIndexMap: [axis],
    sliceSizes: shape.map((size, i) => (i < batch || i === axis ? 1 : size)),
  });
}

export const indexing = {
  GatherV2: lowering<GatherV2Inputs, Partial<GatherV2Attrs>>((b, { x, indices }, { axis = 0, batchDims = 0 }) => {
    const along = util.parseAxisParam(axis, [...x.type.shape])[0]!;
    const batch = batchDims < 0 ? batchDims + rankOf(indices) : batchDims;
    // Throws where axis and batchDims do not fit, as tfjs words it.
    const info = (value: Value) => ({ dataId: value, shape: [...value.type.shape], dtype: value.type.dtype });
    backend_util.segment_util.collectGatherOpShapeInfo(info(x), info(indices), along, batch);
    return gatherAlong(b, x, indices, along, batch);
  }),
  GatherNd: lowering<GatherNdInputs>((b, { params, indices }) =>
    b.gather(params, indices, pointsInto(params.type.shape, indices.type.shape)),
  ),

  ScatterNd: lowering<ScatterNdInputs, ScatterNdAttrs>((b, { indices, updates }, { shape }) => {
    const { dtype } = updates.type;
    // Bools cannot be added: those scattered to one place are counted.
    const number = dtype === "bool" ? "int32" : dtype;
    const sums = scatter(b, b.zeros({ shape, dtype: number }), indices, b.convert(updates, number), "add");
    return b.convert(sums, dtype);
  }),
  TensorScatterUpdate: lowering<TensorScatterUpdateInputs>((b, { tensor, indices, updates }) =>
    scatter(b, tensor, indices, updates, "set"),
  ),
  SparseToDense: lowering<SparseToDenseInputs, SparseToDenseAttrs>(
    (b, { sparseIndices, sparseValues, defaultValue }, { outputShape }) =>
      scatter(b, b.broadcastTo(defaultValue, outputShape), sparseIndices, sparseValues, "set"),
  ),

  /** `offValue` throughout where an index is out of range. */
  OneHot: lowering<OneHotInputs, OneHotAttrs>((b, { indices }, { depth, onValue, offValue, dtype }) => {
    const wanted = dtypeOf("OneHot", dtype);
    const shape = [...indices.type.shape, depth];
    const axis = rankOf(indices);
    const spread = b.broadcastInDim(indices, shape, axes(axis));
    const hot = b.compare(spread, b.iota(shape, axis), "EQ");
    const [on, off] = [elementOf(onValue, wanted), elementOf(offValue, wanted)];
    return on === 1 && off === 0
      ? b.convert(hot, wanted)
      : b.select(hot, b.fill(on, shape, wanted), b.fill(off, shape, wanted));
  }),

  /** Largest first, and of equals the first; sorted even where `sorted` is false. */
  TopK: lowering<TopKInputs, TopKAttrs>((b, { x }, { k }) => {
    const { dtype, shape } = x.type;
    const [sorted, positions] = b.sort(dtype === "bool" ? b.convert(x, "int32") : x, true);
    const start = shape.map(() => 0);
    const limit = [...shape.slice(0, -1), k];
    return [b.convert(b.slice(sorted, start, limit), dtype), b.slice(positions, start, limit)];
  }),

  /** How many of a sorted row lie below a value (left), or not above it (right). */
  SearchSorted: lowering<SearchSortedInputs, SearchSortedAttrs>((b, { sortedSequence, values }, { side }) => {
    const [batch, length] = sortedSequence.type.shape as [number, number];
    const shape = [batch, values.type.shape[1]!, length];
    const row = b.broadcastInDim(sortedSequence, shape, [0, 2]);
    const before = b.compare(row, b.broadcastInDim(values, shape, [0, 1]), side === "left" ? "LT" : "LE");
    return b.sum(b.convert(before, "int32"), [2]);
  }),
} satisfies Readonly<Record<string, TfjsLowering>>;
