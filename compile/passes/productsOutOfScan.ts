// Products with weights that wait for no carry leave the loop, where all time steps make one large product: those of what
// the loop reads (an input times its weights) go before it, those of what it only returns (an output layer) behind it.
// A product with a concatenation of the two kinds is split into a sum for that.

import type { GraphBuilder } from "../graph/build.ts";
import { batch } from "../graph/batch.ts";
import type { Attrs, Equation, EquationOf, Graph, Value } from "../graph/graph.ts";
import { computedFrom, computing, definitions, rewrite, rewriteLevel } from "../graph/walk.ts";
import { sizeOf } from "../type.ts";

export const productsOutOfScan = (graph: Graph): Graph =>
  rewrite(graph, (b, equation, inputs) => {
    if (equation.op !== "scan") return null;
    const { length, per, memory } = equation.attrs;
    // For all steps: more than a loop of fewer would do, and stacks that a budget does not count.
    if (length < 2 || per !== undefined || memory !== undefined) return null;
    const split = { attrs: { ...equation.attrs, body: splitProducts(equation.attrs) }, inputs };
    const before = moveBefore(b, split);
    return moveBehind(b, before ?? split) ?? (before && b.emit("scan", before.inputs, before.attrs));
  });

/** A loop, and what it is given. */
interface Loop {
  readonly attrs: Attrs["scan"];
  readonly inputs: readonly Value[];
}

/** What of a body depends on its constants alone, and what on these and xs. */
function kindsOf({ body, constants, carry }: Attrs["scan"]): {
  readonly fixed: ReadonlySet<Value>;
  readonly given: ReadonlySet<Value>;
} {
  const fixed = computedFrom(body.equations, body.inputs.slice(0, constants));
  const both = computedFrom(body.equations, [...fixed, ...body.inputs.slice(constants + carry)]);
  return { fixed, given: new Set([...both].filter((value) => !fixed.has(value))) };
}

/** A plain product of a matrix of rows and fixed weights: nothing batched, one axis contracted. */
function weightsOf({ attrs, inputs }: EquationOf<"dot_general">, fixed: ReadonlySet<Value>): 0 | 1 | null {
  if (attrs.lhsBatchingDimensions.length > 0 || attrs.lhsContractingDimensions.length !== 1) return null;
  const [x, y] = inputs.map((value) => fixed.has(value));
  return x === y ? null : x ? 0 : 1;
}

/** `[x, h] · w` as `x · w₁ + h · w₂`, where x can be had before the loop. */
function splitProducts(attrs: Attrs["scan"]): Graph {
  const { fixed, given } = kindsOf(attrs);
  const source = definitions(attrs.body.equations);
  // The parts of each concatenation, rewritten.
  const partsOf = new Map<Value, readonly Value[]>();
  return rewriteLevel(attrs.body, (b, equation, inputs) => {
    if (equation.op === "concatenate") partsOf.set(equation.outputs[0]!, inputs);
    if (equation.op !== "dot_general") return null;
    const weights = weightsOf(equation, fixed);
    if (weights === null) return null;
    const side = 1 - weights;
    const contracted = [equation.attrs.lhsContractingDimensions[0]!, equation.attrs.rhsContractingDimensions[0]!];
    const joined = source.get(equation.inputs[side]!);
    if (joined?.op !== "concatenate" || joined.attrs.dimension !== contracted[side]) return null;
    const early = joined.inputs.map((value) => given.has(value));
    if (early.every(Boolean) || !early.some(Boolean)) return null;
    const cut = (operand: number, start: number, limit: number): Value => {
      const { shape } = inputs[operand]!.type;
      const along = (whole: readonly number[], at: number): readonly number[] => whole.with(contracted[operand]!, at);
      return b.slice(inputs[operand]!, along(shape.map(() => 0), start), along(shape, limit)); // prettier-ignore
    };
    // Neighbours of one kind stay together.
    const runs: { readonly early: boolean; readonly parts: Value[]; readonly start: number; limit: number }[] = [];
    partsOf.get(equation.inputs[side]!)!.forEach((part, i) => {
      const last = runs.at(-1);
      const end = last?.limit ?? 0;
      const limit = end + part.type.shape[joined.attrs.dimension]!;
      if (last && last.early === early[i]) {
        last.parts.push(part);
        last.limit = limit;
      } else runs.push({ early: early[i]!, parts: [part], start: end, limit });
    });
    const terms = runs.map((run) => {
      const operands = [cut(0, run.start, run.limit), cut(1, run.start, run.limit)];
      if (run.early) operands[side] = b.concatenate(run.parts, joined.attrs.dimension); // of no carry
      return b.dotGeneral(operands[0]!, operands[1]!, equation.attrs);
    });
    return [terms.reduce((sum, term) => b.add(sum, term))];
  });
}

