// Tables for a terminal, and the same in Markdown for a page.

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
