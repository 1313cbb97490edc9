// Laws of passes, as functions of a graph and operands; they throw where the law is broken.
//
//   G1  A pass keeps the meaning of every graph: alone, and after those before it.
//   G2  What it gives is a graph again (checkGraph).

import { checkGraph } from "../../compile/graph/check.ts";
import type { Graph } from "../../compile/graph/graph.ts";
import { printGraph } from "../../compile/graph/print.ts";
import { passes, type Pass } from "../../compile/passes/index.ts";
import type { Operand } from "../arbitraries/operand.ts";
import { expectClose } from "./expectClose.ts";
import { run } from "./primitive.ts";

/** What a pass makes of a graph, checked. */
export function passed(pass: Pass, graph: Graph): Graph {
  const result = pass.run(graph);
  checkGraph(result);
  return result;
}

/** `act`, and where it throws the graph it was about. */
export function withGraph<T>(graph: Graph, act: () => T): T {
  try {
    return act();
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    throw new Error(`${text}\nof\n${printGraph(graph)}`, { cause: error });
  }
}

/** G1, G2 of each pass by itself. */
export function eachPassKeepsMeaning(graph: Graph, operands: readonly Operand[], tolerance: number): void {
  const expected = run(graph, operands);
  for (const pass of passes) {
    const result = passed(pass, graph);
    withGraph(result, () => expectClose(`G1: ${pass.name}`, run(result, operands), expected, tolerance));
  }
}

/** G1, G2 of all passes in their order, after each. */
export function passesInOrderKeepMeaning(graph: Graph, operands: readonly Operand[], tolerance: number): void {
  const expected = run(graph, operands);
  passes.reduce((before, pass) => {
    const result = passed(pass, before);
    withGraph(result, () => expectClose(`G1: in order, ${pass.name}`, run(result, operands), expected, tolerance));
    return result;
  }, graph);
}
