// Graphs as text: one typed value a line, bodies indented under their equation. Names are numbers in the order of
// definition, so that one graph prints the same way every time. Constants above 16 elements are shown by a digest.

import { showType, type TypedValues } from "../type.ts";
import type { Equation, Graph, Value } from "./graph.ts";

/** Names of values; those without one (of a malformed graph) are `%?`. */
export type Names = Map<Value, string>;

export const nameOf = (names: Names, value: Value): string => names.get(value) ?? "%?";

const define = (names: Names, value: Value): string => {
  if (!names.has(value)) names.set(value, `%${names.size}`);
  return `${nameOf(names, value)}: ${showType(value.type)}`;
};

/** The shortest decimal that reads back as the same float32. */
export function showFloat(x: number): string {
  if (Object.is(x, -0)) return "-0";
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(x.toPrecision(digits));
    if (Math.fround(short) === Math.fround(x)) return String(short);
  }
  return String(x);
}

/** FNV-1a over the bytes. */
function digest(values: TypedValues): string {
  let hash = 0x811c9dc5;
  for (const byte of new Uint8Array(values.buffer, values.byteOffset, values.byteLength)) {
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  return (hash >>> 0).toString(16).padStart(8, "0");
}

function showValues(values: TypedValues): string {
  if (values.length > 16) return `<${values.length} elements, digest ${digest(values)}>`;
  const show = values instanceof Float32Array ? showFloat : String;
  return `[${Array.from(values, (value) => show(value)).join(", ")}]`;
}

const isGraph = (attribute: unknown): attribute is Graph =>
  typeof attribute === "object" && attribute !== null && "equations" in attribute;

/** The graphs among an equation's attributes, by the attribute's name. */
export const bodiesOf = (equation: Equation): readonly (readonly [string, Graph])[] =>
  Object.entries(equation.attrs).filter((entry): entry is [string, Graph] => isGraph(entry[1]));

function showAttribute(attribute: unknown): string {
  if (Array.isArray(attribute)) return `[${attribute.join(", ")}]`;
  return typeof attribute === "number" ? showFloat(attribute) : String(attribute);
}

function showAttrs(equation: Equation): string {
  const shown =
    equation.op === "constant"
      ? [`values: ${showValues(equation.attrs.values)}`] // its type stands before the equals sign
      : Object.entries(equation.attrs)
          .filter(([, attribute]) => !isGraph(attribute))
          .map(([name, attribute]) => `${name}: ${showAttribute(attribute)}`);
  return shown.length === 0 ? "" : ` {${shown.join(", ")}}`;
}

/** An equation's lines; its results, and the values of its bodies, are named on the way. */
export function printEquation(equation: Equation, names: Names): string[] {
  const results = equation.outputs.map((value) => define(names, value)).join(", ");
  const operands = equation.inputs.map((value) => nameOf(names, value)).join(", ");
  const source = equation.source ? `  # ${equation.source}` : "";
  return [
    `${results} = ${equation.op}(${operands})${showAttrs(equation)}${source}`,
    ...bodiesOf(equation).flatMap(([name, body]) => {
      const [head, ...rest] = printLines(body, names);
      return [`${name} = ${head}`, ...rest].map((line) => `  ${line}`);
    }),
  ];
}

function printLines(graph: Graph, names: Names): string[] {
  return [
    `(${graph.inputs.map((value) => define(names, value)).join(", ")}) {`,
    ...graph.equations.flatMap((equation) => printEquation(equation, names)).map((line) => `  ${line}`),
    `  return ${graph.outputs.map((value) => nameOf(names, value)).join(", ")}`.trimEnd(),
    "}",
  ];
}

export const printGraph = (graph: Graph): string => printLines(graph, new Map()).join("\n");
