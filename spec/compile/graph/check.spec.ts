import { describe, expect, test } from "vitest";
import { GraphBuilder } from "../../../compile/graph/build.ts";
import { checkGraph } from "../../../compile/graph/check.ts";
import type { Equation, Graph, Value } from "../../../compile/graph/graph.ts";
import { tensorType } from "../../../compile/type.ts";

const vector = tensorType([3]);

function example(): Graph {
  const b = new GraphBuilder();
  const x = b.input(vector);
  return b.graph([x], [b.exponential(b.negate(x))]);
}

const withEquations = (graph: Graph, change: (equations: Equation[]) => Equation[]): Graph => ({
  ...graph,
  equations: change([...graph.equations]),
});

describe("checkGraph", () => {
  test("passes what a builder builds", () => {
    expect(() => checkGraph(example())).not.toThrow();
  });

  test("C1: an operand is defined before", () => {
    const reversed = withEquations(example(), (equations) => equations.reverse());
    expect(() => checkGraph(reversed)).toThrow(
      [
        "internal: graph breaks C1: operand 0 of exponential is not defined before it. Please report this.",
        "   (%0: f32[3])",
        "-> %1: f32[3] = exponential(%?)",
        "   %2: f32[3] = negate(%0)",
      ].join("\n"),
    );
  });

  test("C2: a value is defined once", () => {
    const twice = withEquations(example(), ([first, second]) => [first!, first!, second!]);
    expect(() => checkGraph(twice)).toThrow(/C2: result 0 of negate is defined already/);
    const { inputs, ...rest } = example();
    expect(() => checkGraph({ ...rest, inputs: [inputs[0]!, inputs[0]!] })).toThrow(/C2: input 1 is defined already/);
  });

  test("C3: results have the types of the shape rule", () => {
    const x: Value = { type: vector };
    const y: Value = { type: tensorType([4]) };
    const graph: Graph = {
      inputs: [x],
      equations: [{ op: "negate", inputs: [x], attrs: {}, outputs: [y] }],
      outputs: [y],
    };
    expect(() => checkGraph(graph)).toThrow(/C3: negate gives f32\[3\], its results are declared as f32\[4\]/);
  });

  test("C3: operands fit the operation", () => {
    const x: Value = { type: vector };
    const y: Value = { type: tensorType([4]) };
    const sum: Value = { type: vector };
    const equations: Equation[] = [{ op: "add", inputs: [x, y], attrs: {}, outputs: [sum] }];
    expect(() => checkGraph({ inputs: [x, y], equations, outputs: [sum] })).toThrow(
      /C3: add: operands must have one type, got f32\[3\] and f32\[4\]/,
    );
  });

  test("C4: an output is defined", () => {
    expect(() => checkGraph({ ...example(), outputs: [{ type: vector }] })).toThrow(/C4: output 0 is not defined/);
  });

  test("C5: bodies use nothing from outside", () => {
    const b = new GraphBuilder();
    const x = b.input(vector);
    const y = b.negate(x);
    const body: Graph = { inputs: [{ type: vector }], equations: [], outputs: [y] };
    const result = b.one("fused", [x], { name: "outer", body });
    expect(() => checkGraph(b.graph([x], [result]))).toThrow(/C4: output 0 is not defined/);
  });
});
