// The meaning of kernels, element by element. Sums and products of many terms are taken in float64, so that a target's
// own order of summation shows only as its rounding.

import type { Kernel } from "../kernels/kernel.ts";
import { combine, identityOf, type Scalar } from "../kernels/scalar.ts";
import { pointsOf, sizeOf, type Shape } from "../type.ts";
import { evaluateScalar, positionOf, rounded, type TensorView } from "./interpretScalar.ts";

/** A tensor to write. */
export interface TensorTarget {
  readonly shape: Shape;
  readonly values: { [position: number]: number };
}

export function interpretKernel(
  { form, operands, results }: Kernel,
  inputs: readonly TensorView[],
  outputs: readonly TensorTarget[],
): void {
  if (inputs.length !== operands.length || outputs.length !== results.length)
    throw new Error("internal: wrong number of tensors, please report");
  const at = (scalar: Scalar, point: readonly number[]): number => evaluateScalar(scalar, inputs, point);
  const out = outputs[0]!.values;
  const { dtype } = results[0]!;
  switch (form.form) {
    case "map": {
      let position = 0;
      for (const point of pointsOf(form.shape)) out[position++] = at(form.body, point);
      return;
    }
    case "pieces":
      if (form.fill !== null) for (let i = 0; i < sizeOf(results[0]!.shape); i++) out[i] = rounded(form.fill, dtype);
      for (const piece of form.pieces) {
        for (const point of pointsOf(piece.shape)) {
          out[positionOf(piece.at, results[0]!.shape, () => NaN, point)] = at(piece.body, point);
        }
      }
      return;
    case "reduce": {
      let position = 0;
      for (const point of pointsOf(form.shape)) {
        let sum = identityOf(form.combiner, dtype);
        for (const k of pointsOf(form.reduced))
          sum = combine(form.combiner, sum, at(form.body, [...point, ...k]), dtype);
        out[position++] = rounded(sum, dtype);
      }
      return;
    }
    case "contract": {
      let position = 0;
      for (const b of pointsOf(form.batch)) {
        for (const m of pointsOf(form.m)) {
          for (const n of pointsOf(form.n)) {
            let sum = 0;
            for (const k of pointsOf(form.k)) {
              const x = at(form.lhs, [...b, ...m, ...k]);
              const y = at(form.rhs, [...b, ...n, ...k]);
              sum = combine("add", sum, combine("multiply", x, y, dtype), dtype);
            }
            out[position++] = rounded(sum, dtype);
          }
        }
      }
      return;
    }
    case "running": {
      const { shape, dimension, combiner, exclusive, reverse, body } = form;
      const size = shape[dimension]!;
      const stride = sizeOf(shape.slice(dimension + 1));
      let position = 0;
      for (const point of pointsOf(shape)) {
        if (point[dimension] === 0) {
          let sum = identityOf(combiner, dtype);
          for (let step = 0; step < size; step++) {
            const i = reverse ? size - 1 - step : step;
            const next = combine(combiner, sum, at(body, point.with(dimension, i)), dtype);
            out[position + i * stride] = rounded(exclusive ? sum : next, dtype);
            sum = next;
          }
        }
        position++;
      }
      return;
    }
    case "sort": {
      const { shape, descending } = form;
      const length = shape.at(-1)!;
      const values = inputs[0]!.values;
      const positions = outputs[1]!.values;
      for (let row = 0; row < sizeOf(shape); row += length) {
        const order = Array.from({ length }, (_, i) => i);
        order.sort((i, j) => {
          const [x, y] = [values[row + i]!, values[row + j]!];
          if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
          return descending ? y - x || 0 : x - y || 0; // Infinity - Infinity is no order
        });
        order.forEach((from, i) => {
          out[row + i] = values[row + from]!;
          positions[row + i] = from;
        });
      }
      return;
    }
    case "scatter": {
      const { shape } = results[0]!;
      for (let i = 0; i < sizeOf(shape); i++) out[i] = inputs[0]!.values[i]!;
      for (const point of pointsOf(form.shape)) {
        if (!at(form.inRange, point)) continue;
        const position = positionOf(form.at, shape, (scalar) => at(scalar, point), point);
        const value = at(form.body, point);
        out[position] = form.combiner === "set" ? value : rounded(combine("add", out[position]!, value, dtype), dtype);
      }
      return;
    }
    case "sweep": {
      // All is read before anything is stored: a result may lie where a value of the same point was read.
      const stored = form.parts.map(({ result, at: place, combiner, body, factor }) => {
        const { shape, dtype: type } = results[result]!;
        const sums = new Map<number, number>();
        for (const point of pointsOf([...form.shape, ...(factor?.rows ?? [])])) {
          const position = positionOf(place, shape, () => NaN, point);
          const value = factor ? combine("multiply", at(body, point), at(factor.body, point), type) : at(body, point);
          sums.set(position, combiner ? combine(combiner, sums.get(position) ?? identityOf(combiner, type), value, type) : value); // prettier-ignore
        }
        return { result, type, sums };
      });
      for (const { result, type, sums } of stored)
        for (const [position, sum] of sums) outputs[result]!.values[position] = rounded(sum, type);
      return;
    }
    default:
      return form satisfies never;
  }
}
