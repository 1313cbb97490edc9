// Laws of transforms of whole graphs; they throw where the law is broken. (P2, finite differences, and P3, batching is a
// loop, are functions of graphs too: laws/primitive.ts.)
//
//   T1  scan is a fold: a graph whose scans are written out step by step computes the same.
//   T2  Calls change nothing: checkpoint and fused, inlined, give the same values and the same gradients.
//   T3  ⟨c, J v⟩ = ⟨Jᵀ c, v⟩: forward mode, made by transposing the pullback, agrees with reverse mode.
//   T4  The way back made for keeping (differentiateBothWays) gives what the plain pullback does.
//   T6  Batching commutes: the derivative of a batch is the batch of derivatives, and two batch axes may be made in either order.
// T5, finite differences, stands in finiteDifferences.ts.

import { GraphBuilder } from "../../compile/graph/build.ts";
import { checkGraph } from "../../compile/graph/check.ts";
import type { EquationOf, Graph, Value } from "../../compile/graph/graph.ts";
import { rewrite } from "../../compile/graph/walk.ts";
import { differentiateBothWays } from "../../compile/primitives/twoWays.ts";
import { withBatchAxis } from "../../compile/primitives/primitive.ts";
import { sizeOf, typedValues } from "../../compile/type.ts";
import type { Operand } from "../arbitraries/operand.ts";
import { withGraph } from "./pass.ts";
import { expectClose } from "./expectClose.ts";
import { noise, run, vjpGraph } from "./primitive.ts";

const isFloat = ({ type }: { readonly type: Value["type"] }): boolean => type.dtype === "float32";

/** Every scan written out. */
export const unrolled = (graph: Graph): Graph =>
  rewrite(graph, (b, equation, inputs) => (equation.op === "scan" ? fold(b, equation, inputs) : null));

function fold(b: GraphBuilder, { attrs }: EquationOf<"scan">, inputs: readonly Value[]): readonly Value[] {
  const { body, constants, carry, length, reverse, per } = attrs;
  let state = inputs.slice(constants, constants + carry);
  const xs = inputs.slice(constants + carry);
  const ys: Value[][] = body.outputs.slice(carry).map(() => []);
  for (let step = 0; step < length; step++) {
    const t = reverse ? length - 1 - step : step;
    const slices = xs.map((x) => {
      const { shape } = x.type;
      const slice = b.slice(x, [t, ...shape.slice(1).map(() => 0)], [t + 1, ...shape.slice(1)]); // prettier-ignore
      return b.reshape(slice, shape.slice(1));
    });
    const results = b.inline(body, [...inputs.slice(0, constants), ...state, ...slices]);
    // A step beyond the last is as if it had not been.
    const isOn = per ? b.compare(b.fill(t * per, [], "int32"), inputs[0]!, "LT") : null;
    const held = results.map((value, i) =>
      isOn ? b.select(isOn, value, i < carry ? state[i]! : b.zeros(value.type)) : value,
    );
    state = held.slice(0, carry);
    held.slice(carry).forEach((y, i) => (ys[i]![t] = y));
  }
  const stacks = ys.map((list, i) => {
    const { shape, dtype } = body.outputs[carry + i]!.type;
    if (length === 0) return b.zeros({ shape: [0, ...shape], dtype });
    return b.concatenate(list.map((y) => b.reshape(y, [1, ...shape])), 0); // prettier-ignore
  });
  return [...state, ...stacks];
}

/** T1 */
export function scanIsAFold(graph: Graph, operands: readonly Operand[], tolerance: number): void {
  const folded = unrolled(graph);
  checkGraph(folded);
  withGraph(folded, () => expectClose("T1", run(folded, operands), run(graph, operands), tolerance));
}

const inlined = (graph: Graph): Graph =>
  rewrite(graph, (b, equation, inputs) =>
    equation.op === "checkpoint" || equation.op === "fused" ? b.inline(equation.attrs.body, inputs) : null,
  );

/** Operands for `vjpGraph(graph)`: the graph's own, and cotangents in eighths. */
export function withCotangents(graph: Graph, operands: readonly Operand[], seed: number): Operand[] {
  const random = noise(seed);
  const cts = graph.outputs.filter(isFloat).map(({ type }): Operand => ({
    type,
    values: Float32Array.from({ length: sizeOf(type.shape) }, () => Math.round(8 * random()) / 8),
  }));
  return [...operands, ...cts];
}

/** T2 */
export function callsChangeNothing(graph: Graph, operands: readonly Operand[], seed: number, tolerance: number): void {
  const plain = inlined(graph);
  checkGraph(plain);
  expectClose("T2: values", run(plain, operands), run(graph, operands), tolerance);
  const given = withCotangents(graph, operands, seed);
  expectClose("T2: gradients", run(vjpGraph(plain), given), run(vjpGraph(graph), given), tolerance);
}

/** T1 of gradients: the gradient of what is written out is that of the loop. */
export function gradientOfScanIsOfFold(
  graph: Graph,
  operands: readonly Operand[],
  seed: number,
  tolerance: number,
): void {
  const given = withCotangents(graph, operands, seed);
  const [looped, folded] = [vjpGraph(graph), vjpGraph(unrolled(graph))];
  withGraph(looped, () => expectClose("T1: gradients", run(looped, given), run(folded, given), tolerance));
}

