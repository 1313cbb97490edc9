// Sums over time leave the loop. A carry that is only ever added to, `sum + u`, is the sum of u over all steps: u is
// stacked and summed once, after the loop. Where u is a product xᵀ·dy, as every weight gradient is, the sum over time
// joins the contraction: one large product in place of T small ones, and nothing read and written at every step.

import type { GraphBuilder } from "../graph/build.ts";
import type { Attrs, Equation, EquationOf, Graph, Value } from "../graph/graph.ts";
import { computing, countUses, definitions, rewrite } from "../graph/walk.ts";
import type { Builder } from "../primitives/primitive.ts";
import { sizeOf, type TensorType } from "../type.ts";

export const liftSums = (graph: Graph): Graph =>
  rewrite(graph, (b, equation, inputs) => (equation.op === "scan" ? lift(b, equation, inputs) : null));

/** How `sum + u` is had after the loop: the body's values to stack, and what to do with the stacks. */
interface Lifted {
  readonly stacks: readonly Value[];
  readonly total: (b: Builder, stacked: readonly Value[]) => Value;
}

function lift(b: GraphBuilder, equation: EquationOf<"scan">, inputs: readonly Value[]): readonly Value[] | null {
  const { body, constants, carry, length, per, memory = Infinity } = equation.attrs;
  const uses = countUses(body);
  const source = definitions(body.equations);
  // An x that is asked for again is at hand, stacked, outside; so is a y.
  const isX = (value: Value): boolean => body.inputs.indexOf(value) >= constants + carry;
  const ys = body.outputs.slice(carry);
  const stacks = new Set<Value>();
  const fresh = (values: Iterable<Value>): readonly Value[] =>
    [...values].filter((value) => !isX(value) && !ys.includes(value));
  const bytes = (values: readonly Value[]): number =>
    values.reduce((sum, { type }) => sum + 4 * length * sizeOf(type.shape), 0);
  const lifted = new Map<number, readonly Lifted[]>();
  for (let i = 0; i < carry; i++) {
    const sum = body.inputs[constants + i]!;
    const terms = termsOf(body.outputs[i]!, sum, source, uses);
    if (!terms) continue;
    const ways = terms.map((term) => liftTerm(term, source));
    if (!ways.every((way) => way !== null)) continue;
    const more = new Set([...stacks, ...ways.flatMap((way) => way.stacks)]);
    if (bytes(fresh(more)) > memory) continue;
    lifted.set(i, ways);
    more.forEach((value) => stacks.add(value));
  }
  if (lifted.size === 0) return null;

  const stays = (i: number): boolean => !lifted.has(i);
  const added = fresh(stacks);
  const kept = Array.from({ length: carry }, (_, i) => i).filter(stays);
  const results = b.emit(
    "scan",
    inputs.filter((_, i) => i < constants || i >= constants + carry || stays(i - constants)),
    {
      ...equation.attrs,
      carry: kept.length,
      // The sums themselves must go, or they would read a carry that is gone.
      body: {
        inputs: body.inputs.filter((_, i) => i < constants || i >= constants + carry || stays(i - constants)),
        equations: computing(body.equations, [...kept.map((i) => body.outputs[i]!), ...ys, ...added]),
        outputs: [...kept.map((i) => body.outputs[i]!), ...ys, ...added],
      },
    },
  );
  const stacked = (value: Value): Value => {
    if (isX(value)) return inputs[body.inputs.indexOf(value)]!;
    const y = ys.indexOf(value);
    return results[kept.length + (y >= 0 ? y : ys.length + added.indexOf(value))]!;
  };
  const sumOf = per ? sumOfSteps(b, length, per, inputs[0]!) : sumOfAll(b);
  const carries = Array.from({ length: carry }, (_, i) => {
    const ways = lifted.get(i);
    if (!ways) return results[kept.indexOf(i)]!;
    if (length === 0) return inputs[constants + i]!;
    return ways.reduce((total, way) => sumOf(total, way, way.stacks.map(stacked)), inputs[constants + i]!);
  });
  return [...carries, ...results.slice(kept.length, kept.length + ys.length)];
}

type SumOf = (before: Value, way: Lifted, stacks: readonly Value[]) => Value;

const sumOfAll =
  (b: GraphBuilder): SumOf =>
  (before, way, stacks) =>
    b.add(before, way.total(b, stacks));

/** Pieces of time that a sum over steps of a number known at run time is made of: products are efficient from about here. */
const leastPiece = 8;
const mostPiece = 32;

