// `result[i] = predicate[i] ? onTrue[i] : onFalse[i]`, all of one shape. StableHLO `select`.

import * as tf from "@tensorflow/tfjs-core";
import { operandsDiffer } from "../errors.ts";
import type { Attrs } from "../graph/graph.ts";
import { loadHere, select as selectScalar } from "../kernels/scalar.ts";
import { sameType } from "../type.ts";
import { allInFront } from "./batching.ts";
import { checkCount, checkDType, checkShape } from "./operands.ts";
import { simpleVjp, type Primitive } from "./primitive.ts";

export const select: Primitive<Attrs["select"]> = {
  infer: (inputs) => {
    checkCount("select", inputs, ["predicate", "onTrue", "onFalse"]);
    const [predicate, onTrue, onFalse] = inputs;
    checkDType("select", "predicate", predicate!, ["bool"]);
    if (!sameType(onTrue!, onFalse!)) throw operandsDiffer("select", [onTrue!, onFalse!]);
    checkShape("select", "predicate", predicate!, onTrue!.shape);
    return [onTrue!];
  },
  evaluate: ([predicate, onTrue, onFalse]) => [tf.where(predicate!, onTrue!, onFalse!)],
  vjp: simpleVjp("select", (b, ct, [predicate]) => {
    const zero = b.zeros(ct.type);
    return [null, b.select(predicate!, ct, zero), b.select(predicate!, zero, ct)];
  }),
  batch: (b, inputs, batched, attrs, size) => b.emit("select", allInFront(b, inputs, batched, size), attrs),
  lower: ([predicate, x]) => {
    const rank = x!.shape.length;
    const body = selectScalar(
      loadHere(0, rank, predicate!.dtype),
      loadHere(1, rank, x!.dtype),
      loadHere(2, rank, x!.dtype),
    );
    return { form: "map", shape: x!.shape, body };
  },
};
