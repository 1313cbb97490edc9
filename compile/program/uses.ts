// Who uses what in a program under construction.

import type { Kernel } from "../kernels/kernel.ts";
import type { Address, Call, Instruction, UnplannedProgram } from "./program.ts";

/** Calls `visit` for every instruction, those inside loops, parts and branches after the one they stand in. */
export function eachInstruction(list: readonly Instruction[], visit: (instruction: Instruction) => void): void {
  for (const instruction of list) {
    visit(instruction);
    switch (instruction.kind) {
      case "loop":
        eachInstruction(instruction.body, visit);
        break;
      case "parallel":
        for (const part of instruction.parts) eachInstruction(part, visit);
        break;
      case "branch":
        eachInstruction(instruction.onTrue, visit);
        eachInstruction(instruction.onFalse, visit);
        break;
      default:
    }
  }
}

/** An instruction without others inside of it. */
export type Single = Exclude<Instruction, { readonly kind: "loop" | "parallel" | "branch" }>;

/** A sum over all that the instructions do: of loops every round, of branches the dearer side, of parts all. */
export function sumOver(list: readonly Instruction[], of: (instruction: Single) => number): number {
  return list.reduce((sum, instruction) => {
    switch (instruction.kind) {
      case "loop":
        return sum + instruction.count * sumOver(instruction.body, of);
      case "branch":
        return sum + Math.max(sumOver(instruction.onTrue, of), sumOver(instruction.onFalse, of));
      case "parallel":
        return sum + sumOver(instruction.parts.flat(), of);
      default:
        return sum + of(instruction);
    }
  }, 0);
}

/** An instruction with the lists inside of it, of a loop, of parts or of branches, replaced. */
export function mapInside(
  instruction: Instruction,
  inside: (list: readonly Instruction[]) => readonly Instruction[],
): Instruction {
  switch (instruction.kind) {
    case "loop":
      return { ...instruction, body: inside(instruction.body) };
    case "parallel":
      return { ...instruction, parts: instruction.parts.map(inside) };
    case "branch":
      return { ...instruction, onTrue: inside(instruction.onTrue), onFalse: inside(instruction.onFalse) };
    default:
      return instruction;
  }
}

/** The instructions with each run of calls, between which nothing else stands, replaced; inside loops, parts and branches, too. */
export function mapRuns(
  list: readonly Instruction[],
  replace: (run: readonly Call[]) => readonly Instruction[],
): readonly Instruction[] {
  const result: Instruction[] = [];
  let run: Call[] = [];
  const close = (): void => {
    if (run.length > 0) result.push(...replace(run));
    run = [];
  };
  for (const instruction of list) {
    if (instruction.kind === "call") {
      run.push(instruction);
      continue;
    }
    close();
    result.push(mapInside(instruction, (body) => mapRuns(body, replace)));
  }
  close();
  return result;
}

/** Whether `holds` of every instruction, those inside loops and branches included. */
export function everyInstruction(list: readonly Instruction[], holds: (instruction: Instruction) => boolean): boolean {
  return list.every((instruction) => {
    if (!holds(instruction)) return false;
    if (instruction.kind === "loop") return everyInstruction(instruction.body, holds);
    if (instruction.kind !== "branch") return true;
    return everyInstruction(instruction.onTrue, holds) && everyInstruction(instruction.onFalse, holds);
  });
}

/** How many addresses name each buffer; what is pointed to counts without end. */
export function countUses(program: Pick<UnplannedProgram, "instructions" | "inputs" | "outputs">): Map<number, number> {
  const uses = new Map<number, number>();
  const use = ({ base }: Address, n = 1): void => {
    if ("buffer" in base) uses.set(base.buffer, (uses.get(base.buffer) ?? 0) + n);
  };
  eachInstruction(program.instructions, (instruction) => {
    if (instruction.kind === "call") instruction.addresses.forEach((address) => use(address));
    else if (instruction.kind === "copy") [instruction.from, instruction.to].forEach((address) => use(address));
    else if (instruction.kind === "point") instruction.moves.forEach(({ to }) => use(to, Infinity));
    else if (instruction.kind === "branch") use(instruction.predicate);
    else if (instruction.kind === "loop" && instruction.limit) use(instruction.limit.at);
  });
  [...program.inputs, ...program.outputs].forEach(({ address }) => use(address, Infinity));
  return uses;
}

/** Every buffer that a pointer may point into, at any time. */
export function pointerTargets({
  pointers,
  instructions,
}: Pick<UnplannedProgram, "pointers" | "instructions">): ReadonlySet<number>[] {
  const targets = Array.from({ length: pointers }, () => new Set<number>());
  const moves: { readonly pointer: number; readonly to: Address }[] = [];
  eachInstruction(instructions, (instruction) => {
    if (instruction.kind === "point") moves.push(...instruction.moves);
  });
  for (let changed = true; changed;) {
    changed = false;
    for (const { pointer, to } of moves) {
      const from = "buffer" in to.base ? [to.base.buffer] : targets[to.base.pointer]!;
      for (const buffer of from) {
        if (targets[pointer]!.has(buffer)) continue;
        targets[pointer]!.add(buffer);
        changed = true;
      }
    }
  }
  return targets;
}

/** The buffers that an address may lie in; `targets` are the program's `pointerTargets`. */
export const buffersAt = ({ base }: Address, targets: readonly ReadonlySet<number>[]): ReadonlySet<number> =>
  "buffer" in base ? new Set([base.buffer]) : targets[base.pointer]!;

/** Kernels that are still called, renumbered. */
export function withoutUnused(
  kernels: readonly Kernel[],
  instructions: readonly Instruction[],
): { readonly kernels: readonly Kernel[]; readonly instructions: readonly Instruction[] } {
  const kept: Kernel[] = [];
  const places = new Map<number, number>();
  const place = (kernel: number): number => {
    let at = places.get(kernel);
    if (at === undefined) places.set(kernel, (at = kept.push(kernels[kernel]!) - 1));
    return at;
  };
  const visit = (list: readonly Instruction[]): readonly Instruction[] =>
    list.map((instruction) =>
      instruction.kind === "call"
        ? { ...instruction, kernel: place(instruction.kernel) }
        : mapInside(instruction, visit),
    );
  return { instructions: visit(instructions), kernels: kept };
}
