// The plain interpreter: each primitive's `evaluate` in turn, in tfjs ops of the current backend. Slow and obvious; every
// target, pass and transform is compared with it. Intermediate results are disposed as soon as nothing needs them.

import * as tf from "@tensorflow/tfjs-core";
import { primitives } from "../primitives/index.ts";
import { sizeOf, typedValues } from "../type.ts";
import type { Equation, Graph, Op, Value } from "./graph.ts";

/** For each equation the values that nothing needs after it. */
type LastUses = readonly (readonly Value[])[];

/** Known once a graph, however often it runs: a scan runs its body every step. */
const lastUses = new WeakMap<Graph, LastUses>();

function lastUsesOf(graph: Graph): LastUses {
  const known = lastUses.get(graph);
  if (known) return known;
  const seen = new Set<Value>([...graph.inputs, ...graph.outputs]);
  const found = graph.equations.map((): Value[] => []);
  for (let at = graph.equations.length - 1; at >= 0; at--) {
    const { inputs, outputs } = graph.equations[at]!;
    for (const value of [...inputs, ...outputs]) {
      if (seen.has(value)) continue;
      seen.add(value);
      found[at]!.push(value);
    }
  }
  lastUses.set(graph, found);
  return found;
}

const isEmpty = ({ outputs }: Equation): boolean =>
  outputs.length > 0 && outputs.every(({ type }) => sizeOf(type.shape) === 0);

/** One equation. What it returns is new: never an operand itself. */
function step(equation: Equation, operands: readonly tf.Tensor[]): tf.Tensor[] {
  // tfjs refuses some of its ops on tensors without elements; their results need no op.
  if (isEmpty(equation)) {
    return equation.outputs.map(({ type }) => tf.tensor(typedValues(type.dtype, 0), [...type.shape], type.dtype));
  }
  const { evaluate: rule } = primitives[equation.op as Op];
  // The attributes are those of the equation's own operation.
  return rule(operands, equation.attrs as never, evaluate).map((result) =>
    operands.includes(result) ? tf.clone(result) : result,
  );
}

/** Results of `graph` for `inputs`, which stay the caller's. Every result is a tensor of its own. */
export function evaluate(graph: Graph, inputs: readonly tf.Tensor[]): tf.Tensor[] {
  return tf.tidy(() => {
    const tensors = new Map<Value, tf.Tensor>();
    graph.inputs.forEach((value, i) => tensors.set(value, inputs[i]!));
    const dropped = lastUsesOf(graph);
    graph.equations.forEach((equation, at) => {
      const operands = equation.inputs.map((value) => tensors.get(value)!);
      const results = tf.tidy(() => step(equation, operands));
      equation.outputs.forEach((value, i) => tensors.set(value, results[i]!));
      for (const value of dropped[at]!) {
        tensors.get(value)!.dispose();
        tensors.delete(value);
      }
    });
    const taken = new Set<tf.Tensor>(inputs);
    return graph.outputs.map((value) => {
      const result = tensors.get(value)!;
      if (taken.has(result)) return tf.clone(result);
      taken.add(result);
      return result;
    });
  });
}
