// What the engine at hand can do beyond WebAssembly with fixed-width SIMD, asked by validating a tiny module.

import { Code } from "./code.ts";
import { encodeModule } from "./encode.ts";
import { hasWideVectors } from "./wideVectors.ts";

export interface Features {
  /** `f32x4.relaxed_madd`: a fused multiply-add, used in products. */
  readonly relaxedMadd: boolean;
  /** Memory that several threads share. A browser has it for pages that are cross-origin isolated. */
  readonly threads: boolean;
  /** The engine computes two vectors that lie side by side as one of 256 bits, where the code lets it: stores them one right
   *  after the other, the second first, and has computed both by the same instructions. A register then holds two vectors. */
  readonly wide: boolean;
}

let detected: Omit<Features, "wide"> | undefined;

/** The features of this engine. */
export function detectFeatures(): Features {
  if (!detected) {
    const code = new Code("probe", { params: ["v128"], results: ["v128"] });
    code.get(0).get(0).get(0).op("f32x4.relaxed_madd");
    const probe = encodeModule({ memory: { pages: 1 }, funcs: [code.finish()], exports: {} });
    detected = { relaxedMadd: WebAssembly.validate(probe), threads: typeof SharedArrayBuffer !== "undefined" };
  }
  return { ...detected, wide: hasWideVectors() };
}
