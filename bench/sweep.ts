// How the cost of a step and row grows with one size while the others stay.

import type { Mode, Sizes } from "./configurations.ts";
import { prepare, type Subject } from "./dncStep.ts";
import { scaled, spreadOf, timed, type Spread } from "./statistics.ts";
import { digits, type Column } from "./table.ts";

/** What grows, its values, and what else is set: sizes at which the largest still fits a WebAssembly memory, and the work of
 *  a call that is no step's (the update of the weights) is little beside the steps'. */
export const sweeps = {
  N: { values: [16, 64, 256, 1024, 2048], at: (locations) => ({ locations, batch: 1, steps: 50 }) },
  T: { values: [10, 50, 200, 1000, 2000], at: (steps) => ({ steps, batch: 1 }) },
  batch: { values: [1, 2, 4, 8, 16, 32, 64], at: (batch) => ({ batch }) },
  heads: { values: [1, 2, 4, 8, 16], at: (readHeads) => ({ readHeads, batch: 4 }) },
  threads: { values: [1, 2], at: () => ({}) },
} as const satisfies Record<
  string,
  { readonly values: readonly number[]; readonly at: (value: number) => Partial<Sizes> }
>;

export type SweepName = keyof typeof sweeps;
export const sweepNames = Object.keys(sweeps) as readonly SweepName[];

export interface SweepRow {
  readonly sweep: SweepName;
  readonly value: number;
  readonly mode: Mode;
  readonly sizes: Sizes;
  readonly threads: number;
  readonly usPerStepRow: Spread;
  /** As a multiple of the first row's. */
  readonly growth: number;
  readonly compileMs: number;
  readonly planned: number;
}

export async function sweep(
  name: SweepName,
  { sizes, seconds, ...subject }: Subject & { readonly seconds: number },
  tell: (news: string) => void,
): Promise<SweepRow[]> {
  const rows: SweepRow[] = [];
  for (const value of sweeps[name].values) {
    tell(`${name} = ${value}`);
    const own = { ...sizes, ...sweeps[name].at(value) };
    const threads = name === "threads" ? value : subject.threads;
    const { compileMs, planned, run } = await prepare({ ...subject, sizes: own, threads });
    await workersStart();
    const usPerStepRow = scaled(spreadOf(timed(run, seconds, { warmUp: 0.5 })), 1000 / own.steps / own.batch);
    const growth = usPerStepRow.median / (rows[0]?.usPerStepRow ?? usPerStepRow).median;
    rows.push({
      sweep: name,
      value,
      mode: subject.mode,
      sizes: own,
      threads,
      usPerStepRow,
      growth,
      compileMs,
      planned,
    });
  }
  return rows;
}

/** Worker threads start while the event loop turns. */
export const workersStart = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 200));

export const sweepColumns: readonly Column<SweepRow>[] = [
  { title: "sweep", of: ({ sweep }) => sweep, words: true },
  { title: "value", of: ({ value }) => String(value) },
  { title: "mode", of: ({ mode }) => mode, words: true },
  {
    title: "others",
    of: ({ sizes: { locations, steps, batch, readHeads }, threads }) =>
      `N ${locations}, T ${steps}, batch ${batch}, heads ${readHeads}, threads ${threads}`,
    words: true,
  },
  { title: "us a step and row", of: ({ usPerStepRow }) => digits(usPerStepRow.median) },
  { title: "quartiles", of: ({ usPerStepRow: { quartiles } }) => quartiles.map(digits).join(" to ") },
  { title: "n", of: ({ usPerStepRow }) => String(usPerStepRow.n) },
  { title: "growth", of: ({ growth }) => digits(growth) },
  { title: "compile s", of: ({ compileMs }) => digits(compileMs / 1000) },
  { title: "planned MB", of: ({ planned }) => digits(planned / 2 ** 20) },
];
