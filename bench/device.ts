// Ours on WebGPU, and beside it the same step by tfjs's own ops on the same device.

import type { ConfigurationName } from "./configurations.ts";
import { prepare, type Subject } from "./dncStep.ts";
import { timeEagerly } from "./eager.ts";
import { scaled, spreadOf, timedAsync } from "./statistics.ts";
import { digits, type Column } from "./table.ts";
import type { TimeRow } from "./time.ts";

export interface DeviceRow extends Omit<TimeRow, "threads"> {
  readonly adapter: string;
  readonly dispatches: number;
  readonly submissions: number;
  readonly bytesMoved: number;
  readonly bytesUploaded: number;
  /** Of tfjs's ops: median milliseconds, how many times ours that is, of how many runs, and how far the results are from ours. */
  readonly eagerMs?: number;
  readonly eagerRatio?: number;
  readonly eagerN?: number;
  readonly eagerDispatches?: number;
  readonly eagerDifference?: number;
}

/** @param alone without tfjs's ops beside it, which may take minutes */
export async function timeOnDevice(
  config: ConfigurationName,
  subject: Subject,
  { seconds, adapter, alone }: { readonly seconds: number; readonly adapter: string; readonly alone: boolean },
): Promise<DeviceRow> {
  const { compileMs, planned, runAsync, numbers, submitted } = await prepare(subject);
  await runAsync(); // the first run tells how long dispatches take
  const times = await timedAsync(runAsync, seconds);
  const spread = spreadOf(times);
  const { steps, batch } = subject.sizes;
  const beside = alone ? undefined : await timeEagerly(subject, await numbers(), seconds);
  return {
    config,
    mode: subject.mode,
    target: subject.target,
    adapter,
    ms: spread,
    usPerStepRow: scaled(spread, 1000 / steps / batch),
    compileMs,
    peakMb: process.resourceUsage().maxRSS / 1024,
    plannedMb: planned / 2 ** 20,
    ...submitted()!, // the target has a device
    ...(beside && {
      eagerMs: beside.ms.median,
      eagerRatio: beside.ms.median / spread.median,
      eagerN: beside.ms.n,
      eagerDispatches: beside.dispatches,
      eagerDifference: beside.difference,
    }),
  };
}

export const deviceColumns: readonly Column<DeviceRow>[] = [
  { title: "config", of: ({ config }) => config, words: true },
  { title: "mode", of: ({ mode }) => mode, words: true },
  { title: "adapter", of: ({ adapter }) => adapter, words: true },
  { title: "ms", of: ({ ms }) => digits(ms.median) },
  { title: "n", of: ({ ms }) => String(ms.n) },
  { title: "compile s", of: ({ compileMs }) => digits(compileMs / 1000) },
  { title: "dispatches", of: ({ dispatches }) => String(dispatches) },
  { title: "submissions", of: ({ submissions }) => String(submissions) },
  { title: "MB moved", of: ({ bytesMoved }) => digits(bytesMoved / 2 ** 20) },
  { title: "planned MB", of: ({ plannedMb }) => digits(plannedMb) },
  {
    title: "tfjs dispatches",
    of: ({ eagerDispatches = NaN }) => (eagerDispatches > 0 ? String(eagerDispatches) : ""),
  },
  { title: "tfjs ms", of: ({ eagerMs }) => (eagerMs === undefined ? "" : digits(eagerMs)) },
  { title: "times ours", of: ({ eagerRatio }) => (eagerRatio === undefined ? "" : digits(eagerRatio)) },
];
