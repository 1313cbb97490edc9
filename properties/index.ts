// The front door: the invariants of a memory, to be run on a variant of yours, and fast-check arbitraries to run them on.

export { defaultTolerance, type Violation } from "./invariants/violation.ts";

// Of numbers: states, weightings, links.
export { stateViolations, type MemoryStateLike } from "./invariants/state.ts";
export { simplexViolations, weightingViolations } from "./invariants/weighting.ts";
export { precedenceViolations, unitIntervalViolations, usageViolations } from "./invariants/usage.ts";
export { linkViolations } from "./invariants/linkage.ts";
export { interfaceOrderViolations, interfaceViolations, type InterfaceSizes } from "./invariants/interface.ts";

// Of one access to memory.
export type { Access } from "./invariants/probe.ts";
export { allocationViolations, freeingViolations, gateViolations, memoryViolations } from "./invariants/writing.ts";
export { contentViolations } from "./invariants/content.ts";
export { linkingViolations, readingViolations } from "./invariants/linking.ts";
export { equivarianceViolations, permuteSlots } from "./invariants/equivariance.ts";
export { accessExamples, accessLaws, type AccessExample, type AccessLaw } from "./laws/access.ts";

// Of steps and sequences.
export { batchViolations, type StepFunction } from "./invariants/batch.ts";
export { foldViolations, paddingViolations } from "./invariants/time.ts";
export { gradientViolations, type GradientOptions } from "./invariants/gradients.ts";

// What to run them on.
export { dncConfigs } from "./arbitraries/dncConfig.ts";
export { memoryStateOf, memoryStates, type MemoryNumbers, type MemorySizes } from "./arbitraries/dncState.ts";
export { interfaceVectors } from "./arbitraries/interface.ts";
export { sequences } from "./arbitraries/sequence.ts";
export { tensorOf, type Numbers } from "./arbitraries/extremes.ts";
