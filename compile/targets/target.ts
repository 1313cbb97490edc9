// What a target is: it takes a graph and gives back something that runs.

import type { Tensor } from "@tensorflow/tfjs-core";
import type { Graph } from "../graph/graph.ts";
import type { Profile } from "../program/profile.ts";
import type { TreeStructure } from "../tree.ts";
import type { TensorType } from "../type.ts";

/** What a saved program must know of the function it was. */
export interface Signature {
  readonly name: string;
  /** Of the arguments that are not static. */
  readonly arguments: readonly TreeStructure[];
  /** Of the arguments' leaves. */
  readonly types: readonly TensorType[];
  readonly result: TreeStructure;
}

/** What the last run of a program on a device took. */
export interface Submitted {
  readonly dispatches: number;
  readonly submissions: number;
  /** Bytes of arguments, results and constants copied on the device; and of those that came from the CPU. */
  readonly bytesMoved: number;
  readonly bytesUploaded: number;
}

export interface Compiled {
  /** Results of the graph for its inputs, which stay the caller's. */
  readonly run: (inputs: readonly Tensor[]) => Tensor[];
  /** The planned peak of the program's own memory in bytes; 0 where a target plans none. */
  readonly bytes: number;
  /** Where the time of a run goes; undefined where a target cannot tell. */
  readonly profile?: (inputs: readonly Tensor[], runs: number) => Profile;
  /** What the last run took; undefined for targets that have no device. */
  readonly submitted?: () => Submitted;
  /** The program as bytes; undefined where a target has none. */
  readonly save?: (signature: Signature) => Uint8Array<ArrayBuffer>;
}

/** How loops may keep what they only read. */
export const weightFormats = ["float32", "float16"] as const;

export type WeightFormat = (typeof weightFormats)[number];

export interface CompileOptions {
  /** How many the program may use. */
  readonly threads: number;
  /** `float16` comes only to a target that says it has it. */
  readonly weights: WeightFormat;
}

export interface Target {
  readonly name: string;
  /** Whether it can keep weights as halves. */
  readonly halves?: boolean;
  readonly compile: (graph: Graph, options: CompileOptions) => Compiled;
}
