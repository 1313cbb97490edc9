// Random programs: well-typed graphs of all primitives, nested, with operands to run them on. A program that fails prints
// itself, shrunk, in the text form that compile/graph/print.ts gives.

import fc from "fast-check";
import { GraphBuilder } from "../../compile/graph/build.ts";
import type { Value } from "../../compile/graph/graph.ts";
import { sizeOf } from "../../compile/type.ts";
import { Dice } from "./dice.ts";
import { operandOf, type Operand } from "./operand.ts";
import { showProgram, type Program } from "./programText.ts";
import { programRecipes, type InputRecipe, type ProgramRecipe } from "./recipe.ts";
import { stepNames, stepRules, weaveSteps } from "./steps.ts";
import { Weaver, type Mode } from "./weaver.ts";

export type { Mode } from "./weaver.ts";
export { parseProgram, showProgram, type Program } from "./programText.ts";

function operandFor({ dtype, shape, elements }: InputRecipe): Operand {
  const element = (i: number): number => {
    const k = elements[i % elements.length]!;
    return dtype === "float32" ? k / 8 : dtype === "int32" ? (k % 3 === 0 ? Math.imul(k, 0x9e3779b1) : k) : k & 1;
  };
  return operandOf(
    shape,
    dtype,
    Array.from({ length: sizeOf(shape) }, (_, i) => element(i)),
  );
}

/** The program that a recipe stands for. */
export function weave({ inputs, body }: ProgramRecipe, mode: Mode): Program {
  const b = new GraphBuilder();
  const w = new Weaver(mode, b);
  const operands = inputs.map(operandFor);
  const values = operands.map(({ type }): Value => {
    const value = b.input(type);
    w.input(value, { bound: 2, bits: 3 });
    return value;
  });
  weaveSteps(w, body);
  const dice = new Dice(body.dice);
  return { graph: b.graph(values, w.results(dice, 1 + dice.roll(5))), inputs: operands };
}

/** Random programs that can be compared as `mode` says. */
export function programs(mode: Mode, maximumSteps = 10, depth = 2): fc.Arbitrary<Program> {
  const ops = stepNames.filter((op) => stepRules[op].modes.includes(mode));
  return programRecipes(ops, maximumSteps, depth).map((recipe) => {
    const program = weave(recipe, mode);
    return { ...program, [fc.toStringMethod]: () => `\n${showProgram(program)}\n` };
  });
}
