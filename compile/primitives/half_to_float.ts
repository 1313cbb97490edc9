// The numbers that int32s hold as halves (IEEE 754 binary16) in their low 16 bits, whatever is above these. StableHLO has the
// dtype f16 and `convert` for it; here halves are how a target stores what it reads often, and no dtype of users.

import { halfValue } from "../kernels/half.ts";
import { half, loadHere } from "../kernels/scalar.ts";
import type { Attrs } from "../graph/graph.ts";
import { mapElements } from "./host.ts";
import { checkCount, checkDType } from "./operands.ts";
import { zeroDerivative, type Primitive } from "./primitive.ts";

const op = "half_to_float";

export const halfToFloat: Primitive<Attrs["half_to_float"]> = {
  infer: (inputs) => {
    checkCount(op, inputs, ["x"]);
    checkDType(op, "x", inputs[0]!, ["int32"]);
    return [{ shape: inputs[0]!.shape, dtype: "float32" }];
  },
  evaluate: ([x]) => [mapElements(x!, halfValue, "float32")],
  vjp: zeroDerivative(op),
  batch: (b, inputs, _batched, attrs) => b.emit(op, inputs, attrs),
  lower: ([x]) => ({ form: "map", shape: x!.shape, body: half(loadHere(0, x!.shape.length, "int32")) }),
};
