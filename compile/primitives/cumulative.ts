// Running sum or product along `dimension`: inclusive `y[k] = x[0] ∘ … ∘ x[k]`; exclusive leaves x[k] out, y[0] is the
// identity; `reverse` runs from the end. tfjs's cumsum and cumprod.

import * as tf from "@tensorflow/tfjs-core";
import type { Attrs, Value } from "../graph/graph.ts";
import { loadHere } from "../kernels/scalar.ts";
import { stridesOf, typedValues } from "../type.ts";
import { dtypeOf, elementsOf, tensorOf } from "./host.ts";
import { checkAxes, checkCount, checkDType } from "./operands.ts";
import { simpleVjp, type Builder, type Primitive } from "./primitive.ts";

type CumulativeAttrs = Attrs["cumulative"];

/** Int32 wraps around at 32 bits. */
function onHost(x: tf.Tensor, { combiner, dimension, exclusive, reverse }: CumulativeAttrs): tf.Tensor {
  const values = typedValues(dtypeOf(x), x.size);
  const from = elementsOf(x);
  const length = x.shape[dimension]!;
  const stride = stridesOf(x.shape)[dimension]!;
  const combine = combiner === "add" ? (p: number, q: number) => (p + q) | 0 : Math.imul;
  for (let lane = 0; lane < x.size / Math.max(length, 1); lane++) {
    const start = Math.floor(lane / stride) * stride * length + (lane % stride);
    let running = combiner === "add" ? 0 : 1;
    for (let i = 0; i < length; i++) {
      const at = start + (reverse ? length - 1 - i : i) * stride;
      const next = combine(running, from[at]!);
      values[at] = exclusive ? running : next;
      running = next;
    }
  }
  return tensorOf(values, x.shape, dtypeOf(x));
}

/** `x[i + by]` along `dimension` (`x[i - by]` backwards), `value` beyond the end. */
function shift(b: Builder, x: Value, dimension: number, by: number, backwards: boolean, value: number): Value {
  const { shape } = x.type;
  const along = (n: number): number[] => shape.map((_, d) => (d === dimension ? n : 0));
  const count = Math.min(by, shape[dimension]!);
  const limit = shape.map((size, d) => (d === dimension && backwards ? size - count : size));
  const rest = b.slice(x, along(backwards ? 0 : count), limit);
  return b.pad(rest, along(backwards ? count : 0), along(backwards ? 0 : count), undefined, value);
}

/** The solution of `r[i] = c[i] + a[i] · r[i+1]`, r = 0 beyond the end, in log₂ n steps of doubling length; with
 *  `backwards`, of `r[i] = c[i] + a[i] · r[i-1]`. No division: right whatever is zero. */
function linearRecurrence(b: Builder, a: Value, c: Value, dimension: number, backwards: boolean): Value {
  const length = c.type.shape[dimension]!;
  let [factor, sum] = [a, c];
  for (let by = 1; by < length; by *= 2) {
    sum = b.add(sum, b.multiply(factor, shift(b, sum, dimension, by, backwards, 0)));
    if (by * 2 < length) factor = b.multiply(factor, shift(b, factor, dimension, by, backwards, 0));
  }
  return sum;
}

export const cumulative: Primitive<CumulativeAttrs> = {
  infer: (inputs, { dimension }) => {
    checkCount("cumulative", inputs, ["x"]);
    checkDType("cumulative", "x", inputs[0]!, ["float32", "int32"]);
    checkAxes("cumulative", "dimension", [dimension], inputs[0]!);
    return [inputs[0]!];
  },
  evaluate: ([x], attrs) => {
    if (x!.dtype === "int32") return [onHost(x!, attrs)];
    const run = attrs.combiner === "add" ? tf.cumsum : tf.cumprod;
    return [run(x!, attrs.dimension, attrs.exclusive, attrs.reverse)];
  },
  vjp: simpleVjp("cumulative", (b, ct, [x], _y, attrs) => {
    const { combiner, dimension, exclusive, reverse } = attrs;
    if (combiner === "add") return [b.cumulative(ct, { ...attrs, reverse: !reverse })];
    // Forwards: y[k] holds x[i] for k >= i (k > i if exclusive), so dx[i] is what comes before i, times
    // r[i] = Σ ct[k] · Π x[i+1..k], and r[i] = ct[i] + x[i+1] · r[i+1]
    // (exclusive: r[i] = Σ ct[k] · Π x[i+1..k-1] = ct[i+1] + x[i+1] · r[i+1]).
    const before = b.cumulative(x!, { ...attrs, exclusive: true });
    const next = shift(b, x!, dimension, 1, reverse, 0);
    const term = exclusive ? shift(b, ct, dimension, 1, reverse, 0) : ct;
    return [b.multiply(before, linearRecurrence(b, next, term, dimension, reverse))];
  }),
  batch: (b, [x], _batched, attrs) => [b.cumulative(x!, { ...attrs, dimension: attrs.dimension + 1 })],
  lower: ([x], { combiner, dimension, exclusive, reverse }) => ({
    form: "running",
    shape: x!.shape,
    dimension,
    combiner,
    exclusive,
    reverse,
    body: loadHere(0, x!.shape.length, x!.dtype),
  }),
};
