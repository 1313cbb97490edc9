// Operands one after the other along `dimension`. StableHLO `concatenate`.

import * as tf from "@tensorflow/tfjs-core";
import { wrongDType, wrongOperandCount, wrongShape } from "../errors.ts";
import type { Attrs } from "../graph/graph.ts";
import { axisIndex, loadHere } from "../kernels/scalar.ts";
import { allInFront } from "./batching.ts";
import { checkAxes } from "./operands.ts";
import { simpleVjp, type Primitive } from "./primitive.ts";

/** Where each operand begins, and where the last one ends. */
function startsOf(sizes: readonly number[]): number[] {
  const starts = [0];
  for (const size of sizes) starts.push(starts.at(-1)! + size);
  return starts;
}

export const concatenate: Primitive<Attrs["concatenate"]> = {
  infer: (inputs, { dimension }) => {
    const [first] = inputs;
    if (!first) throw wrongOperandCount("concatenate", "at least one operand", 0);
    checkAxes("concatenate", "dimension", [dimension], first);
    inputs.forEach((type, i) => {
      if (type.dtype !== first.dtype)
        throw wrongDType("concatenate", `operand ${i}`, `${first.dtype} like operand 0`, type);
      const fits =
        type.shape.length === first.shape.length &&
        type.shape.every((size, d) => d === dimension || size === first.shape[d]);
      const expected = first.shape.map((size, d) => (d === dimension ? "any" : size));
      if (!fits) throw wrongShape("concatenate", `operand ${i}`, `[${expected.join(",")}] like operand 0`, type);
    });
    const total = inputs.reduce((sum, { shape }) => sum + shape[dimension]!, 0);
    return [{ shape: first.shape.map((size, d) => (d === dimension ? total : size)), dtype: first.dtype }];
  },
  evaluate: (inputs, { dimension }) => [tf.concat([...inputs], dimension)],
  vjp: simpleVjp("concatenate", (b, ct, inputs, _y, { dimension }) => {
    const starts = startsOf(inputs.map(({ type }) => type.shape[dimension]!));
    return inputs.map(({ type }, i) => {
      const start = type.shape.map((_, d) => (d === dimension ? starts[i]! : 0));
      return b.slice(ct, start, type.shape.map((size, d) => start[d]! + size)); // prettier-ignore
    });
  }),
  batch: (b, inputs, batched, { dimension }, size) => [
    b.concatenate(allInFront(b, inputs, batched, size), dimension + 1),
  ],
  lower: (inputs, { dimension }) => {
    const starts = startsOf(inputs.map(({ shape }) => shape[dimension]!));
    return {
      form: "pieces",
      fill: null,
      pieces: inputs.map(({ shape, dtype }, i) => ({
        shape,
        body: loadHere(i, shape.length, dtype),
        at: shape.map((_, d) => axisIndex(d, 1, d === dimension ? starts[i]! : 0)),
      })),
    };
  },
};
