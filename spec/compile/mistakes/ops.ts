// Ops, and whole programs.

import * as tf from "@tensorflow/tfjs-core";
import { checkpoint, graphOf, jit, random, valueAndGrad } from "../../../compile/index.ts";
import { reading, untyped, vector, type Mistake } from "./mistake.ts";

export const opsMistakes: readonly Mistake[] = [
  {
    title: "a program to save that is no program",
    error: "cannotSave",
    run: () =>
      jit(
        function f(x: tf.Tensor) {
          return x;
        },
        { target: "tfjs" },
      )
        .compile(vector())
        .serialize(),
    message: 'jit(f).compile(…).serialize: programs of the target tfjs are no bytes. Serialize with target: "wasm".',
  },
  {
    title: "shapes that do not broadcast",
    error: "cannotBroadcast",
    run: () => jit((x: tf.Tensor) => tf.prelu(x, tf.zeros([2])))(vector()),
    message: "multiply: shapes [3] and [2] do not broadcast together.",
  },
  {
    title: "matrices of two batch sizes",
    error: "wrongShape",
    run: () => jit((x: tf.Tensor, y: tf.Tensor) => tf.matMul(x, y))(tf.zeros([2, 3, 4]), tf.zeros([3, 4, 5])),
    message: "matMul: b must have shape one whose leading axes broadcast with those of a, f32[2,3,4], got f32[3,4,5].",
  },
  {
    title: "a seed that is no whole number",
    error: "wrongAttribute",
    run: () => random.key(0.5),
    message: "random.key: seed must be an integer in -2^31 .. 2^53-1, got 0.5.",
  },
  {
    title: "a key of another type",
    error: "wrongDType",
    run: () => random.uniform(tf.tensor1d([1, 2]), [3]),
    message: "rng_bit_generator: key must be int32, got f32[2]. Convert it first (tf.cast, or b.convert in a rule).",
  },
  {
    title: "a key of another shape",
    error: "wrongRank",
    run: () => random.uniform(tf.tensor1d([1, 2, 3], "int32"), [3]),
    message: "rng_bit_generator: key must have a last axis of size 2 (see random.key), got i32[3].",
  },
  {
    title: "more memory than WebAssembly has",
    error: "outOfMemory",
    run: () => jit((x: tf.Tensor) => tf.sum(tf.cumsum(tf.outerProduct(untyped(x), untyped(x)))))(tf.ones([40_000])),
    message:
      /^wasm: the program needs \d+ MiB, more than the engine gives \(WebAssembly's addresses end at 4096 MiB\)\. Take a smaller batch or shorter sequences, or recompute: scan with { memory }, or checkpoint\.$/,
  },
  {
    title: "graphOf of what fails",
    error: "notATree",
    run: () => graphOf((x: tf.Tensor) => x)(untyped(1)),
    message:
      "jit: argument 0: expected a tensor, or a record or array of them, got the number 1. Wrap a number in tf.scalar; name an argument of jit that is not made of tensors in `staticArgnums`.",
  },
  {
    title: "a mistake inside checkpoint, inside valueAndGrad",
    error: "ConcretizationError",
    run: () => valueAndGrad((x: tf.Tensor) => checkpoint((y: tf.Tensor) => tf.scalar(y.dataSync()[0]!))(x))(vector()),
    message: `The numbers of a traced f32[3] ${reading}`,
  },
];
