/** What the command lines of the examples have in common: checked values, folders for runs, how a run ends. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { InvalidArgumentError, Option, type Command } from "commander";
import { TaskError, TrainingError } from "engram";
import { createWebGPU, NoTfjsError, NoWebGPUError, useTfjs, type WebGPU } from "engram/compile";

export type Target = "wasm" | "tfjs" | "webgpu";

/** A whole number from `min` on. */
export const wholeNumber =
  (min: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < min) {
      throw new InvalidArgumentError(`Expected a whole number, ${min} or more.`);
    }
    return value;
  };

/** A number above nought. */
export function positiveNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value > 0) || !Number.isFinite(value)) {
    throw new InvalidArgumentError("Expected a number above 0.");
  }
  return value;
}

/** A number from nought to one. */
export function share(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0 && value < 1))
    throw new InvalidArgumentError("Expected a number from 0 to below 1.");
  return value;
}

/** Numbers and ranges, as in `1,4-6`: sorted, each once. */
export function numberList(text: string): readonly number[] {
  const numbers = text.split(",").flatMap((part) => {
    const [, from, to = from] = /^\s*(\d+)\s*(?:-\s*(\d+)\s*)?$/.exec(part) ?? [];
    const [low, high] = [Number(from), Number(to)];
    if (from === undefined || low < 1 || high < low || high > 999) {
      throw new InvalidArgumentError('Expected numbers and ranges such as "1,4-6".');
    }
    return Array.from({ length: high - low + 1 }, (_, i) => low + i);
  });
  return [...new Set(numbers)].sort((a, b) => a - b);
}

/** Where tests and pictures are computed: little work, and many shapes, which are not for the GPU. */
export const besides = (target: Target): Exclude<Target, "webgpu"> => (target === "webgpu" ? "wasm" : target);

/** The options that every example has. */
export interface CommonOptions {
  readonly resume?: string;
  readonly folder?: string;
  readonly minutes: number;
  readonly target: Target;
  readonly json?: true;
}

export function withCommonOptions(
  command: Command,
  { minutes, targets }: { readonly minutes: number; readonly targets: readonly Target[] },
): Command {
  return command
    .option("--folder <dir>", "where the run is kept (default: a new folder in runs/)")
    .addOption(new Option("--resume <dir>", "go on with the run kept in this folder").conflicts("folder"))
    .option("--minutes <number>", "give up after this time", positiveNumber, minutes)
    .addOption(new Option("--target <name>", "what to compile for").choices(targets).default("wasm"))
    .option("--json", "write JSON lines, for machines")
    .showHelpAfterError("(--help lists the options)");
}

/** Refuses options that a resumed run has settled already. */
export function checkResumed(command: Command, allowed: readonly string[]): void {
  const given = command.options
    .filter((option) => command.getOptionValueSource(option.attributeName()) === "cli")
    .filter((option) => ![...allowed, "resume", "minutes", "target", "json"].includes(option.attributeName()));
  if (given.length > 0) {
    const names = given.map((option) => option.long).join(", ");
    command.error(`error: ${names} cannot be changed in a run that is resumed; start a new run for that`);
  }
}

/** The first of `runs/name`, `runs/name-2`, ... that does not exist. */
export function freeFolder(name: string): string {
  for (let n = 1; ; n++) {
    const folder = join("runs", n === 1 ? name : `${name}-${n}`);
    if (!existsSync(folder)) return folder;
  }
}

/** Runs an example, on a device where its target needs one. Mistakes of the user end it with a message, others with a stack. */
export async function main(target: Target, run: () => Promise<number>): Promise<void> {
  tf.enableProdMode(); // tfjs would advertise another package at every start
  let gpu: WebGPU | null = null;
  try {
    useTfjs(); // as ENGRAM_TFJS says
    if (target === "webgpu") gpu = await createWebGPU();
    process.exitCode = await run();
  } catch (error) {
    if (!(
      error instanceof TaskError ||
      error instanceof TrainingError ||
      error instanceof NoWebGPUError ||
      error instanceof NoTfjsError ||
      error instanceof RangeError
    ))
      throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  } finally {
    gpu?.destroy(); // the process would not end
  }
}

export const seconds = (milliseconds: number): string => {
  const whole = Math.round(milliseconds / 1000);
  return whole < 120 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
};
