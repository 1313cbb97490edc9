// The command line of `npm run bench`: one question at a time, and what it is asked of.

import os from "node:os";
import { Command, InvalidArgumentError, Option } from "commander";
import { targetNames, type TargetName } from "engram/compile";
import { configurationNames, modes, type ConfigurationName, type Mode } from "./configurations.ts";
import { peerNames, type PeerName } from "./python.ts";
import { sweepNames, type SweepName } from "./sweep.ts";

export interface Options {
  readonly config: readonly ConfigurationName[];
  readonly mode: readonly Mode[];
  readonly target: readonly TargetName[];
  readonly threads: number;
  readonly seconds: number;
  readonly rounds: number;
  readonly node: readonly string[];
  readonly venv?: string;
  readonly wide: boolean;
  /** On webgpu: without tfjs's own ops beside it. */
  readonly alone: boolean;
  readonly output: "text" | "json" | "markdown";
  readonly question:
    | { readonly kind: "time" }
    | { readonly kind: "versus"; readonly peers: readonly PeerName[]; readonly check: boolean }
    | { readonly kind: "profile" }
    | { readonly kind: "sweep"; readonly names: readonly SweepName[] }
    | { readonly kind: "roofline" };
}

const listOf =
  <T extends string>(known: readonly T[]) =>
  (text: string): readonly T[] =>
    text.split(",").map((item) => {
      if (!(known as readonly string[]).includes(item))
        throw new InvalidArgumentError(`expected one of ${known.join(", ")}.`);
      return item as T;
    });

const numberAbove =
  (least: number, whole: boolean) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() === "" || !(value >= least) || !Number.isFinite(value) || (whole && !Number.isInteger(value)))
      throw new InvalidArgumentError(`expected a ${whole ? "whole " : ""}number, ${least} or more.`);
    return value;
  };

const collected = (path: string, before: readonly string[] | undefined): readonly string[] => [...(before ?? []), path];

/** @throws CommanderError after it has said what is wrong, and for --help */
export function parseOptions(argv: readonly string[]): Options {
  const program = new Command("npm run bench --")
    .description("Times one training step and one forward pass of a DNC, compiled.")
    .option("--config <names>", "configurations, by comma", listOf(configurationNames))
    .option("--mode <modes>", modes.join(", "), listOf(modes), ["train"])
    .option("--target <names>", "targets, by comma", listOf<TargetName>([...targetNames, "webgpu"]), ["wasm"])
    .option("--threads <n>", "threads, of the peers as well", numberAbove(1, true), os.availableParallelism())
    .option(
      "--seconds <s>",
      "how long each is measured, or one of its rounds; three runs at least (5, or 2 a round)",
      numberAbove(0, false),
    ) // prettier-ignore
    .addOption(
      new Option("--versus <peers>", `ours and peers in turns: ${peerNames.join(", ")}, by comma`)
        .argParser(listOf(peerNames))
        .conflicts(["profile", "sweep", "roofline"]),
    ) // prettier-ignore
    .option("--check", "with --versus: whether they compute the same loss and gradient, and no times", false)
    .option("--rounds <n>", "with --versus: rounds of each", numberAbove(1, true), 5)
    .option("--node <path>", "with --versus: a Node to run ours by; once more for each other", collected)
    .option(
      "--wide",
      "vectors of 256 bits, from Node 24 on; with --versus, ours with them as well, before ours without",
      false,
    )
    .option("--venv <folder>", "with --versus: a Python environment that has the peers, instead of one of our own")
    .option("--alone", "with --target webgpu: without tfjs's own ops on the same device, which take long", false)
    .addOption(new Option("--profile", "time, operations and bytes of each kernel").conflicts(["sweep", "roofline"]))
    .addOption(
      new Option("--sweep <names>", `how cost grows with ${sweepNames.join(", ")}, by comma`)
        .argParser(listOf(sweepNames))
        .conflicts(["roofline"]),
    ) // prettier-ignore
    .option("--roofline", "what the machine allows, and what products reach of it, beside other libraries")
    .addOption(new Option("--json", "one JSON object a line").conflicts(["markdown"]))
    .option("--markdown", "tables to paste into a page")
    .exitOverride()
    .parse(argv, { from: "user" });
  const given = program.opts<Given>();
  for (const name of ["check", "node", "venv"] as const) {
    if (given[name] && !given.versus)
      program.error(`error: option '--${name}' says how to use --versus, which is missing`);
  }
  if (given.target.includes("webgpu") && questionOf(given).kind !== "time") {
    program.error("error: the target webgpu is only timed");
  }
  if (given.alone && !given.target.includes("webgpu"))
    program.error("error: option '--alone' says how to use --target webgpu, which is missing");
  const { config, mode, target, threads, rounds, node = [process.execPath], wide, venv, alone } = given;
  return {
    config: config ?? (given.sweep ? ["babi"] : ["copy"]),
    mode,
    target,
    threads,
    rounds,
    node,
    wide,
    seconds: given.seconds ?? (given.versus ? 2 : 5),
    ...(venv === undefined ? {} : { venv }),
    alone,
    output: given.json ? "json" : given.markdown ? "markdown" : "text",
    question: questionOf(given),
  };
}

/** As commander reads it. */
interface Given {
  readonly config?: readonly ConfigurationName[];
  readonly mode: readonly Mode[];
  readonly target: readonly TargetName[];
  readonly threads: number;
  readonly seconds?: number;
  readonly rounds: number;
  readonly versus?: readonly PeerName[];
  readonly check: boolean;
  readonly node?: readonly string[];
  readonly venv?: string;
  readonly wide: boolean;
  readonly alone: boolean;
  readonly profile?: boolean;
  readonly sweep?: readonly SweepName[];
  readonly roofline?: boolean;
  readonly json?: boolean;
  readonly markdown?: boolean;
}

function questionOf({ versus, check, profile, sweep, roofline }: Given): Options["question"] {
  if (versus) return { kind: "versus", peers: versus, check };
  if (profile) return { kind: "profile" };
  if (sweep) return { kind: "sweep", names: sweep };
  return roofline ? { kind: "roofline" } : { kind: "time" };
}
