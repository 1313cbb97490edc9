// Common sub-expressions: the same operation of the same values is computed once.

import type { Equation, Graph, Value } from "../graph/graph.ts";
import { bodiesOf } from "../graph/print.ts";
import { rewrite } from "../graph/walk.ts";

/** Constants of up to this many elements are compared by their numbers; larger ones by identity. */
const comparedConstant = 64;

export function shareCommon(graph: Graph): Graph {
  // Values of different bodies are different objects, so one table serves all of them.
  const names = new Map<object, number>();
  const nameOf = (thing: object): number => {
    const known = names.get(thing);
    if (known !== undefined) return known;
    names.set(thing, names.size);
    return names.size - 1;
  };
  const seen = new Map<string, readonly Value[]>();
  const builders = new Map<object, number>();

  return rewrite(graph, (b, equation, inputs) => {
    if (equation.op === "optimization_barrier" || bodiesOf(equation).length > 0) return null;
    // A body may not read what another body computed: the builder is part of the key.
    if (!builders.has(b)) builders.set(b, builders.size);
    const key = `${builders.get(b)!} ${equation.op} ${inputs.map(nameOf).join()} ${attrsKey(equation, nameOf)}`;
    const known = seen.get(key);
    if (known) return known;
    const outputs = b.emit(equation.op, inputs, equation.attrs as never);
    seen.set(key, outputs);
    return outputs;
  });
}

function attrsKey(equation: Equation, nameOf: (thing: object) => number): string {
  if (equation.op === "constant") {
    const { values, type } = equation.attrs;
    const numbers = values.length <= comparedConstant ? Array.from(values, (x) => (Object.is(x, -0) ? "-0" : String(x))).join() : `#${nameOf(values)}`; // prettier-ignore
    return `${type.dtype}[${type.shape.join()}] ${numbers}`;
  }
  return JSON.stringify(equation.attrs, (_key, value: unknown) =>
    typeof value === "number" && !Number.isFinite(value) ? String(value) : value,
  );
}
