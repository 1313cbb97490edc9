// `value` before, after and between the elements of x along each axis. StableHLO `pad`, nothing negative.

import * as tf from "@tensorflow/tfjs-core";
import type { Attrs } from "../graph/graph.ts";
import { axisIndex, loadHere } from "../kernels/scalar.ts";
import { sizeOf, stridesOf, typedValues, type Shape } from "../type.ts";
import { dtypeOf, eachIndex, elementsOf, tensorOf } from "./host.ts";
import { checkCount, checkPerAxis } from "./operands.ts";
import { simpleVjp, type Primitive } from "./primitive.ts";

/** What n elements take with `interior` between them. */
const spread = (n: number, interior: number): number => (n === 0 ? 0 : n + (n - 1) * interior);

const paddedShape = (shape: Shape, { low, high, interior }: Attrs["pad"]): Shape =>
  shape.map((n, d) => low[d]! + spread(n, interior[d]!) + high[d]!);

export const pad: Primitive<Attrs["pad"]> = {
  infer: (inputs, attrs) => {
    checkCount("pad", inputs, ["x"]);
    const x = inputs[0]!;
    for (const name of ["low", "high", "interior"] as const) checkPerAxis("pad", name, attrs[name], x, 0);
    return [{ shape: paddedShape(x.shape, attrs), dtype: x.dtype }];
  },
  evaluate: ([x], attrs) => {
    const { low, high, interior, value } = attrs;
    const rank = x!.shape.length;
    if (rank > 0 && rank <= 4 && sizeOf(x!.shape) > 0 && interior.every((n) => n === 0)) {
      return [tf.pad(x!, low.map((n, d): [number, number] => [n, high[d]!]), value)]; // prettier-ignore
    }
    const shape = paddedShape(x!.shape, attrs);
    const strides = stridesOf(shape);
    const values = typedValues(dtypeOf(x!), sizeOf(shape)).fill(value);
    const from = elementsOf(x!);
    eachIndex(x!.shape, (index, flat) => {
      const at = index.reduce((sum, i, d) => sum + (low[d]! + i * (interior[d]! + 1)) * strides[d]!, 0);
      values[at] = from[flat]!;
    });
    return [tensorOf(values, shape, dtypeOf(x!))];
  },
  vjp: simpleVjp("pad", (b, ct, [x], _y, { low, interior }) => {
    const limit = x!.type.shape.map((n, d) => low[d]! + spread(n, interior[d]!));
    return [b.slice(ct, low, limit, interior.map((n) => n + 1))]; // prettier-ignore
  }),
  batch: (b, [x], _batched, { low, high, interior, value }) => [
    b.pad(x!, [0, ...low], [0, ...high], [0, ...interior], value),
  ],
  lower: ([x], { low, interior, value }) => ({
    form: "pieces",
    fill: value,
    pieces: [
      {
        shape: x!.shape,
        body: loadHere(0, x!.shape.length, x!.dtype),
        at: low.map((from, d) => axisIndex(d, interior[d]! + 1, from)),
      },
    ],
  }),
};
