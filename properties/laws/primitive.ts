// Laws of a primitive, as functions of one equation (or any graph) and operands; they throw where the law is broken.
//
//   P1  infer gives the types of what evaluate returns.
//   P2  vjp agrees with finite differences, and so does the vjp of what vjp emits.
//   P3  batch is a loop over slices, for every choice of batched operands; also of what vjp emits.
//   P4  the loop form computes what evaluate does.

import * as tf from "@tensorflow/tfjs-core";
import { GraphBuilder } from "../../compile/graph/build.ts";
import { checkGraph } from "../../compile/graph/check.ts";
import { evaluate } from "../../compile/graph/evaluate.ts";
import type { Attrs, Graph, Op } from "../../compile/graph/graph.ts";
import { primitives } from "../../compile/primitives/index.ts";
import { interpretKernel } from "../../compile/program/interpretKernel.ts";
import { sameType, showType, sizeOf, typedValues, type DType, type TypedValues } from "../../compile/type.ts";
import type { Operand } from "../arbitraries/operand.ts";

/** The graph of one equation. */
export function graphOfEquation<K extends Op>(op: K, attrs: Attrs[K], operands: readonly Operand[]): Graph {
  const b = new GraphBuilder();
  const inputs = operands.map(({ type }) => b.input(type));
  const graph = b.graph(inputs, b.emit(op, inputs, attrs));
  checkGraph(graph);
  return graph;
}

/** What the plain interpreter makes of the operands. */
export function run(graph: Graph, operands: readonly Operand[]): Operand[] {
  return tf.tidy(() => {
    const inputs = operands.map(({ type, values }) => tf.tensor(values.slice(), [...type.shape], type.dtype));
    return evaluate(graph, inputs).map((x) => ({
      type: { shape: x.shape, dtype: x.dtype as DType }, // primitives have no other dtypes
      values: x.dataSync<"float32" | "int32" | "bool">().slice(),
    }));
  });
}

const fail = (law: string, what: string): never => {
  throw new Error(`${law}: ${what}`);
};

/** Same types; integers and bools equal, floats to a relative `tolerance`; NaN and infinities where they should be. */
export function expectSame(law: string, got: readonly Operand[], expected: readonly Operand[], tolerance = 1e-5): void {
  if (got.length !== expected.length) fail(law, `${got.length} results in place of ${expected.length}`);
  got.forEach((result, i) => {
    const wanted = expected[i]!;
    if (!sameType(result.type, wanted.type))
      fail(law, `result ${i} is ${showType(result.type)}, not ${showType(wanted.type)}`);
    const scale = largest(wanted.values);
    result.values.forEach((x, j) => {
      const y = wanted.values[j]!;
      const near =
        result.type.dtype === "float32"
          ? Math.abs(x - y) <= tolerance * Math.max(Math.abs(y), Math.min(scale, 1))
          : false;
      if (!near && x !== y && !(Number.isNaN(x) && Number.isNaN(y))) {
        fail(law, `result ${i} is ${x} at ${j}, not ${y}`);
      }
    });
  });
}

const largest = (values: TypedValues): number =>
  Array.from(values).reduce((most, x) => (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most), 0);

/** P1 */
export function inferAgreesWithEvaluate(graph: Graph, operands: readonly Operand[]): void {
  const results = run(graph, operands);
  graph.outputs.forEach(({ type }, i) => {
    if (!sameType(type, results[i]!.type))
      fail("P1", `result ${i}: inferred ${showType(type)}, evaluated ${showType(results[i]!.type)}`);
    if (results[i]!.values.length !== sizeOf(type.shape))
      fail("P1", `result ${i} has ${results[i]!.values.length} elements`);
  });
}

/** From a graph's inputs and the cotangents of its float32 outputs to those of its float32 inputs. */
export function vjpGraph(graph: Graph): Graph {
  const b = new GraphBuilder();
  const inputs = graph.inputs.map(({ type }) => b.input(type));
  const isFloat = ({ type }: { readonly type: { readonly dtype: DType } }): boolean => type.dtype === "float32";
  const cts = graph.outputs.filter(isFloat).map(({ type }) => b.input(type));
  const { pullback } = b.linearise(graph, inputs, inputs.map(isFloat));
  const given = [...cts];
  const results = pullback(graph.outputs.map((value) => (isFloat(value) ? given.shift()! : null)));
  const outputs = inputs.flatMap((value, i) => (isFloat(value) ? [results[i] ?? b.zeros(value.type)] : []));
  const derivative = b.graph([...inputs, ...cts], outputs);
  checkGraph(derivative);
  return derivative;
}

/** A source of numbers in [-1, 1) (mulberry32). */
export function noise(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
}

const floatOperand = (type: Operand["type"], element: (i: number) => number): Operand => ({
  type,
  values: Float32Array.from({ length: sizeOf(type.shape) }, (_, i) => element(i)),
});

const isFloat = ({ type }: Operand): boolean => type.dtype === "float32";

