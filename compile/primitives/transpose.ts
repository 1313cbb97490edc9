// Axis d of the result is axis `permutation[d]` of x. StableHLO `transpose`.

import * as tf from "@tensorflow/tfjs-core";
import { wrongAttribute } from "../errors.ts";
import type { Attrs } from "../graph/graph.ts";
import { axisIndex, load } from "../kernels/scalar.ts";
import { shifted } from "./batching.ts";
import { checkAxes, checkCount } from "./operands.ts";
import { simpleVjp, type Primitive } from "./primitive.ts";

/** The permutation that undoes another. */
export const inverse = (permutation: readonly number[]): number[] => permutation.map((_, d) => permutation.indexOf(d));

export const transpose: Primitive<Attrs["transpose"]> = {
  infer: (inputs, { permutation }) => {
    checkCount("transpose", inputs, ["x"]);
    const x = inputs[0]!;
    checkAxes("transpose", "permutation", permutation, x);
    if (permutation.length !== x.shape.length) {
      const expected = `a permutation of ${x.shape.length} axes`;
      throw wrongAttribute("transpose", "permutation", expected, `[${permutation.join(",")}]`, x);
    }
    return [{ shape: permutation.map((d) => x.shape[d]!), dtype: x.dtype }];
  },
  evaluate: ([x], { permutation }) => [tf.transpose(x!, [...permutation])],
  vjp: simpleVjp("transpose", (b, ct, _inputs, _y, { permutation }) => [b.transpose(ct, inverse(permutation))]),
  batch: (b, [x], _batched, { permutation }) => [b.transpose(x!, [0, ...shifted(permutation)])],
  lower: ([x], { permutation }, [result]) => {
    const moving = permutation.filter((d) => x!.shape[d]! !== 1);
    if (moving.every((d, i) => i === 0 || d > moving[i - 1]!)) return { form: "alias", operand: 0 }; // all lies as it lay
    const body = load(0, inverse(permutation).map((d) => axisIndex(d)), x!.dtype); // prettier-ignore
    return { form: "map", shape: result!.shape, body };
  },
};
