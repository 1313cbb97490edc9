// `result[b, m, n] = Σ_k lhs(b, m, k) · rhs(b, n, k)`. StableHLO `dot_general`: result axes are the batching ones,
// then the free ones of the left, then of the right.

import * as tf from "@tensorflow/tfjs-core";
import { operandsDiffer, wrongAttribute } from "../errors.ts";
import type { Attrs } from "../graph/graph.ts";
import { axisIndex, load, type Scalar } from "../kernels/scalar.ts";
import { sizeOf, showType, type TensorType } from "../type.ts";
import { axesUpTo, shifted } from "./batching.ts";
import { elementsOf, fromElements, reshaped } from "./host.ts";
import { checkAxes, checkCount, checkDType, otherAxes } from "./operands.ts";
import { simpleVjp, type Primitive } from "./primitive.ts";
import { inverse } from "./transpose.ts";

const op = "dot_general";

/** The axes of either side by their part. Contracting axes are paired in the order the attributes give them. */
function partsOf(lhs: TensorType, rhs: TensorType, attrs: Attrs["dot_general"]) {
  const left = { batch: attrs.lhsBatchingDimensions, k: attrs.lhsContractingDimensions };
  const right = { batch: attrs.rhsBatchingDimensions, k: attrs.rhsContractingDimensions };
  const m = otherAxes(lhs.shape.length, [...left.batch, ...left.k]);
  const n = otherAxes(rhs.shape.length, [...right.batch, ...right.k]);
  const sizes = (type: TensorType, axes: readonly number[]): number[] => axes.map((d) => type.shape[d]!);
  return {
    left,
    right,
    m,
    n,
    shapes: { batch: sizes(lhs, left.batch), m: sizes(lhs, m), n: sizes(rhs, n), k: sizes(lhs, left.k) },
  };
}

/** Int32 products wrap around at 32 bits; tfjs sums them in floating point. */
function integerProduct(lhs: tf.Tensor3D, rhs: tf.Tensor3D): tf.Tensor {
  const [batch, m, k] = lhs.shape;
  const n = rhs.shape[1];
  const [xs, ys] = [elementsOf(lhs), elementsOf(rhs)];
  return fromElements([batch, m, n], "int32", (flat) => {
    const block = Math.floor(flat / (m * n));
    const [row, column] = [Math.floor(flat / n) % m, flat % n];
    let sum = 0;
    for (let i = 0; i < k; i++) {
      sum = (sum + Math.imul(xs[(block * m + row) * k + i]!, ys[(block * n + column) * k + i]!)) | 0;
    }
    return sum;
  });
}

