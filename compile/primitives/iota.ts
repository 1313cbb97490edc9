// `result[…, i, …] = i` along `dimension`. StableHLO `iota`.

import { wrongAttribute } from "../errors.ts";
import type { Attrs } from "../graph/graph.ts";
import { axisIndex, convert, index } from "../kernels/scalar.ts";
import { stridesOf } from "../type.ts";
import { fromElements } from "./host.ts";
import { checkAxes, checkCount } from "./operands.ts";
import { withBatchAxis, zeroDerivative, type Primitive } from "./primitive.ts";

export const iota: Primitive<Attrs["iota"]> = {
  infer: (inputs, { shape, dimension, dtype }) => {
    checkCount("iota", inputs, []);
    if (dtype === "bool") throw wrongAttribute("iota", "dtype", "float32 or int32", dtype);
    checkAxes("iota", "dimension", [dimension], { shape, dtype });
    return [{ shape, dtype }];
  },
  evaluate: (_inputs, { shape, dimension, dtype }) => {
    const stride = stridesOf(shape)[dimension]!;
    return [fromElements(shape, dtype, (i) => Math.floor(i / stride) % shape[dimension]!)];
  },
  vjp: zeroDerivative("iota"),
  batch: (b, inputs, _batched, attrs, size) => [withBatchAxis(b, b.one("iota", inputs, attrs), size)],
  lower: (_inputs, { shape, dimension, dtype }) => ({
    form: "map",
    shape,
    body: convert(index(axisIndex(dimension)), dtype),
  }),
};
