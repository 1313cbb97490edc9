// What a step rule is.

import type { Dice } from "./dice.ts";
import type { Recipe, Step } from "./recipe.ts";
import type { Mode, Weaver } from "./weaver.ts";

/** Appends all steps of a recipe. Handed to the rules of steps with bodies by the table that holds them. */
export type WeaveSteps = (w: Weaver, recipe: Recipe) => void;

/** How a step of a recipe becomes equations. */
export interface StepRule {
  /** Where the step makes sense. */
  readonly modes: readonly Mode[];
  readonly weave: (w: Weaver, dice: Dice, step: Step, weaveSteps: WeaveSteps) => void;
}

export const rule = (modes: readonly Mode[], weave: StepRule["weave"]): StepRule => ({ modes, weave });

export const everywhere: readonly Mode[] = ["exact", "forward", "derivative", "smooth"];
export const inexact: readonly Mode[] = ["forward", "derivative", "smooth"];
/** Jumps and kinks: not where finite differences look. */
export const jumping: readonly Mode[] = ["exact", "forward", "derivative"];
