// Recipes of random programs: plain data, and every recipe is valid. What a number chooses is decided when the recipe is
// woven into a graph (weaver.ts), modulo the choices there are; so fast-check may drop steps and shrink numbers at will.

import fc from "fast-check";
import type { Op } from "../../compile/graph/graph.ts";
import type { DType } from "../../compile/type.ts";
import { samples, type Sample } from "./equation.ts";

/** A primitive; a transform of a recipe of its own, batched or differentiated; or what the passes know by sight: slices of
 *  one value, and the sum of pads that is the gradient of such slices. */
export type StepName = Op | "vmap" | "vjp" | "slices" | "pads";

/** What one step appends. */
export interface Step {
  readonly op: StepName;
  /** Choices, taken one after the other; 0 where they run out. */
  readonly dice: readonly number[];
  /** For operations with bodies. */
  readonly bodies: readonly Recipe[];
  /** For operations whose attributes are drawn from their samples. */
  readonly sample?: Sample;
}

export interface Recipe {
  readonly steps: readonly Step[];
  /** Which values are the results. */
  readonly dice: readonly number[];
}

export interface InputRecipe {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Elements in eighths for floats, repeated to fill the shape. */
  readonly elements: readonly number[];
}

export interface ProgramRecipe {
  readonly inputs: readonly InputRecipe[];
  readonly body: Recipe;
}

/** Operations whose attributes are those of a sample: dimension numbers that are a matter of their own. */
export const sampledOps = ["dot_general", "gather", "scatter", "dynamic_slice", "dynamic_update_slice"] as const;
/** Operations that move elements about, and combine them: the most of what passes and fusion do is done to these. */
const structuralOps: readonly StepName[] = [
  "broadcast_in_dim", "reshape", "transpose", "slice", "pad", "concatenate", "reverse", "reduce", "slices", "pads", "add", "multiply",
]; // prettier-ignore
export const bodyOps = ["scan", "cond", "checkpoint", "custom_vjp", "fused", "vmap", "vjp"] as const;

const dice = fc.array(fc.nat(99), { maxLength: 12 });

const size = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 1, max: 3 }) },
  { weight: 8, arbitrary: fc.constantFrom(4, 5, 7, 8) },
  { weight: 1, arbitrary: fc.constant(0) },
);

const input: fc.Arbitrary<InputRecipe> = fc.record({
  dtype: fc.oneof(
    { weight: 4, arbitrary: fc.constant<DType>("float32") },
    { weight: 1, arbitrary: fc.constant<DType>("int32") },
    { weight: 1, arbitrary: fc.constant<DType>("bool") },
  ),
  shape: fc
    .array(size, { maxLength: 3 })
    .map((shape) => (shape.reduce((n, d) => n * d, 1) > 64 ? shape.slice(1) : shape)),
  elements: fc.array(fc.integer({ min: -16, max: 16 }), { minLength: 1, maxLength: 9 }),
});

/** Recipes of steps among `ops`, nested `depth` deep. */
function recipes(ops: readonly StepName[], maximumSteps: number, depth: number): fc.Arbitrary<Recipe> {
  const isSampled = (op: StepName): boolean => (sampledOps as readonly StepName[]).includes(op);
  const hasBody = (op: StepName): boolean => (bodyOps as readonly StepName[]).includes(op);
  const plain = ops.filter((op) => !isSampled(op) && !hasBody(op));
  const sampled = ops.filter(isSampled) as Op[]; // sampledOps are operations
  const nested = depth > 0 ? ops.filter(hasBody) : [];
  const structural = structuralOps.filter((op) => ops.includes(op));
  const leafOf = (names: readonly StepName[]) =>
    fc.record({ op: fc.constantFrom(...names), dice, bodies: fc.constant([]) });
  const drawn = fc
    .constantFrom(...sampled)
    .chain((op) =>
      fc.record({ op: fc.constant(op), dice, bodies: fc.constant([]), sample: samples[op] as fc.Arbitrary<Sample> }),
    );
  const choices: fc.WeightedArbitrary<Step>[] = [
    { weight: 7, arbitrary: leafOf(plain) },
    { weight: 6, arbitrary: leafOf(structural) },
  ];
  if (sampled.length > 0) choices.push({ weight: 2, arbitrary: drawn });
  if (nested.length > 0) {
    const loops = nested.filter((op) => op === "scan");
    const bodies = fc.array(recipes(ops, 5, depth - 1), { minLength: 1, maxLength: 2 });
    choices.push({ weight: 5, arbitrary: fc.record({ op: fc.constantFrom(...nested, ...loops), dice, bodies }) });
  }
  return fc.record({ steps: fc.array(fc.oneof(...choices), { maxLength: maximumSteps }), dice });
}

/** Recipes of programs whose steps are among `ops`. */
export const programRecipes = (ops: readonly StepName[], maximumSteps = 10, depth = 2): fc.Arbitrary<ProgramRecipe> =>
  fc.record({
    inputs: fc.array(input, { minLength: 1, maxLength: 4 }),
    body: recipes(ops, maximumSteps, depth),
  });
