// One file of golden vectors: what it holds, and which of it is given and which is to be met. Layout: see README.md.
import type * as tf from "@tensorflow/tfjs-core";
import { readSafetensors, type StoredTensor } from "../../src/train/safetensors.ts";

export const kinds = ["pieces", "access", "dnc", "long"] as const;
export type Kind = (typeof kinds)[number];

export interface GoldenFile {
  readonly name: string;
  readonly kind: Kind;
  /** Whether it starts from an all-zero state, where the order of slots is a matter of rounding. */
  readonly fromZero: boolean;
  readonly metadata: { readonly [name: string]: string };
  readonly arrays: ReadonlyMap<string, StoredTensor>;
}

/** @throws where the file is no safetensors file or of no kind that is known */
export function goldenFileOf(name: string, bytes: Uint8Array): GoldenFile {
  const { tensors, metadata } = readSafetensors(bytes);
  const arrays = new Map(Object.entries(tensors));
  const init = [...arrays].filter(([name]) => name.startsWith("init."));
  const allZero = init.length > 0 && init.every(([, { data }]) => data.every((x) => Number(x) === 0));
  return {
    name,
    kind: kindOf(metadata, arrays),
    fromZero: metadata["init"] === "zero" || allZero,
    metadata,
    arrays,
  };
}

function kindOf(metadata: GoldenFile["metadata"], arrays: GoldenFile["arrays"]): Kind {
  const said = metadata["kind"];
  const known = kinds.find((kind) => kind === said);
  if (known) return known;
  if (said !== undefined) throw new Error(`unknown kind "${said}", expected ${kinds.join(", ")}`);
  const names = [...arrays.keys()];
  if (names.some((name) => /^\w+\.in\.\w+$/.test(name))) return "pieces";
  if (arrays.has("inputs.read_mode")) return "long";
  if (arrays.has("params.lstm.w")) return "dnc";
  if (arrays.has("params.read_mode.w")) return "access";
  throw new Error(
    `unknown layout: no metadata "kind", and its arrays are those of no kind (${names.slice(0, 5).join(", ")} …)`,
  );
}

/** Whether an array is a result to be met; the others are given. */
export function isResult(name: string): boolean {
  return (
    /^\w+\.(out|grad)\./.test(name) ||
    /^(grad|states|final)\./.test(name) ||
    /^(released|paper)\./.test(name) ||
    /^(outputs|loss)$/.test(name) ||
    /^train\.(losses|grad_norms|params\..+)$/.test(name)
  );
}

/** The numbers of an array, widened. */
export function numbersOf({ data }: StoredTensor): Float64Array {
  return Float64Array.from(data as ArrayLike<number | bigint>, Number);
}

/** Arrays under a prefix, by what follows it. */
export type Group = { readonly [name: string]: tf.Tensor };

/** The one called `name`, whose rank the layout fixes. @throws where the file does not have it */
export function need<T extends tf.Tensor>(group: Group, name: string): T {
  const tensor = group[name];
  if (tensor === undefined) throw new Error(`array "${name}" is missing; there are ${Object.keys(group).join(", ")}`);
  return tensor as T;
}

/** A number of the metadata. @throws where it is not there */
export function metadataNumber({ metadata }: GoldenFile, name: string): number {
  const value = Number(metadata[name] ?? NaN);
  if (Number.isNaN(value)) throw new Error(`metadata "${name}" is ${metadata[name] ?? "missing"}, expected a number`);
  return value;
}
