// The positions that a sort gives are a permutation. To sort these once more, as is done to undo the first, takes no comparisons:
// each position is written where it says.

import type { EquationOf, Graph, Value } from "../graph/graph.ts";
import type { GraphBuilder } from "../graph/build.ts";
import { definitions, mapBodies, rewriteLevel } from "../graph/walk.ts";
import { alongLast } from "../primitives/window.ts";
import { sizeOf } from "../type.ts";

export function invertPermutations(graph: Graph): Graph {
  const inner: Graph = {
    ...graph,
    equations: graph.equations.map((equation) => mapBodies(equation, invertPermutations)),
  };
  const source = definitions(inner.equations);
  const isPermutation = (value: Value): boolean => {
    const equation = source.get(value);
    return equation?.op === "sort" && equation.outputs[1] === value;
  };
  /** Whether a sort brings a permutation back into order. */
  const undoes = ({ inputs: [x], attrs: { descending } }: EquationOf<"sort">): boolean => {
    if (!descending) return isPermutation(x!);
    const negated = source.get(x!);
    return negated?.op === "negate" && isPermutation(negated.inputs[0]!);
  };
  return rewriteLevel(inner, (b, equation, inputs) => {
    if (equation.op !== "sort" || sizeOf(equation.outputs[0]!.type.shape) === 0 || !undoes(equation)) return null;
    const { descending } = equation.attrs;
    const [x] = inputs;
    const places = descending ? b.negate(x!) : x!;
    const { shape } = places.type;
    const counted = b.iota(shape, shape.length - 1);
    return [descending ? b.negate(counted) : counted, inverse(b, places, counted)];
  });
}

/** `result[…, permutation[…, i]] = i`. */
function inverse(b: GraphBuilder, permutation: Value, counted: Value): Value {
  const { shape } = permutation.type;
  const indices = b.reshape(permutation, [...shape, 1]);
  return b.scatter(b.zeros(permutation.type), indices, counted, { ...alongLast(shape), combiner: "set" });
}
