import * as tf from "@tensorflow/tfjs-core";
import { bools, floats, given, ints, on, valuesOf, type Case, type Cases, type Example } from "./case.ts";

/** On each dtype. */
const moving = (f: (x: tf.Tensor) => tf.Tensor | tf.Tensor[], shape: readonly number[]): Case[] =>
  [floats(shape), ints(shape), bools(shape)].map((x) => on(f, x));

const ranked =
  <R extends tf.Tensor>(f: (x: R) => tf.Tensor | tf.Tensor[]) =>
  (x: tf.Tensor) =>
    f(x as R);

const several = (f: (xs: tf.Tensor[]) => tf.Tensor, ...shapes: readonly (readonly number[])[]): Case[] =>
  ([floats, ints, bools] as const).map((make: (shape: readonly number[]) => Example) =>
    on((...xs: tf.Tensor[]) => f(xs), ...shapes.map((shape) => make(shape))),
  );

export const transformations: Cases = {
  batchToSpaceND: moving(ranked((x: tf.Tensor4D) => tf.batchToSpaceND(x, [2, 2], [[0, 1], [1, 0]])), [8, 2, 3, 2]), // prettier-ignore
  spaceToBatchND: moving(ranked((x: tf.Tensor4D) => tf.spaceToBatchND(x, [2, 3], [[1, 0], [1, 1]])), [2, 3, 4, 2]), // prettier-ignore
  broadcastArgs: [
    valuesOf(tf.broadcastArgs, given([3, 1, 4], "int32"), given([2, 1], "int32")),
    valuesOf(tf.broadcastArgs, given([4], "int32"), given([7, 1, 4], "int32")),
  ],
  broadcastTo: [
    ...moving((x) => tf.broadcastTo(x, [2, 3, 4]), [3, 1]),
    ...moving((x) => tf.broadcastTo(x, [2, 2]), []),
  ],
  cast: (["float32", "int32", "bool"] as const).flatMap((dtype) => [
    valuesOf((x) => tf.cast(x, dtype), given([0, -0, 1.7, -1.7, 0.3, -0.3, 1e6])),
    valuesOf((x) => tf.cast(x, dtype), ints([2, 3])),
    valuesOf((x) => tf.cast(x, dtype), bools([2, 3])),
    ...(dtype === "float32" ? [on((x) => tf.cast(x, dtype), floats([3]))] : []),
  ]),
  depthToSpace: [
    on(
      ranked((x: tf.Tensor4D) => tf.depthToSpace(x, 2, "NHWC")),
      floats([2, 2, 3, 8]),
    ),
  ],
  ensureShape: moving((x) => tf.ensureShape(x, [2, 3]), [2, 3]),
  expandDims: [0, 1, 2, -1].flatMap((axis) => moving((x) => tf.expandDims(x, axis), [2, 3])),
  squeeze: [...moving((x) => tf.squeeze(x), [1, 3, 1]), ...moving((x) => tf.squeeze(x, [0]), [1, 3, 1])],
  mirrorPad: (["reflect", "symmetric"] as const).flatMap((mode) => [
    ...moving((x) => tf.mirrorPad(x, [[1, 2], [2, 0]], mode), [3, 4]), // prettier-ignore
    ...moving((x) => tf.mirrorPad(x, [[0, 0]], mode), [3]),
  ]),
  pad: [
    ...moving((x) => tf.pad(x, [[1, 2], [0, 3]]), [2, 3]), // prettier-ignore
    on((x) => tf.pad(x, [[1, 0], [0, 0]], 7), ints([2, 3])), // prettier-ignore
    on((x) => tf.pad(x, [[1, 0], [0, 0]], 1), bools([2, 3])), // prettier-ignore
    on((x) => tf.pad(x, [[1, 1]], -0.5), floats([3])),
  ],
  pad1d: moving(
    ranked((x: tf.Tensor1D) => tf.pad1d(x, [1, 2])),
    [3],
  ),
  pad2d: moving(ranked((x: tf.Tensor2D) => tf.pad2d(x, [[1, 2], [0, 1]])), [2, 3]), // prettier-ignore
  pad3d: moving(ranked((x: tf.Tensor3D) => tf.pad3d(x, [[1, 0], [0, 1], [1, 1]])), [2, 3, 1]), // prettier-ignore
  pad4d: moving(ranked((x: tf.Tensor4D) => tf.pad4d(x, [[1, 0], [0, 1], [1, 1], [0, 0]])), [2, 1, 1, 2]), // prettier-ignore
  reshape: [
    ...moving((x) => tf.reshape(x, [3, 4]), [2, 6]),
    ...moving((x) => tf.reshape(x, [2, -1, 2]), [2, 6]),
    ...moving((x) => tf.reshape(x, []), [1, 1]),
  ],
};

