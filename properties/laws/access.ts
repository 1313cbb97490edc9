// The invariants of one access to memory as a table: each is a function of any access, state and interface. What holds the
// paper's DNC on every target also looks for mistakes in mutants, and in a variant of yours.

import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import type { Interface, MemoryState } from "../../src/index.ts";
import { memoryStates, type MemoryNumbers, type MemorySizes } from "../arbitraries/dncState.ts";
import type { Numbers } from "../arbitraries/extremes.ts";
import { interfaceVectors } from "../arbitraries/interface.ts";
import { contentViolations } from "../invariants/content.ts";
import { equivarianceViolations } from "../invariants/equivariance.ts";
import { linkingViolations, readingViolations } from "../invariants/linking.ts";
import type { Access } from "../invariants/probe.ts";
import { stateViolations } from "../invariants/state.ts";
import type { Violation } from "../invariants/violation.ts";
import { allocationViolations, freeingViolations, gateViolations, memoryViolations } from "../invariants/writing.ts";

/** What a law of an access is tried on. */
export interface AccessExample {
  readonly state: MemoryNumbers;
  readonly interface: Numbers;
  /** A location, and an order of all of them. */
  readonly location: number;
  readonly order: readonly number[];
}

export interface AccessLaw {
  readonly name: string;
  /** Whether it holds for huge numbers as well: some compare sums, which rounding then spoils. */
  readonly extreme: boolean;
  readonly violations: (
    access: Access,
    last: MemoryState,
    xi: Interface,
    example: AccessExample,
  ) => readonly Violation[];
}

export const accessLaws: readonly AccessLaw[] = [
  {
    name: "W1, W2, U1, L1-L5, S1: the state after an access",
    extreme: true,
    violations: (access, last, xi) => stateViolations(access(last, xi).state),
  },
  {
    name: "U2, U3: usage and freeing",
    extreme: true,
    violations: (access, last, xi) => freeingViolations(access, last, xi),
  },
  {
    name: "A1-A4: allocation",
    extreme: true,
    violations: (access, last, xi) => allocationViolations(access, last, xi),
  },
  { name: "G1-G3: gates", extreme: true, violations: (access, last, xi) => gateViolations(access, last, xi) },
  {
    // An allocation of one is one less the epsilon of usage: of 10,000 erased, a hundredth stays.
    name: "M1-M3: erasing and writing",
    extreme: false,
    violations: (access, last, xi, { location }) => memoryViolations(access, last, xi, location),
  },
  { name: "C1-C5: content", extreme: true, violations: (access, last, xi) => contentViolations(access, last, xi) },
  {
    name: "N1-N3: links and precedence",
    extreme: true,
    violations: (access, last, xi, { location }) => linkingViolations(access, last, xi, location),
  },
  {
    name: "R1-R4: reading",
    extreme: false,
    violations: (access, last, xi, { location }) => readingViolations(access, last, xi, location),
  },
  {
    name: "E1, E2: order of slots",
    extreme: false,
    violations: (access, last, xi, { order }) => equivarianceViolations(access, last, xi, order),
  },
];

/** Examples for memories of these sizes. */
export function accessExamples(sizes: MemorySizes, extreme: boolean): fc.Arbitrary<AccessExample> {
  const N = sizes.locations;
  return fc.record({
    state: memoryStates(sizes, extreme),
    interface: interfaceVectors(sizes, extreme),
    location: fc.nat(N - 1),
    order: fc.shuffledSubarray([...new Array<number>(N).keys()], { minLength: N, maxLength: N }),
  });
}

/** Runs `f`, and disposes of the tensors it makes. */
export function disposing<T>(f: () => T): T {
  tf.engine().startScope();
  try {
    return f();
  } finally {
    tf.engine().endScope();
  }
}

/** Throws what the invariants found, if anything. */
export function expectNone(violations: readonly Violation[]): void {
  if (violations.length === 0) return;
  const lines = violations.slice(0, 20).map(({ law, what }) => `${law}: ${what}`);
  throw new Error([`${violations.length} violations`, ...lines].join("\n"));
}
