// Ours on WebGPU, and beside it the same forward pass by tfjs's own ops on the same device, one dispatch an op.

import * as tf from "@tensorflow/tfjs-core";
import { runSequence } from "engram";
import { random } from "engram/compile";
import { configurations, type ConfigurationName } from "./configurations.ts";
import { coins, dncOf, prepare, type Subject } from "./dncStep.ts";
import { scaled, spreadOf } from "./statistics.ts";
import { digits, type Column } from "./table.ts";
import type { TimeRow } from "./time.ts";

export interface DeviceRow extends Omit<TimeRow, "threads"> {
  readonly adapter: string;
  readonly dispatches: number;
  readonly submissions: number;
  readonly bytesMoved: number;
  readonly bytesUploaded: number;
  /** Milliseconds of tfjs's ops, and how many times ours that is; only of the forward pass, which has no gradient to take. */
  readonly eagerMs?: number;
  readonly eagerRatio?: number;
}

export async function timeOnDevice(
  config: ConfigurationName,
  subject: Subject,
  seconds: number,
  adapter: string,
): Promise<DeviceRow> {
  const { compileMs, planned, runAsync, submitted } = await prepare(subject);
  await runAsync(); // the first run tells how long dispatches take
  const times = await timedAsync(runAsync, seconds);
  const spread = spreadOf(times);
  const { steps, batch } = configurations[config];
  const eagerMs = subject.mode === "forward" ? await eagerForward(config) : undefined;
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
    ...(eagerMs === undefined ? {} : { eagerMs, eagerRatio: eagerMs / spread.median }),
  };
}

async function timedAsync(run: () => Promise<void>, seconds: number): Promise<number[]> {
  const times: number[] = [];
  const end = performance.now() + 1000 * seconds;
  while (times.length < 3 || (performance.now() < end && times.length < 200)) {
    const begin = performance.now();
    await run();
    times.push(performance.now() - begin);
  }
  return times;
}

/** The second run: the first compiles tfjs's shaders. */
async function eagerForward(config: ConfigurationName): Promise<number> {
  const sizes = configurations[config];
  const before = tf.getBackend();
  await tf.setBackend("webgpu");
  const cell = dncOf(sizes);
  const params = cell.init(random.key(0));
  const xs = coins(sizes, 1, sizes.inputSize);
  const once = async (): Promise<number> => {
    const begin = performance.now();
    const y = tf.tidy(() => runSequence(cell, params, xs));
    await y.data();
    y.dispose();
    return performance.now() - begin;
  };
  await once();
  const ms = await once();
  tf.dispose([xs, params] as object as tf.TensorContainer);
  await tf.setBackend(before);
  return ms;
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
  { title: "tfjs ops ms", of: ({ eagerMs }) => (eagerMs === undefined ? "" : digits(eagerMs)) },
  { title: "times ours", of: ({ eagerRatio }) => (eagerRatio === undefined ? "" : digits(eagerRatio)) },
];
