// Ours and the peers, on the same cores, in turns: one short round each, again and again, so that whatever else the machine
// does falls on all alike. Each peer comes in its best form: all its forms run one round, which does not count, and the
// fastest goes on.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Mode, Sizes } from "./configurations.ts";
import { Running, type Contender, type Ready } from "./contender.ts";
import { peersFolder, pythonWith, type PeerName } from "./python.ts";
import { scaled, spreadOf, type Spread } from "./statistics.ts";
import { digits, type Column } from "./table.ts";

const forms: Readonly<Record<PeerName, (mode: Mode) => readonly string[]>> = {
  jax: (mode) => (mode === "train" ? ["sort", "compare", "sort remat", "compare remat"] : ["sort", "compare"]),
  torch: () => ["compile compare", "compile sort", "eager compare"],
};

/** @param nodes programs that are a Node each
 *  @param wide each that has wide vectors with them as well, and first
 *  @throws where none has */
export function ourContenders(nodes: readonly string[], wide = false): Contender[] {
  const contenders = nodes.flatMap((node) => {
    const ours = (vectors: "0" | "1"): Contender => ({
      peer: `engram ${node}${vectors === "1" ? " wide" : ""}`,
      command: [node, "--import", "tsx", "-C", "engram-source", fileURLToPath(new URL("peers/engram.ts", import.meta.url))], // prettier-ignore
      cwd: fileURLToPath(new URL("..", import.meta.url)),
      env: { ENGRAM_WIDE_VECTORS: vectors },
      forms: () => [""],
    });
    return wide && hasWideVectors(node) ? [ours("1"), ours("0")] : [ours("0")];
  });
  if (wide && contenders.length === nodes.length) throw new Error(`bench: --wide: expected a Node of 24 or later on x64, got ${nodes.join(", ")}`); // prettier-ignore
  return contenders;
}

/** Whether programs have vectors of 256 bits by this Node. */
function hasWideVectors(node: string): boolean {
  const ask = "import('engram/compile').then(({ useWideVectors }) => process.stdout.write(String(useWideVectors())))";
  const { stdout } = spawnSync(node, ["--import", "tsx", "-C", "engram-source", "-e", ask], {
    cwd: fileURLToPath(new URL("..", import.meta.url)),
    encoding: "utf8",
  });
  return stdout.endsWith("true");
}

export const peerContenders = (
  peers: readonly PeerName[],
  venv: string | undefined,
  tell: (news: string) => void,
): Contender[] =>
  peers.map((peer) => ({
    peer,
    command: [pythonWith(peer, venv, tell), `${peersFolder}/dnc_${peer}.py`],
    forms: forms[peer],
  }));

export interface VersusRow {
  readonly config: string;
  readonly mode: Mode;
  readonly version: string;
  readonly form: string;
  /** Milliseconds a run. */
  readonly ms: Spread;
  readonly usPerStepRow: Spread;
  /** How many times as long as the first of the table's contenders, by the medians. */
  readonly ratio: number;
  readonly compileMs: number;
  readonly peakMb: number;
  /** Every form that was tried, with the median of its first round, in milliseconds. */
  readonly tried: Readonly<Record<string, number>>;
}

export interface Duel {
  readonly config: string;
  readonly sizes: Sizes;
  readonly mode: Mode;
  readonly threads: number;
  readonly rounds: number;
  /** Of one round of one contender. */
  readonly seconds: number;
}

interface Standing {
  readonly running: Running;
  readonly form: string;
  readonly tried: Readonly<Record<string, number>>;
}

/** Lets a process that has just run fall asleep. */
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 300));

/** The contender in its fastest form, still running. */
async function inBestForm(contender: Contender, duel: Duel, tell: (news: string) => void): Promise<Standing> {
  const { sizes, mode, threads, seconds } = duel;
  const tried: Record<string, number> = {};
  let best: { readonly running: Running; readonly form: string; readonly median: number } | undefined;
  for (const form of contender.forms(mode)) {
    tell(`${duel.config} ${mode}: ${contender.peer} ${form}`.trimEnd());
    const running = await Running.start(contender, { sizes, mode, form, threads });
    await pause();
    const { median } = spreadOf((await running.run(seconds)).ms);
    tried[form] = median;
    if (best && best.median <= median) await running.stop();
    else {
      await best?.running.stop();
      best = { running, form, median };
    }
    await pause();
  }
  return { ...best!, tried };
}

/** All contenders at one configuration and mode; ratios are to the first. */
export async function duel(
  contenders: readonly Contender[],
  what: Duel,
  tell: (news: string) => void,
): Promise<VersusRow[]> {
  const standing: Standing[] = [];
  try {
    for (const contender of contenders) standing.push(await inBestForm(contender, what, tell));
    const samples = standing.map((): number[] => []);
    const peaks = standing.map(() => 0);
    for (let round = 0; round < what.rounds; round++) {
      tell(`${what.config} ${what.mode}: round ${round + 1} of ${what.rounds}`);
      for (const [i, { running }] of standing.entries()) {
        const { ms, peakMb } = await running.run(what.seconds);
        samples[i]!.push(...ms);
        peaks[i] = peakMb;
        await pause();
      }
    }
    return rowsOf(what, standing.map(({ running: { ready }, form, tried }, i) => ({ ready, form, tried, samples: samples[i]!, peakMb: peaks[i]! }))); // prettier-ignore
  } finally {
    for (const { running } of standing) await running.stop();
  }
}

export interface Result {
  readonly ready: Ready;
  readonly form: string;
  readonly tried: Readonly<Record<string, number>>;
  readonly samples: readonly number[];
  readonly peakMb: number;
}

export function rowsOf(
  { config, mode, sizes }: Pick<Duel, "config" | "mode" | "sizes">,
  results: readonly Result[],
): VersusRow[] {
  const spreads = results.map(({ samples }) => spreadOf(samples));
  return results.map(({ ready, form, tried, peakMb }, i) => ({
    config,
    mode,
    version: ready.version,
    form,
    ms: spreads[i]!,
    usPerStepRow: scaled(spreads[i]!, 1000 / sizes.steps / sizes.batch),
    ratio: spreads[i]!.median / spreads[0]!.median,
    compileMs: ready.compileMs,
    peakMb,
    tried,
  }));
}

export const versusColumns: readonly Column<VersusRow>[] = [
  { title: "config", of: ({ config }) => config, words: true },
  { title: "mode", of: ({ mode }) => mode, words: true },
  { title: "by", of: ({ version, form }) => (form === "" ? version : `${version} (${form})`), words: true },
  { title: "us a step and row", of: ({ usPerStepRow }) => digits(usPerStepRow.median) },
  { title: "quartiles", of: ({ usPerStepRow: { quartiles } }) => quartiles.map(digits).join(" to ") },
  { title: "n", of: ({ ms }) => String(ms.n) },
  { title: "ratio", of: ({ ratio }) => digits(ratio) },
  { title: "compile s", of: ({ compileMs }) => digits(compileMs / 1000) },
  { title: "peak MB", of: ({ peakMb }) => peakMb.toFixed(0) },
];
