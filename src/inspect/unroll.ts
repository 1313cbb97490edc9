/** A DNC over a whole sequence with everything that its memory does kept, step by step. Traces, so it may be compiled. */
import type * as tf from "@tensorflow/tfjs-core";
import { scan } from "../../compile/index.ts";
import type { Dnc } from "../dnc/dnc.ts";
import type { DncParams } from "../dnc/params.ts";
import type { DncState } from "../dnc/state.ts";
import type { ReadModes } from "../dnc/read.ts";

/** What the memory did, time first. B sequences, N locations of W numbers, R read heads, H write heads. */
export interface Unrolled {
  /** `[T, B, Y]` */
  readonly output: tf.Tensor3D;
  /** M after each step, `[T, B, N, W]` */
  readonly memory: tf.Tensor4D;
  /** u, `[T, B, N]` */
  readonly usage: tf.Tensor3D;
  /** w^w, `[T, B, H, N]` */
  readonly writeWeightings: tf.Tensor4D;
  /** w^r, `[T, B, R, N]` */
  readonly readWeightings: tf.Tensor4D;
  /** a, `[T, B, H, N]` */
  readonly allocation: tf.Tensor4D;
  /** c^w, `[T, B, H, N]` */
  readonly writeContent: tf.Tensor4D;
  /** c^r, `[T, B, R, N]` */
  readonly readContent: tf.Tensor4D;
  /** f, `[T, B, R]` */
  readonly freeGates: tf.Tensor3D;
  /** g_a, `[T, B, H]` */
  readonly allocationGates: tf.Tensor3D;
  /** g_w, `[T, B, H]` */
  readonly writeGates: tf.Tensor3D;
  /** π: backward and forward `[T, B, R, H]`, content `[T, B, R]` */
  readonly readModes: { readonly [M in keyof ReadModes]: tf.Tensor };
}

/**
 * Runs the sequence from the initial state, without dropout.
 *
 * @param input `[T, B, X]`
 * @example
 * ```ts
 * const look = jit((params: DncParams, input: tf.Tensor3D) => unroll(machine, params, input));
 * const trace = memoryTrace(look(params, batch.input), { row: 0, input: batch.input });
 * ```
 */
export function unroll(machine: Dnc, params: DncParams, input: tf.Tensor3D): Unrolled {
  const { ys } = scan(
    (last: DncState, x: tf.Tensor) => {
      const { state, output, interface: xi, addressing } = machine.observe(params, last, x as tf.Tensor2D);
      const { memory, usage, writeWeightings, readWeightings } = state.memory;
      const { allocation, writeContent, readContent } = addressing;
      const { freeGates, allocationGates, writeGates, readModes } = xi;
      const weightings = { memory, usage, writeWeightings, readWeightings, allocation, writeContent, readContent };
      return { carry: state, y: { output, ...weightings, freeGates, allocationGates, writeGates, readModes } };
    },
    machine.initialState(input.shape[1]),
    input as tf.Tensor,
  );
  return ys as object as Unrolled; // Every field of a step, with time before it.
}
