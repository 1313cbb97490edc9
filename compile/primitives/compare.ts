// `result[i] = x[i] direction y[i]`, a bool. StableHLO `compare`; with a NaN all are false but NE.

import * as tf from "@tensorflow/tfjs-core";
import { operandsDiffer } from "../errors.ts";
import type { Attrs, Direction } from "../graph/graph.ts";
import { compare as compareScalars, loadHere } from "../kernels/scalar.ts";
import { sameType } from "../type.ts";
import { allInFront } from "./batching.ts";
import { checkCount } from "./operands.ts";
import { zeroDerivative, type Primitive } from "./primitive.ts";

const comparisons = {
  EQ: tf.equal,
  NE: tf.notEqual,
  GE: tf.greaterEqual,
  GT: tf.greater,
  LE: tf.lessEqual,
  LT: tf.less,
} as const satisfies Record<Direction, unknown>;

export const compare: Primitive<Attrs["compare"]> = {
  infer: (inputs) => {
    checkCount("compare", inputs, ["x", "y"]);
    if (!sameType(inputs[0]!, inputs[1]!)) throw operandsDiffer("compare", inputs);
    return [{ shape: inputs[0]!.shape, dtype: "bool" }];
  },
  evaluate: ([x, y], { direction }) => {
    // Not every backend of tfjs orders truth values.
    const ordered = x!.dtype === "bool" && direction !== "EQ" && direction !== "NE";
    const [a, b] = ordered ? [tf.cast(x!, "int32"), tf.cast(y!, "int32")] : [x!, y!];
    return [comparisons[direction](a, b)];
  },
  vjp: zeroDerivative("compare"),
  batch: (b, inputs, batched, attrs, size) => b.emit("compare", allInFront(b, inputs, batched, size), attrs),
  lower: ([x], { direction }) => {
    const operand = (i: number) => loadHere(i, x!.shape.length, x!.dtype);
    return { form: "map", shape: x!.shape, body: compareScalars(direction, operand(0), operand(1)) };
  },
};