/** Products of xs and weights, for all steps at once; the loop gets the results as xs. Null if there are none. */
function moveBefore(b: GraphBuilder, { attrs, inputs }: Loop): Loop | null {
  const { body, constants, carry, length } = attrs;
  const { fixed, given } = kindsOf(attrs);
  const isEarly = (equation: Equation): boolean =>
    equation.op === "dot_general" && weightsOf(equation, fixed) !== null && given.has(equation.outputs[0]!);
  const products = body.equations.filter(isEarly).flatMap(({ outputs }) => outputs);
  if (products.length === 0) return null;
  const withoutCarry = <T>(values: readonly T[]): readonly T[] => [...values.slice(0, constants), ...values.slice(constants + carry)]; // prettier-ignore
  const early: Graph = {
    inputs: withoutCarry(body.inputs),
    equations: computing(body.equations, products),
    outputs: products,
  };
  const { outputs } = batch(b, early, withoutCarry(inputs), early.inputs.map((_, i) => i >= constants), length); // prettier-ignore
  const rest: Graph = {
    inputs: [...body.inputs, ...products],
    equations: body.equations.filter((equation) => !isEarly(equation)),
    outputs: body.outputs,
  };
  return { attrs: { ...attrs, body: rest }, inputs: [...inputs, ...outputs] };
}

/** A stack of operands costs its bytes: no more than a few times the result's. */
const stackFactor = 4;

/** Products with weights that no carry waits for, for all steps at once, behind the loop. Null if there are none. */
function moveBehind(b: GraphBuilder, { attrs, inputs }: Loop): readonly Value[] | null {
  const { body, constants, carry, length } = attrs;
  const { fixed, given } = kindsOf(attrs);
  const carries = new Set(computing(body.equations, body.outputs.slice(0, carry)).flatMap(({ outputs }) => outputs));
  const xs = body.inputs.slice(constants + carry);
  const ys = body.outputs.slice(carry);
  const late = new Set<Value>();
  const tail: Equation[] = [];
  for (const equation of body.equations) {
    const isProduct =
      equation.op === "dot_general" &&
      weightsOf(equation, fixed) !== null &&
      !carries.has(equation.outputs[0]!) &&
      !given.has(equation.outputs[0]!) &&
      stackFactor * sizeOf(equation.outputs[0]!.type.shape) >= sizeOf(equation.inputs.find((value) => !fixed.has(value))!.type.shape); // prettier-ignore
    if (!isProduct && !equation.inputs.some((value) => late.has(value))) continue;
    tail.push(equation);
    equation.outputs.forEach((value) => late.add(value));
  }
  if (tail.length === 0) return null;
  const bodyInputs = new Set(body.inputs);
  // What the tail reads of the loop: fixed values are computed again, xs are at hand, the rest is stacked.
  const read = [...new Set([...tail.flatMap((equation) => equation.inputs), ...ys.filter((value) => late.has(value))])];
  const frontier = read.filter((value) => !late.has(value) && !fixed.has(value) && !xs.includes(value));
  const again = computing(
    body.equations,
    read.filter((value) => fixed.has(value) && !bodyInputs.has(value)),
  );
  const carried = body.outputs.slice(0, carry);
  const early = ys.filter((value) => !late.has(value));
  const stacked = [...new Set([...early, ...frontier])];
  const rest: Graph = {
    inputs: body.inputs,
    equations: computing(body.equations.filter((equation) => !tail.includes(equation)), [...carried, ...stacked]), // prettier-ignore
    outputs: [...carried, ...stacked],
  };
  const results = b.emit("scan", inputs, { ...attrs, body: rest });
  const stackOf = (value: Value): Value => results[carry + stacked.indexOf(value)]!;
  const behind: Graph = {
    inputs: [...body.inputs.slice(0, constants), ...xs, ...frontier],
    equations: [...again, ...tail],
    outputs: ys.filter((value) => late.has(value)),
  };
  const values = [...inputs.slice(0, constants), ...inputs.slice(constants + carry), ...frontier.map(stackOf)];
  const { outputs } = batch(b, behind, values, behind.inputs.map((_, i) => i >= constants), length); // prettier-ignore
  let next = 0;
  return [...results.slice(0, carry), ...ys.map((value) => (late.has(value) ? outputs[next++]! : stackOf(value)))];
}
