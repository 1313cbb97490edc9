// The two memories of a device that a kernel's tensors may be in; the name of each in shaders is its own.

import type { Kernel } from "../../kernels/kernel.ts";

/** Where words lie: in the device's memory that all share, or in the workgroup's own. */
export type Memory = "arena" | "local";

/** Which memory each operand and each result of a kernel is in. */
export interface Memories {
  readonly operands: readonly Memory[];
  readonly results: readonly Memory[];
}

export const allInArena = ({ operands, results }: Kernel): Memories => ({
  operands: operands.map(() => "arena"),
  results: results.map(() => "arena"),
});
