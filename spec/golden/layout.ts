// From the vectors' layout to ours, in traceable ops: functions of the vectors' own arrays, so that gradients come out in their layout too.
import * as tf from "@tensorflow/tfjs-core";
import type { DncParams } from "../../src/dnc/params.ts";
import type { MemoryState } from "../../src/dnc/state.ts";
import type { ReadModes } from "../../src/dnc/read.ts";
import type { Linear } from "../../src/dnc/linear.ts";
import { need, type Group } from "./goldenFile.ts";

/** The ten interface parts in the paper's order; their columns, head-major, are ours but for the read modes. */
const interfaceOrder = [
  "read_keys",
  "read_strengths",
  "write_keys",
  "write_strengths",
  "erase_vectors",
  "write_vectors",
  "free_gate",
  "allocation_gate",
  "write_gate",
  "read_mode",
] as const;

/** Columns `[begin, begin + size)` of the last axis. */
function columns<T extends tf.Tensor>(x: T, begin: number, size: number): T {
  const last = x.rank - 1;
  return tf.slice<tf.Rank, T>(
    x,
    x.shape.map((_, axis) => (axis === last ? begin : 0)),
    x.shape.map((length, axis) => (axis === last ? size : length)),
  );
}

/** One interface vector of ten parts, along the last axis: of weights, biases or the vectors themselves. */
export function joinInterface<T extends tf.Tensor>(
  parts: (name: string) => T,
  readHeads: number,
  writeHeads: number,
): T {
  const joined = interfaceOrder.map((name) => {
    const part = parts(name);
    return name === "read_mode" ? paperReadModes(part, readHeads, writeHeads) : part;
  });
  return tf.concat(joined, -1);
}

/** Each head's [backward (H), forward (H), content] to the paper's [backward, content, forward]. */
function paperReadModes<T extends tf.Tensor>(x: T, readHeads: number, writeHeads: number): T {
  const modes = 1 + 2 * writeHeads;
  const pieces = Array.from({ length: readHeads }, (_, r) => [
    columns(x, r * modes, writeHeads),
    columns(x, r * modes + 2 * writeHeads, 1),
    columns(x, r * modes + writeHeads, writeHeads),
  ]);
  return tf.concat(pieces.flat(), -1);
}

/** Read modes `[B, R, 1 + 2 H]` in the vectors' order, by name. */
export function namedReadModes(modes: tf.Tensor3D): ReadModes {
  const H = (modes.shape[2] - 1) / 2;
  return {
    backward: columns(modes, 0, H),
    forward: columns(modes, H, H),
    content: tf.squeeze(columns(modes, 2 * H, 1), [2]),
  };
}

/** The ten layers as one. */
export function interfaceLayer(params: Group, readHeads: number, writeHeads: number): Linear {
  return {
    weights: joinInterface((name) => need<tf.Tensor2D>(params, `${name}.w`), readHeads, writeHeads),
    bias: joinInterface((name) => need<tf.Tensor1D>(params, `${name}.b`), readHeads, writeHeads),
  };
}

/** Column blocks i, j, f, o to i, f, j, o; the forget bias of 1, which the vectors add beside theirs, goes into ours. */
export function lstmLayerParams(w: tf.Tensor2D, b: tf.Tensor1D): Linear {
  const size = b.shape[0] / 4;
  const reorder = <T extends tf.Tensor>(x: T): T =>
    tf.concat(
      [0, 2, 1, 3].map((block) => columns(x, block * size, size)),
      -1,
    );
  const forget = tf.concat1d([tf.zeros([size]), tf.ones([size]), tf.zeros([2 * size])]);
  return { weights: reorder(w), bias: tf.add(reorder(b), forget) };
}

/** All parameters of a `dnc*` file. */
export function dncParams(params: Group, readHeads: number, writeHeads: number): DncParams {
  return {
    controller: { layers: [lstmLayerParams(need(params, "lstm.w"), need(params, "lstm.b"))] },
    norm: null,
    interface: interfaceLayer(params, readHeads, writeHeads),
    output: { weights: need(params, "output.w"), bias: need(params, "output.b") },
  };
}

/** Our names of the states, by the vectors'. */
const stateNames = {
  memory: "memory",
  usage: "usage",
  write_weights: "writeWeightings",
  precedence: "precedence",
  link: "links",
  read_weights: "readWeightings",
} as const satisfies { readonly [name: string]: keyof MemoryState };

export function memoryState(group: Group): MemoryState {
  return {
    memory: need(group, "memory"),
    usage: need(group, "usage"),
    writeWeightings: need(group, "write_weights"),
    precedence: need(group, "precedence"),
    links: need(group, "link"),
    readWeightings: need(group, "read_weights"),
  };
}

export function goldenMemoryState(state: MemoryState): Group {
  return Object.fromEntries(Object.entries(stateNames).map(([theirs, ours]) => [theirs, state[ours]]));
}

/** Sizes, from the shapes of the states. */
export function memorySizes(init: Group): {
  readonly N: number;
  readonly W: number;
  readonly R: number;
  readonly H: number;
} {
  const [, N, W] = need<tf.Tensor3D>(init, "memory").shape;
  const [, R] = need<tf.Tensor3D>(init, "read_weights").shape;
  const [, H] = need<tf.Tensor3D>(init, "write_weights").shape;
  return { N, W, R, H };
}

/** Which of our options the two conventions are. */
export const conventions = {
  released: { strength: "softplus", usageGradient: "stopped" },
  paper: { strength: "oneplus", usageGradient: "full" },
} as const;

/** @throws where it is neither */
export function conventionOf(name: string | undefined): (typeof conventions)[keyof typeof conventions] {
  if (name !== "released" && name !== "paper")
    throw new Error(`unknown convention "${name}", expected released or paper`);
  return conventions[name];
}
