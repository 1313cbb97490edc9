// What the engine at hand can do beyond WebAssembly with fixed-width SIMD, and how it goes about it.

import { hasRelaxedSimd, v8Version, withRelaxedSimd } from "./engine.ts";
import { hasWideVectors } from "./wideVectors.ts";

export interface Features {
  /** `f32x4.relaxed_madd`: a fused multiply-add, used in products. */
  readonly relaxedMadd: boolean;
  /** Memory that several threads share. A browser has it for pages that are cross-origin isolated. */
  readonly threads: boolean;
  /** The engine computes two vectors that lie side by side as one of 256 bits, where the code lets it: stores them one right
   *  after the other, the second first, and has computed both by the same instructions. A register then holds two vectors. */
  readonly wide: boolean;
  /** The engine moves all loads of a loop's round before what is computed of them, so that each takes a register all along. V8
   *  did before version 13. */
  readonly loadsFirst: boolean;
}

let detected: Omit<Features, "wide"> | undefined;

/** The features of this engine. */
export function detectFeatures(): Features {
  detected ??= {
    relaxedMadd: withRelaxedSimd(hasRelaxedSimd),
    threads: typeof SharedArrayBuffer !== "undefined",
    loadsFirst: v8Version !== null && v8Version < 13,
  };
  return { ...detected, wide: hasWideVectors() };
}
