// Derivatives.

import * as tf from "@tensorflow/tfjs-core";
import { customVjp, grad, jit, jvp, vjp } from "../../../compile/index.ts";
import { scalar, untyped, vector, type Mistake } from "./mistake.ts";

export const derivativesMistakes: readonly Mistake[] = [
  {
    title: "the gradient of a vector",
    error: "notScalar",
    run: () =>
      grad(function f(x: tf.Tensor) {
        return tf.square(x);
      })(vector()),
    message:
      "valueAndGrad(f): the function must return a float32 scalar to be differentiated, got f32[3]. Reduce it first (sum, mean), or use vjp.",
  },
  {
    title: "the gradient of an int32",
    error: "notScalar",
    run: () => grad((x: tf.Tensor) => tf.argMax(x))(vector()),
    message:
      "valueAndGrad: the function must return a float32 scalar to be differentiated, got i32[]. Reduce it first (sum, mean), or use vjp.",
  },
  {
    title: "the gradient of a record",
    error: "structuresDiffer",
    run: () => grad(untyped<(x: tf.Tensor) => tf.Tensor>((x: tf.Tensor) => ({ loss: tf.sum(x) })))(vector()),
    message:
      'valueAndGrad: the function\'s result must have the structure *, got {"loss":*} (* is a tensor, - is null).',
  },
  {
    title: "hasAux without a value",
    error: "structuresDiffer",
    run: () =>
      grad(
        untyped<(x: tf.Tensor) => { value: tf.Tensor; aux: null }>((x: tf.Tensor) => ({ loss: tf.sum(x), aux: null })),
        {
          hasAux: true,
        },
      )(vector()),
    message:
      'valueAndGrad: with hasAux, the function\'s result must have the structure {aux, value: *}, got {"aux":-,"loss":*} (* is a tensor, - is null).',
  },
  {
    title: "the gradient by an argument that did not come",
    error: "wrongArgnum",
    run: () => grad((x: tf.Tensor) => tf.sum(x), { argnums: [0, 2] })(vector()),
    message: "valueAndGrad: argnums names argument 2, but 1 came (0 is the first).",
  },
  {
    title: "the gradient by an int32",
    error: "notDifferentiableArgument",
    run: () =>
      grad((tree: { readonly n: tf.Tensor }) => tf.sum(tf.cast(tree.n, "float32")))({ n: tf.tensor1d([1], "int32") }),
    message:
      "valueAndGrad: argument 0.n is i32[1]; only float32 is differentiated by. Leave it out of argnums, or cast it.",
  },
  {
    title: "a cotangent of another structure",
    error: "structuresDiffer",
    run: () => vjp((x: tf.Tensor) => ({ y: x }), vector()).pullback(untyped(vector())),
    message: 'vjp: pullback: the cotangent must have the structure {"y":*}, got * (* is a tensor, - is null).',
  },
  {
    title: "a cotangent of another shape",
    error: "tangentDiffers",
    run: () => vjp((x: tf.Tensor) => ({ y: x }), vector()).pullback({ y: scalar() }),
    message: "vjp: pullback: cotangent.y must be f32[3], got f32[].",
  },
  {
    title: "a tangent of another shape",
    error: "tangentDiffers",
    run: () => jvp((x: tf.Tensor) => x, [vector()], [scalar()]),
    message: "jvp: tangents[0] must be f32[3], got f32[].",
  },
  {
    title: "too few cotangents from a custom derivative",
    error: "cotangentCount",
    run: () =>
      grad(
        customVjp(
          (x: tf.Tensor, y: tf.Tensor) => tf.mul(x, y),
          (x, y) => ({ value: tf.mul(x, y), residuals: null }),
          (_, ct) => untyped([ct]),
        ),
      )(scalar(), scalar()),
    message: "customVjp: backward must return an array of 2 cotangents, one an argument, got 1 of them.",
  },
  {
    title: "a cotangent of another shape from a custom derivative",
    error: "tangentDiffers",
    run: () =>
      grad((x: tf.Tensor) =>
        tf.sum(
          customVjp(
            (y: tf.Tensor) => y,
            (y) => ({ value: y, residuals: null }),
            (_, ct) => [tf.sum(ct)],
          )(x),
        ),
      )(vector()),
    message: "customVjp: backward's cotangent 0 must be f32[3], got f32[].",
  },
  {
    title: "no residuals from a custom derivative",
    error: "notARecord",
    run: () =>
      jit(
        customVjp(
          (x: tf.Tensor) => x,
          (x) => untyped<{ value: tf.Tensor; residuals: null }>({ value: x }),
          (_, ct) => [ct],
        ),
      )(scalar()),
    message: "customVjp: forward must return { value, residuals }, got a record of {value}.",
  },
];
