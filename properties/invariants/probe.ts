// Probes: interfaces and states that bring out one equation of an access to memory, seen from outside. With both gates
// open the write weighting is the allocation, with the allocation gate shut it is the look-up by content, and so on.

import * as tf from "@tensorflow/tfjs-core";
import type { Interface, MemoryState } from "../../src/index.ts";

/** One access to memory: the DNC's own `accessMemory`, or a variant's of the same shape. */
export type Access = (
  last: MemoryState,
  xi: Interface,
) => { readonly state: MemoryState; readonly readVectors: tf.Tensor3D };

export interface Sizes {
  readonly B: number;
  readonly N: number;
  readonly W: number;
  readonly R: number;
  readonly H: number;
}

export function sizesOf({ memory, readWeightings, writeWeightings }: MemoryState): Sizes {
  const [B, N, W] = memory.shape;
  return { B, N, W, R: readWeightings.shape[1], H: writeWeightings.shape[1] };
}

/** Write head 0 with these gates, the others shut. */
export function withWriteGates(xi: Interface, allocation: number, write: number): Interface {
  const [B, H] = xi.writeGates.shape;
  const first = tf.tensor2d(Array.from({ length: B * H }, (_, i) => (i % H === 0 ? 1 : 0)), [B, H]); // prettier-ignore
  return { ...xi, allocationGates: tf.fill([B, H], allocation), writeGates: tf.mul(first, write) };
}

export const withFreeGates = (xi: Interface, gate: number): Interface => ({
  ...xi,
  freeGates: tf.fill([...xi.freeGates.shape], gate),
});

/** Every read head in one mode; backward and forward along the links of write head 0. */
export function withReadMode(xi: Interface, mode: "backward" | "content" | "forward"): Interface {
  const { shape } = xi.readModes.backward;
  const [B, R, H] = shape;
  const first = tf.tensor3d(Array.from({ length: B * R * H }, (_, i) => (i % H === 0 ? 1 : 0)), shape); // prettier-ignore
  const none = tf.zeros<tf.Rank.R3>(shape);
  return {
    ...xi,
    readModes: {
      backward: mode === "backward" ? first : none,
      content: tf.fill<tf.Rank.R2>([B, R], mode === "content" ? 1 : 0),
      forward: mode === "forward" ? first : none,
    },
  };
}

/** `[B, heads, N]`, each weighting all at `location`. */
export const allAt = (location: number, B: number, heads: number, N: number): tf.Tensor3D =>
  tf.tensor3d(Array.from({ length: B * heads * N }, (_, i) => (i % N === location ? 1 : 0)), [B, heads, N]); // prettier-ignore

/** The state with every location in use but one, which allocation then chooses alone. */
export function withOneFree(last: MemoryState, location: number): MemoryState {
  const { B, N, H } = sizesOf(last);
  return {
    ...last,
    usage: tf.sub(1, tf.squeeze<tf.Tensor2D>(allAt(location, B, 1, N), [1])),
    writeWeightings: tf.zeros([B, H, N]),
  };
}

/** Write head 0 of `[B, H, …]`. */
export const ofHead0 = (x: tf.Tensor): tf.Tensor =>
  tf.squeeze(tf.slice(x, x.shape.map(() => 0), x.shape.map((n, d) => (d === 1 ? 1 : n))), [1]); // prettier-ignore
