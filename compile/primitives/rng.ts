// Random bits from explicit keys: a key is int32[2], leading axes are a batch of keys. Bit for bit those of `jax.random`
// with its default implementation (`threefry2x32`, `jax_threefry_partitionable`): element i of a draw depends on the key
// and on i alone.

import { wrongAttribute, wrongRank } from "../errors.ts";
import type { Attrs } from "../graph/graph.ts";
import { axisIndex, binary, constantIndex, index, load, loadHere, number, type Affine, type Scalar } from "../kernels/scalar.ts"; // prettier-ignore
import { sizeOf, stridesOf, type Shape, type TensorType } from "../type.ts";
import { allInFront } from "./batching.ts";
import { elementsOf, fromElements } from "./host.ts";
import { checkCount, checkDType, checkShape } from "./operands.ts";
import { zeroDerivative, type Primitive } from "./primitive.ts";
import { threefry, threefryScalars } from "./threefry.ts";

/** The leading axes of a key, checked to be one. */
function keysOf(op: string, key: TensorType): Shape {
  checkDType(op, "key", key, ["int32"]);
  if (key.shape.at(-1) !== 2) throw wrongRank(op, "key", "a last axis of size 2 (see random.key)", key);
  return key.shape.slice(0, -1);
}

/** Words of the key that the first `rank` loop axes count. */
const keyScalars = (rank: number): readonly [Scalar, Scalar] => {
  const word = (i: number): Scalar =>
    load(0, [...Array.from({ length: rank }, (_, d) => axisIndex(d)), constantIndex(i)], "int32");
  return [word(0), word(1)];
};

/** Random words: the two halves of the enciphered counter, exclusive or. */
export const rngBitGenerator: Primitive<Attrs["rng_bit_generator"]> = {
  infer: (inputs, { shape }) => {
    checkCount("rng_bit_generator", inputs, ["key"]);
    if (!shape.every((n) => Number.isInteger(n) && n >= 0)) {
      throw wrongAttribute("rng_bit_generator", "shape", "sizes >= 0", `[${shape.join(",")}]`);
    }
    return [{ shape: [...keysOf("rng_bit_generator", inputs[0]!), ...shape], dtype: "int32" }];
  },
  evaluate: ([key], { shape }) => {
    const words = elementsOf(key!);
    const size = sizeOf(shape);
    const bits = fromElements([...key!.shape.slice(0, -1), ...shape], "int32", (flat) => {
      const k = Math.floor(flat / size) * 2;
      const [x, y] = threefry([words[k]!, words[k + 1]!], [0, flat % size]);
      return x ^ y;
    });
    return [bits];
  },
  vjp: zeroDerivative("rng_bit_generator"),
  batch: (b, inputs, _batched, attrs) => b.emit("rng_bit_generator", inputs, attrs),
  lower: ([key], { shape }, [result]) => {
    const rank = key!.shape.length - 1;
    const strides = stridesOf(shape);
    const counter: Affine = { offset: 0, coefficients: [...new Array<number>(rank).fill(0), ...strides] };
    const [x, y] = threefryScalars(keyScalars(rank), [number(0, "int32"), index(counter)]);
    return { form: "map", shape: result!.shape, body: binary("xor", x, y) };
  },
};

/** New keys: the enciphered numbers 0..count-1. */
export const rngSplit: Primitive<Attrs["rng_split"]> = {
  infer: (inputs, { count }) => {
    checkCount("rng_split", inputs, ["key"]);
    if (!Number.isInteger(count) || count < 0) {
      throw wrongAttribute("rng_split", "count", "an integer >= 0", String(count));
    }
    return [{ shape: [...keysOf("rng_split", inputs[0]!), count, 2], dtype: "int32" }];
  },
  evaluate: ([key], { count }) => {
    const words = elementsOf(key!);
    const keys = fromElements([...key!.shape.slice(0, -1), count, 2], "int32", (flat) => {
      const k = Math.floor(flat / (2 * count)) * 2;
      return threefry([words[k]!, words[k + 1]!], [0, Math.floor(flat / 2) % count])[flat % 2]!;
    });
    return [keys];
  },
  vjp: zeroDerivative("rng_split"),
  batch: (b, inputs, _batched, attrs) => b.emit("rng_split", inputs, attrs),
  lower: ([key], { count }) => {
    const keys = key!.shape.slice(0, -1);
    const rank = keys.length;
    const words = threefryScalars(keyScalars(rank), [number(0, "int32"), index(axisIndex(rank))]);
    return { form: "pieces", fill: null, pieces: words.map((body, i) => wordPiece([...keys, count], body, i)) };
  },
};

/** The piece of a result [...shape, 2] that is word `i` of every pair. */
const wordPiece = (shape: Shape, body: Scalar, i: number) => ({
  shape: [...shape, 1],
  body,
  at: [...shape.map((_, d) => axisIndex(d)), constantIndex(i)],
});

/** One new key: the enciphered number. */
export const rngFoldIn: Primitive<Attrs["rng_fold_in"]> = {
  infer: (inputs) => {
    checkCount("rng_fold_in", inputs, ["key", "data"]);
    const [key, data] = [inputs[0]!, inputs[1]!];
    checkDType("rng_fold_in", "data", data, ["int32"]);
    checkShape("rng_fold_in", "data", data, keysOf("rng_fold_in", key));
    return [key];
  },
  evaluate: ([key, data]) => {
    const words = elementsOf(key!);
    const folded = elementsOf(data!);
    const keys = fromElements(key!.shape, "int32", (flat) => {
      const k = flat - (flat % 2);
      return threefry([words[k]!, words[k + 1]!], [0, folded[k / 2]!])[flat % 2]!;
    });
    return [keys];
  },
  vjp: zeroDerivative("rng_fold_in"),
  batch: (b, inputs, batched, attrs, size) => b.emit("rng_fold_in", allInFront(b, inputs, batched, size), attrs),
  lower: ([key]) => {
    const keys = key!.shape.slice(0, -1);
    const words = threefryScalars(keyScalars(keys.length), [number(0, "int32"), loadHere(1, keys.length, "int32")]);
    return { form: "pieces", fill: null, pieces: words.map((body, i) => wordPiece(keys, body, i)) };
  },
};
