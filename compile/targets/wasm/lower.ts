// From an optimised graph to the program that this target emits.

import type { Graph } from "../../graph/graph.ts";
import { lowerGraph, type Worth } from "../../program/lower.ts";
import type { Program } from "../../program/program.ts";
import { lanesAlong } from "./emitSweep.ts";
import { detectFeatures } from "./features.ts";
import { packWeights, type PackingRules } from "./packWeights.ts";
import type { Registers } from "./productTile.ts";
import { splitMatrices, type SplittingRules } from "./splitMatrices.ts";

/** What is worth the bother on this target. Tests make it little. */
export interface WasmWorth {
  /** Of threads and of blocks of rows. */
  readonly program?: Worth;
  /** The points of a sweep, at least. */
  readonly sweepPoints: number;
  readonly packing: Omit<PackingRules, "rowsForThreads" | "registers">;
  readonly splitting: SplittingRules;
  /** Unless given, as they are here. */
  readonly registers?: Registers;
}

const worth: WasmWorth = {
  sweepPoints: 24 * 1024,
  packing: { leastBytes: 64 * 1024, leastSteps: 4, columnBytes: 256 * 1024 },
  splitting: { leastElements: 16 * 1024, blocks: 4 },
};

function detectedRegisters(): Registers {
  const { relaxedMadd, wide, loadsFirst } = detectFeatures();
  return { fused: relaxedMadd, wide, loadsFirst };
}

/** With weights packed and sweeps formed; split among `threads`. */
export function lowerForWasm(graph: Graph, threads = 1, given: Partial<WasmWorth> = {}): Program {
  const { program, sweepPoints, packing, splitting, registers = detectedRegisters() } = { ...worth, ...given };
  // With fewer than two rows each, threads would read more weights than they compute.
  const rowsForThreads = threads > 1 ? 2 * threads : 0;
  const sweeps = { along: lanesAlong, leastPoints: sweepPoints };
  const rules = { ...packing, rowsForThreads, registers };
  return lowerGraph(splitMatrices(packWeights(graph, rules), splitting), threads, program, sweeps);
}
