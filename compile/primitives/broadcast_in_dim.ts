// `result[i] = x[i at broadcastDimensions]`, an axis of size 1 repeated. StableHLO `broadcast_in_dim`.

import * as tf from "@tensorflow/tfjs-core";
import { wrongAttribute, wrongShape } from "../errors.ts";
import type { Attrs } from "../graph/graph.ts";
import { axisIndex, constantIndex, load } from "../kernels/scalar.ts";
import { shifted } from "./batching.ts";
import { reshaped } from "./host.ts";
import { checkCount, otherAxes } from "./operands.ts";
import { simpleVjp, type Primitive } from "./primitive.ts";

const op = "broadcast_in_dim";

export const broadcastInDim: Primitive<Attrs["broadcast_in_dim"]> = {
  infer: (inputs, { shape, broadcastDimensions }) => {
    checkCount(op, inputs, ["x"]);
    const x = inputs[0]!;
    const increasing = broadcastDimensions.every((d, i) => d < shape.length && d > (broadcastDimensions[i - 1] ?? -1));
    if (broadcastDimensions.length !== x.shape.length || !increasing) {
      const expected = `an increasing axis of [${shape.join(",")}] for each of ${x.shape.length} axes`;
      throw wrongAttribute(op, "broadcastDimensions", expected, `[${broadcastDimensions.join(",")}]`, x);
    }
    const fits = x.shape.every((size, d) => size === 1 || size === shape[broadcastDimensions[d]!]);
    if (!fits) {
      const expected = broadcastDimensions.map((d) => `1 or ${shape[d]}`).join(", ");
      throw wrongShape(op, "x", `[${expected}]`, x);
    }
    return [{ shape, dtype: x.dtype }];
  },
  evaluate: ([x], { shape, broadcastDimensions }) => {
    const withOnes = shape.map((_, d) => x!.shape[broadcastDimensions.indexOf(d)] ?? 1);
    return [tf.tile(reshaped(x!, withOnes), shape.map((size, d) => (withOnes[d] === size ? 1 : size)))]; // prettier-ignore
  },
  vjp: simpleVjp(op, (b, ct, [x], _y, { shape, broadcastDimensions }) => {
    const repeated = broadcastDimensions.filter((d, i) => x!.type.shape[i] === 1 && shape[d] !== 1);
    const summed = [...otherAxes(shape.length, broadcastDimensions), ...repeated].sort((p, q) => p - q);
    return [b.reshape(b.sum(ct, summed), x!.type.shape)];
  }),
  batch: (b, [x], _batched, { shape, broadcastDimensions }, size) => [
    b.broadcastInDim(x!, [size, ...shape], [0, ...shifted(broadcastDimensions)]),
  ],
  lower: ([x], { shape, broadcastDimensions }) => {
    const at = x!.shape.map((size, d) => (size === 1 ? constantIndex(0) : axisIndex(broadcastDimensions[d]!)));
    return { form: "map", shape, body: load(0, at, x!.dtype) };
  },
};
