// Which products leave a loop, by example, and that the numbers stay.

import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { grad, graphOf, jit, random, scan } from "../../../compile/index.ts";

beforeAll(async () => {
  await tf.setBackend("cpu");
});

interface Params {
  readonly w: tf.Tensor2D;
  readonly out: tf.Tensor2D;
}

/** A network whose step multiplies `[x, h]` by weights, and what it returns by others. */
const network =
  (options: { readonly length?: tf.Scalar; readonly memory?: number } = {}) =>
  ({ w, out }: Params, xs: tf.Tensor3D): tf.Tensor => {
    const step = (h: tf.Tensor, x: tf.Tensor): { readonly carry: tf.Tensor; readonly y: tf.Tensor } => {
      const next = tf.tanh(tf.matMul(tf.concat([x, h] as tf.Tensor2D[], 1), w));
      return { carry: next, y: tf.sigmoid(tf.matMul(next as tf.Tensor2D, out)) };
    };
    return scan(step, tf.zeros([2, 4]) as tf.Tensor, xs as tf.Tensor, options).ys;
  };

const params: Params = {
  w: random.normal(random.key(0), [7, 4]) as tf.Tensor2D,
  out: random.normal(random.key(1), [4, 5]) as tf.Tensor2D,
};
const xs = random.normal(random.key(2), [6, 2, 3]) as tf.Tensor3D;

/** How many products stand inside loops, and outside. */
const products = (text: string): { readonly inside: number; readonly outside: number } => ({
  inside: [...text.matchAll(/^ {4,}.*dot_general/gm)].length,
  outside: [...text.matchAll(/^ {2}%.*dot_general/gm)].length,
});

describe("products with weights", () => {
  it("go before the loop for what it is given, behind it for what it only returns", () => {
    const { before, after } = graphOf(network())(params, xs);
    expect(products(before)).toEqual({ inside: 2, outside: 0 });
    expect(products(after)).toEqual({ inside: 1, outside: 2 });
    expect(after).toMatch(/f32\[6,2,4\] = dot_general/); // all steps at once
  });

  it("stay where the number of steps is known only when the program runs, and where memory is bounded", () => {
    expect(products(graphOf(network({ length: tf.scalar(3, "int32") }))(params, xs).after).outside).toBe(0);
    expect(products(graphOf(network({ memory: 4096 }))(params, xs).after).outside).toBe(0);
  });

  it("of which parts are read are computed in part: no gradient for what is not differentiated", () => {
    const loss = (p: Params, x: tf.Tensor3D): tf.Tensor => tf.sum(network()(p, x));
    const { after } = graphOf((p: Params, x: tf.Tensor3D) => grad(loss)(p, x))(params, xs);
    expect(after).not.toMatch(/f32\[2,7\] = dot_general/);
    expect(after).toMatch(/f32\[2,4\] = dot_general/);
  });

  it("give the same numbers", () => {
    const eager = network()(params, xs).dataSync();
    for (const target of ["wasm", "tfjs"] as const) {
      const compiled = jit(network(), { target })(params, xs).dataSync();
      expect(Math.max(...eager.map((y, i) => Math.abs(y - compiled[i]!)))).toBeLessThan(1e-6);
    }
  });
});
