// A program: kernels over buffers, with loops in time and branches. The last form before a target's own code.
// All memory is planned: addresses are static, or a pointer that a loop moves.

import type { Kernel } from "../kernels/kernel.ts";
import type { TensorType, TypedValues } from "../type.ts";

/** A place in memory: `base + offset + Σ strides[l].bytes · (index of loop l)`, in bytes.
 *  `buffer` counts `Program.buffers`, `pointer` counts `Program.pointers`. */
export interface Address {
  readonly base: { readonly buffer: number } | { readonly pointer: number };
  readonly offset: number;
  readonly strides: readonly { readonly loop: number; readonly bytes: number }[];
}

/** Which of a loop's indices are counted, by an int32 n in memory, 0 if it is less: those below
 *  steps = ceil(n / per); or those from steps on, up to the next multiple of `until` if that is not null. */
export type Limit =
  | { readonly at: Address; readonly side: "below"; readonly per: number }
  | { readonly at: Address; readonly side: "beyond"; readonly per: number; readonly until: number | null };

export type Instruction =
  /** Runs kernel `kernel`; one address an operand, then one a result. */
  | { readonly kind: "call"; readonly kernel: number; readonly addresses: readonly Address[] }
  | { readonly kind: "copy"; readonly from: Address; readonly to: Address; readonly bytes: number }
  /** Makes pointers point: all `to` are read before any pointer is written. */
  | { readonly kind: "point"; readonly moves: readonly { readonly pointer: number; readonly to: Address }[] }
  /** Runs `body` `count` times; the index of loop `loop` counts 0 … count-1, or back from count-1 if `reverse`. With
   *  `limit`, only for indices that a number n in memory admits. */
  | {
      readonly kind: "loop";
      readonly loop: number;
      readonly count: number;
      readonly reverse: boolean;
      readonly limit?: Limit;
      readonly body: readonly Instruction[];
    }
  /** Parts that run at the same time, one a thread, and end together. They write apart; each begins with the pointers as
   *  they are, moves them alike, and those of the first go on. */
  | { readonly kind: "parallel"; readonly parts: readonly (readonly Instruction[])[] }
  /** `onTrue` where the int32 at `predicate` is not 0. */
  | {
      readonly kind: "branch";
      readonly predicate: Address;
      readonly onTrue: readonly Instruction[];
      readonly onFalse: readonly Instruction[];
    };

export type Call = Extract<Instruction, { readonly kind: "call" }>;

export interface Buffer {
  /** Start in the program's memory, in bytes, a multiple of 64; from `planBuffers`. */
  readonly start: number;
  readonly bytes: number;
}

export interface Program {
  readonly kernels: readonly Kernel[];
  readonly buffers: readonly Buffer[];
  readonly pointers: number;
  readonly loops: number;
  readonly instructions: readonly Instruction[];
  /** Where the caller puts arguments and finds results (several may share a buffer), and their types. */
  readonly inputs: readonly { readonly address: Address; readonly type: TensorType }[];
  readonly outputs: readonly { readonly address: Address; readonly type: TensorType }[];
  /** Constants, to be in place before each run. */
  readonly constants: readonly { readonly buffer: number; readonly values: TypedValues }[];
  /** Size of the memory in bytes. */
  readonly bytes: number;
}

/** A buffer before it has a place. */
export interface UnplacedBuffer {
  readonly bytes: number;
  /** The innermost loop it is made anew in, every time round; -1 outside of all. */
  readonly loop: number;
  /** The part of a parallel instruction that alone uses it, if there is one. */
  readonly lane?: { readonly section: number; readonly part: number };
}

export type UnplannedProgram = Omit<Program, "buffers" | "bytes"> & { readonly buffers: readonly UnplacedBuffer[] };
