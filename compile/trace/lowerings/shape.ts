// Kernels that move elements without computing: shapes, slices, joins, paddings, repetitions, blocks.

import { backend_util, slice_util, util } from "@tensorflow/tfjs-core";
import type {
  BatchToSpaceNDAttrs,
  BroadcastArgsInputs,
  ConcatAttrs,
  ConcatInputs,
  DepthToSpaceAttrs,
  ExpandDimsAttrs,
  ExpandDimsInputs,
  FlipLeftRightInputs,
  MirrorPadAttrs,
  PackAttrs,
  PadV2Attrs,
  ReshapeAttrs,
  ReverseAttrs,
  SliceAttrs,
  SpaceToBatchNDAttrs,
  SplitVAttrs,
  StridedSliceAttrs,
  TensorInfo,
  TileAttrs,
  TransposeAttrs,
  UnaryInputs,
  UnpackAttrs,
  UnpackInputs,
} from "@tensorflow/tfjs-core";
import { wrongAttribute } from "../../errors.ts";
import type { Value } from "../../graph/graph.ts";
import type { Builder } from "../../primitives/primitive.ts";
import { sizeOf } from "../../type.ts";
import { elementOf, fillLike, lowering, rankOf, type TfjsLowering } from "./lowering.ts";
import { axesOf, axisOf } from "./reduction.ts";

/** What tfjs's shape functions want of a tensor: they read its shape alone. */
const shapeInfo = (x: Value): TensorInfo => ({ dataId: x, shape: [...x.type.shape], dtype: x.type.dtype });

/** `size` elements from `begin`; -1 is all that follow, and missing axes are whole. */
function slice(b: Builder, x: Value, begin: SliceAttrs["begin"], size: SliceAttrs["size"]): Value {
  const [start, sizes] = slice_util.parseSliceParams(shapeInfo(x), begin, size) as [number[], number[]];
  slice_util.assertParamsValid(shapeInfo(x), start, sizes);
  return b.slice(x, start, start.map((first, axis) => first + sizes[axis]!)); // prettier-ignore
}

/** Elements `start` to `limit` along one axis, all along the others. */
function sliceAxis(b: Builder, x: Value, axis: number, start: number, limit: number): Value {
  const starts = x.type.shape.map((_, i) => (i === axis ? start : 0));
  return b.slice(x, starts, x.type.shape.map((size, i) => (i === axis ? limit : size))); // prettier-ignore
}

/** Without one axis, whose size is 1. */
const dropAxis = (b: Builder, x: Value, axis: number): Value =>
  b.reshape(
    x,
    x.type.shape.filter((_, i) => i !== axis),
  );

function insertAxis(b: Builder, x: Value, axis: number): Value {
  const at = axis < 0 ? rankOf(x) + axis + 1 : axis;
  return b.reshape(x, [...x.type.shape.slice(0, at), 1, ...x.type.shape.slice(at)]);
}

/** Each axis repeated `reps` times. One of size 1 is broadcast, another gets an axis of repetitions in front of it. */
function tile(b: Builder, x: Value, reps: readonly number[]): Value {
  const { shape } = x.type;
  const spread: number[] = [];
  const dimensions: number[] = [];
  shape.forEach((size, axis) => {
    if (reps[axis] !== 1 && size !== 1) spread.push(reps[axis]!);
    dimensions.push(spread.length);
    spread.push(size === 1 ? reps[axis]! : size);
  });
  return b.reshape(b.broadcastInDim(x, spread, dimensions), shape.map((size, axis) => size * reps[axis]!)); // prettier-ignore
}

