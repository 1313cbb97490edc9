// The DNC keeps the paper's invariants on every target: from any state it can be in, for any interface, extremes included.

import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import fc from "fast-check";
import { beforeAll, describe, test } from "vitest";
import { grad, jit, targetNames, treeLeaves, treePaths, treeStructure } from "../compile/index.ts";
import { accessMemory, checkDncConfig, parseInterface, type CompleteDncConfig, type DncConfig, type Interface, type MemoryState } from "../src/index.ts"; // prettier-ignore
import { memoryStateOf, type MemorySizes } from "./arbitraries/dncState.ts";
import { tensorOf } from "./arbitraries/extremes.ts";
import { interfaceVectors } from "./arbitraries/interface.ts";
import { interfaceOrderViolations, interfaceViolations } from "./invariants/interface.ts";
import type { Access } from "./invariants/probe.ts";
import { notFinite } from "./invariants/violation.ts";
import { accessExamples, accessLaws, disposing, expectNone } from "./laws/access.ts";
import { runs } from "./runs.ts";

beforeAll(async () => {
  await tf.setBackend("cpu");
});

const base = { inputSize: 2, outputSize: 2, controller: { kind: "lstm", hidden: [3] } } as const;
const configs: readonly DncConfig[] = [
  { ...base, locations: 5, wordSize: 3, readHeads: 2 },
  { ...base, locations: 6, wordSize: 4, readHeads: 1, writeHeads: 2, allocation: "sort" },
  { ...base, locations: 4, wordSize: 2, readHeads: 3, usageEpsilon: 0, usageGradient: "stopped" },
  { ...base, locations: 1, wordSize: 1, readHeads: 1 },
];

const batch = 2;
const sizesOf = ({ locations, wordSize, readHeads, writeHeads }: CompleteDncConfig): MemorySizes => ({
  batch,
  locations,
  wordSize,
  readHeads,
  writeHeads,
});

const show = ({ locations: N, wordSize: W, readHeads: R, writeHeads: H = 1 }: DncConfig): string =>
  `N${N} W${W} R${R} H${H}`;

describe.each(configs.map((config) => ({ config, name: show(config) })))("memory $name", ({ config }) => {
  const complete = checkDncConfig(config);
  const sizes = sizesOf(complete);
  const access = (last: MemoryState, xi: Interface) => {
    const { state, readVectors } = accessMemory(complete, last, xi);
    return { state, readVectors };
  };
  const targets: readonly (readonly [string, Access])[] = [
    ["eager", access],
    ...targetNames.map((target): [string, Access] => [target, jit(access, { target })]),
  ];

  describe.each(targets)("%s", (_target, run) => {
    test.each(accessLaws)("$name", ({ extreme, violations }) => {
      const law = fc.property(accessExamples(sizes, extreme), (example) =>
        disposing(() => {
          const xi = parseInterface(complete, tensorOf<tf.Tensor2D>(example.interface));
          expectNone(violations(run, memoryStateOf(example.state), xi, example));
        }),
      );
      fc.assert(law, runs(25));
    });
  });

  test.each(targetNames)("D2: gradients are finite from any state, for any interface (%s)", (target) => {
    const loss = (last: MemoryState, raw: tf.Tensor): tf.Tensor => {
      const { state, readVectors } = access(last, parseInterface(complete, raw as tf.Tensor2D));
      return treeLeaves([state, readVectors]).reduce(
        (sum: tf.Tensor, x) => tf.add(sum, tf.sum(tf.sin(x))),
        tf.scalar(0),
      );
    };
    const gradient = jit(grad(loss, { argnums: [0, 1] }), { target });
    const law = fc.property(accessExamples(sizes, true), (example) =>
      disposing(() => {
        const gradients = gradient(memoryStateOf(example.state), tensorOf(example.interface));
        const names = treePaths(treeStructure(gradients));
        expectNone(treeLeaves(gradients).flatMap((x, i) => notFinite("D2", `gradient${names[i]}`, x)));
      }),
    );
    fc.assert(law, runs(40));
  });

  test("I1, I2: the interface's parts are in their ranges", () => {
    const law = fc.property(interfaceVectors(sizes), (xi) =>
      disposing(() => expectNone(interfaceViolations(parseInterface(complete, tensorOf(xi))))),
    );
    fc.assert(law, runs(50));
  });

  test("I3: the interface's parts are in the paper's order", () => {
    expectNone(interfaceOrderViolations((xi) => parseInterface(complete, xi), complete));
  });
});
