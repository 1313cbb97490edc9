// Loops, branches and maps.

import * as tf from "@tensorflow/tfjs-core";
import { cond, jit, scan, vmap } from "../../../compile/index.ts";
import { matrix, scalar, untyped, vector, type Mistake } from "./mistake.ts";

const sameCarry = "The step must return a carry of the structure, shapes and dtypes it was given.";

export const controlMistakes: readonly Mistake[] = [
  // scan
  {
    title: "a step that returns no record",
    error: "notARecord",
    run: () =>
      scan(
        (carry: tf.Tensor, x: tf.Tensor) => untyped<{ carry: tf.Tensor; y: null }>(tf.add(carry, x)),
        scalar(),
        vector(),
      ),
    message: "scan: step must return { carry, y }, got an object of class Tensor.",
  },
  ...[false, true].map((traced): Mistake => {
    const around = <R>(f: () => R): unknown => (traced ? jit(f as () => tf.Tensor)() : f());
    return {
      title: `a carry that changes shape, ${traced ? "traced" : "eagerly"}`,
      error: "carryChanges",
      run: () =>
        around(() =>
          scan(
            function read(carry: { readonly memory: tf.Tensor }, x: tf.Tensor) {
              return { carry: { memory: tf.transpose(carry.memory) }, y: x };
            },
            { memory: matrix() },
            vector(),
          ),
        ),
      message: `scan(read): carry.memory changes: enters as f32[2,3], leaves as f32[3,2]. ${sameCarry}`,
    };
  }),
  {
    title: "a carry that changes dtype",
    error: "carryChanges",
    run: () =>
      scan(
        (carry: readonly [tf.Tensor], x: tf.Tensor) => ({ carry: [tf.add(carry[0], x)] as const, y: null }),
        [tf.scalar(0, "int32")] as const,
        vector(),
      ),
    message: `scan: carry[0] changes: enters as i32[], leaves as f32[]. ${sameCarry}`,
  },
  {
    title: "a carry that changes structure",
    error: "carryChanges",
    run: () => scan((carry: object, x: tf.Tensor) => ({ carry: { ...carry, x }, y: null }), { a: scalar() }, vector()),
    message: `scan: carry changes: has the structure {"a":*}, leaves as {"a":*,"x":*}. ${sameCarry}`,
  },
  {
    title: "neither xs nor a length",
    error: "noLength",
    run: () => scan((carry: tf.Tensor) => ({ carry, y: null }), scalar(), null),
    message: "scan: xs has no leaves: say how many steps with { length }.",
  },
  {
    title: "half a step",
    error: "noLength",
    run: () => scan((carry: tf.Tensor) => ({ carry, y: null }), scalar(), null, { length: 1.5 }),
    message: "scan: length must be a whole number, 0 or more, got 1.5.",
  },
  {
    title: "a number of steps that is known later, of no xs",
    error: "noBound",
    run: () => scan((carry: tf.Tensor) => ({ carry, y: null }), scalar(), null, { length: tf.scalar(2, "int32") }),
    message:
      "scan: with a tensor for length, xs must have leaves, whose leading size is the most steps there can be. Take tf.range(0, most).",
  },
  {
    title: "a number of steps that is no integer",
    error: "wrongStepCount",
    run: () => scan((carry: tf.Tensor, x: tf.Tensor) => ({ carry, y: x }), scalar(), vector(), { length: scalar() }),
    message: "scan: length must be a whole number or a tensor i32[], got f32[].",
  },
  {
    title: "less memory than none",
    error: "wrongMemory",
    run: () => scan((carry: tf.Tensor, x: tf.Tensor) => ({ carry, y: x }), scalar(), vector(), { memory: -1 }),
    message: "scan: memory must be a number of bytes, 0 or more, got -1.",
  },
  {
    title: "a scalar to run over",
    error: "xsScalar",
    run: () => scan((carry: tf.Tensor) => ({ carry, y: null }), scalar(), { a: vector(), b: scalar() }),
    message: "scan: xs.b is a scalar; expected a leading axis to run over.",
  },
  {
    title: "xs of two lengths",
    error: "xsLengthsDiffer",
    run: () => scan((carry: tf.Tensor) => ({ carry, y: null }), scalar(), [vector(), matrix()]),
    message: "scan: xs[1] has 2 steps along its leading axis, xs[0] says 3.",
  },
  {
    title: "xs of another length than told",
    error: "xsLengthsDiffer",
    run: () => scan((carry: tf.Tensor) => ({ carry, y: null }), scalar(), vector(), { length: 4 }),
    message: "scan: xs has 3 steps along its leading axis, length says 4.",
  },

  // cond
  {
    title: "a predicate that is a number",
    error: "notAPredicate",
    run: () =>
      cond(
        scalar(),
        () => vector(),
        () => vector(),
      ),
    message: "cond: the predicate must be bool[], got f32[]. Compare (greater, equal, ...) or reduce it (any, all).",
  },
  {
    title: "branches of two types",
    error: "branchesDiffer",
    run: () =>
      jit((x: tf.Tensor) =>
        cond(
          tf.any(tf.greater(x, 0)),
          (y: tf.Tensor) => ({ y }),
          (y: tf.Tensor) => ({ y: tf.sum(y) }),
          x,
        ),
      )(vector()),
    message: "cond: result.y of onTrue is f32[3], of onFalse f32[]; both must be the same.",
  },

  // vmap
  {
    title: "mapped axes of two sizes",
    error: "batchSizesDiffer",
    run: () =>
      vmap(function f(x: tf.Tensor, tree: { readonly y: tf.Tensor }) {
        return tf.add(x, tree.y);
      })(vector(), { y: matrix() }),
    message: "vmap(f): argument 0 maps an axis of size 3, argument 1.y one of 2; they must be equal.",
  },
  {
    title: "nothing mapped",
    error: "nothingToMap",
    run: () => vmap((x: tf.Tensor) => x, { inAxes: [null] })(vector()),
    message: "vmap: no argument has a mapped axis; give at least one a number in inAxes.",
  },
  {
    title: "an axis that is not there",
    error: "wrongAxis",
    run: () => vmap((x: tf.Tensor) => x, { inAxes: -2 })(vector()),
    message: "vmap: axis -2 of argument 0 is out of range for f32[3].",
  },
  {
    title: "axes for another number of arguments",
    error: "wrongAxes",
    run: () => vmap((x: tf.Tensor) => x, { inAxes: [0, 0] })(vector()),
    message: "vmap: inAxes must be one entry an argument (1), got [0,0].",
  },
  {
    title: "axes of another structure than the argument",
    error: "wrongAxes",
    run: () => vmap((tree: { readonly x: tf.Tensor }) => tree.x, { inAxes: [{ y: 0 }] })({ x: vector() }),
    message: 'vmap: inAxes[0]: axes must be a number, null, or a tree of the argument\'s structure, got {"y":0}.',
  },
  {
    title: "a result without its mapped axis",
    error: "wrongAxes",
    run: () => vmap((x: tf.Tensor) => x, { outAxes: null })(vector()),
    message: "vmap: outAxes must be a number for every result, got null.",
  },
];
