/** Runs an example as a user does, in a process of its own. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  /** Called with all that was written so far, and with a way to signal the process. */
  readonly onOutput?: (out: string, signal: (name: NodeJS.Signals) => void) => void;
  /** Besides the environment that the tests have. */
  readonly env?: Readonly<Record<string, string>>;
}

export function runExample(
  name: string,
  options: readonly string[],
  { onOutput, env }: RunOptions = {},
): Promise<Ended> {
  const script = fileURLToPath(new URL(`../../examples/${name}.ts`, import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", "-C", "engram-source", script, ...options], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => {
    out += String(chunk);
    onOutput?.(out, (signal) => child.kill(signal));
  });
  child.stderr.on("data", (chunk: Buffer) => void (err += String(chunk)));
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, out, err })));
}
