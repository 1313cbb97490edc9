// Ours alone, at each configuration, target and mode.

import type { ConfigurationName, Mode } from "./configurations.ts";
import { configurations } from "./configurations.ts";
import { prepare, type Subject } from "./dncStep.ts";
import { scaled, spreadOf, timed, type Spread } from "./statistics.ts";
import { workersStart } from "./sweep.ts";
import { digits, type Column } from "./table.ts";

export interface TimeRow {
  readonly config: ConfigurationName;
  readonly mode: Mode;
  readonly target: string;
  readonly threads: number;
  /** Milliseconds a run. */
  readonly ms: Spread;
  readonly usPerStepRow: Spread;
  readonly compileMs: number;
  /** The process's largest resident memory so far. */
  readonly peakMb: number;
  readonly plannedMb: number;
}

export async function time(config: ConfigurationName, subject: Subject, seconds: number): Promise<TimeRow> {
  const { compileMs, planned, run } = await prepare(subject);
  await workersStart();
  const spread = spreadOf(timed(run, seconds, { warmUp: 0.5 }));
  const { steps, batch } = configurations[config];
  const { mode, target, threads } = subject;
  return {
    config,
    mode,
    target,
    threads,
    ms: spread,
    usPerStepRow: scaled(spread, 1000 / steps / batch),
    compileMs,
    peakMb: process.resourceUsage().maxRSS / 1024,
    plannedMb: planned / 2 ** 20,
  };
}

export const timeColumns: readonly Column<TimeRow>[] = [
  { title: "config", of: ({ config }) => config, words: true },
  { title: "mode", of: ({ mode }) => mode, words: true },
  { title: "target", of: ({ target }) => target, words: true },
  { title: "ms", of: ({ ms }) => digits(ms.median) },
  { title: "us a step and row", of: ({ usPerStepRow }) => digits(usPerStepRow.median) },
  { title: "quartiles", of: ({ usPerStepRow: { quartiles } }) => quartiles.map(digits).join(" to ") },
  { title: "n", of: ({ ms }) => String(ms.n) },
  { title: "compile s", of: ({ compileMs }) => digits(compileMs / 1000) },
  { title: "peak MB", of: ({ peakMb }) => peakMb.toFixed(0) },
  { title: "planned MB", of: ({ plannedMb }) => digits(plannedMb) },
];
