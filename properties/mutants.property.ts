// The invariants see every wrong equation of mutants/equations.ts.

import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { random } from "../compile/index.ts";
import { paperEquations, parseInterface, type Interface, type MemoryState } from "../src/index.ts";
import { memoryStateOf } from "./arbitraries/dncState.ts";
import { tensorOf } from "./arbitraries/extremes.ts";
import { batchViolations } from "./invariants/batch.ts";
import { gradientViolations } from "./invariants/gradients.ts";
import { interfaceOrderViolations, interfaceViolations } from "./invariants/interface.ts";
import { foldViolations, paddingViolations } from "./invariants/time.ts";
import type { Violation } from "./invariants/violation.ts";
import { accessExamples, accessLaws, disposing } from "./laws/access.ts";
import { countsCalls, countsPadding, halvesGradients, infiniteGradients, mixesRows, sound, soundLoss } from "./mutants/cells.ts"; // prettier-ignore
import { accessWith, config, mutants, type Mutant } from "./mutants/equations.ts";

beforeAll(async () => {
  await tf.setBackend("cpu");
});

const sizes = { ...config, batch: 2 };

const known = new Map<object, ReadonlySet<string>>();

/** Laws that a mutant breaks, on examples drawn once for all. */
function brokenLaws(mutant: Pick<Mutant, "equations" | "access">): ReadonlySet<string> {
  const before = known.get(mutant);
  if (before) return before;
  const found = findBrokenLaws(mutant);
  known.set(mutant, found);
  return found;
}

function findBrokenLaws({ equations = {}, access = accessWith(equations) }: Pick<Mutant, "equations" | "access">) {
  const broken = new Set<string>();
  const parseMutant = (xi: tf.Tensor2D): Interface => (equations.parseInterface ?? parseInterface)(config, xi);
  for (const { extreme, violations } of accessLaws) {
    for (const example of fc.sample(accessExamples(sizes, extreme), { numRuns: 8, seed: 7 })) {
      disposing(() => {
        const raw = tensorOf<tf.Tensor2D>(example.interface);
        const last: MemoryState = memoryStateOf(example.state);
        for (const { law } of violations(access, last, parseInterface(config, raw), example)) broken.add(law);
        for (const { law } of interfaceViolations(parseMutant(raw))) broken.add(law);
      });
    }
  }
  disposing(() => {
    const order = interfaceOrderViolations((xi) => parseMutant(xi), config);
    for (const { law } of order) broken.add(law);
  });
  return broken;
}

/** Those of one access to memory and of the interface: see README.md. */
const laws = [
  "A1", "A2", "A3", "A4", "C1", "C2", "C3", "C4", "C5", "E1", "E2", "G1", "G2", "G3", "I1", "I2", "I3", "L1", "L2", "L3",
  "L4", "L5", "M1", "M2", "M3", "N1", "N2", "N3", "R1", "R2", "R3", "R4", "S1", "U1", "U2", "U3", "W1", "W2",
]; // prettier-ignore

describe("a mutant is caught:", () => {
  test("the paper's own equations are not", () => {
    expect([...brokenLaws({})]).toEqual([]);
  });

  test.each(mutants)("$name ($law)", (mutant) => {
    expect(brokenLaws(mutant)).toContain(mutant.law);
  });

  test("every law is needed: some mutant breaks it", () => {
    const broken = new Set(mutants.flatMap((mutant) => [...brokenLaws(mutant)]));
    expect([...broken].sort()).toEqual(laws);
  });

  test("there is one of every equation", () => {
    const touched = new Set(mutants.flatMap(({ equations }) => Object.keys(equations ?? {})));
    expect([...touched].sort()).toEqual(Object.keys(paperEquations).sort());
  });
});

describe("a network that is wrong as a whole is caught:", () => {
  const lawsOf = (violations: readonly Violation[]): readonly string[] => [
    ...new Set(violations.map(({ law }) => law)),
  ];
  const setting = () => {
    const xs = random.normal(random.key(3), [3, 2, 2]) as tf.Tensor3D; // [T, B, X]
    return {
      params: sound.init(random.key(1)),
      state: sound.initialState(2),
      xs,
      x: tf.squeeze<tf.Tensor2D>(tf.slice(xs, 0, 1), [0]),
    };
  };
  const lossOf =
    ({ step }: Pick<typeof sound, "step">, { state, x }: ReturnType<typeof setting>) =>
    (params: ReturnType<typeof setting>["params"]): tf.Tensor => {
      const first = step(params, state, x);
      return tf.mean(tf.square(tf.sub(step(params, first.state, x).output, 0.5)));
    };

  test("rows that know of each other (B1)", () => {
    disposing(() => {
      const { params, state, x } = setting();
      expect(lawsOf(batchViolations(sound.step, params, state, x))).toEqual([]);
      expect(lawsOf(batchViolations(mixesRows.step, params, state, x))).toEqual(["B1"]);
    });
  });

  test("a step with a memory beside its state (K1)", () => {
    disposing(() => {
      const { params, state, xs } = setting();
      expect(lawsOf(foldViolations(sound, params, state, xs))).toEqual([]);
      expect(lawsOf(foldViolations(countsCalls(), params, state, xs))).toEqual(["K1"]);
    });
  });

  test("a loss that counts padding (K3)", () => {
    disposing(() => {
      const { params, state, xs } = setting();
      expect(lawsOf(paddingViolations(sound, params, state, xs, tf.mul(xs, 5), soundLoss))).toEqual([]);
      expect(lawsOf(paddingViolations(sound, params, state, xs, tf.mul(xs, 5), countsPadding))).toEqual(["K3"]);
    });
  });

  test("a wrong derivative (D1), and one that is infinite (D2)", () => {
    disposing(() => {
      const given = setting();
      expect(lawsOf(gradientViolations(lossOf(sound, given), given.params))).toEqual([]);
      expect(lawsOf(gradientViolations(lossOf(halvesGradients, given), given.params))).toEqual(["D1"]);
      expect(lawsOf(gradientViolations(lossOf(infiniteGradients, given), given.params))).toEqual(["D2"]);
    });
  });
});
