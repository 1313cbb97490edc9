import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { grad, jit, jvp, valueAndGrad, vjp } from "../../../compile/index.ts";
import { expectNumbers } from "../expectNumbers.ts";
import { ways } from "./ways.ts";

beforeEach(async () => {
  await tf.setBackend("cpu");
  tf.engine().startScope();
});
afterEach(() => tf.engine().endScope());

const dot = (x: tf.Tensor, y: tf.Tensor): tf.Tensor => tf.sum(tf.mul(x, y));
const x = (): tf.Tensor => tf.tensor1d([1, 2, 3]);
const y = (): tf.Tensor => tf.tensor1d([10, 20, 30]);

describe.each(ways)("%s", (_name, way) => {
  describe("grad", () => {
    it("is by argument 0 unless told", () => {
      expectNumbers(way(grad(dot))(x(), y()), [10, 20, 30]);
      expectNumbers(way(grad(dot, { argnums: 1 }))(x(), y()), [1, 2, 3]);
    });

    it("is by several arguments, in the order asked for", () => {
      expectNumbers(way(grad(dot, { argnums: [0, 1] }))(x(), y()), [
        [10, 20, 30],
        [1, 2, 3],
      ]);
      expectNumbers(way(grad(dot, { argnums: [1, 0] }))(x(), y()), [
        [1, 2, 3],
        [10, 20, 30],
      ]);
      expectNumbers(way(grad(dot, { argnums: [0] }))(x(), y()), [[10, 20, 30]]);
    });

    it("has the structure of a tree, frozen", () => {
      const f = (params: { readonly w: tf.Tensor; readonly more: readonly [tf.Tensor, null] }): tf.Tensor =>
        tf.sum(tf.mul(params.w, params.more[0]));
      const gradient = way(grad(f))({ w: x(), more: [tf.scalar(2), null] });
      expectNumbers(gradient, { more: [6, null], w: [2, 2, 2] });
      expect([gradient, gradient.more].every(Object.isFrozen)).toBe(true);
    });

    it("is zero by what the value does not depend on", () => {
      expectNumbers(way(grad(() => tf.scalar(3)))(...([x()] as never as [])), [0, 0, 0]);
      expectNumbers(way(grad((a: tf.Tensor, _b: tf.Tensor) => dot(a, a), { argnums: 1 }))(x(), y()), [0, 0, 0]);
      expectNumbers(way(grad((a: tf.Tensor) => tf.sum(tf.floor(a))))(x()), [0, 0, 0]);
    });

    it("sums over the ways a value is used", () => {
      expectNumbers(way(grad((a: tf.Tensor) => tf.add(dot(a, a), tf.sum(a))))(x()), [3, 5, 7]);
    });

    it("broadcasts back", () => {
      expectNumbers(way(grad((a: tf.Tensor) => tf.sum(tf.mul(a, tf.ones([4, 3])))))(x()), [4, 4, 4]);
      expectNumbers(way(grad((a: tf.Tensor) => tf.sum(tf.mul(a, y()))))(tf.scalar(1)), 60);
    });

    it("flows through bool and int32 as through constants", () => {
      const f = (a: tf.Tensor): tf.Tensor => tf.sum(tf.mul(a, tf.cast(tf.greater(a, 1.5), "float32")));
      expectNumbers(way(grad(f))(x()), [0, 1, 1]);
      const g = (a: tf.Tensor): tf.Tensor => tf.sum(tf.gather(a, tf.cast(tf.tensor1d([2, 2, 0]), "int32")));
      expectNumbers(way(grad(g))(x()), [1, 0, 2]);
    });
  });

  describe("valueAndGrad", () => {
    it("gives both", () => {
      const result = way(valueAndGrad(dot))(x(), y());
      expectNumbers(result.value, 140);
      expectNumbers(result.grad, [10, 20, 30]);
      expect(Object.isFrozen(result)).toBe(true);
    });

    it("passes aux on, of any dtype", () => {
      const f = (a: tf.Tensor) => ({ value: dot(a, a), aux: { top: tf.argMax(a), twice: [tf.mul(a, 2)], none: null } });
      const { value, aux, grad: gradient } = way(valueAndGrad(f, { hasAux: true }))(x());
      expectNumbers(value, 14);
      expectNumbers(aux, { none: null, top: 2, twice: [[2, 4, 6]] });
      expectNumbers(gradient, [2, 4, 6]);
      const withoutValue = way(grad(f, { hasAux: true, argnums: [0] }))(x());
      expect(Object.keys(withoutValue).sort()).toEqual(["aux", "grad"]);
      expectNumbers(withoutValue.grad, [[2, 4, 6]]);
    });
  });

  describe("higher derivatives", () => {
    it("of a cube", () => {
      const cube = (a: tf.Tensor): tf.Tensor => tf.mul(a, tf.square(a));
      expectNumbers(way(grad(cube))(tf.scalar(2)), 12);
      expectNumbers(way(grad(grad(cube)))(tf.scalar(2)), 12);
      expectNumbers(way(grad(grad(grad(cube))))(tf.scalar(2)), 6);
    });

    it("of functions with square roots, tanh and products", () => {
      const f = (a: tf.Tensor): tf.Tensor => tf.sum(tf.mul(tf.tanh(a), tf.sqrt(tf.add(tf.square(a), 1))));
      const second = way(grad((a: tf.Tensor) => tf.sum(grad(f)(a))));
      const h = 1e-2;
      const at = tf.tensor1d([0.3, -0.7, 1.2]);
      const difference = tf.div(tf.sub(grad(f)(tf.add(at, h)), grad(f)(tf.sub(at, h))), 2 * h);
      expectNumbers(second(at), difference, 1e-3);
    });

    it("mixed: the derivative of a product of two arguments", () => {
      const mixed = grad((a: tf.Tensor) => tf.sum(grad(dot, { argnums: 1 })(a, y())));
      expectNumbers(way(mixed)(x()), [1, 1, 1]);
    });
  });

  describe("nesting", () => {
    it("keeps the variables of each level apart", () => {
      // d/dx x · (d/dy (x + y) at 1) = 1: perturbations must not be confused.
      const f = (a: tf.Tensor): tf.Tensor => tf.mul(a, grad((b: tf.Tensor) => tf.add(a, b))(tf.scalar(1)));
      expectNumbers(way(grad(f))(tf.scalar(3)), 1);
      // d/dx x · (d/dy x·y at y = x) = 2x
      const g = (a: tf.Tensor): tf.Tensor => tf.mul(a, grad((b: tf.Tensor) => tf.mul(a, b))(a));
      expectNumbers(way(grad(g))(tf.scalar(3)), 6);
    });

    it("takes tfjs's own tf.grad inside of a traced function", () => {
      // tfjs-core knows no gradients in Node but those that are given to it.
      const square = tf.customGrad((b) => ({
        value: dot(b as tf.Tensor, b as tf.Tensor),
        gradFunc: (dy) => tf.mul(dy, tf.mul(b as tf.Tensor, 2)),
      }));
      expectNumbers(way((a: tf.Tensor) => tf.grad(square)(a))(x()), [2, 4, 6]);
      expectNumbers(way(grad((a: tf.Tensor) => tf.sum(tf.square(tf.grad(square)(a)))))(x()), [8, 16, 24]);
    });
  });
});

