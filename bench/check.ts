// Is it the same DNC? Ours and each form of each peer compute the loss, and the norm of its gradient, of one common set of
// parameters, inputs and targets, handed over in a file.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import type * as tf from "@tensorflow/tfjs-core";
import { writeSafetensors, type DncParams, type StoredTensor } from "engram";
import { random } from "engram/compile";
import type { Sizes } from "./configurations.ts";
import { ask, type Contender } from "./contender.ts";
import { coins, dncOf, lossAndGradientNorm } from "./dncStep.ts";
import type { Column } from "./table.ts";

/** Relative differences up to this are rounding's. */
export const tolerance = 1e-4;

export interface CheckRow {
  readonly config: string;
  readonly by: string;
  readonly loss: number;
  readonly gradientNorm: number;
  /** The greater of the two relative differences from ours. */
  readonly difference: number;
}

/** Parameters, inputs and targets by the names that the peers know. */
export function valuesFor(params: DncParams, inputs: tf.Tensor3D, targets: tf.Tensor3D): Uint8Array {
  const stored = (tensor: tf.Tensor | null | undefined): StoredTensor => {
    if (!tensor) throw new Error("bench: every layer has a bias.");
    return { dtype: "F32", shape: tensor.shape, data: Float32Array.from(tensor.dataSync()) };
  };
  const lstm = params.controller.layers[0]!;
  const tensors = {
    lstm_weights: stored(lstm.weights),
    lstm_bias: stored(lstm.bias),
    interface_weights: stored(params.interface.weights),
    interface_bias: stored(params.interface.bias),
    output_weights: stored(params.output.weights),
    output_bias: stored(params.output.bias),
    inputs: stored(inputs),
    targets: stored(targets),
  };
  return writeSafetensors(tensors);
}

export async function check(
  config: string,
  sizes: Sizes,
  peers: readonly Contender[],
  threads: number,
  tell: (news: string) => void,
): Promise<CheckRow[]> {
  const params = dncOf(sizes).init(random.key(0));
  const [inputs, targets] = [coins(sizes, 1, sizes.inputSize), coins(sizes, 2, sizes.outputSize)];
  const ours = lossAndGradientNorm(sizes, params, inputs, targets, threads);
  const rows: CheckRow[] = [{ config, by: "engram", ...ours, difference: 0 }];
  const folder = mkdtempSync(join(os.tmpdir(), "engram-bench-"));
  try {
    const values = join(folder, "values.safetensors");
    writeFileSync(values, valuesFor(params, inputs, targets));
    for (const peer of peers) {
      for (const form of peer.forms("train")) {
        tell(`${config}: ${peer.peer} ${form}`);
        const theirs = (await ask(peer, { sizes, mode: "check", form, threads, values })) as typeof ours; // serve.py's answer
        const apart = (a: number, b: number): number => Math.abs(a - b) / Math.abs(a);
        const difference = Math.max(apart(ours.loss, theirs.loss), apart(ours.gradientNorm, theirs.gradientNorm));
        rows.push({ config, by: `${peer.peer} (${form})`, ...theirs, difference });
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return rows;
}

export const checkColumns: readonly Column<CheckRow>[] = [
  { title: "config", of: ({ config }) => config, words: true },
  { title: "by", of: ({ by }) => by, words: true },
  { title: "loss", of: ({ loss }) => loss.toPrecision(8) },
  { title: "norm of the gradient", of: ({ gradientNorm }) => gradientNorm.toPrecision(8) },
  { title: "difference", of: ({ difference }) => difference.toExponential(1) },
  { title: "", of: ({ difference }) => (difference < tolerance ? "same" : "DIFFERS"), words: true },
];
