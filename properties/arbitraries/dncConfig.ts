// Configurations of small DNCs, every option in every combination.

import fc from "fast-check";
import type { ControllerConfig, DncConfig } from "../../src/index.ts";

const hidden = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 2 });

const controller: fc.Arbitrary<ControllerConfig> = fc.oneof(
  hidden.map((sizes): ControllerConfig => ({ kind: "lstm", hidden: sizes })),
  fc
    .tuple(hidden, fc.constantFrom("tanh" as const, "relu" as const))
    .map(([sizes, activation]): ControllerConfig => ({ kind: "feedforward", hidden: sizes, activation })),
);

const size = (max: number): fc.Arbitrary<number> => fc.integer({ min: 1, max });

/** Small configurations. Dropout is left to those who ask for it: the state then needs a key. */
export const dncConfigs: fc.Arbitrary<DncConfig> = fc.record(
  {
    inputSize: size(3),
    outputSize: size(3),
    locations: size(6),
    wordSize: size(4),
    readHeads: size(3),
    writeHeads: size(2),
    controller,
    biases: fc.boolean(),
    clip: fc.constantFrom(null, 20, 0.5),
    strength: fc.constantFrom("oneplus" as const, "softplus" as const),
    usageGradient: fc.constantFrom("full" as const, "stopped" as const),
    allocation: fc.constantFrom("compare" as const, "sort" as const),
    layerNorm: fc.boolean(),
    cosineEpsilon: fc.constantFrom(1e-6, 1e-3),
    usageEpsilon: fc.constantFrom(1e-6, 0),
  },
  { requiredKeys: ["inputSize", "outputSize", "locations", "wordSize", "readHeads", "controller"] },
);
