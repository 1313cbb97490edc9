// Numbers known when the graph is built. StableHLO `constant`.

import { wrongAttribute } from "../errors.ts";
import type { Attrs } from "../graph/graph.ts";
import { showType, sizeOf, typedValues } from "../type.ts";
import { tensorOf } from "./host.ts";
import { checkCount } from "./operands.ts";
import { withBatchAxis, zeroDerivative, type Primitive } from "./primitive.ts";

/** The values, row-major, never changed after. They stand in the program's memory (`Program.constants`): no loop computes them. */
export const constant: Primitive<Attrs["constant"]> = {
  infer: (inputs, { values, type }) => {
    checkCount("constant", inputs, []);
    const kind = typedValues(type.dtype, 0).constructor;
    if (values.length !== sizeOf(type.shape) || values.constructor !== kind) {
      throw wrongAttribute(
        "constant",
        "values",
        `${sizeOf(type.shape)} elements in a ${kind.name} for ${showType(type)}`,
        `${values.length} in a ${values.constructor.name}`,
      );
    }
    return [type];
  },
  evaluate: (_inputs, { values, type }) => [tensorOf(values.slice(), type.shape, type.dtype)],
  vjp: zeroDerivative("constant"),
  batch: (b, inputs, _batched, attrs, size) => [withBatchAxis(b, b.one("constant", inputs, attrs), size)],
  lower: null,
};
