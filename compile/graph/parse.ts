// The text of a graph (print.ts) read back: for fixtures, and for failing programs that are kept. Indentation is free.
// Constants that were printed as a digest cannot be read.

import { malformedText } from "../errors.ts";
import { typedValues, sizeOf, type DType, type TensorType } from "../type.ts";
import type { Equation, Graph, Value } from "./graph.ts";

const dtypes: Readonly<Record<string, DType>> = { f32: "float32", i32: "int32", bool: "bool" };

/** `f32[2,3]` */
export function parseType(text: string): TensorType {
  const [, name, sizes] = /^(f32|i32|bool)\[([\d,]*)\]$/.exec(text.trim()) ?? [];
  const dtype = dtypes[name ?? ""];
  if (!dtype) throw malformedText("a type such as f32[2,3]", text);
  return { shape: sizes ? sizes.split(",").map(Number) : [], dtype };
}

/** The graph that prints as `text`.
 *  @throws where the text is not of that form; whether the graph is well typed is for `checkGraph` to say */
export function parseGraph(text: string): Graph {
  const lines = text.split("\n").map((line) => line.trim()).filter((line) => line !== ""); // prettier-ignore
  const reader = new Reader(lines);
  const graph = reader.graph(reader.next());
  if (!reader.atEnd) throw malformedText("nothing after the graph", reader.next());
  return graph;
}

class Reader {
  readonly #lines: readonly string[];
  readonly #values = new Map<string, Value>();
  #at = 0;

  constructor(lines: readonly string[]) {
    this.#lines = lines;
  }

  get atEnd(): boolean {
    return this.#at >= this.#lines.length;
  }

  next(): string {
    const line = this.#lines[this.#at++];
    if (line === undefined) throw malformedText("another line", "the end of the text");
    return line;
  }

  /** From its head, `(%0: f32[2]) {`, to its closing brace. */
  graph(head: string): Graph {
    const [, parameters] = /^\((.*)\) \{$/.exec(head) ?? [];
    if (parameters === undefined) throw malformedText("a graph's head such as (%0: f32[2]) {", head);
    const inputs = this.#define(parameters);
    const equations: Equation[] = [];
    for (let line = this.next(); ; line = this.next()) {
      const [, results] = /^return ?(.*)$/.exec(line) ?? [];
      if (results === undefined) {
        equations.push(this.#equation(line));
        continue;
      }
      const close = this.next();
      if (close !== "}") throw malformedText("}", close);
      return { inputs, equations, outputs: this.#find(results) };
    }
  }

  #equation(line: string): Equation {
    const [, left, op, operands, attributes, source] =
      /^(.*?) ?= (\w+)\(([^)]*)\)(?: \{(.*?)\})?(?: {2}# (.*))?$/.exec(line) ?? [];
    if (left === undefined || op === undefined)
      throw malformedText("an equation such as %2: f32[2] = add(%0, %1)", line);
    const inputs = this.#find(operands ?? "");
    const attrs = parseAttributes(attributes ?? "");
    for (let head = this.#bodyHead(); head; head = this.#bodyHead()) {
      this.#at++;
      attrs[head.name] = this.graph(head.rest);
    }
    const outputs = this.#define(left);
    if (op === "constant") {
      const { type } = outputs[0]!;
      const values = typedValues(type.dtype, sizeOf(type.shape));
      if (!Array.isArray(attrs.values)) throw malformedText("a constant with its elements", line);
      values.set(attrs.values as number[]); // parseAttributes makes lists of numbers
      Object.assign(attrs, { values, type });
    }
    // Whether op and attributes belong together is for checkGraph to say.
    return { op, inputs, attrs, outputs, ...(source === undefined ? {} : { source }) } as unknown as Equation;
  }

  #bodyHead(): { readonly name: string; readonly rest: string } | undefined {
    const [, name, rest] = /^(\w+) = (\(.*\) \{)$/.exec(this.#lines[this.#at] ?? "") ?? [];
    return name === undefined || rest === undefined ? undefined : { name, rest };
  }

  #define(text: string): Value[] {
    return listOf(text).map((entry) => {
      const [, name, type] = /^(%\d+): (.*)$/.exec(entry) ?? [];
      if (name === undefined || type === undefined) throw malformedText("a typed value such as %0: f32[2]", entry);
      const value: Value = { type: parseType(type) };
      this.#values.set(name, value);
      return value;
    });
  }

  #find(text: string): Value[] {
    return listOf(text).map((name) => {
      const value = this.#values.get(name);
      if (!value) throw malformedText("a value defined before", name);
      return value;
    });
  }
}

/** Parts between commas that stand in no bracket. */
function listOf(text: string): string[] {
  const parts = text.split(/,(?![^[]*\])/).map((part) => part.trim());
  return parts.length === 1 && parts[0] === "" ? [] : parts;
}

function parseAttributes(text: string): Record<string, unknown> {
  return Object.fromEntries(
    listOf(text).map((entry) => {
      const colon = entry.indexOf(": ");
      if (colon < 0) throw malformedText("an attribute such as dimension: 0", entry);
      const [name, value] = [entry.slice(0, colon), entry.slice(colon + 2)];
      return [name, name === "name" ? value : parseAttribute(value)];
    }),
  );
}

function parseAttribute(text: string): unknown {
  if (text.startsWith("[")) return listOf(text.slice(1, -1)).map(Number);
  if (text === "true" || text === "false") return text === "true";
  const number = Number(text);
  return Number.isNaN(number) && text !== "NaN" ? text : number;
}
