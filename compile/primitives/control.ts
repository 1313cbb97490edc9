// Identities that say something to differentiation and to the passes.

import * as tf from "@tensorflow/tfjs-core";
import type { Attrs } from "../graph/graph.ts";
import { withBatchAxis, zeroDerivative, type Primitive } from "./primitive.ts";

/** The operand, a constant to differentiation. */
export const stopGradient: Primitive<Attrs["stop_gradient"]> = {
  infer: ([x]) => [x!],
  evaluate: ([x]) => [tf.clone(x!)],
  vjp: zeroDerivative("stop_gradient"),
  batch: (b, [x]) => [b.stopGradient(x!)],
  lower: () => ({ form: "alias", operand: 0 }),
};

/** Its operands, together: what uses a result waits for all of them, and is never merged with work before the barrier. */
export const optimizationBarrier: Primitive<Attrs["optimization_barrier"]> = {
  infer: (inputs) => inputs,
  evaluate: (inputs) => inputs.map((x) => tf.clone(x)),
  vjp: (b, inputs) => ({ outputs: b.emit("optimization_barrier", inputs, {}), pullback: (cts) => cts }),
  batch: (b, inputs, batched, _attrs, size) =>
    b.emit("optimization_barrier", inputs.map((x, i) => (batched[i] ? x : withBatchAxis(b, x, size))), {}), // prettier-ignore
  lower: null,
};
