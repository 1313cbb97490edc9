// Replays one file of golden vectors on one target and reports how near it came.
import { jit } from "../../compile/index.ts";
import { replayAccess, replayLong } from "./access.ts";
import type { Compile } from "./compile.ts";
import type { GoldenFile } from "./goldenFile.ts";
import { openLedger, type Comparison, type Measure } from "./ledger.ts";
import { replayPieces } from "./pieces.ts";
import { replayed, Waiting } from "./replayed.ts";
import { replayDnc } from "./wholeDnc.ts";

/** Targets whose results can be read at once. */
export const targets = ["tfjs", "wasm"] as const;
export type Target = (typeof targets)[number] | "webgpu";

export interface Report {
  readonly file: string;
  readonly target: Target;
  readonly comparisons: readonly Comparison[];
  /** What keeps the file from being met; none where all is well. */
  readonly failures: readonly string[];
}

/** Every array of the file, or a failure that says which and why. */
export const replayFile = (file: GoldenFile, target: Exclude<Target, "webgpu">): Report =>
  replayWith(file, target, ((f: Parameters<Compile>[0]) => jit(f, { target })) as Compile); // The same signature, options said.

/** The same on the device, whose results have to be waited for. */
export const replayFileOnDevice = (file: GoldenFile): Promise<Report> =>
  replayed(((f: Parameters<Compile>[0]) => jit(f, { target: "webgpu" })) as Compile, (compile) =>
    replayWith(file, "webgpu", compile),
  );

function replayWith(file: GoldenFile, target: Target, compile: Compile): Report {
  const ledger = openLedger(file);
  const failures: string[] = [];
  try {
    replayKind(file, ledger, compile);
  } catch (error) {
    if (error instanceof Waiting) {
      ledger.dispose();
      throw error;
    }
    failures.push(error instanceof Error ? error.message : String(error));
  }
  const comparisons = ledger.comparisons();
  for (const { array, error, tolerance } of comparisons) {
    if (!(error <= tolerance)) failures.push(`${array}: error ${error.toExponential(2)} exceeds ${tolerance}`);
  }
  const leftOver = ledger.leftOver();
  if (leftOver.length > 0)
    failures.push(
      `${leftOver.length} arrays not compared: ${leftOver.slice(0, 8).join(", ")}${leftOver.length > 8 ? ", …" : ""}`,
    );
  if (comparisons.length === 0) failures.push("nothing to compare");
  ledger.dispose();
  return { file: file.name, target, comparisons, failures };
}

function replayKind(file: GoldenFile, ledger: ReturnType<typeof openLedger>, compile: Compile): void {
  switch (file.kind) {
    case "pieces":
      return replayPieces(ledger, file.arrays.keys(), compile);
    case "access":
      return replayAccess(file, ledger, compile);
    case "dnc":
      return replayDnc(file, ledger, compile);
    case "long":
      return replayLong(file, ledger, compile);
    default:
      return file.kind satisfies never;
  }
}

/** The largest error of one measure; null where nothing was compared by it. */
export function largestError({ comparisons }: Report, measure: Measure): number | null {
  const errors = comparisons.filter((comparison) => comparison.measure === measure).map(({ error }) => error);
  return errors.length === 0 ? null : Math.max(...errors);
}
