// Steps with bodies: loops, branches, calls, and the transforms of a body woven in place.

import type { Graph, Value } from "../../compile/graph/graph.ts";
import type { Builder, Cotangent } from "../../compile/primitives/primitive.ts";
import { sizeOf, type TensorType } from "../../compile/type.ts";
import { Dice } from "./dice.ts";
import type { Recipe } from "./recipe.ts";
import { everywhere, inexact, type StepRule, type WeaveSteps } from "./stepRule.ts";
import { either, Weaver, type Known, type Mode } from "./weaver.ts";

const noRecipe: Recipe = { steps: [], dice: [] };

interface Body {
  readonly graph: Graph;
  readonly known: readonly Known[];
}

/** A body with inputs of these types. `results` chooses among what the recipe wove. */
function weaveBody(
  w: Weaver,
  weaveSteps: WeaveSteps,
  recipe: Recipe,
  types: readonly TensorType[],
  known: readonly Known[],
  results: (inner: Weaver, inputs: readonly Value[], dice: Dice) => readonly Value[],
): Body {
  let outputs: readonly Known[] = [];
  const graph = w.b.subgraph(types, (b, inputs) => {
    const inner = new Weaver(w.mode, b);
    inputs.forEach((value, i) => inner.input(value, known[i]!));
    weaveSteps(inner, recipe);
    const chosen = results(inner, inputs, new Dice(recipe.dice));
    outputs = chosen.map((value) => inner.known(value));
    return chosen;
  });
  return { graph, known: outputs };
}

const some = (w: Weaver, dice: Dice, least: number, most: number): Value[] =>
  Array.from({ length: least + dice.roll(most - least + 1) }, () => w.any(dice));

const typesOf = (values: readonly Value[]): TensorType[] => values.map(({ type }) => type);
const latest = (count: number) => (inner: Weaver, _inputs: readonly Value[], dice: Dice) => inner.results(dice, count);

function putAll(w: Weaver, dice: Dice, values: readonly Value[], known: readonly Known[]): void {
  values.forEach((value, i) => w.put(value, known[i]!, dice));
}

/** What a float carry is known to be in every step: exact only if it enters so, and the step keeps it so. */
const carried = (known: Known, exact: boolean): Known =>
  exact && known.bits !== null ? { bound: 8, bits: Math.max(known.bits, 4) } : { bound: 2, bits: null };

const loop: StepRule = {
  modes: everywhere,
  weave(w, dice, { bodies }, weaveSteps) {
    const length = dice.roll(5);
    const reverse = dice.roll(2) === 1;
    // Any budget is too small for some loop: it is cut into segments, and again.
    const memory = dice.of([{}, {}, { memory: 0 }, { memory: 24 }]);
    const per = dice.of<{ readonly per?: number }>([{}, {}, {}, { per: 1 }, { per: 1 }, { per: 2 }]);
    const steps = per.per ? [w.fit(w.small(w.find(dice, "int32"), 7), [])] : [];
    const constants = [...steps, ...some(w, dice, 0, 2)];
    const entering = some(w, dice, 0, 3);
    const xs = some(w, dice, 0, 2).map((x) => {
      if (x.type.shape[0] === length) return x;
      const rest = x.type.shape.slice(0, 2);
      return w.fit(x, [length, ...(sizeOf(rest) > 16 ? [] : rest)]);
    });
    const isFloat = ({ type }: Value): boolean => type.dtype === "float32";
    // A carry in the exact mode is exact; elsewhere the dice say.
    const carryKnown = entering.map((value) =>
      isFloat(value) ? carried(w.known(value), w.mode === "exact" || dice.roll(2) === 1) : w.known(value),
    );
    const carry = entering.map((value, i) => (isFloat(value) ? w.within(value, carryKnown[i]!.bound) : value));
    const unstacked = xs.map(({ type }): TensorType => ({ shape: type.shape.slice(1), dtype: type.dtype }));
    const types = [...typesOf([...constants, ...carry]), ...unstacked];
    const known = [...constants.map((x) => w.known(x)), ...carryKnown, ...xs.map((x) => w.known(x))];
    const { graph, known: results } = weaveBody(
      w,
      weaveSteps,
      bodies[0] ?? noRecipe,
      types,
      known,
      (inner, inputs, own) => {
        const before = inputs.slice(constants.length, constants.length + carry.length);
        const leaving: Value[] = [];
        before.forEach((value, i) => leaving.push(nextCarry(inner, own, value, carryKnown[i]!, before, leaving)));
        const ys = Array.from({ length: own.roll(4) }, (_, i) => {
          const choices = [...before, ...leaving, ...inputs, ...(i > 0 ? [inner.constant(own, "float32")] : [])];
          return own.roll(2) === 1 && choices.length > 0 ? own.of(choices) : inner.any(own);
        });
        return [...leaving, ...ys];
      },
    );
    const values = w.b.emit("scan", [...constants, ...carry, ...xs], { body: graph, constants: constants.length, carry: carry.length, length, reverse, ...memory, ...per }); // prettier-ignore
    const finals = carryKnown.map((k, i) => either(k, w.known(carry[i]!)));
    putAll(w, dice, values, [...finals, ...results.slice(carry.length)]);
  },
};

