import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { grad, jit, scan, vmap } from "../../../compile/index.ts";
import { expectNumbers } from "../expectNumbers.ts";

beforeEach(async () => {
  await tf.setBackend("cpu");
  tf.engine().startScope();
});
afterEach(() => tf.engine().endScope());

const matrix = (): tf.Tensor2D =>
  tf.tensor2d([
    [1, 2, 3],
    [4, 5, 6],
  ]);
const vector = (): tf.Tensor1D => tf.tensor1d([1, 10, 100]);
const dot = (x: tf.Tensor, y: tf.Tensor): tf.Tensor => tf.sum(tf.mul(x, y));

describe("vmap", () => {
  it("maps the first axis of every argument unless told", () => {
    expectNumbers(vmap(dot)(matrix(), matrix()), [14, 77]);
    expectNumbers(vmap((x: tf.Tensor) => tf.cumsum(x))(matrix()), [
      [1, 3, 6],
      [4, 9, 15],
    ]);
  });

  it("maps only the arguments with an axis", () => {
    expectNumbers(vmap(dot, { inAxes: [0, null] })(matrix(), vector()), [321, 654]);
    expectNumbers(vmap(dot, { inAxes: [null, 0] })(vector(), matrix()), [321, 654]);
  });

  it("maps any axis, counted from either end", () => {
    const x = tf.reshape(tf.range(0, 24), [2, 3, 4]);
    for (const [axis, negative] of [
      [0, -3],
      [1, -2],
      [2, -1],
    ] as const) {
      const expected = tf.unstack(x, axis).map((slice) => tf.max(slice, 0));
      expectNumbers(vmap((y: tf.Tensor) => tf.max(y, 0), { inAxes: axis })(x), tf.stack(expected));
      expectNumbers(vmap((y: tf.Tensor) => tf.max(y, 0), { inAxes: negative })(x), tf.stack(expected));
    }
  });

  it("puts the mapped axis of results where told", () => {
    const f = (x: tf.Tensor) => ({ twice: tf.mul(x, 2), sum: tf.sum(x) });
    expectNumbers(vmap(f, { outAxes: { twice: 1, sum: 0 } })(matrix()), {
      sum: [6, 15],
      twice: [
        [2, 8],
        [4, 10],
        [6, 12],
      ],
    });
    expectNumbers(vmap((x: tf.Tensor) => tf.mul(x, 2), { outAxes: -1 })(matrix()), [
      [2, 8],
      [4, 10],
      [6, 12],
    ]);
    expectNumbers(vmap((x: tf.Tensor) => tf.mul(x, 2), { inAxes: 1, outAxes: 1 })(matrix()), [
      [2, 4, 6],
      [8, 10, 12],
    ]);
  });

  it("takes a tree of axes, down to any depth", () => {
    const f = (
      tree: { readonly x: tf.Tensor; readonly list: readonly [tf.Tensor, tf.Tensor] },
      z: tf.Tensor,
    ): tf.Tensor => tf.add(tf.add(tree.x, tree.list[0]), tf.add(tree.list[1], z));
    const tree = { x: tf.tensor1d([1, 2]), list: [tf.scalar(10), tf.tensor1d([100, 200])] as const };
    const z = tf.tensor2d([[1000, 2000]]);
    expectNumbers(vmap(f, { inAxes: [{ x: 0, list: [null, 0] }, 1] })(tree, z), [[1111], [2212]]);
    const same = { x: tree.x, list: [tree.x, tree.x] as const };
    expectNumbers(vmap(f, { inAxes: [0, 1] })(same, z), [[1003], [2006]]);
  });

  it("repeats what does not depend on a mapped argument", () => {
    const f = vmap((x: tf.Tensor) => ({ x, constant: tf.tensor1d([7, 8]), none: null }));
    expectNumbers(f(tf.tensor1d([1, 2])), {
      constant: [
        [7, 8],
        [7, 8],
      ],
      none: null,
      x: [1, 2],
    });
  });

  it("closes over tensors without mapping them", () => {
    const w = vector();
    expectNumbers(vmap((x: tf.Tensor) => dot(x, w))(matrix()), [321, 654]);
  });

  it("nests", () => {
    const outer = vmap(
      vmap((x: tf.Tensor, y: tf.Tensor) => tf.mul(x, y), { inAxes: [null, 0] }),
      { inAxes: [0, null] },
    );
    expectNumbers(outer(tf.tensor1d([1, 2]), vector()), [
      [1, 10, 100],
      [2, 20, 200],
    ]);
  });

  it("gives gradients for each example", () => {
    const loss = (w: tf.Tensor, x: tf.Tensor): tf.Tensor => tf.square(dot(w, x));
    const each = vmap(grad(loss), { inAxes: [null, 0] });
    const expected = tf.stack(tf.unstack(matrix()).map((x) => grad(loss)(vector(), x)));
    expectNumbers(each(vector(), matrix()), expected);
    expectNumbers(jit(each)(vector(), matrix()), expected);
  });

  it("maps over a scan as one scan", () => {
    const total = (init: tf.Tensor, xs: tf.Tensor) =>
      scan((sum: tf.Tensor, x: tf.Tensor) => ({ carry: tf.add(sum, x), y: tf.mul(sum, x) }), init, xs);
    const mapped = vmap(total, { inAxes: [null, 0] })(tf.scalar(1), matrix());
    expectNumbers(mapped, {
      carry: [7, 16],
      ys: [
        [1, 4, 12],
        [4, 25, 60],
      ],
    });
  });

  it("works with an axis of size 0 and 1", () => {
    expectNumbers(vmap(dot, { inAxes: [0, null] })(tf.zeros([1, 3]), vector()), [0]);
    expect(vmap((x: tf.Tensor) => tf.mul(x, 2))(tf.zeros([0, 3])).shape).toEqual([0, 3]);
  });

  it("has bool and int32 results", () => {
    const { above, top } = vmap((x: tf.Tensor) => ({ above: tf.any(tf.greater(x, 5)), top: tf.argMax(x) }))(matrix());
    expect([above.dtype, top.dtype]).toEqual(["bool", "int32"]);
    expectNumbers(
      [above, top],
      [
        [0, 1],
        [2, 2],
      ],
    );
  });
});
