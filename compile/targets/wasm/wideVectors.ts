// Vectors of 256 bits. WebAssembly's have 128, but V8 can join two that lie side by side while it compiles, on x64 with AVX2.
// It does so behind a flag, as an experiment; so we do when asked.

import { wrongWideVectors } from "../errors.ts";
import { flags } from "./engine.ts";

const flag = "experimental-wasm-revectorize";

/** The first Node whose V8 has the flag, and whose flag our own tests have passed with. */
const leastNode = 24;

let asked: boolean | undefined;

/** Has programs that are compiled from now on, and run by this process, use vectors of 256 bits, where Node can: twice as much is
 *  computed in an instruction. Results differ by rounding, as some sums are taken in another order. It is an experiment of Node's
 *  engine, and holds for other WebAssembly of the process, too. In the environment, `ENGRAM_WIDE_VECTORS=1` says the same.
 *  @param on `false` ends it
 *  @returns whether this engine does it: Node 24 or later does on x64; browsers leave no choice to a page
 *  @example
 *  if (useWideVectors()) console.log("256 bits");
 */
export function useWideVectors(on = true): boolean {
  const set = joins() ? flags() : undefined;
  set?.(`--${on ? "" : "no-"}${flag}`);
  asked = on && set !== undefined;
  return asked;
}

/** Whether programs are to be written for it. */
export function hasWideVectors(): boolean {
  if (asked === undefined) {
    if (wishesWideVectors()) useWideVectors();
    else asked = joins() && process.execArgv.includes(`--${flag}`);
  }
  return asked!;
}

/** What the environment says. */
export function wishesWideVectors(): boolean {
  const said = (typeof process === "object" && process.env?.ENGRAM_WIDE_VECTORS) || "0";
  if (said !== "0" && said !== "1") throw wrongWideVectors(said);
  return said === "1";
}

/** Whether this engine can join vectors. */
const joins = (): boolean =>
  typeof process === "object" &&
  process.arch === "x64" &&
  Number(process.versions?.node?.split(".")[0]) >= leastNode &&
  flags() !== undefined;
