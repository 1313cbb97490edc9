// Products of sizes where blocks, panels and their rests meet, in all four layouts, for registers of both widths.

import { describe, expect, it } from "vitest";
import { detectFeatures } from "../../../../compile/targets/wasm/features.ts";
import { compileWasm } from "../../../../compile/targets/wasm/wasm.ts";
import { kernelProgram } from "./kernelProgram.ts";
import { plainProduct, productKernel, type ProductSizes } from "./productKernel.ts";

const sizes: ProductSizes[] = [
  { batch: 1, m: 16, n: 1024, k: 672 },
  { batch: 1, m: 17, n: 203, k: 800 },
  { batch: 2, m: 9, n: 130, k: 391 },
  { batch: 1, m: 231, n: 70, k: 401 },
  { batch: 1, m: 97, n: 129, k: 385 },
  { batch: 1, m: 1, n: 331, k: 200 },
  { batch: 1, m: 200, n: 1, k: 333 },
  { batch: 3, m: 4, n: 64, k: 65 },
  { batch: 3, m: 5, n: 33, k: 17 },
  { batch: 1, m: 6, n: 7, k: 10 },
  { batch: 1, m: 11, n: 2, k: 3000 },
];
const layouts = [
  {},
  { transposeLeft: true },
  { transposeRight: true },
  { transposeLeft: true, transposeRight: true },
] as const;

describe("matrix products", () => {
  for (const size of sizes) {
    for (const layout of layouts) {
      it(JSON.stringify({ ...size, ...layout }), () => {
        const product = { ...size, ...layout };
        const { batch, m, n, k } = product;
        let state = 1;
        const random = (): number => (state = (Math.imul(state, 1664525) + 1013904223) | 0) / 2 ** 31;
        const x = Float32Array.from({ length: batch * m * k }, random);
        const y = Float32Array.from({ length: batch * k * n }, random);
        const expected = plainProduct(product, x, y);
        for (const wide of [false, true]) {
          const { run } = compileWasm(kernelProgram(productKernel(product)), { ...detectFeatures(), wide });
          const [actual] = run([x, y]);
          let worst = 0;
          expected.forEach((value, i) => (worst = Math.max(worst, Math.abs(value - actual![i]!))));
          expect(worst, wide ? "wide" : "narrow").toBeLessThan(1e-6 * k);
        }
      });
    }
  }
});
