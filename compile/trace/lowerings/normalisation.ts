// Kernels that scale elements by what their neighbours are: softmax, batch and local response normalisation.

import type {
  LRNAttrs,
  LRNGradInputs,
  LRNInputs,
  FusedBatchNormAttrs,
  FusedBatchNormInputs,
  SoftmaxAttrs,
  SoftmaxInputs,
} from "@tensorflow/tfjs-core";
import type { Value } from "../../graph/graph.ts";
import type { Builder } from "../../primitives/primitive.ts";
import { axes, fillLike, lowering, rankOf, type TfjsLowering } from "./lowering.ts";
import { axisOf } from "./reduction.ts";

/** e^(x - max) / Σ e^(x - max). What the greatest element is makes no difference, so no gradient passes through it. */
function softmax(b: Builder, logits: Value, axis: number): Value {
  const { shape } = logits.type;
  const others = axes(shape.length).filter((other) => other !== axis);
  const greatest = b.stopGradient(b.reduce(logits, "maximum", [axis]));
  const powers = b.exponential(b.subtract(logits, b.broadcastInDim(greatest, shape, others)));
  return b.divide(powers, b.broadcastInDim(b.sum(powers, [axis]), shape, others));
}

/** For each channel (the last axis) the sum of those at most `radius` away. */
function sumOfNeighbours(b: Builder, x: Value, radius: number): Value {
  const axis = rankOf(x) - 1;
  const channels = x.type.shape[axis]!;
  const square = [channels, channels];
  const distance = b.abs(b.subtract(b.iota(square, 0), b.iota(square, 1)));
  const near = b.convert(b.compare(distance, fillLike(b, distance, radius), "LE"), "float32");
  return b.dotGeneral(x, near, {
    lhsBatchingDimensions: [],
    rhsBatchingDimensions: [],
    lhsContractingDimensions: [axis],
    rhsContractingDimensions: [0],
  });
}

/** bias + alpha · the sum of the neighbours' squares. */
const localNorm = (b: Builder, x: Value, { depthRadius, bias, alpha }: Readonly<LRNAttrs>): Value => {
  const squares = sumOfNeighbours(b, b.multiply(x, x), depthRadius);
  return b.add(b.multiply(squares, fillLike(b, squares, alpha)), fillLike(b, squares, bias));
};

const raise = (b: Builder, x: Value, exponent: number): Value => b.power(x, fillLike(b, x, exponent));

type BatchNormInputs = Pick<FusedBatchNormInputs, "x" | "mean" | "variance"> & Partial<FusedBatchNormInputs>;

export const normalisation = {
  Softmax: lowering<SoftmaxInputs, SoftmaxAttrs>((b, { logits }, { dim }) => softmax(b, logits, axisOf(logits, dim))),

  /** offset + (x - mean) · scale / √(variance + ε); all but x may be vectors of the last axis. */
  FusedBatchNorm: lowering<BatchNormInputs, FusedBatchNormAttrs>((b, inputs, { varianceEpsilon }) => {
    const { x, mean, variance, scale, offset } = inputs;
    const inverse = b.rsqrt(b.add(variance, fillLike(b, variance, varianceEpsilon)));
    const slope = scale ? b.multiply(inverse, scale) : inverse;
    const scaled = b.multiply(b.subtract(x, mean), slope);
    return offset ? b.add(scaled, offset) : scaled;
  }),

  /** x · norm^-beta */
  LRN: lowering<LRNInputs, LRNAttrs>((b, { x }, attrs) => b.multiply(x, raise(b, localNorm(b, x, attrs), -attrs.beta))),

  /** The kernel that tfjs's gradient of LRN runs: dy · norm^-beta - 2 alpha beta x · Σ of the neighbours' dy · y / norm. */
  LRNGrad: lowering<LRNGradInputs, LRNAttrs>((b, { x, y, dy }, attrs) => {
    const norm = localNorm(b, x, attrs);
    const pulled = sumOfNeighbours(b, b.divide(b.multiply(dy, y), norm), attrs.depthRadius);
    const across = b.multiply(b.multiply(x, pulled), fillLike(b, x, 2 * attrs.alpha * attrs.beta));
    return b.subtract(b.multiply(dy, raise(b, norm, -attrs.beta)), across);
  }),
} satisfies Readonly<Record<string, TfjsLowering>>;
