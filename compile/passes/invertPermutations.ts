// The positions that a sort gives are a permutation. To sort these once more, as is done to undo the first, takes no comparisons:
// each position is written where it says.

import type { EquationOf, Graph, Value } from "../graph/graph.ts";
import type { GraphBuilder } from "../graph/build.ts";
import { definitions, mapBodies, rewriteLevel } from "../graph/walk.ts";
import { axesUpTo } from "../primitives/batching.ts";
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
  /** The permutation that a sort brings back into order, if it does that. */
  const permutationOf = ({ inputs: [x], attrs: { descending } }: EquationOf<"sort">): Value | null => {
    if (!descending) return isPermutation(x!) ? x! : null;
    const negated = source.get(x!);
    return negated?.op === "negate" && isPermutation(negated.inputs[0]!) ? negated.inputs[0]! : null;
  };
  const wanted = new Map<Value, Value>(); // by the sort's first result, what it sorts
  for (const equation of inner.equations) {
    const permutation =
      equation.op === "sort" && sizeOf(equation.outputs[0]!.type.shape) > 0 ? permutationOf(equation) : null;
    if (permutation) wanted.set(equation.outputs[0]!, permutation);
  }
  if (wanted.size === 0) return inner;
  return rewriteLevel(inner, (b, equation, inputs) => {
    if (equation.op !== "sort" || !wanted.has(equation.outputs[0]!)) return null;
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
  const last = shape.length - 1;
  const lanes = axesUpTo(last);
  return b.scatter(b.zeros(permutation.type), b.reshape(permutation, [...shape, 1]), counted, {
    combiner: "set",
    offsetDims: [],
    collapsedSliceDims: [last],
    operandBatchingDims: lanes,
    startIndicesBatchingDims: lanes,
    startIndexMap: [last],
    sliceSizes: shape.map(() => 1),
  });
}
