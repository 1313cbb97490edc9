// A program as text and back: the graph as it prints, then its operands, one a line. What a failing property shows, and
// what spec/regressions/ keeps.

import { parseGraph, parseType } from "../../compile/graph/parse.ts";
import { printGraph, showFloat } from "../../compile/graph/print.ts";
import type { Graph } from "../../compile/graph/graph.ts";
import { showType } from "../../compile/type.ts";
import { operandOf, type Operand } from "./operand.ts";

/** A graph and operands for it. */
export interface Program {
  readonly graph: Graph;
  readonly inputs: readonly Operand[];
}

const showOperand = ({ type, values }: Operand): string =>
  `${showType(type)} [${Array.from(values, (x) => (type.dtype === "float32" ? showFloat(x) : String(x))).join(", ")}]`;

export const showProgram = ({ graph, inputs }: Program): string =>
  [printGraph(graph), ...inputs.map(showOperand)].join("\n");

/** Lines that begin with `//` are remarks. */
export function parseProgram(text: string): Program {
  const lines = text.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("//"));
  const end = lines.findIndex((line) => line.trimEnd() === "}") + 1;
  const inputs = lines.slice(end).map((line) => {
    const space = line.indexOf(" ");
    const { shape, dtype } = parseType(line.slice(0, space));
    const elements = line.slice(space + 1).trim().slice(1, -1); // prettier-ignore
    return operandOf(shape, dtype, elements === "" ? [] : elements.split(",").map(Number));
  });
  return { graph: parseGraph(lines.slice(0, end).join("\n")), inputs };
}
