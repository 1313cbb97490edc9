// The equations that a step is made of, as a record: a variant of the DNC is this record with some of them replaced.
import { allocationWeightings, nextUsage, retention } from "./allocation.ts";
import { contentWeighting } from "./content.ts";
import { parseInterface } from "./interface.ts";
import { backwardWeightings, forwardWeightings, nextLinks, nextPrecedence } from "./linkage.ts";
import { readVectors, readWeighting } from "./read.ts";
import { writeMemory, writeWeighting } from "./write.ts";

/** The paper's, one function an equation. */
export const paperEquations = Object.freeze({
  parseInterface,
  retention,
  nextUsage,
  allocationWeightings,
  contentWeighting,
  writeWeighting,
  writeMemory,
  nextLinks,
  nextPrecedence,
  backwardWeightings,
  forwardWeightings,
  readWeighting,
  readVectors,
});

/**
 * Functions of the paper's signatures and shapes, by the paper's names.
 *
 * @example
 * ```ts
 * // Links that forget: a DNC whose links fade by a tenth every step.
 * const machine = dnc(config, {
 *   nextLinks: (links, precedence, weightings) => paperEquations.nextLinks(tf.mul(links, 0.9), precedence, weightings),
 * });
 * ```
 */
export type DncEquations = { readonly [K in keyof typeof paperEquations]: (typeof paperEquations)[K] };
