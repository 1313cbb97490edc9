// Kernels that fold axes away (sums, means, extremes, truth, positions of extremes) or run along one (cumsum, cumprod).

import { util } from "@tensorflow/tfjs-core";
import type {
  ArgMaxAttrs,
  ArgMaxInputs,
  CumsumAttrs,
  CumsumInputs,
  MaxAttrs,
  SumAttrs,
  UnaryInputs,
} from "@tensorflow/tfjs-core";
import type { Combiner, Value } from "../../graph/graph.ts";
import type { Builder } from "../../primitives/primitive.ts";
import { sizeOf } from "../../type.ts";
import { lowering, type TfjsLowering } from "./lowering.ts";

/** What tfjs takes for an axis argument: one, several, or all of them. */
type AxisArgument = number | readonly number[] | null | undefined;

/** The axes of `x` that an argument means: counted from the front, in order. */
export function axesOf(x: Value, argument: AxisArgument): number[] {
  const parsed = util.parseAxisParam(argument as number | number[], [...x.type.shape]);
  return [...new Set(parsed)].sort((p, q) => p - q);
}

/** The one axis of `x` that an argument means. */
export const axisOf = (x: Value, axis: number): number => axesOf(x, axis)[0]!;

/** tfjs counts where it adds or multiplies: bools become int32. */
const counted = (b: Builder, x: Value): Value => (x.type.dtype === "bool" ? b.convert(x, "int32") : x);

/** `x` folded over `axes`, which stay as axes of size 1 where they are to be kept. */
function fold(b: Builder, x: Value, combiner: Combiner, axes: readonly number[], keepDims: boolean): Value {
  const folded = b.reduce(x, combiner, axes);
  if (!keepDims) return folded;
  return b.reshape(
    folded,
    x.type.shape.map((size, axis) => (axes.includes(axis) ? 1 : size)),
  );
}

const reduction = (combiner: Combiner, onBool: Combiner = combiner): TfjsLowering =>
  lowering<UnaryInputs, SumAttrs>((b, { x }, { axis, keepDims }) =>
    fold(b, x, x.type.dtype === "bool" ? onBool : combiner, axesOf(x, axis), keepDims),
  );

const counting = (combiner: Combiner): TfjsLowering =>
  lowering<UnaryInputs, SumAttrs>((b, { x }, { axis, keepDims }) =>
    fold(b, counted(b, x), combiner, axesOf(x, axis), keepDims),
  );

/** `x`, `value` where it has a NaN. */
const withoutNaN = (b: Builder, x: Value, value: number): Value =>
  b.select(b.compare(x, x, "EQ"), x, b.fill(value, x.type.shape));

/** The first position along an axis that holds its extreme; a NaN is never one. */
const positionOf = (combiner: "maximum" | "minimum"): TfjsLowering =>
  lowering<ArgMaxInputs, ArgMaxAttrs>((b, { x }, attrs) => {
    const axis = axisOf(x, attrs.axis);
    const { shape } = x.type;
    const worst = combiner === "maximum" ? -Infinity : Infinity;
    const ordered = x.type.dtype === "float32" ? withoutNaN(b, x, worst) : counted(b, x);
    const extreme = fold(b, ordered, combiner, [axis], true);
    const position = b.iota(shape, axis);
    const none = b.fill(shape[axis]!, shape, "int32");
    return b.reduce(b.select(b.compare(ordered, extreme, "EQ"), position, none), "minimum", [axis]);
  });

const running = (combiner: "add" | "multiply"): TfjsLowering =>
  lowering<CumsumInputs, CumsumAttrs>((b, { x }, { axis, exclusive, reverse }) =>
    b.cumulative(counted(b, x), { combiner, dimension: axisOf(x, axis), exclusive, reverse }),
  );

export const reductions = {
  Sum: counting("add"),
  Prod: counting("multiply"),
  /** float32 whatever the operand is. */
  Mean: lowering<UnaryInputs, SumAttrs>((b, { x }, { axis, keepDims }) => {
    const axes = axesOf(x, axis);
    const total = fold(b, b.convert(x, "float32"), "add", axes, keepDims);
    const count = sizeOf(axes.map((axis) => x.type.shape[axis]!));
    return b.divide(total, b.fill(count, total.type.shape));
  }),
  Max: lowering<UnaryInputs, MaxAttrs>((b, { x }, { reductionIndices, keepDims }) =>
    fold(b, x, x.type.dtype === "bool" ? "or" : "maximum", axesOf(x, reductionIndices), keepDims),
  ),
  Min: reduction("minimum", "and"),
  All: reduction("and"),
  Any: reduction("or"),
  ArgMax: positionOf("maximum"),
  ArgMin: positionOf("minimum"),
  Cumsum: running("add"),
  Cumprod: running("multiply"),
} satisfies Readonly<Record<string, TfjsLowering>>;
