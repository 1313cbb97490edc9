// A Python of our own for the peers: a virtual environment in the user's cache folder, with versions pinned in peers/,
// made when first needed and reused from then on.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const peerNames = ["jax", "torch"] as const;
export type PeerName = (typeof peerNames)[number];

export const peersFolder = fileURLToPath(new URL("peers", import.meta.url));

const requirementsOf = (peer: PeerName): string => join(peersFolder, `requirements-${peer}.txt`);

/** Where environments are kept: by the option or by ENGRAM_BENCH_VENV a folder of the caller's; else one for each peer and
 *  its versions in the cache folder. */
export function environmentFolder(
  peer: PeerName,
  given: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): string {
  const own = given ?? env.ENGRAM_BENCH_VENV;
  if (own) return own;
  const cache = env.XDG_CACHE_HOME || join(os.homedir(), ".cache");
  const versions = createHash("sha256").update(readFileSync(requirementsOf(peer))).digest("hex").slice(0, 8); // prettier-ignore
  return join(cache, "engram", `bench-${peer}-${versions}`);
}

const interpreterIn = (folder: string): string =>
  process.platform === "win32" ? join(folder, "Scripts", "python.exe") : join(folder, "bin", "python");

const succeeds = (command: string, ...args: string[]): boolean => spawnSync(command, args, { stdio: "ignore" }).status === 0; // prettier-ignore

/** The interpreter that has the peer. Makes the environment where there is none; `tell` hears of that, since it takes minutes. */
export function pythonWith(peer: PeerName, given: string | undefined, tell: (news: string) => void): string {
  const folder = environmentFolder(peer, given, process.env);
  const python = interpreterIn(folder);
  if (existsSync(python) && succeeds(python, "-c", `import ${peer}, numpy`)) return python;
  tell(`Setting up ${peer} in ${folder}: once, some minutes.`);
  mkdirSync(folder, { recursive: true });
  const steps: readonly (readonly [string, ...string[]])[] = [
    ...(existsSync(python) ? [] : [["python3", "-m", "venv", folder] as const]),
    [python, "-m", "pip", "install", "--quiet", "-r", requirementsOf(peer)],
  ];
  for (const [command, ...args] of steps) {
    const { status, stderr, error } = spawnSync(command, args, {
      encoding: "utf8",
      stdio: ["ignore", "ignore", "pipe"],
    });
    if (status === 0) continue;
    throw new Error(
      `bench: ${[command, ...args].join(" ")} failed. ${error?.message ?? stderr.trim().slice(-2000)}\n` +
        `It needs Python 3.11 or later with venv and pip, and a way to the package index. Or install ${peer} and numpy ` +
        `yourself, into a virtual environment that you name with --venv or ENGRAM_BENCH_VENV.`,
    );
  }
  return python;
}
