// A stable sort along the last dimension, NaN last whichever way; results: the sorted values, and the int32 positions
// they came from. StableHLO `sort` with an iota.

import { wrongRank } from "../errors.ts";
import type { Attrs } from "../graph/graph.ts";
import { sizeOf, typedValues } from "../type.ts";
import { axesUpTo } from "./batching.ts";
import { dtypeOf, elementsOf, tensorOf } from "./host.ts";
import { checkCount, checkDType } from "./operands.ts";
import type { Primitive } from "./primitive.ts";
import { alongLast } from "./window.ts";

/** Order of two elements; equal ones, -0 and 0 among them, keep the order they had. */
function order(x: number, y: number, descending: boolean): number {
  if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
  if (x === y) return 0;
  return x < y === descending ? 1 : -1;
}

export const sort: Primitive<Attrs["sort"]> = {
  infer: (inputs) => {
    checkCount("sort", inputs, ["x"]);
    const x = inputs[0]!;
    checkDType("sort", "x", x, ["float32", "int32"]);
    if (x.shape.length === 0) throw wrongRank("sort", "x", "at least one axis", x);
    return [x, { shape: x.shape, dtype: "int32" }];
  },
  evaluate: ([x], { descending }) => {
    const dtype = dtypeOf(x!);
    const from = elementsOf(x!);
    const values = typedValues(dtype, x!.size);
    const positions = new Int32Array(x!.size);
    const length = x!.shape.at(-1)!;
    for (let start = 0; start < x!.size; start += length) {
      axesUpTo(length)
        .sort((i, j) => order(from[start + i]!, from[start + j]!, descending))
        .forEach((position, i) => {
          values[start + i] = from[start + position]!;
          positions[start + i] = position;
        });
    }
    return [tensorOf(values, x!.shape, dtype), tensorOf(positions, x!.shape, "int32")];
  },
  vjp: (b, inputs, attrs) => {
    const [values, positions] = b.emit("sort", inputs, attrs);
    return {
      outputs: [values!, positions!],
      // Each cotangent goes back to where its value came from.
      pullback: ([ct]) => {
        if (!ct || sizeOf(ct.type.shape) === 0) return [null];
        const { shape } = ct.type;
        const indices = b.reshape(positions!, [...shape, 1]);
        return [b.scatter(b.zeros(ct.type), indices, ct, { ...alongLast(shape), combiner: "add" })];
      },
    };
  },
  batch: (b, inputs, _batched, attrs) => b.emit("sort", inputs, attrs),
  lower: ([x], { descending }) => ({ form: "sort", shape: x!.shape, descending }),
};
