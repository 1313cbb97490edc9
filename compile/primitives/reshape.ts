// The same elements in row-major order under another shape. StableHLO `reshape`.

import { wrongAttribute } from "../errors.ts";
import type { Attrs } from "../graph/graph.ts";
import { sizeOf } from "../type.ts";
import { reshaped } from "./host.ts";
import { checkCount } from "./operands.ts";
import { simpleVjp, type Primitive } from "./primitive.ts";

export const reshape: Primitive<Attrs["reshape"]> = {
  infer: (inputs, { shape }) => {
    checkCount("reshape", inputs, ["x"]);
    const x = inputs[0]!;
    if (sizeOf(shape) !== sizeOf(x.shape)) {
      const expected = `a shape of ${sizeOf(x.shape)} elements`;
      throw wrongAttribute("reshape", "shape", expected, `[${shape.join(",")}], of ${sizeOf(shape)},`, x);
    }
    return [{ shape, dtype: x.dtype }];
  },
  evaluate: ([x], { shape }) => [reshaped(x!, shape)],
  vjp: simpleVjp("reshape", (b, ct, [x]) => [b.reshape(ct, x!.type.shape)]),
  batch: (b, [x], _batched, { shape }, size) => [b.reshape(x!, [size, ...shape])],
  lower: () => ({ form: "alias", operand: 0 }),
};
