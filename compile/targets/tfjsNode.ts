// TensorFlow's own kernels under the target `tfjs`: the packages tfjs-node and tfjs-node-gpu, optional peers, loaded only when
// asked for. What TensorFlow computes with is not for us to install: they bring or find its library themselves.

import * as tf from "@tensorflow/tfjs-core";
import { noTfjsPackage, otherTfjs, unknownTfjs } from "./errors.ts";

const packages = { node: "@tensorflow/tfjs-node", "node-gpu": "@tensorflow/tfjs-node-gpu" } as const;

export type TfjsName = "cpu" | keyof typeof packages;

/** The name of TensorFlow's backend in both packages. */
const tensorflow = "tensorflow";

/** What eager ops and the target `tfjs` run on. */
export interface TfjsInUse {
  readonly name: TfjsName;
  /** tfjs's own name for it, as `tf.setBackend` takes it. */
  readonly backend: string;
  /** The package and its version. */
  readonly version: string;
}

/** Chooses what eager ops, and with them the target `tfjs`, run on: `cpu` is tfjs's backend in JavaScript, `node` and `node-gpu` are
 *  TensorFlow by `@tensorflow/tfjs-node` and `@tensorflow/tfjs-node-gpu`, which must be installed.
 *  @param name unless given, what the environment variable `ENGRAM_TFJS` says, or `cpu`
 *  @throws NoTfjsError where the name is none of these, or the package is not installed or does not load
 *  @example
 *  useTfjs(); // ENGRAM_TFJS=node-gpu npm start -- --target tfjs
 *  jit((x: tf.Tensor) => tf.exp(x), { target: "tfjs" })(tf.zeros([2])); // on the GPU
 */
export function useTfjs(name: string | undefined = environment()): TfjsInUse {
  const choice = name === undefined || name === "" ? "cpu" : name;
  if (choice !== "cpu" && !Object.hasOwn(packages, choice))
    throw unknownTfjs(choice, ["cpu", ...Object.keys(packages)]);
  if (choice === "cpu") {
    void tf.setBackend("cpu"); // at once: its factory is synchronous
    return { name: "cpu", backend: "cpu", version: `@tensorflow/tfjs-backend-cpu ${tf.version_core}` };
  }
  const known = choice as keyof typeof packages;
  const wanted = packages[known];
  const { loaded, version } = required(wanted);
  // Both packages make themselves the backend when loaded, each in the tfjs-core that it finds: they must have found ours.
  if (!(tensorflow in tf.engine().registryFactory)) throw otherTfjs(wanted, loaded, tf.version_core);
  void tf.setBackend(tensorflow);
  return { name: known, backend: tensorflow, version: `${wanted} ${version}` };
}

const environment = (): string | undefined =>
  typeof process === "object" && process.env ? process.env.ENGRAM_TFJS : undefined;

/** A package by Node's own `require`, which looks in `NODE_PATH` as well; a page has none. */
function required(name: string): { readonly loaded: string; readonly version: string } {
  const modules =
    typeof process === "object" && typeof process.getBuiltinModule === "function"
      ? process.getBuiltinModule("node:module")
      : undefined;
  if (!modules) throw noTfjsPackage(name, "only Node can load it");
  const require = modules.createRequire(import.meta.url);
  try {
    const { version } = require(`${name}/package.json`) as { readonly version: string };
    const { version_core: loaded = version } = require(name) as { readonly version_core?: string };
    return { loaded, version };
  } catch (error) {
    throw noTfjsPackage(name, error instanceof Error ? error.message.split("\n", 1)[0]! : String(error));
  }
}
