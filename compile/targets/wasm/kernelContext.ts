// What a form's emitter gets: where to append, and how to ask for scratch memory.

import type { Code, Local } from "./code.ts";
import type { ScalarContext } from "./emitScalar.ts";
import type { Registers } from "./productTile.ts";

/** Makes what `emit` emits a function of so many pointers, equal ones one, and returns its index. A kernel that is called but
 *  once calls it many times: an engine compiles with care what is called often, while the rest of a call goes on as it began. */
export type Inner = (name: string, pointers: number, emit: (code: Code, pointers: readonly Local[]) => void) => number;

export interface KernelContext extends ScalarContext, Registers {
  readonly inner: Inner;
  /** Reserves scratch memory and returns its offset from the scratch pointer, which is parameter `scratchPointer`. */
  readonly reserve: (bytes: number) => number;
  readonly scratchPointer: number;
}
