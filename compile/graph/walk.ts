// Ways through a graph: bodies, uses, rewriting equation by equation.

import { GraphBuilder } from "./build.ts";
import type { Equation, Graph, Op, Value } from "./graph.ts";

/** The equation with `f` of each body graph in its attributes. */
export function mapBodies(equation: Equation, f: (body: Graph) => Graph): Equation {
  switch (equation.op) {
    case "scan":
    case "checkpoint":
    case "fused":
      return { ...equation, attrs: { ...equation.attrs, body: f(equation.attrs.body) } } as Equation;
    case "cond":
      return { ...equation, attrs: { onTrue: f(equation.attrs.onTrue), onFalse: f(equation.attrs.onFalse) } };
    case "custom_vjp": {
      const { body, forward, backward } = equation.attrs;
      return { ...equation, attrs: { body: f(body), forward: f(forward), backward: f(backward) } };
    }
    default:
      return equation;
  }
}

/** What an equation becomes: its results' replacements, or null to append it as it is. */
export type Rewrite = (b: GraphBuilder, equation: Equation, inputs: readonly Value[]) => readonly Value[] | null;

/** The graph built anew, equation by equation; bodies are rewritten first. */
export const rewrite = (graph: Graph, rule: Rewrite): Graph =>
  rewriteLevel(
    { ...graph, equations: graph.equations.map((equation) => mapBodies(equation, (body) => rewrite(body, rule))) },
    rule,
  );

/** The graph built anew, equation by equation; bodies stay as they are. */
export function rewriteLevel(graph: Graph, rule: Rewrite): Graph {
  const b = new GraphBuilder();
  const replaced = new Map<Value, Value>();
  const inputs = graph.inputs.map((value) => {
    const fresh = b.input(value.type);
    replaced.set(value, fresh);
    return fresh;
  });
  const find = (value: Value): Value => replaced.get(value)!;
  for (const equation of graph.equations) {
    const operands = equation.inputs.map(find);
    const outputs = b.within(
      equation.source,
      () => rule(b, equation, operands) ?? b.emit<Op>(equation.op, operands, equation.attrs),
    );
    equation.outputs.forEach((value, i) => replaced.set(value, outputs[i]!));
  }
  return b.graph(inputs, graph.outputs.map(find));
}

/** How many equations read each value; an output counts as one more. */
export function countUses(graph: Graph): Map<Value, number> {
  const uses = new Map<Value, number>();
  const use = (value: Value): void => void uses.set(value, (uses.get(value) ?? 0) + 1);
  for (const { inputs } of graph.equations) new Set(inputs).forEach(use);
  graph.outputs.forEach(use);
  return uses;
}

/** The equation that defines each value. */
export function definitions(equations: readonly Equation[]): Map<Value, Equation> {
  const found = new Map<Value, Equation>();
  for (const equation of equations) for (const value of equation.outputs) found.set(value, equation);
  return found;
}

/** What is computed of `known` values alone, and these. */
export function computedFrom(equations: readonly Equation[], known: Iterable<Value>): ReadonlySet<Value> {
  const all = new Set(known);
  for (const { inputs, outputs } of equations) {
    if (inputs.every((value) => all.has(value))) outputs.forEach((value) => all.add(value));
  }
  return all;
}

/** The equations that `values` are computed by, in their order. */
export function computing(equations: readonly Equation[], values: readonly Value[]): readonly Equation[] {
  const needed = new Set(values);
  return equations
    .toReversed()
    .filter(({ inputs, outputs }) => {
      const used = outputs.some((value) => needed.has(value));
      if (used) inputs.forEach((value) => needed.add(value));
      return used;
    })
    .toReversed();
}
