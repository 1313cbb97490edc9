// Replays every file of a folder on every target asked for, and says line by line how near each came.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { GoldenFile } from "./goldenFile.ts";
import { readGoldenFile } from "./readGoldenFile.ts";
import { largestError, replayFile, replayFileOnDevice, targets, type Report, type Target } from "./replayFile.ts";

const all: readonly Target[] = [...targets, "webgpu"];

/** Whether every file was met on every target, and none of that layout was passed over. */
export async function replayFolder(
  folder: string,
  on: readonly string[],
  say: (line: string) => void,
): Promise<boolean> {
  const stranger = on.find((name) => !isTarget(name));
  if (stranger !== undefined) return refuse(say, `unknown target "${stranger}", expected ${all.join(" or ")}`);
  let paths: readonly string[];
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith(".safetensors"));
    paths = names.sort().map((name) => join(folder, name));
  } catch (error) {
    return refuse(say, `${folder}: ${messageOf(error)}`);
  }
  if (paths.length === 0) return refuse(say, `${folder}: holds no .safetensors file`);

  const reports: (Report | null)[] = [];
  for (const path of paths) reports.push(...(await replayPath(path, on.filter(isTarget), say)));
  const met = reports.every((report) => report !== null && report.failures.length === 0);
  const counts = on.map((target) => {
    const arrays = reports.reduce((sum, r) => sum + (r?.target === target ? r.comparisons.length : 0), 0);
    return `${arrays} arrays compared on ${target}`;
  });
  say(`${paths.length} files, ${counts.join(", ")}: ${met ? "all within tolerance" : "FAILED"}`);
  return met;
}

/** A report a target; null where the file cannot be read. */
async function replayPath(
  path: string,
  on: readonly Target[],
  say: (line: string) => void,
): Promise<readonly (Report | null)[]> {
  let file: GoldenFile;
  try {
    file = readGoldenFile(path);
  } catch (error) {
    say(`${path}: FAILED, skipped: ${messageOf(error)}`);
    return [null];
  }
  const reports: Report[] = [];
  for (const target of on) {
    const report = target === "webgpu" ? await replayFileOnDevice(file) : replayFile(file, target);
    lines(report).forEach((line) => say(line));
    reports.push(report);
  }
  return reports;
}

function lines(report: Report): readonly string[] {
  const errors = [
    ["values", largestError(report, "value")],
    ["gradients", largestError(report, "gradient")],
    ["changes of parameters", largestError(report, "change")],
  ] as const;
  const shown = errors.flatMap(([name, error]) => (error === null ? [] : [`${name} ${error.toExponential(1)}`]));
  const head = `${report.file.padEnd(34)} ${report.target.padEnd(6)} ${String(report.comparisons.length).padStart(4)} arrays`;
  const verdict = report.failures.length === 0 ? "ok" : "FAILED";
  return [
    [head, `largest error: ${shown.join(", ") || "none"}`, verdict].join("  "),
    ...report.failures.map((failure) => `  ${failure}`),
  ];
}

const isTarget = (name: string): name is Target => all.some((target) => target === name);
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function refuse(say: (line: string) => void, message: string): false {
  say(message);
  return false;
}
