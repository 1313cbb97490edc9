// `result[i] = x[start + i · strides]` up to, not including, `limit`. StableHLO `slice`.

import * as tf from "@tensorflow/tfjs-core";
import { wrongAttribute } from "../errors.ts";
import type { Attrs } from "../graph/graph.ts";
import { axisIndex, load } from "../kernels/scalar.ts";
import type { Shape } from "../type.ts";
import { checkCount, checkPerAxis } from "./operands.ts";
import { simpleVjp, type Primitive } from "./primitive.ts";

const slicedShape = ({ start, limit, strides }: Attrs["slice"]): Shape =>
  start.map((from, d) => Math.ceil((limit[d]! - from) / strides[d]!));

export const slice: Primitive<Attrs["slice"]> = {
  infer: (inputs, attrs) => {
    checkCount("slice", inputs, ["x"]);
    const x = inputs[0]!;
    checkPerAxis("slice", "start", attrs.start, x, 0);
    checkPerAxis("slice", "limit", attrs.limit, x, 0);
    checkPerAxis("slice", "strides", attrs.strides, x, 1);
    const inside = attrs.limit.every((to, d) => attrs.start[d]! <= to && to <= x.shape[d]!);
    if (!inside) {
      const got = `start [${attrs.start.join(",")}], limit [${attrs.limit.join(",")}]`;
      throw wrongAttribute("slice", "start and limit", "0 <= start <= limit <= size", got, x);
    }
    return [{ shape: slicedShape(attrs), dtype: x.dtype }];
  },
  evaluate: ([x], { start, limit, strides }) => {
    if (start.length === 0) return [tf.clone(x!)];
    if (strides.every((n) => n === 1)) return [tf.slice(x!, [...start], limit.map((to, d) => to - start[d]!))]; // prettier-ignore
    return [tf.stridedSlice(x!, [...start], [...limit], [...strides])];
  },
  vjp: simpleVjp("slice", (b, ct, [x], y, { start, strides }) => {
    const taken = y.type.shape;
    if (taken.includes(0)) return [null];
    const last = taken.map((n, d) => start[d]! + (n - 1) * strides[d]!);
    const high = last.map((at, d) => x!.type.shape[d]! - 1 - at);
    return [b.pad(ct, start, high, strides.map((n) => n - 1))]; // prettier-ignore
  }),
  batch: (b, [x], _batched, { start, limit, strides }, size) => [
    b.slice(x!, [0, ...start], [size, ...limit], [1, ...strides]),
  ],
  lower: ([x], attrs) => ({
    form: "map",
    shape: slicedShape(attrs),
    body: load(0, attrs.start.map((from, d) => axisIndex(d, attrs.strides[d], from)), x!.dtype), // prettier-ignore
  }),
};