export const dotGeneral: Primitive<Attrs["dot_general"]> = {
  infer: (inputs, attrs) => {
    checkCount(op, inputs, ["lhs", "rhs"]);
    const [lhs, rhs] = [inputs[0]!, inputs[1]!];
    if (lhs.dtype !== rhs.dtype) throw operandsDiffer(`${op} (dtypes)`, inputs);
    checkDType(op, "lhs", lhs, ["float32", "int32"]);
    const { left, right, shapes } = partsOf(lhs, rhs, attrs);
    checkAxes(op, "lhsBatchingDimensions and lhsContractingDimensions", [...left.batch, ...left.k], lhs);
    checkAxes(op, "rhsBatchingDimensions and rhsContractingDimensions", [...right.batch, ...right.k], rhs);
    for (const [part, name] of [
      ["batch", "Batching"],
      ["k", "Contracting"],
    ] as const) {
      // prettier-ignore
      const [ours, theirs] = [left[part], right[part]];
      const fits = ours.length === theirs.length && ours.every((d, i) => lhs.shape[d] === rhs.shape[theirs[i]!]);
      if (!fits) {
        throw wrongAttribute(
          op,
          `lhs${name}Dimensions and rhs${name}Dimensions`,
          "pairs of axes of one size",
          `[${ours.join(",")}] and [${theirs.join(",")}] for operands ${showType(lhs)} and ${showType(rhs)}`,
        );
      }
    }
    return [{ shape: [...shapes.batch, ...shapes.m, ...shapes.n], dtype: lhs.dtype }];
  },
  evaluate: ([lhs, rhs], attrs) => {
    const types = [lhs!, rhs!].map(({ shape }): TensorType => ({ shape, dtype: "float32" }));
    const { left, right, m, n, shapes } = partsOf(types[0]!, types[1]!, attrs);
    const result = [...shapes.batch, ...shapes.m, ...shapes.n];
    const [b, k] = [sizeOf(shapes.batch), sizeOf(shapes.k)];
    if (k === 0) return [tf.zeros([...result], lhs!.dtype)];
    const arranged = (x: tf.Tensor, axes: readonly number[], rows: number): tf.Tensor3D =>
      reshaped(tf.transpose(x, [...axes]), [b, rows, k]) as tf.Tensor3D; // a shape of three
    const x = arranged(lhs!, [...left.batch, ...m, ...left.k], sizeOf(shapes.m));
    const y = arranged(rhs!, [...right.batch, ...n, ...right.k], sizeOf(shapes.n));
    return [reshaped(lhs!.dtype === "int32" ? integerProduct(x, y) : tf.matMul(x, y, false, true), result)];
  },
  vjp: simpleVjp(op, (b, ct, [lhs, rhs], _y, attrs) => {
    const { left, right, m, n } = partsOf(lhs!.type, rhs!.type, attrs);
    const batch = axesUpTo(left.batch.length);
    const ofM = m.map((_, i) => batch.length + i);
    const ofN = n.map((_, i) => batch.length + m.length + i);
    const ascending = (axes: readonly number[]): number[] => [...axes].sort((p, q) => p - q);
    // ct ⋅ rhs over n has axes batch, m, k: k in the order of rhs's own axes, which need not be the order of the pairs.
    const dLhs = b.dotGeneral(ct, rhs!, {
      lhsBatchingDimensions: batch,
      rhsBatchingDimensions: right.batch,
      lhsContractingDimensions: ofN,
      rhsContractingDimensions: n,
    });
    const dRhs = b.dotGeneral(ct, lhs!, {
      lhsBatchingDimensions: batch,
      rhsBatchingDimensions: left.batch,
      lhsContractingDimensions: ofM,
      rhsContractingDimensions: m,
    });
    const kOfLhs = ascending(right.k).map((d) => left.k[right.k.indexOf(d)]!);
    const kOfRhs = ascending(left.k).map((d) => right.k[left.k.indexOf(d)]!);
    return [
      b.transpose(dLhs, inverse([...left.batch, ...m, ...kOfLhs])),
      b.transpose(dRhs, inverse([...right.batch, ...n, ...kOfRhs])),
    ];
  }),
  batch: (b, [lhs, rhs], [lhsBatched, rhsBatched], attrs) => {
    const inLhs = (axes: readonly number[]): readonly number[] => (lhsBatched ? shifted(axes) : axes);
    const inRhs = (axes: readonly number[]): readonly number[] => (rhsBatched ? shifted(axes) : axes);
    const both = lhsBatched && rhsBatched ? [0] : [];
    const result = b.dotGeneral(lhs!, rhs!, {
      lhsBatchingDimensions: [...both, ...inLhs(attrs.lhsBatchingDimensions)],
      rhsBatchingDimensions: [...both, ...inRhs(attrs.rhsBatchingDimensions)],
      lhsContractingDimensions: inLhs(attrs.lhsContractingDimensions),
      rhsContractingDimensions: inRhs(attrs.rhsContractingDimensions),
    });
    if (both.length > 0) return [result];
    // The batch axis of one side alone is a free axis of one larger product, the first of its side.
    const { m } = partsOf(lhs!.type, rhs!.type, {
      ...attrs,
      lhsBatchingDimensions: inLhs(attrs.lhsBatchingDimensions),
      lhsContractingDimensions: inLhs(attrs.lhsContractingDimensions),
    });
    const at = attrs.lhsBatchingDimensions.length + (lhsBatched ? 0 : m.length);
    return [b.transpose(result, [at, ...otherAxes(result.type.shape.length, [at])])];
  },
  lower: ([lhs, rhs], attrs) => {
    const { left, right, m, n, shapes } = partsOf(lhs!, rhs!, attrs);
    const side = (operand: number, type: TensorType, axes: readonly number[]): Scalar =>
      load(operand, inverse(axes).map((axis) => axisIndex(axis)), type.dtype); // prettier-ignore
    return {
      form: "contract",
      ...shapes,
      lhs: side(0, lhs!, [...left.batch, ...m, ...left.k]),
      rhs: side(1, rhs!, [...right.batch, ...n, ...right.k]),
    };
  },
};
