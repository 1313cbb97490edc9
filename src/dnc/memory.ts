// One access to memory: the order in which the paper's equations follow each other in a step.
import * as tf from "@tensorflow/tfjs-core";
import type { CompleteDncConfig } from "./config.ts";
import { paperEquations, type DncEquations } from "./equations.ts";
import type { Interface } from "./interface.ts";
import type { MemoryState } from "./state.ts";

/** What was weighed up on the way, for whoever wants to look. */
export interface Addressing {
  /** ψ `[B, N]` */
  readonly retention: tf.Tensor2D;
  /** a `[B, H, N]` */
  readonly allocation: tf.Tensor3D;
  /** c^w `[B, H, N]` */
  readonly writeContent: tf.Tensor3D;
  /** c^r `[B, R, N]` */
  readonly readContent: tf.Tensor3D;
  /** b `[B, R, H, N]` */
  readonly backward: tf.Tensor4D;
  /** f `[B, R, H, N]` */
  readonly forward: tf.Tensor4D;
}

/**
 * Frees, allocates, writes, links and reads, in this order. Usage is made of the last step's weightings and this step's free gates;
 * the write looks for content in the memory before it, the reads in the memory after it, along the links just made.
 *
 * @param equations the paper's unless told
 * @returns the new state, r `[B, R, W]`, and the weightings on the way
 */
export function accessMemory(
  config: Pick<CompleteDncConfig, "usageGradient" | "allocation" | "cosineEpsilon" | "usageEpsilon">,
  last: MemoryState,
  xi: Interface,
  equations: DncEquations = paperEquations,
): { readonly state: MemoryState; readonly readVectors: tf.Tensor3D; readonly addressing: Addressing } {
  const psi = equations.retention(xi.freeGates, last.readWeightings);
  const usage = equations.nextUsage(last.usage, last.writeWeightings, psi, config.usageGradient);

  const gates = tf.mul<tf.Tensor2D>(xi.allocationGates, xi.writeGates);
  const allocation = equations.allocationWeightings(usage, gates, {
    epsilon: config.usageEpsilon,
    form: config.allocation,
  });
  const writeContent = equations.contentWeighting(last.memory, xi.writeKeys, xi.writeStrengths, config.cosineEpsilon);
  const writeWeightings = equations.writeWeighting(allocation, writeContent, xi.allocationGates, xi.writeGates);
  const memory = equations.writeMemory(last.memory, writeWeightings, xi.eraseVectors, xi.writeVectors);

  const links = equations.nextLinks(last.links, last.precedence, writeWeightings);
  const precedence = equations.nextPrecedence(last.precedence, writeWeightings);

  const backward = equations.backwardWeightings(links, last.readWeightings);
  const forward = equations.forwardWeightings(links, last.readWeightings);
  const readContent = equations.contentWeighting(memory, xi.readKeys, xi.readStrengths, config.cosineEpsilon);
  const readWeightings = equations.readWeighting(xi.readModes, backward, readContent, forward);

  return Object.freeze({
    state: Object.freeze({ memory, usage, writeWeightings, precedence, links, readWeightings }),
    readVectors: equations.readVectors(memory, readWeightings),
    addressing: Object.freeze({ retention: psi, allocation, writeContent, readContent, backward, forward }),
  });
}