export const slicing: Cases = {
  concat: [
    ...several((xs) => tf.concat(xs, 1), [2, 3], [2, 1], [2, 2]),
    ...several((xs) => tf.concat(xs, -2), [2, 3], [1, 3]),
    ...several((xs) => tf.concat(xs, 0), [2, 3], [0, 3], [1, 3]),
    ...several((xs) => tf.concat(xs), [4]),
  ],
  concat1d: several((xs) => tf.concat1d(xs as tf.Tensor1D[]), [2], [3]),
  concat2d: several((xs) => tf.concat2d(xs as tf.Tensor2D[], 1), [2, 1], [2, 3]),
  concat3d: several((xs) => tf.concat3d(xs as tf.Tensor3D[], 2), [2, 1, 1], [2, 1, 2]),
  concat4d: several((xs) => tf.concat4d(xs as tf.Tensor4D[], 3), [2, 1, 1, 2], [2, 1, 1, 1]),
  meshgrid: [
    on((x, y) => tf.meshgrid(x, y), floats([3]), floats([2])),
    on((x, y) => tf.meshgrid(x, y, { indexing: "ij" }), floats([3]), floats([2])),
    valuesOf((x, y) => tf.meshgrid(x, y), ints([3]), ints([2])),
  ],
  reverse: [
    ...moving((x) => tf.reverse(x), [2, 3]),
    ...moving((x) => tf.reverse(x, -1), [2, 3]),
    ...moving((x) => tf.reverse(x, [0, 2]), [2, 3, 2]),
  ],
  reverse1d: moving(
    ranked((x: tf.Tensor1D) => tf.reverse1d(x)),
    [4],
  ),
  reverse2d: moving(
    ranked((x: tf.Tensor2D) => tf.reverse2d(x, 1)),
    [2, 3],
  ),
  reverse3d: moving(
    ranked((x: tf.Tensor3D) => tf.reverse3d(x, [1, 2])),
    [2, 3, 2],
  ),
  reverse4d: moving(
    ranked((x: tf.Tensor4D) => tf.reverse4d(x, [0, 3])),
    [2, 1, 3, 2],
  ),
  slice: [
    ...moving((x) => tf.slice(x, [1, 0], [1, 2]), [3, 4]),
    ...moving((x) => tf.slice(x, [1], [2]), [3, 4]),
    ...moving((x) => tf.slice(x, [1, 1], [-1, 2]), [3, 4]),
    ...moving((x) => tf.slice(x, 1), [3, 4]),
  ],
  slice1d: moving(
    ranked((x: tf.Tensor1D) => tf.slice1d(x, 1, 2)),
    [4],
  ),
  slice2d: moving(
    ranked((x: tf.Tensor2D) => tf.slice2d(x, [1, 0], [1, 2])),
    [2, 3],
  ),
  slice3d: moving(
    ranked((x: tf.Tensor3D) => tf.slice3d(x, [1, 0, 0], [1, 2, 1])),
    [2, 3, 2],
  ),
  slice4d: moving(
    ranked((x: tf.Tensor4D) => tf.slice4d(x, [1, 0, 0, 0], [1, 2, 1, 1])),
    [2, 3, 1, 2],
  ),
  split: [
    ...moving((x) => tf.split(x, 3, 1), [2, 6]),
    ...moving((x) => tf.split(x, [1, 2, 3], -1), [2, 6]),
    ...moving((x) => tf.split(x, [1, -1]), [4, 2]),
  ],
  stack: [0, 1, 2, -1].flatMap((axis) => several((xs) => tf.stack(xs, axis), [2, 3], [2, 3], [2, 3])),
  stridedSlice: [
    ...moving((x) => tf.stridedSlice(x, [0, 1], [4, 5], [2, 3]), [4, 6]),
    ...moving((x) => tf.stridedSlice(x, [3, 0], [0, 6], [-1, 2]), [4, 6]),
    ...moving((x) => tf.stridedSlice(x, [-1, -1], [-5, -7], [-2, -3]), [4, 6]),
    ...moving((x) => tf.stridedSlice(x, [1, 2], [3, 9], [1, 2], 1, 2), [4, 6]),
    ...moving((x) => tf.stridedSlice(x, [1], [2], [1], 0, 0, 0, 0, 1), [4, 6]),
    ...moving((x) => tf.stridedSlice(x, [0, 0, 1], [0, 0, 3], [1, 1, 2], 0, 0, 1, 2), [2, 3, 4]),
  ],
  tile: [...moving((x) => tf.tile(x, [2, 3]), [3, 2]), ...moving((x) => tf.tile(x, [2, 1, 4]), [3, 2, 1])],
  unstack: [...moving((x) => tf.unstack(x), [3, 2]), ...moving((x) => tf.unstack(x, -1), [3, 2])],
};

export const creation: Cases = {
  clone: moving(tf.clone, [2, 3]),
  diag: [...moving(tf.diag, [3]), ...moving(tf.diag, [2, 2])],
  fill: (["float32", "int32", "bool"] as const).map((dtype) => on(() => tf.fill([2, 3], 1, dtype))),
  linspace: [on(() => tf.linspace(0, 1, 11)), on(() => tf.linspace(-3, 8, 3)), on(() => tf.linspace(2, 5, 1))],
  oneHot: [
    valuesOf((x) => tf.oneHot(x, 4), given([0, 3, 2, -1, 4], "int32")),
    valuesOf((x) => tf.oneHot(x, 3, 0.5, -0.5, "float32"), given([0, 2, 1, 7], "int32", [2, 2])),
    valuesOf((x) => tf.oneHot(x, 3, 5, 2), given([0, 2], "int32")),
    valuesOf((x) => tf.oneHot(x, 3, 1, 0, "bool"), given([0, 2], "int32")),
    valuesOf((x) => tf.oneHot(x, 3, 0, 1, "bool"), given([0, 2], "int32")),
    valuesOf((x) => tf.oneHot(x, 3), given([1], "int32", [])),
  ],
  onesLike: moving(tf.onesLike, [2, 3]),
  zerosLike: moving(tf.zerosLike, [2, 3]),
  range: [
    on(() => tf.range(0, 5)),
    on(() => tf.range(2, 12, 3, "int32")),
    on(() => tf.range(5, 0)),
    on(() => tf.range(5, 0, -2, "int32")),
    on(() => tf.range(0, 1, 0.1)),
    on(() => tf.range(3, 3)),
    on(() => tf.range(3, 1, 2)),
  ],
};
