/**
 * A run as the bytes of one safetensors file: its tensors by their paths, all else as JSON in the file's metadata. One
 * file, because one file can be replaced at one instant. Equal runs give equal bytes.
 */
import * as tf from "@tensorflow/tfjs-core";
import { brokenCheckpoint } from "./errors.ts";
import type { Json, Run } from "./run.ts";
import { readSafetensors, writeSafetensors, type StoredTensor } from "./safetensors.ts";

/** Names this layout. A later one will have another name. */
const format = "engram-run-1";

/** What stands in the JSON of a tree where a tensor was. */
const leaf = "*";

/** The bytes of a run. Its params and optimiser state may be any trees of tensors. */
export function encodeRun<Params, Lesson>(run: Run<Params, Lesson>): Uint8Array {
  const { learner, ...plain } = run;
  const tensors: { [name: string]: StoredTensor } = {};
  const skeleton = (tree: unknown, path: string): Json => {
    if (tree instanceof tf.Tensor) {
      tensors[path] = store(tree as tf.Tensor);
      return leaf;
    }
    if (tree === null || tree === undefined) return null;
    if (Array.isArray(tree)) return tree.map((item, i) => skeleton(item, `${path}[${i}]`));
    return Object.fromEntries(
      Object.entries(tree)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, item]) => [name, skeleton(item, path === "" ? name : `${path}.${name}`)]),
    );
  };
  const structure = skeleton(learner, "");
  return writeSafetensors(tensors, { format, run: JSON.stringify(plain), structure: JSON.stringify(structure) });
}

/**
 * The run in these bytes, frozen, its tensors on the current backend.
 *
 * @throws TrainingError `malformed-safetensors` or `broken-checkpoint` where the bytes are no saved run
 */
export function decodeRun<Params, Lesson>(bytes: Uint8Array): Run<Params, Lesson> {
  const { tensors, metadata } = readSafetensors(bytes);
  if (metadata["format"] !== format) {
    throw brokenCheckpoint(`its format is ${metadata["format"] ?? "not named"}, this version reads ${format}`);
  }
  const build = (structure: Json, path: string): unknown => {
    if (structure === leaf) {
      const stored = tensors[path];
      if (!stored) throw brokenCheckpoint(`the tensor ${path} is missing`);
      return restore(stored, path);
    }
    if (Array.isArray(structure))
      return Object.freeze((structure as readonly Json[]).map((item, i) => build(item, `${path}[${i}]`)));
    if (structure === null || typeof structure !== "object") return null;
    return Object.freeze(
      Object.fromEntries(
        Object.entries(structure).map(([name, item]) => [name, build(item, path === "" ? name : `${path}.${name}`)]),
      ),
    );
  };
  const plain = parse(metadata["run"], "run") as Omit<Run<Params, Lesson>, "learner">;
  const learner = build(parse(metadata["structure"], "structure"), "") as Run<Params, Lesson>["learner"];
  return deepFreeze({ ...plain, learner });
}

/** Parameters by themselves as a safetensors file that other programs can read: names are paths, `controller.layers[0].weights`. */
export function encodeParams(params: object, metadata: { readonly [name: string]: string } = {}): Uint8Array {
  const tensors: { [name: string]: StoredTensor } = {};
  const visit = (tree: unknown, path: string): void => {
    if (tree instanceof tf.Tensor) tensors[path] = store(tree as tf.Tensor);
    else if (Array.isArray(tree)) tree.forEach((item, i) => visit(item, `${path}[${i}]`));
    else if (typeof tree === "object" && tree !== null) {
      for (const [name, item] of Object.entries(tree)) visit(item, path === "" ? name : `${path}.${name}`);
    }
  };
  visit(params, "");
  return writeSafetensors(tensors, metadata);
}

function store(tensor: tf.Tensor): StoredTensor {
  const { shape } = tensor;
  const data = tensor.dataSync();
  switch (tensor.dtype) {
    case "int32":
      return { dtype: "I32", shape, data: Int32Array.from(data) };
    case "bool":
      return { dtype: "BOOL", shape, data: Uint8Array.from(data) };
    default:
      // A copy of the bits: `from` would go through doubles, and may alter the payload of a NaN.
      return { dtype: "F32", shape, data: new Float32Array(data as Float32Array) };
  }
}

function restore({ dtype, shape, data }: StoredTensor, path: string): tf.Tensor {
  switch (dtype) {
    case "F32":
      return tf.tensor(data, [...shape], "float32");
    case "I32":
      return tf.tensor(data, [...shape], "int32");
    case "BOOL":
      return tf.tensor(data, [...shape], "bool");
    default:
      throw brokenCheckpoint(`the tensor ${path} is of type ${dtype}`);
  }
}

function parse(text: string | undefined, name: string): Json {
  try {
    return JSON.parse(text ?? "") as Json;
  } catch (error) {
    throw brokenCheckpoint(`its metadata has no ${name} that is JSON`, { cause: error });
  }
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || value instanceof tf.Tensor || Object.isFrozen(value)) return value;
  for (const inner of Object.values(value)) deepFreeze(inner);
  return Object.freeze(value);
}