/** A carry as it leaves the step: itself, another one, the one before again, a sum, or the latest value that will do. */
function nextCarry(
  w: Weaver,
  dice: Dice,
  value: Value,
  wanted: Known,
  entering: readonly Value[],
  leaving: readonly Value[],
): Value {
  const { type } = value;
  const will = (candidate: Value | undefined): Value | null =>
    candidate && candidate.type.dtype === type.dtype ? w.conform(candidate, type, wanted) : null;
  switch (dice.roll(6)) {
    case 0:
      return will(w.find(dice, type.dtype, wanted.bits !== null)) ?? value;
    case 1:
      return value;
    case 2:
      return will(dice.of(entering)) ?? value;
    case 3:
      return will(leaving.at(-1)) ?? value;
    case 4:
      return will(sumOfTerms(w, dice, value)) ?? value;
    default:
      return will(w.pool.findLast((candidate) => will(candidate) !== null)) ?? value;
  }
}

/** `value + term` with a term of the kinds that sums are lifted out of loops for. */
function sumOfTerms(w: Weaver, dice: Dice, value: Value): Value {
  const { b } = w;
  const { shape, dtype } = value.type;
  if (dtype === "bool") return value;
  const known = w.known(value);
  const exact = known.bits !== null;
  if (dtype === "float32" && exact && w.mode === "smooth") return value;
  const small = (x: Value): Value => (dtype !== "float32" ? x : exact ? w.signOf(x) : w.within(x, 1 / 16));
  const [x, y] = [small(w.find(dice, dtype, exact)), small(w.find(dice, dtype, exact))];
  const none: readonly number[] = [];
  const terms = [
    () => b.sum(w.fit(x, [2, ...shape]), [0]),
    () => b.reshape(b.dotGeneral(w.fit(x, [3, sizeOf(shape)]), w.fit(y, [3, 1]), { lhsBatchingDimensions: none, rhsBatchingDimensions: none, lhsContractingDimensions: [0], rhsContractingDimensions: [0] }), shape), // prettier-ignore
    () => w.fit(x, shape),
    () => b.transpose(b.sum(w.fit(x, [...[...shape].reverse(), 2]), [shape.length]), shape.map((_, d) => shape.length - 1 - d)), // prettier-ignore
  ];
  const term = dice.of(terms)();
  const sum = dice.roll(2) === 1 ? b.add(term, value) : b.add(value, term);
  // A little more in each of at most 4 steps: let it count as what the carry is.
  return w.assume(sum, known);
}

const branch: StepRule = {
  modes: everywhere,
  weave(w, dice, { bodies }, weaveSteps) {
    const predicate = w.fit(w.find(dice, "bool"), []);
    const operands = some(w, dice, 0, 3);
    const known = operands.map((x) => w.known(x));
    const count = 1 + dice.roll(2);
    const onTrue = weaveBody(
      w,
      weaveSteps,
      bodies[0] ?? noRecipe,
      typesOf(operands),
      known,
      latest(operands.length === 0 ? 0 : count),
    );
    const onFalse = weaveBody(w, weaveSteps, bodies[1] ?? noRecipe, typesOf(operands), known, (inner, _inputs, own) =>
      onTrue.graph.outputs.map(({ type }) => inner.fit(inner.find(own, type.dtype), type.shape)),
    );
    const values = w.b.emit("cond", [predicate, ...operands], { onTrue: onTrue.graph, onFalse: onFalse.graph });
    putAll(
      w,
      dice,
      values,
      onTrue.known.map((k, i) => either(k, onFalse.known[i]!)),
    );
  },
};

