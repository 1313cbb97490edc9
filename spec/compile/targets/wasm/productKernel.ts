// Kernels of plain matrix products, for specs and benches.

import { axisIndex, load } from "../../../../compile/kernels/scalar.ts";
import type { Kernel } from "../../../../compile/kernels/kernel.ts";
import { tensorType } from "../../../../compile/type.ts";

export interface ProductSizes {
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** The left operand lies as [k, m], the right one as [n, k]. */
  readonly transposeLeft?: boolean;
  readonly transposeRight?: boolean;
}

/** result[batch, m, n] of a left operand [batch, m, k] and a right one [batch, k, n]. */
export function productKernel({ batch, m, n, k, transposeLeft = false, transposeRight = false }: ProductSizes): Kernel {
  const [b, free, along] = [axisIndex(0), axisIndex(1), axisIndex(2)];
  const [left, right] = [transposeLeft ? [k, m] : [m, k], transposeRight ? [n, k] : [k, n]];
  return {
    name: "product",
    operands: [tensorType([batch, ...left]), tensorType([batch, ...right])],
    results: [tensorType([batch, m, n])],
    form: {
      form: "contract",
      batch: [batch],
      m: [m],
      n: [n],
      k: [k],
      lhs: load(0, transposeLeft ? [b, along, free] : [b, free, along], "float32"),
      rhs: load(1, transposeRight ? [b, free, along] : [b, along, free], "float32"),
    },
  };
}

/** The same in float64, loops as they come. */
export function plainProduct(
  { batch, m, n, k, transposeLeft = false, transposeRight = false }: ProductSizes,
  x: Float32Array,
  y: Float32Array,
): Float64Array {
  const out = new Float64Array(batch * m * n);
  for (let b = 0; b < batch; b++) {
    for (let i = 0; i < m; i++) {
      for (let l = 0; l < k; l++) {
        const left = x[b * m * k + (transposeLeft ? l * m + i : i * k + l)]!;
        for (let j = 0; j < n; j++) {
          const position = (b * m + i) * n + j;
          out[position] = out[position]! + left * y[b * k * n + (transposeRight ? j * k + l : l * n + j)]!;
        }
      }
    }
  }
  return out;
}
