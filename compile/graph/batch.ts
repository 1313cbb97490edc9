// Batching over a whole graph: each primitive by its own rule; what depends on no batched input stays as it is.

import { primitives } from "../primitives/index.ts";
import type { Batched, Builder } from "../primitives/primitive.ts";
import type { Graph, Op, Value } from "./graph.ts";

/** Inlines `graph` into `b` with a batch axis of `size` in front of the inputs flagged `batched`. */
export function batch(
  b: Builder,
  graph: Graph,
  inputs: readonly Value[],
  batched: readonly boolean[],
  size: number,
): Batched {
  const replaced = new Map<Value, Value>();
  const carrying = new Set<Value>();
  graph.inputs.forEach((value, i) => {
    replaced.set(value, inputs[i]!);
    if (batched[i]) carrying.add(value);
  });
  const find = (value: Value): Value => replaced.get(value)!;
  for (const equation of graph.equations) {
    const operands = equation.inputs.map(find);
    const flags = equation.inputs.map((value) => carrying.has(value));
    const some = flags.some(Boolean);
    const outputs = b.within(equation.source, () =>
      some
        ? primitives[equation.op as Op].batch(b, operands, flags, equation.attrs as never, size)
        : b.emit<Op>(equation.op, operands, equation.attrs),
    );
    equation.outputs.forEach((value, i) => {
      replaced.set(value, outputs[i]!);
      if (some) carrying.add(value);
    });
  }
  return { outputs: graph.outputs.map(find), batched: graph.outputs.map((value) => carrying.has(value)) };
}
