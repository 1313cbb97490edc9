// Gradients of functions of trees, against differences.

import * as tf from "@tensorflow/tfjs-core";
import { jit, random, treeFlatten, treeUnflatten, valueAndGrad, type TargetName } from "../../compile/index.ts";
import { tidied, violation, type Violation } from "./violation.ts";

export interface GradientOptions {
  /** The direction to look in is drawn with this. Default 0. */
  readonly seed?: number;
  /** Half the longest distance over which a difference is taken. Default 1/64. */
  readonly step?: number;
  readonly target?: TargetName;
}

/**
 * D1: the gradient of a smooth scalar function along a random direction is the limit of differences. Pairs of distances
 * tell how far from it a difference may be; one of three must agree. D2: the gradient is finite.
 *
 * @param f of a tree of float32 tensors to a scalar
 * @param tree where to look
 */
export function gradientViolations<T>(
  f: (tree: T) => tf.Tensor,
  tree: T,
  options: GradientOptions = {},
): readonly Violation[] {
  const { seed = 0, step = 1 / 64, target = "wasm" } = options;
  return tidied(() => {
    const { leaves, structure } = treeFlatten(tree, "gradientViolations: tree");
    const keys = random.split(random.key(seed), Math.max(leaves.length, 1));
    const direction = leaves.map((leaf, i) => random.normal(keys[i] as tf.Tensor1D, leaf.shape));
    const value = jit(f, { target });
    const at = (by: number): number => {
      const moved = leaves.map((leaf, i) => tf.add(leaf, tf.mul(direction[i]!, by)));
      return value(treeUnflatten(structure, moved) as T).dataSync()[0]!; // the structure is the tree's own
    };
    const slope = (h: number): number => (at(h) - at(-h)) / (2 * h);

    const { grad } = jit(valueAndGrad(f), { target })(tree);
    const products = treeFlatten(grad, "gradientViolations: gradient").leaves.map((leaf, i) =>
      tf.mul(leaf, direction[i]!),
    );
    const claimed = products.reduce((sum, x) => sum + tf.sum(x).dataSync()[0]!, 0);
    const size = products.reduce((sum, x) => sum + tf.sum(tf.abs(x)).dataSync()[0]!, 0);
    if (!Number.isFinite(size)) return [violation("D2", `the gradient is not finite: ${claimed} along a direction`)];
    // Where the function turns sharply only a short distance tells, where it is flat only a long one.
    const scale = Math.max(1, Math.abs(at(0)));
    const looks = [step, step / 4, step / 16].map((h) => {
      const [coarse, fine] = [slope(h), slope(h / 2)];
      return { limit: (4 * fine - coarse) / 3, tolerance: 2e-3 * size + Math.abs(fine - coarse) + (2e-6 / h) * scale };
    });
    if (looks.some(({ limit, tolerance }) => Math.abs(limit - claimed) <= tolerance)) return [];
    const seen = looks.map(({ limit, tolerance }) => `${limit} (±${tolerance})`).join(", ");
    return [violation("D1", `along a direction differences give ${seen}, the gradient ${claimed}`)];
  });
}