/** From a graph's inputs and tangents of its float32 inputs to those of its float32 outputs, by transposing the pullback. */
export function jvpGraph(graph: Graph): Graph {
  const pullback = vjpGraph(graph);
  const floats = graph.inputs.filter(isFloat);
  const b = new GraphBuilder();
  const inputs = graph.inputs.map(({ type }) => b.input(type));
  const tangents = floats.map(({ type }) => b.input(type));
  const zeros = graph.outputs.filter(isFloat).map(({ type }) => b.zeros(type));
  const linear = b.linearise(pullback, [...inputs, ...zeros], [...inputs.map(() => false), ...zeros.map(() => true)]);
  const results = linear.pullback(tangents);
  const outputs = zeros.map(({ type }, i) => results[inputs.length + i] ?? b.zeros(type));
  const graph_ = b.graph([...inputs, ...tangents], outputs);
  checkGraph(graph_);
  return graph_;
}

/** T3 */
export function forwardModeIsTheTranspose(
  graph: Graph,
  operands: readonly Operand[],
  seed: number,
  tolerance: number,
): void {
  const random = noise(seed);
  const like = ({ type }: { readonly type: Value["type"] }): Operand => ({
    type,
    values: Float32Array.from({ length: sizeOf(type.shape) }, () => random()),
  });
  const tangents = graph.inputs.filter(isFloat).map(like);
  const cts = graph.outputs.filter(isFloat).map(like);
  const forward = run(jvpGraph(graph), [...operands, ...tangents]);
  const back = run(vjpGraph(graph), [...operands, ...cts]);
  const product = (xs: readonly Operand[], ys: readonly Operand[], of = (x: number): number => x): number =>
    xs.reduce(
      (sum, x, i) => sum + Array.from(x.values).reduce((s, value, j) => s + of(value * ys[i]!.values[j]!), 0),
      0,
    );
  const [p, q] = [product(forward, cts), product(back, tangents)];
  const scale = product(forward, cts, Math.abs) + product(back, tangents, Math.abs);
  if (!(Math.abs(p - q) <= tolerance * (1 + scale))) throw new Error(`T3: ⟨c, J v⟩ = ${p}, ⟨Jᵀ c, v⟩ = ${q}`);
}

/** T4, with every input free and with none. */
export function keptIsEnough(graph: Graph, operands: readonly Operand[], seed: number, tolerance: number): void {
  const given = withCotangents(graph, operands, seed);
  const expected = run(vjpGraph(graph), given);
  const cts = given.slice(operands.length);
  for (const free of [true, false]) {
    const b = new GraphBuilder();
    const wants = graph.inputs.map(isFloat);
    const ways = differentiateBothWays(b, graph, wants, () => free, () => free); // prettier-ignore
    const forward: Graph = { inputs: ways.inputs, equations: ways.forward, outputs: [...ways.outputs, ...ways.kept] };
    checkGraph(forward);
    checkGraph(ways.backward);
    const results = run(forward, operands);
    expectClose("T4: values", results.slice(0, ways.outputs.length), run(graph, operands), tolerance);
    const at = floatPlaces(graph);
    const active = ways.active.flatMap((flag, i) => (flag ? [cts[at[i]!]!] : []));
    const kept = results.slice(ways.outputs.length);
    expectClose("T4: gradients", run(ways.backward, [...operands, ...kept, ...active]), expected, tolerance);
  }
}

/** The place of each output among the float32 ones. */
function floatPlaces(graph: Graph): number[] {
  let next = 0;
  return graph.outputs.map((value) => (isFloat(value) ? next++ : -1));
}

/** The graph with a batch axis in front of every input and output. */
export function batchedGraph(graph: Graph, size: number): Graph {
  const b = new GraphBuilder();
  const inputs = graph.inputs.map(({ type }) => b.input({ shape: [size, ...type.shape], dtype: type.dtype }));
  const { outputs, batched } = b.batch(graph, inputs, inputs.map(() => true), size); // prettier-ignore
  const result = b.graph(inputs, outputs.map((value, i) => (batched[i] ? value : withBatchAxis(b, value, size)))); // prettier-ignore
  checkGraph(result);
  return result;
}

/** An operand of `[sizes…, ...shape]`: the elements again and again, each time turned by one more place. */
function repeated({ type, values }: Operand, sizes: readonly number[]): Operand {
  const times = sizeOf(sizes);
  const all = typedValues(type.dtype, times * values.length);
  for (let i = 0; i < all.length; i++) {
    const [copy, at] = [Math.floor(i / values.length), i % values.length];
    all[i] = values[(at + copy) % values.length]!;
  }
  return { type: { shape: [...sizes, ...type.shape], dtype: type.dtype }, values: all };
}

/** T6 */
export function batchingCommutes(graph: Graph, operands: readonly Operand[], seed: number, tolerance: number): void {
  const given = withCotangents(graph, operands, seed);
  const batch = given.map((x) => repeated(x, [2]));
  const [first, second] = [vjpGraph(batchedGraph(graph, 2)), batchedGraph(vjpGraph(graph), 2)];
  withGraph(first, () => expectClose("T6: vjp of vmap", run(first, batch), run(second, batch), tolerance));

  // Two axes: the inner one made first, or the outer one and the results' axes exchanged.
  const twice = operands.map((x) => repeated(x, [3, 2]));
  const straight = batchedGraph(batchedGraph(graph, 2), 3);
  const b = new GraphBuilder();
  const swapped = (x: Value): Value => b.transpose(x, [1, 0, ...x.type.shape.slice(2).map((_, i) => i + 2)]);
  const inputs = straight.inputs.map(({ type }) => b.input(type));
  const outputs = b.inline(batchedGraph(batchedGraph(graph, 3), 2), inputs.map(swapped)).map(swapped); // prettier-ignore
  const crossed = b.graph(inputs, outputs);
  checkGraph(crossed);
  withGraph(crossed, () => expectClose("T6: vmap of vmap", run(crossed, twice), run(straight, twice), tolerance));
}
