import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { describe, expect, it } from "vitest";
import { graphOf, scan } from "../../../compile/index.ts";
import { checkGraph } from "../../../compile/graph/check.ts";
import { parseGraph } from "../../../compile/graph/parse.ts";
import { printGraph } from "../../../compile/graph/print.ts";

describe("parseGraph", () => {
  it("reads back what graphOf prints, bodies and all", () => {
    const f = (xs: tf.Tensor) =>
      scan((c: tf.Tensor, x: tf.Tensor) => ({ carry: tf.add(c, x), y: tf.greater(c, 0.5) }), tf.scalar(0), xs);
    const { before, after } = graphOf(f)(tf.zeros([4]));
    for (const text of [before, after]) {
      const graph = parseGraph(text);
      checkGraph(graph);
      expect(printGraph(graph)).toBe(text);
    }
  });

  it.each([
    ["(%0: f64[2]) {\n  return %0\n}", 'a type such as f32[2,3], got "f64[2]"'],
    ["graph {\n}", 'a graph\'s head such as (%0: f32[2]) {, got "graph {"'],
    ["(%0: f32[2]) {\n  return %1\n}", 'a value defined before, got "%1"'],
    ["(%0: f32[2]) {\n  %1 = negate(%0)\n  return %1\n}", 'a typed value such as %0: f32[2], got "%1"'],
    ["(%0: f32[2]) {\n  hello\n}", 'an equation such as %2: f32[2] = add(%0, %1), got "hello"'],
    ["(%0: f32[2]) {", 'another line, got "the end of the text"'],
    ["() {\n  return \n}\nmore", 'nothing after the graph, got "more"'],
  ])("says what it expected: %j", (text, message) => {
    expect(() => parseGraph(text)).toThrow(`parseGraph: expected ${message}. Give it what printGraph printed.`);
  });
});
