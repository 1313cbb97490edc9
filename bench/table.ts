// Rows as a table for a terminal, as the same in Markdown for a page, and as JSON for a program.

import type { Spread } from "./statistics.ts";

export interface Column<Row> {
  readonly title: string;
  readonly of: (row: Row) => string;
  /** Words stand left, numbers right. */
  readonly words?: boolean;
}

/** Three significant digits, and no more behind the point than that. */
export function digits(x: number): string {
  if (!Number.isFinite(x)) return "-";
  const whole = Math.max(1, Math.floor(Math.log10(Math.abs(x) || 1)) + 1);
  return x.toFixed(Math.max(0, 3 - whole));
}

export function textTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const lines = [columns.map(({ title }) => title), ...rows.map((row) => columns.map(({ of }) => of(row)))];
  const widths = columns.map((_, c) => Math.max(...lines.map((line) => line[c]!.length)));
  return lines
    .map((line) =>
      line
        .map((cell, c) => (columns[c]!.words ? cell.padEnd(widths[c]!) : cell.padStart(widths[c]!)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

export function markdownTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [
    line(columns.map(({ title }) => title)),
    line(columns.map(({ words }) => (words ? "---" : "---:"))),
    ...rows.map((row) => line(columns.map(({ of }) => of(row).replaceAll("|", "\\|")))),
  ].join("\n");
}

const isSpread = (x: unknown): x is Spread => typeof x === "object" && x !== null && "median" in x;

/** One object in one line, flat: `usPerStepRow` is `us_per_step_row`, and where it is many timings that is their median,
 *  beside `us_per_step_row_quartiles`; `n` says how many. */
export function jsonLine(row: object): string {
  const entries = Object.entries(row).flatMap(([key, value]: readonly [string, unknown]) => {
    const name = key.replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`);
    if (!isSpread(value)) return [[name, value] as const];
    const { n, median, quartiles } = value;
    return [["n", n], [name, median], [`${name}_quartiles`, quartiles]] as const; // prettier-ignore
  });
  return JSON.stringify(Object.fromEntries(entries));
}
