// `result[…, i, …] = x[…, size-1-i, …]` along `dimensions`. StableHLO `reverse`. Its own inverse, hence its own vjp.

import * as tf from "@tensorflow/tfjs-core";
import type { Attrs } from "../graph/graph.ts";
import { axisIndex, load } from "../kernels/scalar.ts";
import { shifted } from "./batching.ts";
import { checkAxes, checkCount } from "./operands.ts";
import { simpleVjp, type Primitive } from "./primitive.ts";

export const reverse: Primitive<Attrs["reverse"]> = {
  infer: (inputs, { dimensions }) => {
    checkCount("reverse", inputs, ["x"]);
    checkAxes("reverse", "dimensions", dimensions, inputs[0]!);
    return [inputs[0]!];
  },
  evaluate: ([x], { dimensions }) => [dimensions.length === 0 ? tf.clone(x!) : tf.reverse(x!, [...dimensions])],
  vjp: simpleVjp("reverse", (b, ct, _inputs, _y, { dimensions }) => [b.reverse(ct, dimensions)]),
  batch: (b, [x], _batched, { dimensions }) => [b.reverse(x!, shifted(dimensions))],
  lower: ([x], { dimensions }) => {
    const at = x!.shape.map((size, d) => (dimensions.includes(d) ? axisIndex(d, -1, size - 1) : axisIndex(d)));
    return { form: "map", shape: x!.shape, body: load(0, at, x!.dtype) };
  },
};
