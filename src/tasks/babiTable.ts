/** The error of each task as a table, beside what others have published. */
import { meanError, type BabiScore } from "./babi.ts";

/** A task counts as failed above this error (Weston et al. 2015). */
export const failedAbove = 0.05;

/** Published results on en-10k, all twenty tasks learnt jointly. Errors in per cent, mean and standard deviation over seeds. */
export const publishedBabi = [
  { model: "LSTM (Graves et al. 2016)", mean: "27.3 ± 0.8", failed: "17.1", best: "" },
  { model: "NTM (Graves et al. 2016)", mean: "28.5 ± 2.9", failed: "17.3", best: "" },
  { model: "DNC (Graves et al. 2016)", mean: "16.7 ± 7.6", failed: "11.2 ± 5.4", best: "3.8 (2)" },
  { model: "DNC (rerun by Rae et al. 2016)", mean: "12.8 ± 4.7", failed: "", best: "5.2 (4)" },
  { model: "SDNC (Rae et al. 2016)", mean: "6.4 ± 2.5", failed: "4.1", best: "2.9 (1)" },
  { model: "DNC-MD (Csordás & Schmidhuber 2019), words", mean: "9.5 ± 1.6", failed: "", best: "" },
  { model: "ADNC (Franke et al. 2018)", mean: "6.3 ± 2.7", failed: "3.2", best: "" },
  { model: "BiADNC (Franke et al. 2018)", mean: "3.2 ± 0.5", failed: "1.4", best: "" },
  { model: "Universal Transformer (Dehghani et al. 2019)", mean: "0.3 to 0.5", failed: "0", best: "" },
] as const;

export interface BabiTableOptions {
  /** What a task is called, by number. */
  readonly names: { readonly [task: number]: string };
  /** What the row of this run is called. */
  readonly model: string;
}

/**
 * Each task's error, the mean, how many tasks failed, and the published rows below.
 *
 * @example
 * ```ts
 * babiTable({ 1: { questions: 1000, wrong: 10 } }, { names: { 1: "single supporting fact" }, model: "this run" });
 * ```
 */
export function babiTable(score: BabiScore, { names, model }: BabiTableOptions): string {
  const tasks = Object.keys(score)
    .map(Number)
    .sort((a, b) => a - b);
  const failed = failedTasks(score);
  const rows = tasks.map((task) => {
    const { questions, wrong } = score[task] as BabiScore[number];
    const verdict = failed.includes(task) ? "failed" : "";
    return [String(task), names[task] ?? "", percent(wrong / questions), `${wrong} of ${questions}`, verdict];
  });
  const joint = tasks.length === 20;
  const comparison = [
    [model, percent(meanError(score)), `${failed.length} of ${tasks.length}`, ""],
    ...publishedBabi.map(({ model, mean, failed, best }) => [model, mean, failed, best]),
  ];
  return [
    table(["task", "", "error %", "wrong", ""], rows, [0, 2]),
    "",
    `A task is failed above ${failedAbove * 100} %. A question is wrong if a word of its answer is.`,
    "",
    table(["en-10k", "mean error %", "tasks failed", "best (failed)"], comparison, []),
    "",
    joint
      ? "Published rows: all twenty tasks learnt jointly by one network, as here."
      : `Published rows: all twenty tasks learnt jointly by one network. This run learnt ${tasks.length === 1 ? "one task" : `${tasks.length} tasks`}: not the same problem.`,
  ].join("\n");
}

/** The tasks with an error above 5 %. */
export const failedTasks = (score: BabiScore): readonly number[] =>
  Object.entries(score)
    .filter(([, { questions, wrong }]) => wrong / questions > failedAbove)
    .map(([task]) => Number(task));

const percent = (share: number): string => (share * 100).toFixed(1);

/** Columns aligned by spaces; those in `right` end at one edge. */
function table(head: readonly string[], rows: readonly (readonly string[])[], right: readonly number[]): string {
  const lines = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? "").length)));
  const write = (line: readonly string[]): string =>
    line
      .map((cell, column) =>
        right.includes(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd();
  const rule = widths.map((width) => "─".repeat(width)).join("  ");
  return [write(head), rule.trimEnd(), ...rows.map(write)].join("\n");
}