/** Σ x·y over all float32 elements. */
function inner(
  xs: readonly Operand[],
  ys: readonly Operand[],
  of: (x: number, y: number) => number = (x, y) => x * y,
): number {
  return xs.reduce(
    (sum, x, i) => sum + Array.from(x.values).reduce((s, value, j) => s + of(value, ys[i]!.values[j]!), 0),
    0,
  );
}

/** P2: along a random direction v, and for random cotangents c, ⟨J v, c⟩ by finite differences is ⟨v, Jᵀ c⟩.
 *  `order` 2 asks the same of the derivative. */
export function vjpAgreesWithFiniteDifferences(
  graph: Graph,
  operands: readonly Operand[],
  order: number,
  seed: number,
  step = 1e-2,
): void {
  if (order === 0) return;
  const random = noise(seed);
  const floatResults = (given: readonly Operand[]): Operand[] => run(graph, given).filter(isFloat);
  const results = floatResults(operands);
  const cts = results.map(({ type }) => floatOperand(type, random));
  const directions = operands.map((x) => (isFloat(x) ? floatOperand(x.type, random) : x));
  const moved = (by: number): Operand[] =>
    operands.map((x, i) =>
      isFloat(x) ? floatOperand(x.type, (j) => x.values[j]! + by * directions[i]!.values[j]!) : x,
    );
  const [ahead, behind] = [floatResults(moved(step)), floatResults(moved(-step))];
  const measured = (inner(ahead, cts) - inner(behind, cts)) / (2 * step);
  const derivative = vjpGraph(graph);
  const gradients = run(derivative, [...operands, ...cts]);
  const along = directions.filter(isFloat);
  const claimed = inner(gradients, along);
  const size = inner(gradients, along, (x, y) => Math.abs(x * y));
  const magnitude = inner(results, cts, (x, y) => Math.abs(x * y));
  const tolerance = 1e-2 * size + 1e-4 * magnitude + 1e-4;
  if (!(Math.abs(measured - claimed) <= tolerance)) {
    fail(
      "P2",
      `derivative along a direction: finite differences give ${measured}, vjp ${claimed} (tolerance ${tolerance})`,
    );
  }
  vjpAgreesWithFiniteDifferences(derivative, [...operands, ...cts], order - 1, seed + 1, step);
}

/** Slice `i` of a made-up batch: the operand's elements, turned by i places. */
const turned = ({ type, values }: Operand, i: number): Operand => {
  const length = Math.max(values.length, 1);
  return { type, values: values.map((_, j) => values[(j + i) % length]!) };
};

function stacked(slices: readonly Operand[]): Operand {
  const { type, values } = slices[0]!;
  const all = typedValues(type.dtype, values.length * slices.length);
  slices.forEach((slice, i) => all.set(slice.values, i * values.length));
  return { type: { shape: [slices.length, ...type.shape], dtype: type.dtype }, values: all };
}

/** P3, for the operands that bits of `choice` name (at least one). */
export function batchIsALoop(graph: Graph, operands: readonly Operand[], choice: number, size: number): void {
  if (operands.length === 0) return;
  const chosen = operands.map((_, i) => ((choice >> i) & 1) === 1);
  const flags = chosen.some(Boolean) ? chosen : operands.map(() => true);
  const slices = Array.from({ length: size }, (_, i) => operands.map((x, j) => (flags[j] ? turned(x, i) : x)));
  const inputs = operands.map((x, j) => (flags[j] ? stacked(slices.map((slice) => slice[j]!)) : x));
  const b = new GraphBuilder();
  const values = inputs.map(({ type }) => b.input(type));
  const { outputs, batched } = b.batch(graph, values, flags, size);
  const whole = b.graph(values, outputs);
  checkGraph(whole);
  const loop = slices.map((slice) => run(graph, slice));
  const expected = graph.outputs.map((_, i) =>
    batched[i] ? stacked(loop.map((results) => results[i]!)) : loop[0]![i]!,
  );
  expectSame("P3", run(whole, inputs), expected);
}

/** P4 */
export function loopFormAgrees<K extends Op>(
  op: K,
  attrs: Attrs[K],
  operands: readonly Operand[],
  tolerance = 1e-5,
): void {
  const { infer, lower } = primitives[op];
  if (!lower) return;
  const types = operands.map(({ type }) => type);
  const results = infer(types, attrs);
  const form = lower(types, attrs, results);
  const targets = results.map(({ shape, dtype }) => ({ shape, values: typedValues(dtype, sizeOf(shape)) }));
  if (form.form === "alias") {
    targets[0]!.values.set(operands[form.operand]!.values);
  } else {
    const views = operands.map(({ type, values }) => ({ ...type, values }));
    interpretKernel({ name: op, form, operands: types, results }, views, targets);
  }
  const got = targets.map(({ values }, i) => ({ type: results[i]!, values }));
  expectSame("P4", got, run(graphOfEquation(op, attrs, operands), operands), tolerance);
}
