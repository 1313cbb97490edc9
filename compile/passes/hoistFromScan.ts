// What a loop's body computes from the loop's constants alone is computed once, before the loop.

import { cheap } from "../primitives/residuals.ts";
import type { Equation, EquationOf, Graph, Value } from "../graph/graph.ts";
import { computedFrom, definitions, rewrite } from "../graph/walk.ts";
import type { GraphBuilder } from "../graph/build.ts";

export const hoistFromScan = (graph: Graph): Graph =>
  rewrite(graph, (b, equation, inputs) => (equation.op === "scan" ? hoist(b, equation, inputs) : null));

/** Only work worth a buffer moves: a broadcast or an iota is cheaper computed where it is read. */
function hoist(b: GraphBuilder, equation: EquationOf<"scan">, inputs: readonly Value[]): readonly Value[] | null {
  const { body, constants } = equation.attrs;
  const fixed = computedFrom(body.equations, body.inputs.slice(0, constants));
  const steady = body.equations.filter(({ inputs: read }) => read.every((value) => fixed.has(value)));
  const source = definitions(steady);
  const moved = new Set<Equation>();
  const move = (inner: Equation): void => {
    if (moved.has(inner)) return;
    moved.add(inner);
    for (const value of inner.inputs) {
      const before = source.get(value);
      if (before) move(before);
    }
  };
  const worthIt = steady.filter((inner) => !cheap.has(inner.op));
  worthIt.forEach(move);
  if (moved.size === 0) return null;

  // Outputs of what moved that the rest reads become constants of the loop; cheap ones are computed again in place.
  const stay = body.equations.filter((inner) => !moved.has(inner) || cheap.has(inner.op));
  const read = new Set([...stay.flatMap((inner) => inner.inputs), ...body.outputs]);
  const passed = worthIt.flatMap((inner) => inner.outputs).filter((value) => read.has(value));
  const before: Graph = {
    inputs: body.inputs.slice(0, constants),
    equations: body.equations.filter((inner) => moved.has(inner)),
    outputs: passed,
  };
  const results = b.inline(before, inputs.slice(0, constants));
  return b.emit("scan", [...inputs.slice(0, constants), ...results, ...inputs.slice(constants)], {
    ...equation.attrs,
    constants: constants + passed.length,
    body: {
      inputs: [...body.inputs.slice(0, constants), ...passed, ...body.inputs.slice(constants)],
      equations: stay,
      outputs: body.outputs,
    },
  });
}
