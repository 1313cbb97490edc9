import { describe, expect, test } from "vitest";
import { GraphBuilder } from "../../../compile/graph/build.ts";
import { printGraph, showFloat } from "../../../compile/graph/print.ts";
import { tensorType } from "../../../compile/type.ts";

describe("printGraph", () => {
  test("one typed value a line, attributes in braces, the source behind", () => {
    const b = new GraphBuilder();
    const x = b.input(tensorType([2, 3]));
    b.source = "Softmax";
    const shifted = b.subtract(x, b.broadcastInDim(b.reduce(x, "maximum", [1]), [2, 3], [0]));
    b.source = undefined;
    const [sorted, positions] = b.sort(shifted, true);
    const scaled = b.multiply(sorted, b.fill(0.1, []));
    expect(printGraph(b.graph([x], [scaled, positions]))).toBe(
      [
        "(%0: f32[2,3]) {",
        "  %1: f32[2] = reduce(%0) {combiner: maximum, dimensions: [1]}  # Softmax",
        "  %2: f32[2,3] = broadcast_in_dim(%1) {shape: [2, 3], broadcastDimensions: [0]}  # Softmax",
        "  %3: f32[2,3] = subtract(%0, %2)  # Softmax",
        "  %4: f32[2,3], %5: i32[2,3] = sort(%3) {descending: true}",
        "  %6: f32[] = constant() {values: [0.1]}",
        "  %7: f32[2,3] = broadcast_in_dim(%6) {shape: [2, 3], broadcastDimensions: []}",
        "  %8: f32[2,3] = multiply(%4, %7)",
        "  return %8, %5",
        "}",
      ].join("\n"),
    );
  });

  test("bodies are indented under their equation", () => {
    const b = new GraphBuilder();
    const x = b.input(tensorType([4, 2]));
    const c = b.input(tensorType([2]));
    const body = b.subgraph([tensorType([2]), tensorType([2])], (inner, [carry, step]) => {
      const sum = inner.add(carry!, step!);
      return [sum, inner.tanh(sum)];
    });
    const results = b.emit("scan", [c, x], { body, constants: 0, carry: 1, length: 4, reverse: false });
    expect(printGraph(b.graph([x, c], results))).toBe(
      [
        "(%0: f32[4,2], %1: f32[2]) {",
        "  %2: f32[2], %3: f32[4,2] = scan(%1, %0) {constants: 0, carry: 1, length: 4, reverse: false}",
        "    body = (%4: f32[2], %5: f32[2]) {",
        "      %6: f32[2] = add(%4, %5)",
        "      %7: f32[2] = tanh(%6)",
        "      return %6, %7",
        "    }",
        "  return %2, %3",
        "}",
      ].join("\n"),
    );
  });

  test("large constants by a digest that follows their bytes", () => {
    const line = (values: Float32Array): string => {
      const b = new GraphBuilder();
      return printGraph(b.graph([], [b.constant(values, tensorType([values.length]))])).split("\n")[1]!;
    };
    const values = Float32Array.from({ length: 100 }, (_, i) => i);
    expect(line(values)).toMatch(/^ {2}%0: f32\[100\] = constant\(\) \{values: <100 elements, digest [0-9a-f]{8}>\}$/);
    expect(line(values.slice())).toBe(line(values));
    expect(line(values.map((v) => (v === 50 ? 51 : v)))).not.toBe(line(values));
  });

  test("floats in the fewest digits that read back the same", () => {
    expect([0.1, -0, 1e-30, 16777216, Infinity, NaN, Math.PI].map((x) => showFloat(Math.fround(x)))).toEqual(
      ["0.1", "-0", "1e-30", "16777216", "Infinity", "NaN", "3.1415927"], // prettier-ignore
    );
  });
});
