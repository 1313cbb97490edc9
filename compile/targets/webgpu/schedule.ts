// Which dispatches a program is run in. Three kinds: a team a row goes through many instructions by itself, loops in time
// included; one team does so where rows depend on each other and there is little to do; all workgroups share one kernel.
// Nothing grows with the length of a loop, unless one round of it is too much for a single workgroup: then the host counts.

import type { Instruction, UnplannedProgram } from "../../program/program.ts";
import type { Machine } from "./machine.ts";
import { Sections } from "./sections.ts";

type Loop = Extract<Instruction, { readonly kind: "loop" }>;

export type Step =
  /** A workgroup for each of `rows` (1: the whole of everything) runs `list`. If `sliced`, the last of these is a loop, of
   *  which it may do some rounds now and the others in dispatches that follow. */
  | {
      readonly kind: "team";
      readonly rows: number;
      readonly list: readonly Instruction[];
      readonly sliced: boolean;
      /** Elementary operations of one row: of a round of the last loop if `sliced`, else of all. */
      readonly work: number;
      /** Loops around that the host counts. */
      readonly around: readonly number[];
    }
  /** All workgroups share one call. */
  | {
      readonly kind: "grid";
      readonly call: Extract<Instruction, { readonly kind: "call" }>;
      readonly work: number;
      readonly around: readonly number[];
    }
  /** The host counts. */
  | { readonly kind: "repeat"; readonly loop: Loop; readonly body: readonly Step[] };

export interface Sizes {
  /** A call of less work than this does not need more than one workgroup. */
  readonly small: number;
  /** A loop whose rounds cost more than this is not for a single workgroup. */
  readonly round: number;
  /** The same of a row's part in a round, where rows are too few to keep a device busy: all workgroups then share each kernel. */
  readonly rowRound: number;
  /** A loop of less work than this is never sliced. */
  readonly slice: number;
  /** Operations of a dispatch, at most; what the device does in its time budget unless told. */
  readonly most?: number;
  /** What a device is taken to have; what it has unless told. */
  readonly machine?: Partial<Machine>;
}

export const scheduleSizes: Sizes = { small: 40_000, round: 3_000_000, rowRound: 48_000_000, slice: 2_000_000 };

/** The same for a device: two rows keep a processor busy that plays one, and a dispatch costs it more. */
export const sizesFor = ({ processor }: Machine): Sizes =>
  processor ? { ...scheduleSizes, rowRound: Infinity } : scheduleSizes;

/** Rows that leave most of a device idle, with a workgroup each. */
export const fewRows = 16;

/** The steps, and the program as planning must see it: rows of a team's instructions are at different ones of these. */
export function schedule(
  program: UnplannedProgram,
  sizes: Sizes,
): { readonly steps: readonly Step[]; readonly program: UnplannedProgram } {
  const sections = new Sections(program);

  const visit = (
    list: readonly Instruction[],
    around: readonly number[],
  ): { steps: Step[]; planned: Instruction[] } => {
    const steps: Step[] = [];
    const planned: Instruction[] = [];
    let run: Instruction[] = [];
    let rows: number | null = null;
    const close = (): void => {
      if (run.length > 0) steps.push(...teams(run, rows ?? 1, around));
      // Rows are at different instructions, and slices read a loop's limit again: nothing may lose its place meanwhile.
      const apart = rows === null && !run.some(({ kind, ...rest }) => kind === "loop" && "limit" in rest);
      if (run.length > 0) planned.push(...(apart ? run : [{ kind: "parallel", parts: [run] } as const]));
      [run, rows] = [[], null];
    };
    const append = (instruction: Instruction, kind: number | null): void => {
      if (run.length > 0 && rows !== kind) close();
      rows = kind;
      run.push(instruction);
    };
    for (const instruction of list) {
      if (run.length > 0 && rows !== null) {
        const longer = sections.countOf([...run, instruction]);
        if (longer !== null && !isGrid(instruction) && !isForHost(instruction)) {
          append(instruction, longer);
          continue;
        }
      }
      const own = instruction.kind === "loop" ? sections.countOf([instruction]) : null;
      const work = sections.work([instruction]);
      if (isForHost(instruction)) {
        close();
        const inside = visit(instruction.body, [...around, instruction.loop]);
        steps.push({ kind: "repeat", loop: instruction, body: inside.steps });
        planned.push({ ...instruction, body: inside.planned });
      } else if (own !== null) {
        // What leads to it, pointers and copies, may go by its rows too.
        const joined: number | null = rows === null && run.length > 0 ? sections.countOf([...run, instruction]) : null;
        if (joined !== null) rows = joined;
        append(instruction, own);
      } else if (isGrid(instruction)) {
        close();
        steps.push({ kind: "grid", call: instruction, work, around });
        planned.push(instruction);
      } else append(instruction, null);
    }
    close();
    return { steps, planned };
  };

  const isGrid = (instruction: Instruction): instruction is Extract<Instruction, { kind: "call" }> =>
    instruction.kind === "call" && sections.work([instruction]) > sizes.small;

  /** Whether a round is too much for a workgroup a row, or for one where rows depend on each other. */
  const isForHost = (instruction: Instruction): instruction is Loop => {
    if (instruction.kind !== "loop" || instruction.limit) return false;
    const round = sections.work([instruction]) / instruction.count;
    const rows = sections.countOf([instruction]);
    return rows === null ? round > sizes.round : rows <= fewRows && round / rows > sizes.rowRound;
  };

  const teams = (list: readonly Instruction[], rows: number, around: readonly number[]): Step[] => {
    const steps: Step[] = [];
    let part: Instruction[] = [];
    for (const instruction of list) {
      part.push(instruction);
      const work = sections.work([instruction]) / rows;
      if (instruction.kind !== "loop" || instruction.count < 2 || work < sizes.slice) continue;
      steps.push({ kind: "team", rows, list: part, sliced: true, work: work / instruction.count, around });
      part = [];
    }
    if (part.length > 0) {
      steps.push({ kind: "team", rows, list: part, sliced: false, work: sections.work(part) / rows, around });
    }
    return steps;
  };

  const { steps, planned } = visit(program.instructions, []);
  return { steps, program: { ...program, instructions: planned } };
}
