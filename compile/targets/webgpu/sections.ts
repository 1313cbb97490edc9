// Which instructions one workgroup can take a row through, without ever waiting for another workgroup.

import type { Kernel } from "../../kernels/kernel.ts";
import { costOf } from "../../program/compose.ts";
import type { Address, Instruction, UnplannedProgram } from "../../program/program.ts";
import { rowsOf, type Rows } from "../../program/rows.ts";
import { sectionOf } from "../../program/sections.ts";
import { buffersAt, pointerTargets, sumOver } from "../../program/uses.ts";
import { sizeOf } from "../../type.ts";

export class Sections {
  readonly #kernels: readonly Kernel[];
  readonly #targets: readonly ReadonlySet<number>[];
  readonly #rows = new Map<number, Rows | null>();

  constructor(program: UnplannedProgram) {
    this.#kernels = program.kernels;
    this.#targets = pointerTargets(program);
  }

  rowsOf(kernel: number): Rows | null {
    let rows = this.#rows.get(kernel);
    if (rows === undefined) {
      const found = rowsOf(this.#kernels[kernel]!);
      // A row is known when the kernel runs, not before.
      this.#rows.set(kernel, (rows = found?.numbered ? null : found));
    }
    return rows;
  }

  /** The buffers that an address may lie in. */
  buffersAt(address: Address): ReadonlySet<number> {
    return buffersAt(address, this.#targets);
  }

  /** How many rows the instructions go by together; null if they do not. */
  countOf(list: readonly Instruction[]): number | null {
    const finder = { kernels: this.#kernels, targets: this.#targets, rowsOf: (kernel: number) => this.rowsOf(kernel) };
    return sectionOf(list, finder)?.count ?? null;
  }

  /** Elementary operations of the instructions, roughly. */
  work(list: readonly Instruction[]): number {
    return sumOver(list, (one) => {
      if (one.kind === "call") return workOf(this.#kernels[one.kernel]!);
      return one.kind === "copy" ? one.bytes / 4 : 1;
    });
  }
}

function workOf({ form, results }: Kernel): number {
  const { operations = 0, heavy = 0, loads = 0 } = "body" in form ? costOf(form.body) : {};
  const each = 2 + operations + 3 * loads + 12 * heavy;
  switch (form.form) {
    case "contract":
      return sizeOf(form.batch) * sizeOf(form.m) * sizeOf(form.n) * sizeOf(form.k) * 6;
    case "reduce":
      return sizeOf(form.shape) * sizeOf(form.reduced) * each;
    case "sort":
      return sizeOf(form.shape) * form.shape.at(-1)! * 8;
    case "pieces":
      return results.reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0);
    default:
      return sizeOf(form.shape) * each;
  }
}