const call = (op: "checkpoint" | "fused"): StepRule => ({
  modes: everywhere,
  weave(w, dice, { bodies }, weaveSteps) {
    const operands = some(w, dice, 1, 3);
    const { graph, known } = weaveBody(w, weaveSteps, bodies[0] ?? noRecipe, typesOf(operands), operands.map((x) => w.known(x)), latest(1 + dice.roll(2))); // prettier-ignore
    const values =
      op === "fused" ? w.b.emit(op, operands, { name: "woven", body: graph }) : w.b.emit(op, operands, { body: graph });
    putAll(w, dice, values, known);
  },
});

/** Pulls cotangents of all outputs of `graph` back to all inputs; zeros for those that none reach. */
function pullBack(b: Builder, graph: Graph, inputs: readonly Value[], cts: readonly Cotangent[]): Value[] {
  const { pullback } = b.linearise(graph, inputs, inputs.map(({ type }) => type.dtype === "float32")); // prettier-ignore
  const results = pullback(cts);
  return inputs.map(({ type }, i) => (type.dtype === "float32" ? results[i] : null) ?? b.zeros(type));
}

const custom: StepRule = {
  modes: everywhere,
  weave(w, dice, { bodies }, weaveSteps) {
    const operands = some(w, dice, 1, 3);
    const types = typesOf(operands);
    const { graph: body, known } = weaveBody(w, weaveSteps, bodies[0] ?? noRecipe, types, operands.map((x) => w.known(x)), latest(1 + dice.roll(2))); // prettier-ignore
    // Twice the true derivative where nobody compares it with differences: a rule of its author's own.
    const factor = w.mode === "smooth" ? 1 : 1 + dice.roll(2);
    const forward = w.b.subgraph(types, (b, inputs) => [...b.inline(body, inputs), ...inputs]);
    const backward = w.b.subgraph([...types, ...typesOf(body.outputs)], (b, all) => {
      const inputs = all.slice(0, types.length);
      const cts = all.slice(types.length).map((ct) => (ct.type.dtype === "float32" ? ct : null));
      return pullBack(b, body, inputs, cts).map((ct) =>
        ct.type.dtype === "float32" ? b.multiply(ct, b.fill(factor, [])) : ct,
      );
    });
    putAll(w, dice, w.b.emit("custom_vjp", operands, { body, forward, backward }), known);
  },
};

/** A body of fewer dimensions, batched. */
const batched: StepRule = {
  modes: everywhere,
  weave(w, dice, { bodies }, weaveSteps) {
    const size = 1 + dice.roll(3);
    const examples = some(w, dice, 1, 3);
    const flags = dice.flags(examples.length);
    const { graph, known } = weaveBody(w, weaveSteps, bodies[0] ?? noRecipe, typesOf(examples), examples.map((x) => w.known(x)), latest(1 + dice.roll(2))); // prettier-ignore
    const operands = examples.map((x, i) => {
      if (!flags[i]) return x;
      const other = w.find(dice, x.type.dtype, w.isExact(x));
      const fits = w.known(other).bound <= w.known(x).bound && (w.known(other).bits ?? 0) <= (w.known(x).bits ?? 0);
      return w.fit(fits ? other : x, [size, ...x.type.shape]);
    });
    const { outputs } = w.b.batch(graph, operands, flags, size);
    putAll(w, dice, outputs, known);
  },
};

/** A body and its way back; cotangents come from the pool. */
const differentiated: StepRule = {
  modes: inexact,
  weave(w, dice, { bodies }, weaveSteps) {
    const operands = some(w, dice, 1, 3);
    // Kinks are as bad as jumps in what is going to be differentiated.
    const mode: Mode = w.mode === "forward" ? "derivative" : w.mode;
    const inner = new Weaver(mode, w.b);
    const { graph } = weaveBody(inner, weaveSteps, bodies[0] ?? noRecipe, typesOf(operands), operands.map((x) => w.known(x)), latest(1)); // prettier-ignore
    const cts = graph.outputs.map(({ type }) =>
      type.dtype === "float32" ? w.fit(w.find(dice, "float32"), type.shape) : null,
    );
    for (const ct of pullBack(w.b, graph, operands, cts)) {
      if (ct.type.dtype === "float32") w.put(ct, { bound: Infinity, bits: null }, dice);
    }
  },
};

export const bodySteps = {
  scan: loop,
  cond: branch,
  checkpoint: call("checkpoint"),
  fused: call("fused"),
  custom_vjp: custom,
  vmap: batched,
  vjp: differentiated,
};
