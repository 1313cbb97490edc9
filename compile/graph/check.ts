// What every graph must be. Called at the borders (after each transform and pass) in tests, and by a flag in use.
//
//   C1  An operand is an input of the graph or a result of an earlier equation.
//   C2  A value is defined once.
//   C3  Operands and attributes fit the operation, and the results have the types that its shape rule gives.
//   C4  An output of the graph is defined in it.
//   C5  The bodies of an equation are graphs of their own that keep C1 to C4: they use nothing from outside.

import { malformedGraph } from "../errors.ts";
import { primitives } from "../primitives/index.ts";
import { sameType, showType } from "../type.ts";
import type { Graph, Op, Value } from "./graph.ts";
import { bodiesOf, nameOf, printEquation, type Names } from "./print.ts";

/** Ten equations on either side of the one at fault. */
function surroundings(graph: Graph, at: number): string {
  const names: Names = new Map();
  const inputs = graph.inputs.map((value) => {
    names.set(value, `%${names.size}`);
    return `${nameOf(names, value)}: ${showType(value.type)}`;
  });
  const lines = graph.equations.map((equation) => printEquation(equation, names));
  const shown = lines.flatMap((text, i) =>
    Math.abs(i - at) > 10 ? [] : text.map((line, part) => `${i === at && part === 0 ? "->" : "  "} ${line}`),
  );
  return [`   (${inputs.join(", ")})`, ...shown].join("\n");
}

/** Throws where `graph` breaks one of C1 to C5; the message shows the equation among its neighbours. */
export function checkGraph(graph: Graph): void {
  const fail = (constraint: string, at: number, what: string): never => {
    throw malformedGraph(constraint, what, surroundings(graph, at));
  };
  const defined = new Set<Value>();
  const define = (value: Value, at: number, what: string): void => {
    if (defined.has(value)) fail("C2", at, `${what} is defined already`);
    defined.add(value);
  };

  graph.inputs.forEach((value, i) => define(value, -1, `input ${i}`));
  graph.equations.forEach((equation, at) => {
    const { op, inputs, outputs, attrs } = equation;
    inputs.forEach((value, i) => {
      if (!defined.has(value)) fail("C1", at, `operand ${i} of ${op} is not defined before it`);
    });
    for (const [, body] of bodiesOf(equation)) checkGraph(body); // C5
    let types;
    try {
      types = primitives[op as Op].infer(inputs.map((value) => value.type), attrs as never); // prettier-ignore
    } catch (error) {
      return fail("C3", at, error instanceof Error ? error.message : String(error));
    }
    const fits = types.length === outputs.length && types.every((type, i) => sameType(type, outputs[i]!.type));
    if (!fits) {
      const got = outputs.map(({ type }) => showType(type)).join(", ");
      fail("C3", at, `${op} gives ${types.map(showType).join(", ")}, its results are declared as ${got}`);
    }
    outputs.forEach((value, i) => define(value, at, `result ${i} of ${op}`));
  });
  graph.outputs.forEach((value, i) => {
    if (!defined.has(value)) fail("C4", graph.equations.length, `output ${i} is not defined`);
  });
}
