// Changes of dtype. StableHLO `convert` and `bitcast_convert`.

import * as tf from "@tensorflow/tfjs-core";
import { wrongAttribute } from "../errors.ts";
import type { Attrs } from "../graph/graph.ts";
import { bitcast, convert as convertScalar, loadHere } from "../kernels/scalar.ts";
import { elementsOf, mapElements, tensorOf } from "./host.ts";
import { checkCount, checkDType } from "./operands.ts";
import { simpleVjp, zeroDerivative, type Primitive } from "./primitive.ts";

/** float32 to int32: towards zero, saturating, NaN is 0. */
export const truncate = (x: number): number =>
  Number.isNaN(x) ? 0 : Math.trunc(Math.min(Math.max(x, -2147483648), 2147483647));

/** By value: a float32 loses its fraction, a bool is 0 or 1, a number is true where it is not 0 (a NaN is true). */
export const convert: Primitive<Attrs["convert"]> = {
  infer: (inputs, { dtype }) => {
    checkCount("convert", inputs, ["x"]);
    return [{ shape: inputs[0]!.shape, dtype }];
  },
  evaluate: ([x], { dtype }) => {
    if (x!.dtype === "float32" && dtype === "int32") return [mapElements(x!, truncate, "int32")];
    if (dtype === "bool" && x!.dtype !== "bool") return [tf.notEqual(x!, tf.zerosLike(x!))];
    return [tf.cast(x!, dtype)];
  },
  vjp: simpleVjp("convert", (_b, ct, [x]) => [x!.type.dtype === "float32" ? ct : null]),
  batch: (b, inputs, _batched, attrs) => b.emit("convert", inputs, attrs),
  lower: ([x], { dtype }) =>
    x!.dtype === dtype
      ? { form: "alias", operand: 0 }
      : { form: "map", shape: x!.shape, body: convertScalar(loadHere(0, x!.shape.length, x!.dtype), dtype) },
};

/** The same 32 bits read as the other dtype. */
export const bitcastConvert: Primitive<Attrs["bitcast_convert"]> = {
  infer: (inputs, { dtype }) => {
    checkCount("bitcast_convert", inputs, ["x"]);
    checkDType("bitcast_convert", "x", inputs[0]!, ["float32", "int32"]);
    if (dtype !== "float32" && dtype !== "int32") {
      throw wrongAttribute("bitcast_convert", "dtype", "float32 or int32", dtype, inputs[0]);
    }
    return [{ shape: inputs[0]!.shape, dtype }];
  },
  evaluate: ([x], { dtype }) => {
    const values = elementsOf(x!).slice();
    const bits = dtype === "int32" ? new Int32Array(values.buffer) : new Float32Array(values.buffer);
    return [tensorOf(bits, x!.shape, dtype)];
  },
  vjp: zeroDerivative("bitcast_convert"),
  batch: (b, inputs, _batched, attrs) => b.emit("bitcast_convert", inputs, attrs),
  lower: ([x], { dtype }) => ({
    form: "map",
    shape: x!.shape,
    body: bitcast(loadHere(0, x!.shape.length, x!.dtype), dtype),
  }),
};
