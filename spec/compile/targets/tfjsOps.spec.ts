// Every traceable tfjs op on every target: the compiled function gives the eager function's numbers, and its gradient
// compiled gives the gradient computed at once.

import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { jit, targetNames, vjp } from "../../../compile/index.ts";
import { tensorOf, type Case } from "../trace/lowerings/cases/case.ts";
import { cases } from "../trace/lowerings/cases/index.ts";

interface Numbers {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly values: readonly number[];
}

const listOf = (result: ReturnType<Case["f"]>): readonly tf.Tensor[] =>
  result instanceof tf.Tensor ? [result] : result;

const numbersOf = (f: () => readonly tf.Tensor[]): readonly Numbers[] =>
  tf.tidy(() => f().map((x) => ({ shape: x.shape, dtype: x.dtype, values: [...x.dataSync()] })));

function expectClose(got: readonly Numbers[], expected: readonly Numbers[], tolerance: number): void {
  const types = (list: readonly Numbers[]) => list.map(({ shape, dtype }) => `${dtype}[${shape}]`);
  expect(types(got)).toEqual(types(expected));
  expected.forEach(({ values }, i) =>
    values.forEach((y, j) => {
      const x = got[i]!.values[j]!;
      if (!Number.isFinite(y)) expect(x).toEqual(y);
      else expect(Math.abs(x - y), `result ${i}, element ${j}: ${x}, expected ${y}`).toBeLessThanOrEqual(tolerance * Math.max(Math.abs(y), 0.1)); // prettier-ignore
    }),
  );
}

/** Gradients of the sum of all results, by the float operands. */
function gradients({ f, examples }: Case): (...xs: readonly tf.Tensor[]) => readonly tf.Tensor[] {
  const floats = examples.flatMap(({ dtype }, i) => (dtype === "float32" ? [i] : []));
  return (...xs) => {
    const others = examples.map(tensorOf);
    const { value, pullback } = vjp(
      (...ys: readonly tf.Tensor[]) => {
        const operands = others.map((x, i) => (floats.includes(i) ? ys[floats.indexOf(i)]! : x));
        return listOf(f(...operands)).filter(({ dtype }) => dtype === "float32");
      },
      ...floats.map((i) => xs[i]!),
    );
    return pullback(value.map((x) => tf.onesLike(x)));
  };
}

describe.each(targetNames)("on target %s", (target) => {
  it.each(Object.entries(cases))("%s", (_op, list) => {
    for (const kase of list) {
      const operands = () => kase.examples.map(tensorOf);
      const compiled = jit((...xs: readonly tf.Tensor[]) => listOf(kase.f(...xs)), { target });
      expectClose(
        numbersOf(() => compiled(...operands())),
        numbersOf(() => listOf(kase.f(...operands()))),
        1e-5,
      );
      if (!kase.smooth) continue;
      const gradient = gradients(kase);
      const compiledGradient = jit(gradient, { target });
      expectClose(
        numbersOf(() => compiledGradient(...operands())),
        numbersOf(() => gradient(...operands())),
        1e-4,
      );
    }
  });
});
