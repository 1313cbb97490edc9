// Sections: instructions in which everything stays within a row of some axis, loops in time included, so that whoever has
// some of the rows, a thread or a workgroup, takes them through all of it without waiting for the others.

import type { Kernel } from "../kernels/kernel.ts";
import type { Address, Instruction } from "./program.ts";
import { coarser, type Rows } from "./rows.ts";
import { buffersAt, everyInstruction } from "./uses.ts";

export interface Section {
  /** Rows of every kernel in it. */
  readonly count: number;
  /** How its kernels go by these rows. */
  readonly rowsOf: (kernel: number) => Rows;
  /** Bytes from row to row of each buffer that it writes. */
  readonly written: ReadonlyMap<number, number>;
}

/** What a section is found in: `targets` are the program's `pointerTargets`, `rowsOf` tells how a kernel goes by rows. */
export interface SectionFinder {
  readonly kernels: readonly Kernel[];
  readonly targets: readonly ReadonlySet<number>[];
  readonly rowsOf: (kernel: number) => Rows | null;
  /** Whether kernels of several times as many rows may take some together, to go by so few; not unless given. */
  readonly mayGoBy?: (count: number) => boolean;
}

/** How the instructions go by rows together, or null if they do not; pointers alone are no work to share. */
export function sectionOf(list: readonly Instruction[], finder: SectionFinder): Section | null {
  const { kernels, targets, mayGoBy } = finder;
  const counts = new Set<number>();
  const counted = everyInstruction(list, (instruction) => {
    if (instruction.kind === "parallel") return false;
    if (instruction.kind !== "call") return true;
    const rows = finder.rowsOf(instruction.kernel);
    if (rows) counts.add(rows.count);
    return rows !== null;
  });
  if (!counted || counts.size === 0) return null;
  const count = Math.min(...counts);
  if (counts.size > 1 && !(mayGoBy?.(count) && [...counts].every((other) => other % count === 0))) return null;
  const rowsOf = (kernel: number): Rows => coarser(finder.rowsOf(kernel)!, count);
  // First what is written, in one way; then every read of it must be by the same rows.
  const written = new Map<number, number>();
  const note = (address: Address, bytes: number): boolean => {
    for (const buffer of buffersAt(address, targets)) {
      if ((written.get(buffer) ?? bytes) !== bytes) return false;
      written.set(buffer, bytes);
    }
    return true;
  };
  const writes = everyInstruction(list, (instruction) => {
    if (instruction.kind === "copy") {
      return instruction.bytes % (4 * count) === 0 && note(instruction.to, instruction.bytes / count);
    }
    if (instruction.kind !== "call") return true;
    const { operands } = kernels[instruction.kernel]!;
    const { results } = rowsOf(instruction.kernel);
    return instruction.addresses.slice(operands.length).every((address, i) => note(address, results[i]!));
  });
  const agrees = (address: Address, bytes: number): boolean =>
    [...buffersAt(address, targets)].every((buffer) => (written.get(buffer) ?? bytes) === bytes);
  const reads = (): boolean =>
    everyInstruction(list, (instruction) => {
      switch (instruction.kind) {
        case "call":
          return rowsOf(instruction.kernel).operands.every((bytes, i) => agrees(instruction.addresses[i]!, bytes));
        case "copy":
          return agrees(instruction.from, instruction.bytes / count);
        case "branch":
          return agrees(instruction.predicate, 0);
        case "loop":
          return !instruction.limit || agrees(instruction.limit.at, 0);
        default:
          return true;
      }
    });
  return writes && reads() ? { count, written, rowsOf } : null;
}
