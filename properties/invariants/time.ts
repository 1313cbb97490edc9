// Sequences: a scan is a fold of steps, and what follows the steps that count changes nothing.

import * as tf from "@tensorflow/tfjs-core";
import { jit, scan, treeLeaves, treePaths, treeStructure, valueAndGrad, type TargetName } from "../../compile/index.ts";
import type { Cell } from "../../src/index.ts";
import { defaultTolerance, differences, tidied, type Violation } from "./violation.ts";

type Steps<Params, State> = Pick<Cell<Params, State>, "step">;

/** All outputs `[T, B, Y]` for inputs `[T, B, X]`, and the last state. */
function unroll<Params, State>({ step }: Steps<Params, State>, params: Params, state: State, inputs: tf.Tensor3D) {
  return scan(
    (carry: State, x: tf.Tensor2D) => {
      const next = step(params, carry, x);
      return { carry: next.state, y: next.output as tf.Tensor };
    },
    state,
    inputs as tf.Tensor as tf.Tensor2D, // scan hands the step slices of it
  );
}

/**
 * K1: the compiled scan over a sequence gives the outputs, and the last state, of its steps taken one by one.
 *
 * @param inputs `[T, B, X]`
 */
export function foldViolations<Params, State>(
  cell: Steps<Params, State>,
  params: Params,
  state: State,
  inputs: tf.Tensor3D,
  target: TargetName = "wasm",
  tolerance = 10 * defaultTolerance,
): readonly Violation[] {
  return tidied(() => {
    const whole = jit((p: Params, s: State, xs: tf.Tensor3D) => unroll(cell, p, s, xs), { target })(
      params,
      state,
      inputs,
    );
    let carry = state;
    const outputs = tf.unstack(inputs).map((x) => {
      const next = cell.step(params, carry, x as tf.Tensor2D);
      carry = next.state;
      return next.output;
    });
    const paths = treePaths(treeStructure(carry));
    const last = treeLeaves(carry);
    return [
      ...differences("K1", "outputs of the scan", whole.ys, tf.stack(outputs), tolerance),
      ...treeLeaves(whole.carry).flatMap((leaf, i) =>
        differences("K1", `state${paths[i]} after the scan`, leaf, last[i]!, tolerance),
      ),
    ];
  });
}

/**
 * K2: outputs do not depend on inputs that come later. K3: steps that the mask leaves out change neither the masked loss
 * nor its gradient.
 *
 * @param inputs the steps that count, `[T, B, X]`
 * @param padding what follows, `[P, B, X]`, any finite numbers
 * @param loss of outputs `[T + P, B, Y]` and a mask `[T + P, B]`
 */
export function paddingViolations<Params, State>(
  cell: Steps<Params, State>,
  params: Params,
  state: State,
  inputs: tf.Tensor3D,
  padding: tf.Tensor3D,
  loss: (outputs: tf.Tensor3D, mask: tf.Tensor2D) => tf.Scalar,
  target: TargetName = "wasm",
  tolerance = 10 * defaultTolerance,
): readonly Violation[] {
  return tidied(() => {
    const [T, B] = inputs.shape;
    const judge = jit(
      valueAndGrad(
        (p: Params, s: State, xs: tf.Tensor3D, mask: tf.Tensor2D) => {
          const outputs = unroll(cell, p, s, xs).ys as tf.Tensor3D; // stacked outputs
          return { value: loss(outputs, mask) as tf.Tensor, aux: outputs };
        },
        { hasAux: true },
      ),
      { target },
    );
    const short = judge(params, state, inputs, tf.ones([T, B]));
    const mask = tf.concat([tf.ones([T, B]), tf.zeros([padding.shape[0], B])]) as tf.Tensor2D;
    const long = judge(params, state, tf.concat([inputs, padding]), mask);
    const paths = treePaths(treeStructure(short.grad));
    const gradients = treeLeaves(long.grad);
    return [
      ...differences("K2", "outputs before the padding", tf.slice(long.aux, 0, T), short.aux, tolerance),
      ...differences("K3", "loss with padding", long.value, short.value, tolerance),
      ...treeLeaves(short.grad).flatMap((leaf, i) =>
        differences("K3", `gradient${paths[i]} with padding`, gradients[i]!, leaf, tolerance),
      ),
    ];
  });
}
