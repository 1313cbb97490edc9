import { describe, expect, test } from "vitest";
import { GraphBuilder } from "../../../compile/graph/build.ts";
import { printGraph } from "../../../compile/graph/print.ts";
import { tensorType } from "../../../compile/type.ts";

describe("GraphBuilder", () => {
  test("operands of two broadcast NumPy's way", () => {
    const b = new GraphBuilder();
    const [x, y] = [b.input(tensorType([4, 1, 3])), b.input(tensorType([2, 1]))];
    expect(b.add(x, y).type).toEqual(tensorType([4, 2, 3]));
    expect(() => b.add(x, b.input(tensorType([2])))).toThrow("add: shapes [4,1,3] and [2] do not broadcast together.");
  });

  test("what does nothing is the operand itself", () => {
    const b = new GraphBuilder();
    const x = b.input(tensorType([2, 3]));
    const same = [
      b.reshape(x, [2, 3]),
      b.transpose(x, [0, 1]),
      b.broadcastTo(x, [2, 3]),
      b.slice(x, [0, 0], [2, 3]),
      b.pad(x, [0, 0], [0, 0]),
      b.concatenate([x], 1),
      b.reverse(x, []),
      b.sum(x, []),
      b.convert(x, "float32"),
    ];
    expect(same.every((value) => value === x)).toBe(true);
    expect(b.equations).toEqual([]);
  });

  test("inline appends another graph's equations, sources kept, on other operands", () => {
    const inner = new GraphBuilder("Tanh");
    const p = inner.input(tensorType([2]));
    const graph = inner.graph([p], [inner.tanh(inner.negate(p)), p]);
    const b = new GraphBuilder("outer");
    const x = b.input(tensorType([2]));
    const y = b.exponential(x);
    const [result, passed] = b.inline(graph, [y]);
    expect(passed).toBe(y);
    expect(printGraph(b.graph([x], [result!]))).toBe(
      [
        "(%0: f32[2]) {",
        "  %1: f32[2] = exponential(%0)  # outer",
        "  %2: f32[2] = negate(%1)  # Tanh",
        "  %3: f32[2] = tanh(%2)  # Tanh",
        "  return %3",
        "}",
      ].join("\n"),
    );
    expect(b.source).toBe("outer");
  });
});
