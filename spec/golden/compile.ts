import type { jit } from "../../compile/index.ts";

/** `jit` for the target being replayed. */
export type Compile = typeof jit;