/** Mirrors at both ends of each axis, the edge itself left out (reflect) or repeated (symmetric). */
function mirrorPad(b: Builder, x: Value, paddings: MirrorPadAttrs["paddings"], mode: MirrorPadAttrs["mode"]): Value {
  const edge = mode === "reflect" ? 1 : 0;
  return paddings.reduce((value, [before, after], axis) => {
    const size = value.type.shape[axis]!;
    const mirrored = (start: number, limit: number): Value[] =>
      start === limit ? [] : [b.reverse(sliceAxis(b, value, axis, start, limit), [axis])];
    const end = size - edge;
    return b.concatenate([...mirrored(edge, edge + before), value, ...mirrored(end - after, end)], axis);
  }, x);
}

/** With negative strides: the same elements in rising order, then turned round. */
function stridedSlice(b: Builder, x: Value, attrs: StridedSliceAttrs): Value {
  const { begin, end, strides, finalShape } = slice_util.sliceInfo(
    [...x.type.shape], attrs.begin, attrs.end, attrs.strides,
    attrs.beginMask, attrs.endMask, attrs.ellipsisMask, attrs.newAxisMask, attrs.shrinkAxisMask,
  ); // prettier-ignore
  const counts = begin.map((first, axis) => Math.max(0, Math.ceil((end[axis]! - first) / strides[axis]!)));
  const steps = strides.map(Math.abs);
  const starts = begin.map((first, axis) => {
    if (counts[axis] === 0) return 0;
    return strides[axis]! > 0 ? first : first + (counts[axis]! - 1) * strides[axis]!;
  });
  const limits = starts.map((start, axis) => (counts[axis] === 0 ? 0 : start + (counts[axis]! - 1) * steps[axis]! + 1));
  const taken = b.slice(x, starts, limits, steps);
  return b.reshape(b.reverse(taken, strides.flatMap((stride, axis) => (stride < 0 ? [axis] : []))), finalShape); // prettier-ignore
}

function pad(b: Builder, x: Value, paddings: readonly (readonly number[])[], constant: number): Value {
  const low = paddings.map(([before]) => before!);
  const high = paddings.map(([, after]) => after!);
  return b.pad(x, low, high, undefined, elementOf(constant, x.type.dtype));
}

/** Joined along `axis`; all have the first one's dtype, as in tfjs. */
function concatenate(b: Builder, values: readonly Value[], axis: number): Value {
  const along = axisOf(values[0]!, axis);
  const { dtype } = values[0]!.type;
  const filled = values.filter((value) => value.type.shape[along] !== 0);
  return b.concatenate((filled.length === 0 ? values.slice(0, 1) : filled).map((value) => b.convert(value, dtype)), along); // prettier-ignore
}

