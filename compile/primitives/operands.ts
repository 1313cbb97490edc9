// What shape rules check, in one wording: counts, dtypes, ranks, axes.

import { wrongAttribute, wrongDType, wrongOperandCount, wrongShape } from "../errors.ts";
import { sameShape, type DType, type Shape, type TensorType } from "../type.ts";

/** The operands, of which there must be `names.length`, under those names. */
export function checkCount(op: string, inputs: readonly TensorType[], names: readonly string[]): void {
  if (inputs.length === names.length) return;
  const expected = `${names.length} operand${names.length === 1 ? "" : "s"}${names.length ? ` (${names.join(", ")})` : ""}`;
  throw wrongOperandCount(op, expected, inputs.length);
}

export function checkDType(op: string, argument: string, type: TensorType, admitted: readonly DType[]): void {
  if (!admitted.includes(type.dtype)) throw wrongDType(op, argument, admitted.join(" or "), type);
}

export function checkShape(op: string, argument: string, type: TensorType, shape: Shape): void {
  if (!sameShape(type.shape, shape)) throw wrongShape(op, argument, `[${shape.join(",")}]`, type);
}

/** Distinct axes of an operand. */
export function checkAxes(op: string, attribute: string, axes: readonly number[], type: TensorType): void {
  const rank = type.shape.length;
  const fits = axes.every((d, i) => Number.isInteger(d) && d >= 0 && d < rank && axes.indexOf(d) === i);
  if (!fits) throw wrongAttribute(op, attribute, `distinct axes in 0..${rank - 1}`, `[${axes.join(",")}]`, type);
}

/** A list of integers >= `least`, one an axis of the operand. */
export function checkPerAxis(
  op: string,
  attribute: string,
  numbers: readonly number[],
  type: TensorType,
  least: number,
): void {
  const fits = numbers.length === type.shape.length && numbers.every((n) => Number.isInteger(n) && n >= least);
  if (!fits) {
    throw wrongAttribute(
      op,
      attribute,
      `one integer >= ${least} for each of ${type.shape.length} axes`,
      `[${numbers.join(",")}]`,
      type,
    );
  }
}

/** The axes of `rank` that are not in `axes`, in order. */
export const otherAxes = (rank: number, axes: readonly number[]): number[] =>
  Array.from({ length: rank }, (_, d) => d).filter((d) => !axes.includes(d));
