// What goes wrong while a function is traced.

import * as tf from "@tensorflow/tfjs-core";
import { grad, jit, scan, vmap } from "../../../compile/index.ts";
import { matrix, reading, scalar, untyped, vector, type Mistake } from "./mistake.ts";

function stored(): tf.Tensor {
  let leak: tf.Tensor | undefined;
  jit(function keeps(x: tf.Tensor) {
    leak = tf.exp(x);
    return x;
  })(vector());
  return leak!;
}

const leaking =
  "was used after that trace had ended. A traced function must return what it computes, not keep it in a variable outside: its tensors stand for values of a program, not for numbers.";

export const tracingMistakes: readonly Mistake[] = [
  // Reading numbers while tracing
  {
    title: "dataSync in a trace",
    error: "ConcretizationError",
    run: () => jit((x: tf.Tensor) => tf.mul(x, tf.sum(x).dataSync()[0]!))(vector()),
    message: `The numbers of a traced f32[] (from Sum) ${reading}`,
  },
  {
    title: "arraySync of an argument",
    error: "ConcretizationError",
    run: () => jit((x: tf.Tensor) => tf.tensor(x.arraySync()))(vector()),
    message: `The numbers of a traced f32[3] ${reading}`,
  },
  {
    title: "print in a trace",
    error: "ConcretizationError",
    run: () =>
      grad((x: tf.Tensor) => {
        tf.print(tf.greater(x, 1));
        return tf.sum(x);
      })(vector()),
    message: `The numbers of a traced bool[3] (from Greater) ${reading}`,
  },
  {
    title: "toString of a tracer",
    error: "ConcretizationError",
    run: () => vmap((x: tf.Tensor) => tf.add(x, x.toString().length))(matrix()),
    message: `The numbers of a traced f32[3] ${reading}`,
  },
  {
    title: "a tracer kept outside",
    error: "LeakedTracerError",
    run: () => tf.add(stored(), 1),
    message: `A tracer f32[3] (from Exp) of jit(keeps) ${leaking}`,
  },
  {
    title: "a tracer kept outside, and read",
    error: "LeakedTracerError",
    run: () => stored().dataSync(),
    message: `A tracer f32[3] (from Exp) of jit(keeps) ${leaking}`,
  },
  {
    title: "a tracer kept outside, and used in another trace",
    error: "LeakedTracerError",
    run: () => {
      const leak = stored();
      return jit((x: tf.Tensor) => tf.mul(x, leak))(vector());
    },
    message: `A tracer f32[3] (from Exp) of jit(keeps) ${leaking}`,
  },
  {
    title: "a tracer kept outside, and given to a compiled function",
    error: "LeakedTracerError",
    run: () => jit((x: tf.Tensor) => tf.neg(x))(stored()),
    message: `A tracer f32[3] (from Exp) of jit(keeps) ${leaking}`,
  },
  {
    title: "a tracer of a scan's step used by the function around it",
    error: "LeakedTracerError",
    run: () =>
      jit((xs: tf.Tensor) => {
        let inside: tf.Tensor | undefined;
        scan((carry: tf.Tensor, x: tf.Tensor) => ({ carry, y: (inside = tf.neg(x)) }), scalar(), xs);
        return inside!;
      })(vector()),
    message: `A tracer f32[] (from Neg) of scan ${leaking}`,
  },

  // What does not trace
  {
    title: "an op that is not compiled",
    error: "untraceableKernel",
    run: () =>
      jit((x: tf.Tensor) => tf.conv2d(untyped<tf.Tensor4D>(x), tf.ones([2, 2, 1, 1]), 1, "same"))(
        tf.zeros([1, 4, 4, 1]),
      ),
    message:
      "tf kernel Conv2D cannot be traced: convolutions and pooling are not compiled. Compute it outside the traced function, or write it with slice, concat and matMul.",
  },
  {
    title: "an op whose result's shape depends on numbers",
    error: "untraceableKernel",
    run: () => jit((x: tf.Tensor1D) => tf.unique(x).values)(vector()),
    message:
      "tf kernel Unique cannot be traced: the shape of its result depends on numbers, which are unknown while tracing. Compute it outside the traced function.",
  },
  {
    title: "strings as an argument",
    error: "untraceableDType",
    run: () => jit((tree: { readonly words: tf.Tensor }) => tree.words)({ words: tf.tensor1d(["a"]) }),
    message:
      "jit: argument 0.words: a traced function's tensors are float32, int32 or bool, got string. Compute it outside the function and pass the numbers in.",
  },
  {
    title: "strings made in a trace",
    error: "untraceableDType",
    run: () => jit(() => tf.tensor1d(["a"]))(),
    message:
      "a tensor: a traced function's tensors are float32, int32 or bool, got string. Compute it outside the function and pass the numbers in.",
  },
  {
    title: "a cast to complex numbers",
    error: "untraceableDType",
    run: () => jit((x: tf.Tensor) => tf.cast(x, "complex64"))(vector()),
    message:
      "Cast: a traced function's tensors are float32, int32 or bool, got complex64. Compute it outside the function and pass the numbers in.",
  },
  {
    title: "an op while the backend for tracing is selected by hand",
    error: "traceBackendSelected",
    run: () => {
      void tf.setBackend("engram-trace");
      try {
        return tf.scalar(1);
      } finally {
        void tf.setBackend("cpu");
      }
    },
    message: "The backend engram-trace is for tracing only: do not select it yourself.",
  },
];
