// Removes what no output needs, inside bodies too: results, carries, inputs and constants of loops that only feed themselves.

import type { Equation, EquationOf, Graph, Value } from "../graph/graph.ts";

/** `graph` without dead equations; its inputs and outputs stay. */
export function dropDead(graph: Graph): Graph {
  return { ...graph, equations: live(graph.equations, graph.outputs) };
}

function live(equations: readonly Equation[], outputs: readonly Value[]): readonly Equation[] {
  const used = new Set(outputs);
  const kept: Equation[] = [];
  for (const equation of [...equations].reverse()) {
    if (!equation.outputs.some((value) => used.has(value))) continue;
    const trimmed = trim(equation, used);
    trimmed.inputs.forEach((value) => used.add(value));
    kept.push(trimmed);
  }
  return kept.reverse();
}

function trim(equation: Equation, used: ReadonlySet<Value>): Equation {
  switch (equation.op) {
    case "scan":
      return trimScan(equation, used);
    case "cond":
      return trimCond(equation, used);
    case "optimization_barrier": {
      const keep = equation.outputs.map((value) => used.has(value));
      const pick = (values: readonly Value[]): readonly Value[] => values.filter((_, i) => keep[i]);
      return { ...equation, inputs: pick(equation.inputs), outputs: pick(equation.outputs) };
    }
    case "checkpoint":
    case "fused":
      return { ...equation, attrs: { ...equation.attrs, body: dropDead(equation.attrs.body) } } as Equation;
    default:
      return equation;
  }
}

/** Inputs of a body that its equations or outputs read. */
function readInputs(equations: readonly Equation[], outputs: readonly Value[]): ReadonlySet<Value> {
  return new Set([...equations.flatMap((equation) => equation.inputs), ...outputs]);
}

function trimScan(equation: EquationOf<"scan">, used: ReadonlySet<Value>): Equation {
  const { body, constants, carry, per } = equation.attrs;
  // A carry lives if its final value is used or a live result of the step reads it.
  const alive = equation.outputs.map((value) => used.has(value));
  let equations: readonly Equation[] = [];
  let read: ReadonlySet<Value> = new Set();
  for (let changed = true; changed;) {
    changed = false;
    const outputs = body.outputs.filter((_, i) => alive[i]);
    equations = live(body.equations, outputs);
    read = readInputs(equations, outputs);
    for (let i = 0; i < carry; i++) {
      if (!alive[i] && read.has(body.inputs[constants + i]!)) changed = alive[i] = true;
    }
  }
  const keepInput = body.inputs.map((value, i) => {
    const isCarry = i >= constants && i < constants + carry;
    return isCarry ? alive[i - constants]! : read.has(value) || (per !== undefined && i === 0);
  });
  const count = (flags: readonly boolean[]): number => flags.filter(Boolean).length;
  return {
    ...equation,
    inputs: equation.inputs.filter((_, i) => keepInput[i]),
    outputs: equation.outputs.filter((_, i) => alive[i]),
    attrs: {
      ...equation.attrs,
      constants: count(keepInput.slice(0, constants)),
      carry: count(alive.slice(0, carry)),
      body: {
        inputs: body.inputs.filter((_, i) => keepInput[i]),
        equations,
        outputs: body.outputs.filter((_, i) => alive[i]),
      },
    },
  };
}

function trimCond(equation: EquationOf<"cond">, used: ReadonlySet<Value>): Equation {
  const alive = equation.outputs.map((value) => used.has(value));
  const branches = [equation.attrs.onTrue, equation.attrs.onFalse].map((branch) => {
    const outputs = branch.outputs.filter((_, i) => alive[i]);
    const equations = live(branch.equations, outputs);
    return { ...branch, outputs, equations, read: readInputs(equations, outputs) };
  });
  const keep = equation.inputs.slice(1).map((_, i) => branches.some(({ read, inputs }) => read.has(inputs[i]!)));
  const [onTrue, onFalse] = branches.map(({ inputs, equations, outputs }): Graph => ({
    inputs: inputs.filter((_, i) => keep[i]),
    equations,
    outputs,
  }));
  return {
    ...equation,
    inputs: equation.inputs.filter((_, i) => i === 0 || keep[i - 1]),
    outputs: equation.outputs.filter((_, i) => alive[i]),
    attrs: { onTrue: onTrue!, onFalse: onFalse! },
  };
}
