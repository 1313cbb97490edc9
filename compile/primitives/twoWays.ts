// A graph differentiated and cut in two: what runs forward, what runs back, and what the first keeps for the second.

import type { Equation, Graph, Value } from "../graph/graph.ts";
import { orZeros, typesOf, type Builder } from "./primitive.ts";
import { chooseResiduals } from "./residuals.ts";

export interface TwoWays {
  /** The graph's inputs again, and its outputs. */
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly forward: readonly Equation[];
  /** Values of the way forward that the way back needs beside the free ones. */
  readonly kept: readonly Value[];
  /** Which outputs a cotangent is taken of: those that depend on a wanted input. */
  readonly active: readonly boolean[];
  /** (all inputs of the graph, kept, a cotangent for each active output) -> a cotangent for each wanted input. */
  readonly backward: Graph;
}

/** @param free inputs at hand on the way back for nothing
 *  @param invariant inputs that are the same each time the graph runs
 *  @param activeOutputs outputs that a cotangent is taken of although they depend on no wanted input */
export function differentiateBothWays(
  b: Builder,
  graph: Graph,
  wants: readonly boolean[],
  free: (input: number) => boolean,
  invariant: (input: number) => boolean,
  activeOutputs: readonly boolean[] = [],
): TwoWays {
  let split = 0;
  let outputs: readonly Value[] = [];
  let active: readonly boolean[] = [];
  const cotangents: Value[] = [];
  const count = graph.inputs.length;
  const joint = b.subgraph(typesOf(graph.inputs), (inner, inputs) => {
    const linear = inner.linearise(graph, inputs, wants);
    outputs = linear.outputs;
    split = inner.equations.length;
    active = linear.active!.map((flag, i) => flag || (activeOutputs[i] ?? false));
    const cts = graph.outputs.map(({ type }, i) => {
      if (!active[i]) return null;
      const ct: Value = { type };
      cotangents.push(ct);
      return ct;
    });
    const results = linear.pullback(cts);
    return graph.inputs.flatMap(({ type }, i) => (wants[i] ? [orZeros(inner, results[i], type)] : []));
  });
  const forward = joint.equations.slice(0, split);
  const back = joint.equations.slice(split);

  const known = new Set([...joint.inputs, ...forward.flatMap((equation) => equation.outputs)]);
  const asked = [...back.flatMap((equation) => equation.inputs), ...joint.outputs].filter((value) => known.has(value));
  const { kept, again } = chooseResiduals(
    forward,
    new Set(joint.inputs.filter((_, i) => free(i))),
    new Set(joint.inputs.filter((_, i) => invariant(i))),
    [...new Set(asked)],
  );
  // Fresh values: the two ways may stand in one program, where a value has one definition. An input that is kept, since
  // it is not free, has its place among the kept ones.
  const backward = b.subgraph(typesOf([...joint.inputs, ...kept, ...cotangents]), (inner, given) => {
    const place = new Map<Value, Value>();
    joint.inputs.forEach((value, i) => place.set(value, given[i]!));
    kept.forEach((value, i) => place.set(value, given[count + i]!));
    cotangents.forEach((value, i) => place.set(value, given[count + kept.length + i]!));
    const names = [...place.keys()];
    return inner.inline({ inputs: names, equations: [...again, ...back], outputs: joint.outputs }, names.map((v) => place.get(v)!)); // prettier-ignore
  });
  return { inputs: joint.inputs, outputs, forward, kept, active, backward };
}
