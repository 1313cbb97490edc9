// Tensors as plain data, for laws that compare evaluations: values apart from each other, so that a finite difference
// crosses no kink and no tie, or the extremes of a dtype.

import fc from "fast-check";
import { sizeOf, typedValues, type DType, type Shape, type TensorType, type TypedValues } from "../../compile/type.ts";

/** A tensor: its type and its elements, row-major. */
export interface Operand {
  readonly type: TensorType;
  readonly values: TypedValues;
}

export const operandOf = (shape: Shape, dtype: DType, elements: readonly number[]): Operand => {
  const values = typedValues(dtype, sizeOf(shape));
  values.set(elements);
  return { type: { shape, dtype }, values };
};

/** Shapes of few elements; a size may be 0 where `least` is. */
export const shapes = (minRank = 0, maxRank = 3, least: 0 | 1 = 1): fc.Arbitrary<number[]> => {
  const size = fc.integer({ min: 1, max: 3 });
  const sizes =
    least === 0 ? fc.oneof({ weight: 12, arbitrary: size }, { weight: 1, arbitrary: fc.constant(0) }) : size;
  return fc.array(sizes, { minLength: minRank, maxLength: maxRank });
};

/** `count` numbers of [low, high], no two nearer than about half of an even spacing. */
export const apart = (count: number, low: number, high: number): fc.Arbitrary<number[]> => {
  const places = Math.max(count, 8);
  const step = (high - low) / places;
  return fc
    .tuple(
      fc.shuffledSubarray(Array.from({ length: places }, (_, i) => i), { minLength: count, maxLength: count }), // prettier-ignore
      fc.array(fc.integer({ min: -20, max: 20 }), { minLength: count, maxLength: count }),
    )
    .map(([order, jitter]) => order.map((place, i) => low + (place + 0.5 + jitter[i]! / 100) * step));
};

/** A float32 tensor of values apart. */
export const floats = (shape: Shape, low = -2, high = 2): fc.Arbitrary<Operand> =>
  apart(sizeOf(shape), low, high).map((values) => operandOf(shape, "float32", values));

/** Several float32 tensors of one shape, no two of whose values are near. */
export const floatsTogether = (count: number, shape: Shape, low = -2, high = 2): fc.Arbitrary<Operand[]> => {
  const size = sizeOf(shape);
  return apart(count * size, low, high).map((values) =>
    Array.from({ length: count }, (_, i) => operandOf(shape, "float32", values.slice(i * size, (i + 1) * size))),
  );
};

const elements = (shape: Shape, element: fc.Arbitrary<number>): fc.Arbitrary<number[]> =>
  fc.array(element, { minLength: sizeOf(shape), maxLength: sizeOf(shape) });

export const integers = (shape: Shape, min = -9, max = 9): fc.Arbitrary<Operand> =>
  elements(shape, fc.integer({ min, max })).map((values) => operandOf(shape, "int32", values));

/** All 32 bits used. */
export const words = (shape: Shape): fc.Arbitrary<Operand> => integers(shape, -2147483648, 2147483647);

export const bools = (shape: Shape): fc.Arbitrary<Operand> =>
  elements(shape, fc.integer({ min: 0, max: 1 })).map((values) => operandOf(shape, "bool", values));

const extremeFloats = [0, -0, 1, -1, 0.5, -0.5, 2.5, -2.5, 3e9, -3e9, 1e-30, 1e30, -1e30, 88, -104, Infinity, -Infinity, NaN]; // prettier-ignore
const extremeIntegers = [0, 1, -1, 2, -3, 31, 32, 65536, 16777217, 2147483647, -2147483647, -2147483648];

/** Values at which implementations differ. */
export const extremes = (shape: Shape, dtype: DType): fc.Arbitrary<Operand> => {
  const among = { float32: extremeFloats, int32: extremeIntegers, bool: [0, 1] }[dtype];
  return elements(shape, fc.constantFrom(...among)).map((values) => operandOf(shape, dtype, values));
};
