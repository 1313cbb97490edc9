// A profile: where the time of a program goes, kernel by kernel, and what each had to do for it.

import type { Kernel } from "../kernels/kernel.ts";
import { showExtents, workOf } from "./work.ts";

/** Kernels of one name and one size, in one run. */
export interface KernelProfile {
  /** The ops that became the kernel, in tfjs's or the compiler's words. */
  readonly name: string;
  /** Its loop form, and over which extents it goes. */
  readonly form: Kernel["form"]["form"];
  readonly extents: string;
  readonly calls: number;
  readonly ms: number;
  /** Operations of float32 numbers (a function counts as one), and bytes that had to be read or written. */
  readonly flop: number;
  readonly bytes: number;
}

export interface Profile {
  /** The dearest first. */
  readonly kernels: readonly KernelProfile[];
  /** A whole run on one thread, without the clock's own time: the fastest of `runs`, which all other times are of, too. */
  readonly ms: number;
  readonly runs: number;
  /** The profile as a table. */
  readonly toString: () => string;
}

export interface ProfileOptions {
  /** Of how many runs the fastest is told, after half a second of others. Default 5. */
  readonly runs?: number;
}

/** What was measured of a kernel in one run. */
export interface Measured {
  readonly calls: number;
  readonly ms: number;
}

/** @param measured one a kernel
 *  @param runs how many there were to choose from */
export function makeProfile(
  kernels: readonly Kernel[],
  measured: readonly Measured[],
  ms: number,
  runs: number,
): Profile {
  const rows = new Map<string, KernelProfile>();
  kernels.forEach((kernel, i) => {
    const { calls, ms } = measured[i]!;
    if (calls === 0) return;
    const { flop, bytes } = workOf(kernel);
    const { name, form } = kernel;
    const extents = showExtents(kernel);
    const key = `${name} ${form.form} ${extents}`;
    const row = rows.get(key);
    rows.set(key, {
      name,
      form: form.form,
      extents,
      calls: calls + (row?.calls ?? 0),
      ms: ms + (row?.ms ?? 0),
      flop: calls * flop + (row?.flop ?? 0),
      bytes: calls * bytes + (row?.bytes ?? 0),
    });
  });
  const profile = { kernels: Object.freeze([...rows.values()].sort((a, b) => b.ms - a.ms)), ms, runs };
  return Object.freeze({ ...profile, toString: () => showProfile(profile) });
}

/** Three digits, with k, M or G. */
function short(x: number): string {
  const [unit, size] = x >= 1e9 ? ["G", 1e9] : x >= 1e6 ? ["M", 1e6] : x >= 1e3 ? ["k", 1e3] : ["", 1];
  const scaled = x / size;
  return `${scaled.toFixed(size === 1 || scaled >= 100 ? 0 : scaled >= 10 ? 1 : 2)}${unit}`;
}

const perSecond = (amount: number, ms: number): string => (ms > 0 ? (amount / ms / 1e6).toFixed(1) : "-");

/** A table, the dearest kernel first, with totals and what is no kernel's. */
export function showProfile({ kernels, ms, runs }: Omit<Profile, "toString">): string {
  const sum = (of: (row: KernelProfile) => number): number => kernels.reduce((total, row) => total + of(row), 0);
  const inKernels = sum((row) => row.ms);
  const share = (part: number): string => (ms > 0 ? ((100 * part) / ms).toFixed(1) : "-");
  const numbers = (row: Pick<KernelProfile, "ms" | "calls" | "flop" | "bytes">): string[] => [
    row.ms.toFixed(3),
    share(row.ms),
    short(row.calls),
    short(row.flop),
    short(row.bytes),
    perSecond(row.flop, row.ms),
    perSecond(row.bytes, row.ms),
  ];
  const rest = Math.max(0, ms - inKernels);
  const total = { ms: inKernels, calls: sum((row) => row.calls), flop: sum((row) => row.flop), bytes: sum((row) => row.bytes) }; // prettier-ignore
  const table: string[][] = [
    ["ms", "%", "calls", "FLOP", "bytes", "GFLOP/s", "GB/s", "kernel"],
    ...kernels.map((row) => [...numbers(row), `${row.name} (${row.form} ${row.extents})`]),
    [...numbers(total), "all kernels"],
    [rest.toFixed(3), share(rest), "", "", "", "", "", "loops, copies, arguments and results"],
    [ms.toFixed(3), share(ms), "", "", "", "", "", `a run on one thread, the fastest of ${runs}`],
  ];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => (column === 7 ? cell : cell.padStart(widths[column]!))).join("  ");
  return table.map(line).join("\n");
}