/** The sum over the first `steps` of `length` steps, a piece of time after the other, up to the last that has some of them. */
function sumOfSteps(b: GraphBuilder, length: number, per: number, steps: Value): SumOf {
  const divisors = Array.from({ length: mostPiece }, (_, i) => mostPiece - i).filter((n) => length % n === 0);
  const size = divisors[0]! >= leastPiece ? divisors[0]! : length;
  const madeBy = definitions(b.equations);
  // Steps that did not run count as zero, whatever stands in an x there.
  const zeroBeyond = (stack: Value): Value => {
    const equation = madeBy.get(stack);
    if (equation?.op === "scan" && equation.attrs.per === per && equation.inputs[0] === steps) return stack;
    const isOn = b.compare(b.multiply(b.iota([length], 0, "int32"), b.fill(per, [], "int32")), steps, "LT");
    return b.select(b.broadcastInDim(isOn, stack.type.shape, [0]), stack, b.zeros(stack.type));
  };
  return (before, way, stacks) => {
    const given = stacks.map(zeroBeyond);
    if (size === length) return b.add(before, way.total(b, given));
    const pieces = given.map((x) => b.reshape(x, [length / size, size, ...x.type.shape.slice(1)]));
    const scalar: TensorType = { shape: [], dtype: "int32" };
    const types = [scalar, before.type, ...given.map(({ type: { shape, dtype } }) => ({ shape: [size, ...shape.slice(1)], dtype }))]; // prettier-ignore
    const body = b.subgraph(types, (inner, [, sum, ...xs]) => [inner.add(sum!, way.total(inner, xs))]);
    const attrs = { body, constants: 1, carry: 1, length: length / size, reverse: false, per: per * size };
    return b.emit("scan", [steps, before, ...pieces], attrs)[0]!;
  };
}

/** The u's of `result = sum + u + …`, where nothing else reads `sum` or the partial sums; null if it is not of this form. */
function termsOf(
  result: Value,
  sum: Value,
  source: ReadonlyMap<Value, Equation>,
  uses: ReadonlyMap<Value, number>,
): readonly Value[] | null {
  if (uses.get(sum) !== 1) return null;
  const terms: Value[] = [];
  const parts = [result];
  let found = false;
  for (let value = parts.pop(); value; value = parts.pop()) {
    if (value === sum) {
      if (found) return null; // sum + sum doubles it every step
      found = true;
      continue;
    }
    const equation = source.get(value);
    if (equation?.op === "add" && uses.get(value) === 1) parts.push(...equation.inputs);
    else terms.push(value);
  }
  return found ? terms : null;
}

/** A stack costs its bytes: only what is smaller than the sum itself, or joins a product, is worth it. */
function liftTerm(term: Value, source: ReadonlyMap<Value, Equation>): Lifted | null {
  const equation = source.get(term);
  switch (equation?.op) {
    case "dot_general":
      return liftProduct(equation);
    case "reduce": {
      if (equation.attrs.combiner !== "add") return null;
      const [x] = equation.inputs;
      const { dimensions } = equation.attrs;
      return {
        stacks: [x!],
        total: (b, [stack]) => b.sum(stack!, [0, ...dimensions.map((d) => d + 1)]),
      };
    }
    case "transpose": {
      const inner = liftTerm(equation.inputs[0]!, source);
      const { permutation } = equation.attrs;
      return inner && { ...inner, total: (b, stacks) => b.transpose(inner.total(b, stacks), permutation) };
    }
    case "reshape": {
      const inner = liftTerm(equation.inputs[0]!, source);
      const { shape } = equation.attrs;
      return inner && { ...inner, total: (b, stacks) => b.reshape(inner.total(b, stacks), shape) };
    }
    case "pad": {
      const inner = equation.attrs.value === 0 ? liftTerm(equation.inputs[0]!, source) : null;
      const { low, high, interior } = equation.attrs;
      return inner && { ...inner, total: (b, stacks) => b.pad(inner.total(b, stacks), low, high, interior) };
    }
    default:
      return null;
  }
}

/** Time becomes one more contracted dimension. */
function liftProduct(equation: EquationOf<"dot_general">): Lifted | null {
  const [x, y] = equation.inputs;
  const later = (dimensions: readonly number[]): readonly number[] => dimensions.map((d) => d + 1);
  const { lhsBatchingDimensions, rhsBatchingDimensions, lhsContractingDimensions, rhsContractingDimensions } =
    equation.attrs;
  const result = sizeOf(equation.outputs[0]!.type.shape);
  if (sizeOf(x!.type.shape) + sizeOf(y!.type.shape) > 4 * result) return null;
  const attrs: Attrs["dot_general"] = {
    lhsBatchingDimensions: later(lhsBatchingDimensions),
    rhsBatchingDimensions: later(rhsBatchingDimensions),
    lhsContractingDimensions: [0, ...later(lhsContractingDimensions)],
    rhsContractingDimensions: [0, ...later(rhsContractingDimensions)],
  };
  return { stacks: [x!, y!], total: (b, [xs, ys]) => b.dotGeneral(xs!, ys!, attrs) };
}
