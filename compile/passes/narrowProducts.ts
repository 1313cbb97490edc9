// Of a product of which only parts are read, only these are computed: the gradient of a concatenation multiplied with
// weights is cut into pieces, and a piece that stands for an input nobody differentiates by is dropped.

import type { GraphBuilder } from "../graph/build.ts";
import type { Equation, EquationOf, Graph, Value } from "../graph/graph.ts";
import { otherAxes } from "../primitives/operands.ts";
import { mapBodies, rewriteLevel } from "../graph/walk.ts";

/** What is read of a value: from where up to where, along each axis. */
interface Hull {
  readonly start: readonly number[];
  readonly limit: readonly number[];
}

export function narrowProducts(graph: Graph): Graph {
  const inner: Graph = { ...graph, equations: graph.equations.map((equation) => mapBodies(equation, narrowProducts)) };
  const hulls = hullsOf(inner);
  if (hulls.size === 0) return inner;
  return rewriteLevel(inner, (b, equation, inputs) => {
    if (equation.op === "dot_general") {
      const hull = hulls.get(equation.outputs[0]!);
      return hull ? [narrowed(b, equation, inputs, hull)] : null;
    }
    const hull = hulls.get(equation.inputs[0]!);
    if (equation.op !== "slice" || !hull) return null;
    const { start, limit, strides } = equation.attrs;
    const moved = (at: readonly number[]): readonly number[] => at.map((n, d) => n - hull.start[d]!);
    return b.emit("slice", inputs, { start: moved(start), limit: moved(limit), strides });
  });
}

/** The products that are read by slices alone, and not whole. */
function hullsOf({ equations, outputs }: Graph): ReadonlyMap<Value, Hull> {
  const readers = new Map<Value, Equation[]>();
  for (const equation of equations) {
    for (const value of new Set(equation.inputs)) readers.set(value, [...(readers.get(value) ?? []), equation]);
  }
  const hulls = new Map<Value, Hull>();
  for (const equation of equations) {
    const value = equation.outputs[0];
    if (equation.op !== "dot_general" || !value || outputs.includes(value)) continue;
    const slices = (readers.get(value) ?? []).flatMap((reader) => (reader.op === "slice" ? [reader] : [null]));
    if (slices.length === 0 || slices.includes(null)) continue;
    const cuts = slices.map((reader) => reader!.attrs);
    const axes = value.type.shape.keys();
    const start = Array.from(axes, (d) => Math.min(...cuts.map((cut) => cut.start[d]!)));
    const limit = start.map((_, d) => Math.max(...cuts.map((cut) => cut.limit[d]!)));
    if (value.type.shape.some((size, d) => limit[d]! - start[d]! < size)) hulls.set(value, { start, limit });
  }
  return hulls;
}

/** The product of what its operands' parts give. */
function narrowed(
  b: GraphBuilder,
  { attrs }: EquationOf<"dot_general">,
  [lhs, rhs]: readonly Value[],
  { start, limit }: Hull,
): Value {
  const { lhsBatchingDimensions: left, rhsBatchingDimensions: right } = attrs;
  const cut = (operand: Value, batching: readonly number[], contracting: readonly number[], first: number): Value => {
    const free = otherAxes(operand.type.shape.length, [...batching, ...contracting]);
    const from = operand.type.shape.map(() => 0);
    const to = [...operand.type.shape];
    const put = (axis: number, d: number): void => void ([from[axis], to[axis]] = [start[d]!, limit[d]!]);
    batching.forEach(put);
    free.forEach((axis, i) => put(axis, first + i));
    const whole = from.every((n, axis) => n === 0 && to[axis] === operand.type.shape[axis]);
    return whole ? operand : b.one("slice", [operand], { start: from, limit: to, strides: from.map(() => 1) });
  };
  const m = lhs!.type.shape.length - left.length - attrs.lhsContractingDimensions.length;
  return b.dotGeneral(
    cut(lhs!, left, attrs.lhsContractingDimensions, left.length),
    cut(rhs!, right, attrs.rhsContractingDimensions, left.length + m),
    attrs,
  );
}
