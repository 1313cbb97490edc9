// Windows of the operand, one a start index, starts clamped so that each lies inside. StableHLO `gather`.

import type { Attrs } from "../graph/graph.ts";
import { load } from "../kernels/scalar.ts";
import { sizeOf, stridesOf, typedValues } from "../type.ts";
import { dtypeOf, elementsOf, tensorOf } from "./host.ts";
import { checkCount } from "./operands.ts";
import { simpleVjp, type Primitive } from "./primitive.ts";
import { batchedDimensions, checkWindow, clampStarts, eachWindowed, windowScalars, windowedShape } from "./window.ts";

export const gather: Primitive<Attrs["gather"]> = {
  infer: (inputs, dims) => {
    checkCount("gather", inputs, ["operand", "startIndices"]);
    const [operand, startIndices] = [inputs[0]!, inputs[1]!];
    checkWindow("gather", operand, startIndices, dims);
    return [{ shape: windowedShape(operand.shape, startIndices.shape, dims), dtype: operand.dtype }];
  },
  evaluate: ([operand, startIndices], dims) => {
    const shape = windowedShape(operand!.shape, startIndices!.shape, dims);
    const strides = stridesOf(operand!.shape);
    const values = typedValues(dtypeOf(operand!), sizeOf(shape));
    const from = elementsOf(operand!);
    eachWindowed(operand!.shape, shape, elementsOf(startIndices!), dims, (index, flat) => {
      values[flat] = from[index.reduce((sum, i, d) => sum + i * strides[d]!, 0)]!;
    });
    return [tensorOf(values, shape, dtypeOf(operand!))];
  },
  vjp: simpleVjp("gather", (b, ct, [operand, startIndices], _y, dims) => {
    const starts = clampStarts(b, operand!.type.shape, startIndices!, dims);
    return [b.scatter(b.zeros(operand!.type), starts, ct, { ...dims, combiner: "add" }), null];
  }),
  batch: (b, [operand, startIndices], batched, dims, size) => [
    b.gather(operand!, startIndices!, batchedDimensions(dims, batched[0]!, batched[1]!, size)),
  ],
  lower: ([operand], dims, [result]) => ({
    form: "map",
    shape: result!.shape,
    body: load(0, windowScalars(operand!.shape, result!.shape, dims, true).at, operand!.dtype),
  }),
};
