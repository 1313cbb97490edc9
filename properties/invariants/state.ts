// All that can be said of one state of a memory, whatever led to it.

import type { Tensor } from "@tensorflow/tfjs-core";
import { linkViolations } from "./linkage.ts";
import { precedenceViolations, usageViolations } from "./usage.ts";
import { defaultTolerance, notFinite, type Violation } from "./violation.ts";
import { weightingViolations } from "./weighting.ts";

/** What a memory with the DNC's means may carry; a variant leaves out what it does not have. Any leading axes. */
export interface MemoryStateLike {
  readonly memory?: Tensor;
  readonly usage?: Tensor;
  readonly writeWeightings?: Tensor;
  readonly readWeightings?: Tensor;
  readonly precedence?: Tensor;
  readonly links?: Tensor;
}

/**
 * Where a state breaks W1, W2 (weightings, precedence), U1 (usage), L1 to L5 (links) or S1 (all numbers are finite).
 *
 * @example
 * ```ts
 * const machine = dnc({
 *   inputSize: 3, outputSize: 2, locations: 8, wordSize: 4, readHeads: 2, controller: { kind: "lstm", hidden: [8] },
 * });
 * const params = machine.init(random.key(0));
 * const { state } = machine.step(params, machine.initialState(2), tf.ones([2, 3]));
 * stateViolations(state.memory).length; // 0
 * ```
 */
export function stateViolations(state: MemoryStateLike, tolerance = defaultTolerance): readonly Violation[] {
  const { memory, usage, writeWeightings, readWeightings, precedence, links } = state;
  const parts = { memory, usage, writeWeightings, readWeightings, precedence, links };
  return [
    ...Object.entries(parts).flatMap(([name, x]) => (x ? notFinite("S1", name, x) : [])),
    ...(usage ? usageViolations(usage, tolerance) : []),
    ...(writeWeightings ? weightingViolations("writeWeightings", writeWeightings, tolerance) : []),
    ...(readWeightings ? weightingViolations("readWeightings", readWeightings, tolerance) : []),
    ...(precedence ? precedenceViolations(precedence, tolerance) : []),
    ...(links ? linkViolations(links, precedence, tolerance) : []),
  ];
}
