// Reverse mode over a whole graph: forward it is inlined by each primitive's own rule, back the pullbacks run in reverse.

import { primitives } from "../primitives/index.ts";
import type { Builder, Cotangent, Linearised } from "../primitives/primitive.ts";
import type { Graph, Op, Value } from "./graph.ts";

/** Inlines `graph` into `b`, ready for the way back to the inputs flagged `wanted`. What does not depend on them is
 *  inlined as it is. Cotangents come back for the wanted inputs, null where none flowed. */
export function linearise(b: Builder, graph: Graph, inputs: readonly Value[], wanted: readonly boolean[]): Linearised {
  const replaced = new Map<Value, Value>();
  const active = new Set<Value>();
  graph.inputs.forEach((value, i) => {
    replaced.set(value, inputs[i]!);
    if (wanted[i] && value.type.dtype === "float32") active.add(value);
  });
  const find = (value: Value): Value => replaced.get(value)!;

  const tape: { inputs: readonly Value[]; outputs: readonly Value[]; pullback: Linearised["pullback"] }[] = [];
  for (const equation of graph.equations) {
    const operands = equation.inputs.map(find);
    const wantedHere = equation.inputs.map((value) => active.has(value));
    if (wantedHere.some(Boolean)) {
      const {
        outputs,
        pullback,
        active: flags,
      } = b.within(equation.source, () =>
        primitives[equation.op as Op].vjp(b, operands, equation.attrs as never, wantedHere),
      );
      equation.outputs.forEach((value, i) => {
        replaced.set(value, outputs[i]!);
        if (value.type.dtype === "float32" && (flags?.[i] ?? true)) active.add(value);
      });
      const source = equation.source;
      tape.push({
        inputs: equation.inputs,
        outputs: equation.outputs,
        pullback: (cts) => b.within(source, () => pullback(cts)),
      });
    } else {
      const outputs = b.within(equation.source, () => b.emit<Op>(equation.op, operands, equation.attrs));
      equation.outputs.forEach((value, i) => replaced.set(value, outputs[i]!));
    }
  }

  return {
    outputs: graph.outputs.map(find),
    active: graph.outputs.map((value) => active.has(value)),
    pullback(cotangents) {
      const gathered = new Map<Value, Value>();
      const gather = (value: Value, ct: Cotangent): void => {
        if (!ct || !active.has(value)) return;
        const before = gathered.get(value);
        gathered.set(value, before ? b.add(before, ct) : ct);
      };
      graph.outputs.forEach((value, i) => gather(value, cotangents[i] ?? null));
      for (const { inputs: operands, outputs, pullback } of [...tape].reverse()) {
        const cts = outputs.map((value) => gathered.get(value) ?? null);
        if (cts.every((ct) => ct === null)) continue;
        pullback(cts).forEach((ct, i) => gather(operands[i]!, ct));
      }
      return graph.inputs.map((value) => gathered.get(value) ?? null);
    },
  };
}
