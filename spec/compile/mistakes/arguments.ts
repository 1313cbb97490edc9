// What is given to a function, and what it returns.

import * as tf from "@tensorflow/tfjs-core";
import { grad, jit, treeMap, useTfjs } from "../../../compile/index.ts";
import { wishesWideVectors } from "../../../compile/targets/wasm/wideVectors.ts";
import { scalar, untyped, vector, type Mistake } from "./mistake.ts";

export const argumentsMistakes: readonly Mistake[] = [
  {
    title: "a disposed argument",
    error: "disposedTensor",
    run: () => {
      const x = vector();
      x.dispose();
      return jit(function f({ x: [y] }: { readonly x: readonly tf.Tensor[] }) {
        return y!;
      })({ x: [x] });
    },
    message:
      "jit(f): argument 0.x[0]: tensor f32[3] has been disposed. Keep it (tf.keep) or dispose it after the call.",
  },
  {
    title: "a disposed tensor closed over",
    error: "disposedTensor",
    run: () => {
      const w = vector();
      w.dispose();
      return jit(() => w)();
    },
    message: "jit: tensor f32[3] has been disposed. Keep it (tf.keep) or dispose it after the call.",
  },
  {
    title: "a number as an argument",
    error: "notATree",
    run: () => jit((x: tf.Tensor, n: number) => tf.mul(x, n))(vector(), 2),
    message:
      "jit: argument 1: expected a tensor, or a record or array of them, got the number 2. Wrap a number in tf.scalar; name an argument of jit that is not made of tensors in `staticArgnums`.",
  },
  {
    title: "an object of a class as an argument",
    error: "notATree",
    run: () =>
      grad((tree: { readonly when: Date; readonly x: tf.Tensor }) => tree.x)({ when: new Date(0), x: scalar() }),
    message:
      "valueAndGrad: argument 0.when: expected a tensor, or a record or array of them, got an object of class Date. Wrap a number in tf.scalar; name an argument of jit that is not made of tensors in `staticArgnums`.",
  },
  {
    title: "a result that is no tensor",
    error: "notATree",
    run: () => jit((x: tf.Tensor) => ({ x, shape: x.shape }))(vector()),
    message:
      "jit: the function's result.shape[0]: expected a tensor, or a record or array of them, got the number 3. Wrap a number in tf.scalar; name an argument of jit that is not made of tensors in `staticArgnums`.",
  },
  {
    title: "no function",
    error: "notAFunction",
    run: () => jit(untyped<() => tf.Tensor>(vector())),
    message: "jit: expected a function, got an object of class Tensor.",
  },
  {
    title: "an unknown target",
    error: "unknownTarget",
    run: () => jit((x: tf.Tensor) => x, { target: untyped("gpu") }),
    message: 'jit: target must be one of wasm, tfjs, webgpu, got "gpu".',
  },
  {
    title: "an unknown package of TensorFlow",
    error: "unknownTfjs",
    run: () => useTfjs("gpu"),
    message: 'useTfjs: expected one of cpu, node, node-gpu (argument, or ENGRAM_TFJS), got "gpu".',
  },
  {
    title: "an environment that says neither yes nor no to wide vectors",
    error: "wrongWideVectors",
    run: () => {
      const said = process.env.ENGRAM_WIDE_VECTORS;
      process.env.ENGRAM_WIDE_VECTORS = "yes";
      try {
        return wishesWideVectors();
      } finally {
        if (said === undefined) delete process.env.ENGRAM_WIDE_VECTORS;
        else process.env.ENGRAM_WIDE_VECTORS = said;
      }
    },
    message: 'useWideVectors: ENGRAM_WIDE_VECTORS must be 1 or 0, got "yes".',
  },
  {
    title: "a function for WebGPU before there is a device",
    error: "noDevice",
    run: () => jit((x: tf.Tensor) => x, { target: "webgpu" })(vector()),
    message:
      'jit: target "webgpu" has no device yet. Call `await createWebGPU()` first; it is asynchronous, and a compiled function is not.',
  },
  {
    title: "half a thread",
    error: "wrongThreads",
    run: () => jit((x: tf.Tensor) => x, { threads: 0.5 }),
    message: "jit: threads must be a whole number, 1 or more, got 0.5.",
  },
  {
    title: "weights in a format that there is not",
    error: "wrongWeights",
    run: () => jit((x: tf.Tensor) => x, { target: "webgpu", weights: untyped("bfloat16") }),
    message: 'jit: weights must be one of float32, float16, got "bfloat16".',
  },
  {
    title: "half precision where there is no GPU",
    error: "noHalfWeights",
    run: () => jit((x: tf.Tensor) => x, { weights: "float16" }),
    message:
      'jit: weights "float16" are for the target webgpu; wasm computes with weights as they are. Leave weights out, or compile with target: "webgpu".',
  },
  {
    title: "a profile of no run",
    error: "wrongRuns",
    run: () =>
      jit((x: tf.Tensor) => tf.neg(x))
        .compile(vector())
        .profile({ runs: 0 }),
    message: "jit.compile(…).profile: runs must be an integer, 1 or more, got 0.",
  },
  {
    title: "a profile of ops that tfjs runs",
    error: "noProfile",
    run: () =>
      jit((x: tf.Tensor) => tf.neg(x), { target: "tfjs" })
        .compile(vector())
        .profile(),
    message: 'jit.compile(…).profile: the target tfjs cannot tell where its time goes. Profile with target: "wasm".',
  },
  {
    title: "a static argument that did not come",
    error: "wrongArgnum",
    run: () => jit((x: tf.Tensor) => x, { staticArgnums: [1] })(vector()),
    message: "jit: staticArgnums names argument 1, but 1 came (0 is the first).",
  },
  {
    title: "trees of two structures mapped together",
    error: "structuresDiffer",
    run: () => treeMap((x, y) => tf.add(x, y!), untyped<object>({ a: scalar(), b: scalar() }), { a: scalar() }),
    message: 'treeMap: tree 1 must have the structure {"a":*,"b":*}, got {"a":*} (* is a tensor, - is null).',
  },
];