describe("vjp", () => {
  it("gives the value, and a pullback to call any number of times", () => {
    const { value, pullback } = vjp(
      (a: tf.Tensor, b: { readonly c: tf.Tensor }) => [tf.mul(a, b.c), tf.sum(a)] as const,
      x(),
      { c: y() },
    );
    expectNumbers(value, [[10, 40, 90], 6]);
    expectNumbers(pullback([tf.ones([3]), tf.scalar(0)]), [[10, 20, 30], { c: [1, 2, 3] }]);
    expectNumbers(pullback([tf.zeros([3]), tf.scalar(2)]), [[2, 2, 2], { c: [0, 0, 0] }]);
  });

  it("gives zeros for arguments that are not float32", () => {
    const [ct, zeros] = vjp(
      (a: tf.Tensor, n: tf.Tensor) => tf.mul(a, tf.cast(n, "float32")),
      x(),
      tf.tensor1d([1, 2, 3], "int32"),
    ).pullback(tf.ones([3]));
    expectNumbers(ct, [1, 2, 3]);
    expect(zeros.dtype).toBe("int32");
    expectNumbers(zeros, [0, 0, 0]);
  });

  it("works inside a compiled function, pullback and all", () => {
    const f = jit((a: tf.Tensor) => {
      const { value, pullback } = vjp((b: tf.Tensor) => tf.exp(b), a);
      const [ct] = pullback(tf.ones([3]));
      return tf.sub(value, ct);
    });
    expectNumbers(f(x()), [0, 0, 0]);
  });

  it("takes a pullback out of the function it was made for", () => {
    const { pullback } = vjp((a: tf.Tensor) => tf.square(a), x());
    expectNumbers(jit((ct: tf.Tensor) => pullback(ct)[0])(tf.tensor1d([1, 10, 100])), [2, 40, 600]);
  });
});

describe("jvp", () => {
  it("gives the value and its derivative along the tangents", () => {
    const f = (a: tf.Tensor, b: tf.Tensor) => ({ product: tf.mul(a, b), sum: tf.sum(a), count: tf.argMax(a) });
    const { value, tangent } = jvp(f, [x(), y()], [tf.tensor1d([1, 0, 0]), tf.tensor1d([0, 0, 1])]);
    expectNumbers(value, { count: 2, product: [10, 40, 90], sum: 6 });
    expectNumbers(tangent, { count: 0, product: [10, 0, 3], sum: 1 });
  });

  it("agrees with finite differences, and with vjp", () => {
    const f = (a: tf.Tensor): tf.Tensor => tf.softmax(tf.mul(a, tf.sin(a)));
    const v = tf.tensor1d([0.5, -1, 0.25]);
    const h = 1e-2;
    const { tangent } = jvp(f, [x()], [v]);
    const difference = tf.div(tf.sub(f(tf.add(x(), tf.mul(v, h))), f(tf.sub(x(), tf.mul(v, h)))), 2 * h);
    expectNumbers(tangent, difference, 1e-3);
    const ct = tf.tensor1d([1, 2, -1]);
    expectNumbers(dot(ct, tangent), dot(vjp(f, x()).pullback(ct)[0], v));
  });

  it("nests with grad: a product of the Hessian and a vector, both ways round", () => {
    const f = (a: tf.Tensor): tf.Tensor => tf.sum(tf.mul(tf.exp(a), tf.reverse(a)));
    const v = tf.tensor1d([1, -2, 0.5]);
    const forwardOverReverse = (a: tf.Tensor): tf.Tensor => jvp(grad(f), [a], [v]).tangent;
    const reverseOverForward = grad((a: tf.Tensor) => jvp(f, [a], [v]).tangent);
    const reverseOverReverse = grad((a: tf.Tensor) => dot(grad(f)(a), v));
    expectNumbers(reverseOverForward(x()), forwardOverReverse(x()));
    expectNumbers(reverseOverReverse(x()), forwardOverReverse(x()));
    expectNumbers(jit(forwardOverReverse)(x()), forwardOverReverse(x()));
  });
});