export const shapes = {
  Identity: lowering<UnaryInputs>((_b, { x }) => x),
  Reshape: lowering<UnaryInputs, ReshapeAttrs>((b, { x }, { shape }) =>
    b.reshape(x, util.inferFromImplicitShape(shape, sizeOf(x.type.shape))),
  ),
  ExpandDims: lowering<ExpandDimsInputs, ExpandDimsAttrs>((b, { input }, { dim }) => insertAxis(b, input, dim)),
  Transpose: lowering<UnaryInputs, TransposeAttrs>((b, { x }, { perm }) => b.transpose(x, perm)),
  Reverse: lowering<UnaryInputs, ReverseAttrs>((b, { x }, { dims }) => b.reverse(x, axesOf(x, dims))),
  FlipLeftRight: lowering<FlipLeftRightInputs>((b, { image }) => b.reverse(image, [2])),
  Tile: lowering<UnaryInputs, TileAttrs>((b, { x }, { reps }) => tile(b, x, reps)),

  Slice: lowering<UnaryInputs, SliceAttrs>((b, { x }, { begin, size }) => slice(b, x, begin, size)),
  StridedSlice: lowering<UnaryInputs, StridedSliceAttrs>((b, { x }, attrs) => stridedSlice(b, x, attrs)),
  SplitV: lowering<UnaryInputs, SplitVAttrs>((b, { x }, { numOrSizeSplits, axis }) => {
    const along = axisOf(x, axis);
    let start = 0;
    return backend_util.prepareSplitSize(shapeInfo(x), numOrSizeSplits, along).map((size) => {
      start += size;
      return sliceAxis(b, x, along, start - size, start);
    });
  }),
  Unpack: lowering<UnpackInputs, UnpackAttrs>((b, { value }, { axis }) => {
    const along = axisOf(value, axis);
    return Array.from({ length: value.type.shape[along]! }, (_, i) =>
      dropAxis(b, sliceAxis(b, value, along, i, i + 1), along),
    );
  }),
  Concat: lowering<ConcatInputs, ConcatAttrs>((b, values, { axis }) => concatenate(b, values, axis)),
  Pack: lowering<ConcatInputs, PackAttrs>((b, values, { axis }) => {
    const rows = values.map((value) => insertAxis(b, value, axis));
    return b.concatenate(rows, axisOf(rows[0]!, axis));
  }),

  PadV2: lowering<UnaryInputs, PadV2Attrs>((b, { x }, { paddings, constantValue }) =>
    pad(b, x, paddings, constantValue),
  ),
  MirrorPad: lowering<UnaryInputs, MirrorPadAttrs>((b, { x }, { paddings, mode }) => mirrorPad(b, x, paddings, mode)),

  SpaceToBatchND: lowering<UnaryInputs, SpaceToBatchNDAttrs>((b, { x }, { blockShape, paddings }) => {
    const padded = pad(b, x, x.type.shape.map((_, axis) => paddings[axis - 1] ?? [0, 0]), 0); // prettier-ignore
    const shape = [...padded.type.shape];
    const block = sizeOf(blockShape);
    const blocks = b.reshape(padded, backend_util.getReshaped(shape, blockShape, block, false));
    const moved = b.transpose(blocks, backend_util.getPermuted(rankOf(blocks), blockShape.length, false));
    return b.reshape(moved, backend_util.getReshapedPermuted(shape, blockShape, block, false));
  }),
  BatchToSpaceND: lowering<UnaryInputs, BatchToSpaceNDAttrs>((b, { x }, { blockShape, crops }) => {
    const shape = [...x.type.shape];
    const block = sizeOf(blockShape);
    const blocks = b.reshape(x, backend_util.getReshaped(shape, blockShape, block));
    const moved = b.transpose(blocks, backend_util.getPermuted(rankOf(blocks), blockShape.length));
    const whole = b.reshape(moved, backend_util.getReshapedPermuted(shape, blockShape, block));
    const start = backend_util.getSliceBeginCoords(crops, blockShape.length);
    const size = backend_util.getSliceSize([...whole.type.shape], crops, blockShape.length);
    return slice(b, whole, start, size);
  }),
  /** Channels last, as tfjs's CPU backend has it. */
  DepthToSpace: lowering<UnaryInputs, DepthToSpaceAttrs>((b, { x }, { blockSize, dataFormat }) => {
    if (dataFormat !== "NHWC") throw wrongAttribute("depthToSpace", "dataFormat", `"NHWC"`, `"${dataFormat}"`);
    const [batch, height, width, depth] = x.type.shape as [number, number, number, number];
    const channels = depth / blockSize ** 2;
    const blocks = b.reshape(x, [batch, height, width, blockSize, blockSize, channels]);
    const moved = b.transpose(blocks, [0, 1, 3, 2, 4, 5]);
    return b.reshape(moved, [batch, height * blockSize, width * blockSize, channels]);
  }),

  /** The shape that two shapes broadcast to. That they do agree is not checked. */
  BroadcastArgs: lowering<BroadcastArgsInputs>((b, { s0, s1 }) => {
    const rank = Math.max(s0.type.shape[0]!, s1.type.shape[0]!);
    const [p, q] = [s0, s1].map((s) => b.pad(s, [rank - s.type.shape[0]!], [0], [0], 1)) as [Value, Value];
    return b.select(b.compare(p, fillLike(b, p, 1), "EQ"), q, p);
  }),
} satisfies Readonly<Record<string, TfjsLowering>>;
