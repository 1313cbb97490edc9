// What a form's emitter gets: where to append, and how to ask for scratch memory.

import type { ScalarContext } from "./emitScalar.ts";

export interface KernelContext extends ScalarContext {
  /** Reserves scratch memory and returns its offset from the scratch pointer, which is parameter `scratchPointer`. */
  readonly reserve: (bytes: number) => number;
  readonly scratchPointer: number;
}
