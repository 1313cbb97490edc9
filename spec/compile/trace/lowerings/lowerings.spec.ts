// Every lowering against tfjs's CPU backend: the traced graph gives the numbers, shapes and dtypes that the op gives
// eagerly, and its reverse mode the slope that finite differences of the eager function have.

import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { GraphBuilder } from "../../../../compile/graph/build.ts";
import { checkGraph } from "../../../../compile/graph/check.ts";
import { evaluate } from "../../../../compile/graph/evaluate.ts";
import type { Graph } from "../../../../compile/graph/graph.ts";
import { opGroups } from "../../../../compile/trace/coverage.ts";
import { tfjsLowerings } from "../../../../compile/trace/lowerings/index.ts";
import { trace } from "../../../../compile/trace/trace.ts";
import { registerTraceBackend } from "../../../../compile/trace/traceBackend.ts";
import { sizeOf } from "../../../../compile/type.ts";
import { floats, tensorOf, type Case, type Example } from "./cases/case.ts";
import { cases } from "./cases/index.ts";

const listOf = (result: ReturnType<Case["f"]>): readonly tf.Tensor[] =>
  result instanceof tf.Tensor ? [result] : result;

/** Numbers of the eager function. */
const eagerly = ({ f }: Case, examples: readonly Example[]) =>
  tf.tidy(() =>
    listOf(f(...examples.map(tensorOf))).map((x) => ({ shape: x.shape, dtype: x.dtype, values: [...x.dataSync()] })),
  );

function traced({ f, examples }: Case): { graph: Graph; captures: readonly tf.Tensor[] } {
  const made = trace("case", examples, (xs) => listOf(f(...xs)));
  checkGraph(made.graph);
  return made;
}

function expectClose(got: readonly number[], expected: readonly number[]): void {
  expect(got.length).toBe(expected.length);
  expected.forEach((y, i) => {
    const x = got[i]!;
    if (Number.isFinite(y))
      expect(Math.abs(x - y), `element ${i}: ${x}, expected ${y}`).toBeLessThanOrEqual(1e-5 * Math.max(Math.abs(y), 0.1)); // prettier-ignore
    else expect(x).toEqual(y);
  });
}

const dot = (x: readonly number[], y: readonly number[]): number => x.reduce((sum, xi, i) => sum + xi * y[i]!, 0);

/** d/dε <weights, f(x + ε directions)> at 0 by reverse mode on the graph. */
function slope(
  graph: Graph,
  captures: readonly tf.Tensor[],
  kase: Case,
  weights: Example[],
  directions: Example[],
): number {
  const b = new GraphBuilder();
  const inputs = graph.inputs.map(({ type }) => b.input(type));
  const wanted = inputs.map((_, i) => i >= captures.length);
  const { outputs, active, pullback } = b.linearise(graph, inputs, wanted);
  const cotangents = outputs.map(({ type }) => b.input(type));
  const back = pullback(cotangents.map((ct, i) => (active?.[i] === false ? null : ct)));
  const kept = kase.examples.map((_, i) => back[captures.length + i] ?? null);
  const backward = b.graph([...inputs, ...cotangents], kept.filter((ct) => ct !== null)); // prettier-ignore
  checkGraph(backward);
  return tf.tidy(() => {
    const results = evaluate(backward, [...captures, ...kase.examples.map(tensorOf), ...weights.map(tensorOf)]);
    let at = 0;
    return kept.reduce(
      (sum, ct, i) => (ct ? sum + dot([...results[at++]!.dataSync()], directions[i]!.values) : sum),
      0,
    );
  });
}

/** The same by central differences of the eager function. */
function difference(kase: Case, weights: readonly Example[], directions: readonly Example[]): number {
  const step = 1e-2;
  const at = (sign: number): number => {
    const moved = kase.examples.map((x, i): Example => ({
      ...x,
      values: x.values.map((v, j) => v + sign * step * directions[i]!.values[j]!),
    }));
    return eagerly(kase, moved).reduce(
      (sum, { dtype, values }, i) => (dtype === "float32" ? sum + dot(values, weights[i]!.values) : sum),
      0,
    );
  };
  return (at(1) - at(-1)) / (2 * step);
}

const still = (x: Example): Example => ({ ...x, values: x.values.map(() => 0) });

const kernels = new Set<string>();

beforeAll(() => {
  registerTraceBackend();
  const engine = tf.engine();
  const runKernel = engine.runKernel.bind(engine);
  vi.spyOn(engine, "runKernel").mockImplementation((name, ...rest) => {
    kernels.add(name);
    return runKernel(name, ...rest);
  });
});

describe.each(Object.entries(cases))("%s", (_op, list) => {
  it.each(
    list.map((kase, i) => [i, kase.examples.map(({ dtype, shape }) => `${dtype}[${shape}]`).join(" "), kase] as const),
  )("%i (%s)", (_i, _types, kase) => {
    const { graph, captures } = traced(kase);
    const expected = eagerly(kase, kase.examples);
    tf.tidy(() => {
      const results = evaluate(graph, [...captures, ...kase.examples.map(tensorOf)]);
      expect(results.map(({ shape, dtype }) => ({ shape, dtype }))).toEqual(
        expected.map(({ shape, dtype }) => ({ shape, dtype })),
      );
      results.forEach((result, i) => expectClose([...result.dataSync()], expected[i]!.values));
    });
    if (!kase.smooth) return;
    const weights = graph.outputs.map(({ type }) =>
      type.dtype === "float32"
        ? floats(type.shape)
        : { ...type, values: Array.from({ length: sizeOf(type.shape) }, () => 0) },
    );
    const directions = kase.examples.map((x) => (x.dtype === "float32" ? floats(x.shape, -0.5, 0.5) : still(x)));
    const [by, against] = [slope(graph, captures, kase, weights, directions), difference(kase, weights, directions)];
    expect(Math.abs(by - against), `slope ${by}, by differences ${against}`).toBeLessThan(
      5e-3 * (1 + Math.abs(against)),
    );
  });
});

afterAll(() => {
  vi.restoreAllMocks();
});

describe("coverage by these cases", () => {
  it("shows every op that traces", () => {
    const missing = opGroups.flatMap(({ traces }) => traces).filter((op) => !(op in cases));
    expect(missing).toEqual([]);
  });
  it("runs every lowering", () => {
    expect(Object.keys(tfjsLowerings).filter((name) => !kernels.has(name))).toEqual([]);
  });
});
