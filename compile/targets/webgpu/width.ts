// How wide a team's workgroups are. Where rows are few, most of a device has nothing to do, and a row should have as many
// lanes as it can use: what a barrier costs grows with them, so that kernels of few elements are better off with fewer.

import type { Kernel } from "../../kernels/kernel.ts";
import type { Program } from "../../program/program.ts";
import { eachInstruction } from "../../program/uses.ts";
import { sizeOf } from "../../type.ts";
import { powerOfTwoBelow } from "./kernelCode.ts";
import type { Machine } from "./machine.ts";
import { fewRows, type Step } from "./schedule.ts";
import type { Sections } from "./sections.ts";

type TeamStep = Extract<Step, { kind: "team" }>;

/** How many lanes have something to do in a kernel: elements, times lanes that share one. */
function usefulLanes({ form, results }: Kernel): number {
  const terms = form.form === "reduce" ? sizeOf(form.reduced) : form.form === "contract" ? sizeOf(form.k) : 1;
  return sizeOf(results[0]!.shape) * powerOfTwoBelow(terms / 4);
}

/** The widest workgroup that half of the work, or more, has a use for. */
export function widthOf(program: Program, sections: Sections, { rows, list }: TeamStep, machine: Machine): number {
  const { lanes, widest } = machine;
  if (rows > fewRows) return lanes;
  const work: { readonly useful: number; readonly amount: number }[] = [];
  const visit = (instructions: TeamStep["list"], times: number): void => {
    for (const instruction of instructions) {
      if (instruction.kind === "loop") visit(instruction.body, times * instruction.count);
      else if (instruction.kind === "branch")
        [instruction.onTrue, instruction.onFalse].forEach((part) => visit(part, times));
      else if (instruction.kind === "call") {
        const useful = usefulLanes(program.kernels[instruction.kernel]!) / rows;
        work.push({ useful, amount: times * sections.work([instruction]) });
      }
    }
  };
  visit(list, 1);
  const amountFor = (width: number): number =>
    work.reduce((sum, { useful, amount }) => sum + (useful >= width ? amount : 0), 0);
  let width = lanes;
  while (2 * width <= widest && 2 * amountFor(2 * width) >= amountFor(0)) width *= 2;
  return width;
}

/** Bytes of a workgroup's memory that a team's reductions, and its decisions, may need. */
export function scratchOf(
  program: Program,
  { list }: TeamStep,
  { lanes, subgroups }: Pick<Machine, "lanes" | "subgroups">,
): number {
  const kinds = new Set<string>();
  eachInstruction(list, (instruction) => {
    if (instruction.kind !== "call") return;
    const { form, results } = program.kernels[instruction.kernel]!;
    if (form.form !== "reduce" && form.form !== "contract" && form.form !== "running") return;
    kinds.add(results[0]!.dtype === "float32" ? "f32" : "i32");
    if (subgroups) kinds.add("i32");
  });
  return 4 * lanes * kinds.size + 16;
}
