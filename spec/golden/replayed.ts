// Code that reads results at once, run on a target whose results have to be waited for: where one is not there yet the code is
// interrupted, and begun again from the start when it is. Calls are told apart by their order, which must not change.
import * as tf from "@tensorflow/tfjs-core";
import { treeFlatten, treeUnflatten, type Tree, type TreeStructure } from "../../compile/index.ts";
import type { Compile } from "./compile.ts";

/** Thrown out of code whose next result is on its way. */
export class Waiting extends Error {
  readonly ready: Promise<void>;
  constructor(ready: Promise<void>) {
    super("waiting for a result");
    this.ready = ready;
  }
}

interface Known {
  readonly structure: TreeStructure;
  readonly leaves: readonly {
    readonly shape: readonly number[];
    readonly dtype: tf.DataType;
    readonly values: tf.TypedArray;
  }[];
}

/** What `code` returns when all results of the functions that it compiles are known. */
export async function replayed<R>(compile: Compile, code: (compile: Compile) => R): Promise<R> {
  const functions: ((...args: Tree[]) => Tree)[] = [];
  const results: Known[] = [];
  for (;;) {
    let [compiled, called] = [0, 0];
    const again = ((f: (...args: Tree[]) => Tree) => {
      const run = (functions[compiled++] ??= compile(f));
      return (...args: Tree[]): Tree => {
        const known = results[called++];
        if (!known) throw new Waiting(read(run(...args)).then((result) => void results.push(result)));
        const leaves = known.leaves.map(({ shape, dtype, values }) => tf.tensor(values, [...shape], dtype));
        return treeUnflatten(known.structure, leaves) as Tree; // the structure is a result's
      };
    }) as unknown as Compile; // as far as code of trees can tell
    try {
      return code(again);
    } catch (error) {
      if (!(error instanceof Waiting)) throw error;
      await error.ready;
    }
  }
}

async function read(tree: Tree): Promise<Known> {
  const { leaves, structure } = treeFlatten(tree);
  const values = await Promise.all(leaves.map((leaf) => leaf.data()));
  const known = leaves.map(({ shape, dtype }, i) => ({ shape, dtype, values: values[i]! }));
  tf.dispose([...leaves]);
  return { structure, leaves: known };
}
