// All elements along `dimensions` combined into one. StableHLO `reduce` with one of six combiners.
// add, multiply, maximum, minimum on float32 and int32; and, or on bool. Of no elements: the combiner's identity.

import * as tf from "@tensorflow/tfjs-core";
import type { Attrs, Combiner, Value } from "../graph/graph.ts";
import { axisIndex, combine, identityOf, load } from "../kernels/scalar.ts";
import { sizeOf, stridesOf, typedValues } from "../type.ts";
import { shifted } from "./batching.ts";
import { dtypeOf, eachIndex, elementsOf, tensorOf } from "./host.ts";
import { checkAxes, checkCount, checkDType, otherAxes } from "./operands.ts";
import { simpleVjp, type Builder, type Primitive } from "./primitive.ts";
import { inverse } from "./transpose.ts";

const inTfjs = { add: tf.sum, multiply: tf.prod, maximum: tf.max, minimum: tf.min, and: tf.all, or: tf.any } as const;

/** Integers, and reductions of nothing: exact, on the host. */
function onHost(x: tf.Tensor, combiner: Combiner, dimensions: readonly number[]): tf.Tensor {
  const kept = otherAxes(x.shape.length, dimensions);
  const shape = kept.map((d) => x.shape[d]!);
  const strides = stridesOf(shape);
  const dtype = dtypeOf(x);
  const values = typedValues(dtype, sizeOf(shape)).fill(identityOf(combiner, dtype));
  const from = elementsOf(x);
  eachIndex(x.shape, (index, flat) => {
    const at = kept.reduce((sum, d, i) => sum + index[d]! * strides[i]!, 0);
    values[at] = combine(combiner, values[at]!, from[flat]!, dtype);
  });
  return tensorOf(values, shape, dtype);
}

/** A reduced value beside what it was reduced from again. */
function spread(b: Builder, y: Value, x: Value, dimensions: readonly number[]): Value {
  return b.broadcastInDim(y, x.type.shape, otherAxes(x.type.shape.length, dimensions));
}

/** For each element the product of all others, without a division: what comes before times what comes after. */
function productOfOthers(b: Builder, x: Value, dimensions: readonly number[]): Value {
  const kept = otherAxes(x.type.shape.length, dimensions);
  const permutation = [...kept, ...dimensions];
  const moved = b.transpose(x, permutation);
  const flat = b.reshape(moved, [
    ...kept.map((d) => x.type.shape[d]!),
    sizeOf(dimensions.map((d) => x.type.shape[d]!)),
  ]);
  const running = { combiner: "multiply", dimension: kept.length, exclusive: true } as const;
  const before = b.cumulative(flat, { ...running, reverse: false });
  const after = b.cumulative(flat, { ...running, reverse: true });
  return b.transpose(b.reshape(b.multiply(before, after), moved.type.shape), inverse(permutation));
}

export const reduce: Primitive<Attrs["reduce"]> = {
  infer: (inputs, { combiner, dimensions }) => {
    checkCount("reduce", inputs, ["x"]);
    const x = inputs[0]!;
    const logical = combiner === "and" || combiner === "or";
    checkDType(`reduce by ${combiner}`, "x", x, logical ? ["bool"] : ["float32", "int32"]);
    checkAxes("reduce", "dimensions", dimensions, x);
    return [{ shape: otherAxes(x.shape.length, dimensions).map((d) => x.shape[d]!), dtype: x.dtype }];
  },
  evaluate: ([x], { combiner, dimensions }) => {
    if (dimensions.length === 0) return [tf.clone(x!)];
    if (x!.dtype === "int32" || x!.size === 0) return [onHost(x!, combiner, dimensions)];
    return [inTfjs[combiner](x!, [...dimensions])];
  },
  vjp: simpleVjp("reduce", (b, ct, [x], y, { combiner, dimensions }) => {
    switch (combiner) {
      case "add":
        return [spread(b, ct, x!, dimensions)];
      case "multiply":
        return [b.multiply(spread(b, ct, x!, dimensions), productOfOthers(b, x!, dimensions))];
      case "maximum":
      case "minimum": {
        // All that reach the extremum share the cotangent equally, as in JAX.
        const reached = b.convert(b.compare(x!, spread(b, y, x!, dimensions), "EQ"), "float32");
        const share = b.divide(ct, b.sum(reached, dimensions));
        return [b.multiply(spread(b, share, x!, dimensions), reached)];
      }
      case "and":
      case "or":
        return [null];
      default:
        return combiner satisfies never;
    }
  }),
  batch: (b, [x], _batched, { combiner, dimensions }) => [b.reduce(x!, combiner, shifted(dimensions))],
  lower: ([x], { combiner, dimensions }, [result]) => {
    const rank = x!.shape.length;
    const kept = otherAxes(rank, dimensions);
    // Loop axes: those kept, then those reduced, both in the operand's order.
    const reducedInOrder = [...dimensions].sort((p, q) => p - q);
    const axes = [...kept, ...reducedInOrder];
    return {
      form: "reduce",
      shape: result!.shape,
      reduced: reducedInOrder.map((d) => x!.shape[d]!),
      combiner,
      body: load(0, inverse(axes).map((axis) => axisIndex(axis)), x!.dtype), // prettier-ignore
    };
  },
};
