// A contender: a process that compiles one form of the DNC at its start, and runs it for a while whenever it is told to.
// In between it waits for the next line, so that all that take part can be alive and measured in turns.

import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import os from "node:os";
import { createInterface } from "node:readline";
import type { Mode, Sizes } from "./configurations.ts";

/** What a process is asked for; peers/serve.py has the other side. */
export interface Request {
  readonly sizes: Sizes;
  readonly mode: Mode | "check";
  readonly form: string;
  readonly threads: number;
  readonly values?: string;
}

export interface Contender {
  /** Whose it is; contenders of one peer differ in their form. */
  readonly peer: string;
  readonly command: readonly [program: string, ...args: string[]];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** In which forms it comes. One word at least each, or one empty form. */
  readonly forms: (mode: Mode) => readonly string[];
}

export interface Ready {
  readonly version: string;
  readonly compileMs: number;
  /** What the program plans to use, where that is known. */
  readonly plannedMb?: number;
}

export interface Round {
  readonly ms: readonly number[];
  readonly peakMb: number;
}

/** What keeps a process on the first few cores, where the machine has more and can be told so. */
function onCores(threads: number): readonly string[] {
  if (threads >= os.availableParallelism()) return [];
  const { status } = spawnSync("taskset", ["-c", `0-${threads - 1}`, "true"]);
  return status === 0 ? ["taskset", "-c", `0-${threads - 1}`] : [];
}

export class Running {
  readonly ready: Ready;
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  readonly #failure: () => Error;

  private constructor(child: ChildProcess, answers: AsyncIterator<string>, failure: () => Error, ready: Ready) {
    this.#child = child;
    this.#answers = answers;
    this.#failure = failure;
    this.ready = ready;
  }

  /** Starts the process, and waits until it has run once. */
  static async start(contender: Contender, request: Request): Promise<Running> {
    const { child, answers, failure } = launch(contender, request);
    return new Running(child, answers, failure, (await next(answers, failure)) as Ready);
  }

  async run(seconds: number): Promise<Round> {
    this.#child.stdin!.write(`${seconds}\n`);
    return (await next(this.#answers, this.#failure)) as Round;
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.stdin!.end();
    if (this.#child.exitCode === null) await ended;
  }
}

/** The one answer of a process that is asked to check. */
export async function ask(contender: Contender, request: Request): Promise<unknown> {
  const { child, answers, failure } = launch(contender, request);
  child.stdin!.end();
  return next(answers, failure);
}

function launch({ command, cwd, env }: Contender, request: Request) {
  const [program, ...args] = [...onCores(request.threads), ...command, JSON.stringify(request)];
  const child = spawn(program!, args, {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1", ...env },
    ...(cwd === undefined ? {} : { cwd }),
  });
  let complaints = "";
  child.stderr.on("data", (data: Buffer) => (complaints = (complaints + data.toString()).slice(-4000)));
  child.on("error", (error) => (complaints += error.message));
  child.stdin.on("error", () => {}); // the process has ended; the answer that does not come says so
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const failure = (): Error => new Error(`bench: ${program} ${args.slice(0, -1).join(" ")} failed.\n${complaints}`);
  return { child, answers, failure };
}

/** The next line that is an answer; libraries may print others. */
async function next(answers: AsyncIterator<string>, failure: () => Error): Promise<unknown> {
  for (;;) {
    const line: IteratorResult<string, undefined> = await answers.next();
    if (line.done) {
      await new Promise((resolve) => setTimeout(resolve, 100)); // for the last of what it complains of
      throw failure();
    }
    if (line.value.startsWith("{")) return JSON.parse(line.value);
  }
}
