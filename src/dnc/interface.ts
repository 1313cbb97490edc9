// The interface vector ξ (paper, Methods, "Interface parameters"): one linear layer's output, cut in the paper's order and squashed.
//   ξ = [k^r (R W); β^r (R); k^w (H W); β^w (H); e (H W); v (H W); f (R); g_a (H); g_w (H); π (R (1 + 2 H))]
// and π of each read head = [backward (H); content; forward (H)]. H, the number of write heads, is 1 in the paper.
import * as tf from "@tensorflow/tfjs-core";
import { readModes, type CompleteDncConfig } from "./config.ts";
import { strengths } from "./content.ts";
import type { ReadModes } from "./read.ts";

/** What the controller tells the memory in one step. */
export interface Interface {
  /** k^r `[B, R, W]` */
  readonly readKeys: tf.Tensor3D;
  /** β^r `[B, R]`, 1 or more with oneplus, 0 or more with softplus */
  readonly readStrengths: tf.Tensor2D;
  /** k^w `[B, H, W]` */
  readonly writeKeys: tf.Tensor3D;
  /** β^w `[B, H]`, as `readStrengths` */
  readonly writeStrengths: tf.Tensor2D;
  /** e `[B, H, W]`, in [0, 1] */
  readonly eraseVectors: tf.Tensor3D;
  /** v `[B, H, W]` */
  readonly writeVectors: tf.Tensor3D;
  /** f `[B, R]`, in [0, 1] */
  readonly freeGates: tf.Tensor2D;
  /** g_a `[B, H]`, in [0, 1] */
  readonly allocationGates: tf.Tensor2D;
  /** g_w `[B, H]`, in [0, 1] */
  readonly writeGates: tf.Tensor2D;
  /** π */
  readonly readModes: ReadModes;
}

/** Where each part of ξ begins and how long it is, in the paper's order. */
export function interfaceColumns(
  config: CompleteDncConfig,
): Readonly<Record<keyof Interface, readonly [begin: number, size: number]>> {
  const { wordSize: W, readHeads: R, writeHeads: H } = config;
  const sizes = [
    ["readKeys", R * W],
    ["readStrengths", R],
    ["writeKeys", H * W],
    ["writeStrengths", H],
    ["eraseVectors", H * W],
    ["writeVectors", H * W],
    ["freeGates", R],
    ["allocationGates", H],
    ["writeGates", H],
    ["readModes", R * readModes(config)],
  ] as const satisfies readonly (readonly [keyof Interface, number])[];
  let end = 0;
  const columns = sizes.map(([name, size]) => [name, [end, (end += size) && size]] as const);
  return Object.fromEntries(columns) as Record<keyof Interface, [number, number]>; // All ten names are in the list.
}

/**
 * The parts of ξ, each in its range: strengths by `config.strength`, erase vectors and gates by the sigmoid, read modes by the softmax.
 *
 * @param xi ξ `[B, interfaceSize]`, as long as {@link interfaceColumns} says
 */
export function parseInterface(config: CompleteDncConfig, xi: tf.Tensor2D): Interface {
  const { wordSize: W, readHeads: R, writeHeads: H } = config;
  const columns = interfaceColumns(config);
  const part = (name: keyof Interface): tf.Tensor2D => tf.slice(xi, [0, columns[name][0]], [-1, columns[name][1]]);
  const vectors = (name: keyof Interface, heads: number): tf.Tensor3D => tf.reshape(part(name), [-1, heads, W]);
  return Object.freeze({
    readKeys: vectors("readKeys", R),
    readStrengths: strengths(part("readStrengths"), config.strength),
    writeKeys: vectors("writeKeys", H),
    writeStrengths: strengths(part("writeStrengths"), config.strength),
    eraseVectors: tf.sigmoid(vectors("eraseVectors", H)),
    writeVectors: vectors("writeVectors", H),
    freeGates: tf.sigmoid(part("freeGates")),
    allocationGates: tf.sigmoid(part("allocationGates")),
    writeGates: tf.sigmoid(part("writeGates")),
    readModes: splitReadModes(tf.softmax(tf.reshape(part("readModes"), [-1, R, readModes(config)]))),
  });
}

/** π `[B, R, 1 + 2 H]` in the paper's order, backward, content, forward, by its names. */
export function splitReadModes(modes: tf.Tensor3D): ReadModes {
  const H = (modes.shape[2] - 1) / 2;
  const columns = (begin: number, size: number): tf.Tensor3D => tf.slice(modes, [0, 0, begin], [-1, -1, size]);
  return Object.freeze({
    backward: columns(0, H),
    content: tf.squeeze<tf.Tensor2D>(columns(H, 1), [2]),
    forward: columns(H + 1, H),
  });
}
