// Whole networks over sequences, on every target: rows of a batch apart, scans that are folds, padding that changes
// nothing, states that keep the invariants however large the inputs, gradients that are limits of differences.

import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import fc from "fast-check";
import { beforeAll, describe, test } from "vitest";
import { jit, random, scan, targetNames, treeMap } from "../compile/index.ts";
import { dnc, lstm, type Cell, type Dnc, type DncConfig } from "../src/index.ts";
import { dncConfigs } from "./arbitraries/dncConfig.ts";
import { memoryStateOf, memoryStates } from "./arbitraries/dncState.ts";
import { tensorOf } from "./arbitraries/extremes.ts";
import { sequences } from "./arbitraries/sequence.ts";
import { batchViolations } from "./invariants/batch.ts";
import { gradientViolations } from "./invariants/gradients.ts";
import { stateViolations } from "./invariants/state.ts";
import { foldViolations, paddingViolations } from "./invariants/time.ts";
import { disposing, expectNone } from "./laws/access.ts";
import { runs } from "./runs.ts";

beforeAll(async () => {
  await tf.setBackend("cpu");
});

const base = { inputSize: 2, outputSize: 3, locations: 4, wordSize: 3, readHeads: 2 } as const;
const configs = {
  plain: { ...base, controller: { kind: "lstm", hidden: [4] } },
  options: {
    ...base,
    writeHeads: 2,
    biases: true,
    clip: 20,
    layerNorm: true,
    allocation: "sort",
    controller: { kind: "feedforward", hidden: [4, 3] },
  },
} as const satisfies Record<string, DncConfig>;

const batch = 2;

/** A cell of any kind: its params and states are trees that nothing here looks into. */
type AnyCell = Cell<unknown, unknown>;

const cells: readonly { readonly name: string; readonly cell: AnyCell }[] = [
  { name: "dnc", cell: dnc(configs.plain) as unknown as AnyCell },
  { name: "dnc with options", cell: dnc(configs.options) as unknown as AnyCell },
  { name: "lstm", cell: lstm({ inputSize: 2, outputSize: 3, hidden: [4, 3] }) as unknown as AnyCell },
];

/** Parameters of some seed, of several sizes. */
const drawn = fc.tuple(fc.nat(1000), fc.constantFrom(1, 3, 0.1));
const paramsOf = ({ init }: Pick<AnyCell, "init">, [seed, scale]: readonly [number, number]): unknown =>
  treeMap((leaf) => tf.mul(leaf, scale), init(random.key(seed)));

/**
 * A state with no two alike in it. Where usages tie, allocation jumps with whichever rounds to the smaller, so that two
 * right programs may part; from an empty memory they tie after the first write.
 */
const untied = (cell: AnyCell, seed: number): unknown => {
  let drawnSoFar = 0;
  return treeMap(
    (leaf) => random.uniform(random.foldIn(random.key(seed), drawnSoFar++), leaf.shape, 0.05, 0.95),
    cell.initialState(batch),
  );
};

describe.each(cells)("$name", ({ cell }) => {
  test("B1: rows of a batch do not know of each other", () => {
    const law = fc.property(drawn, sequences(3, 2, 1), (draw, input) =>
      disposing(() => {
        const x = tf.squeeze<tf.Tensor2D>(tensorOf(input), [0]);
        expectNone(batchViolations(cell.step, paramsOf(cell, draw), cell.initialState(3), x));
      }),
    );
    fc.assert(law, runs(20));
  });

  describe.each(targetNames)("%s", (target) => {
    test("K1: a scan is a fold of steps", () => {
      const law = fc.property(drawn, sequences(batch, 2, 4, false), (draw, inputs) =>
        disposing(() =>
          expectNone(foldViolations(cell, paramsOf(cell, draw), untied(cell, draw[0]), tensorOf(inputs), target)),
        ),
      );
      fc.assert(law, runs(6));
    });

    test("K2, K3: padding with a mask changes nothing", () => {
      const loss = (outputs: tf.Tensor3D, mask: tf.Tensor2D): tf.Scalar =>
        tf.sum(tf.mul(tf.sum<tf.Tensor2D>(tf.square(outputs), 2), mask));
      const law = fc.property(drawn, sequences(batch, 2, 3, false), sequences(batch, 2, 3), (draw, inputs, padding) =>
        disposing(() => {
          const params = paramsOf(cell, draw);
          const state = untied(cell, draw[0]);
          expectNone(paddingViolations(cell, params, state, tensorOf(inputs), tensorOf(padding), loss, target));
        }),
      );
      fc.assert(law, runs(4));
    });

    test("D1, D2: gradients are limits of differences", () => {
      // Away from zero, where a layer norm turns on the spot: differences do not see how steeply.
      const scaled = fc.tuple(fc.nat(1000), fc.constantFrom(1, 2));
      const law = fc.property(scaled, sequences(batch, 2, 3, false), fc.nat(100), (draw, inputs, seed) =>
        disposing(() => {
          const raw = tensorOf<tf.Tensor3D>(inputs);
          const xs = tf.where(tf.less(raw, 0), tf.sub(raw, 0.5), tf.add(raw, 0.5));
          const state = cell.initialState(batch);
          const loss = (params: unknown): tf.Tensor => {
            const step = (carry: unknown, x: tf.Tensor) => {
              const next = cell.step(params, carry, x as tf.Tensor2D);
              return { carry: next.state, y: next.output as tf.Tensor };
            };
            return tf.mean(tf.square(tf.sub(scan(step, state, xs).ys, 0.5)));
          };
          expectNone(gradientViolations(loss, paramsOf(cell, draw), { seed, target, step: 1 / 128 }));
        }),
      );
      fc.assert(law, runs(5));
    });
  });
});

describe("the state of a DNC keeps W1, W2, U1, L1 to L5, S1", () => {
  test("of any configuration, from any state, for any inputs", () => {
    const law = fc.property(
      dncConfigs.chain((config) => {
        const machine = dnc(config);
        const { locations, wordSize, readHeads, writeHeads } = machine.config;
        const memory = memoryStates({ batch, locations, wordSize, readHeads, writeHeads });
        return fc.tuple(fc.constant(machine), memory, sequences(batch, config.inputSize), drawn);
      }),
      ([machine, memory, inputs, draw]) =>
        disposing(() => {
          const params = paramsOf(machine as unknown as AnyCell, draw) as Parameters<Dnc["step"]>[0];
          let state = { ...machine.initialState(batch), memory: memoryStateOf(memory) };
          for (const x of tf.unstack(tensorOf(inputs))) {
            state = machine.step(params, state, x as tf.Tensor2D).state;
            expectNone(stateViolations(state.memory));
          }
        }),
    );
    fc.assert(law, runs(60));
  });

  test.each(targetNames)("after a long sequence of large inputs, compiled (%s)", (target) => {
    const machine = dnc(configs.plain);
    const run = jit((params: Parameters<Dnc["step"]>[0], xs: tf.Tensor) => {
      const step = (carry: ReturnType<Dnc["initialState"]>, x: tf.Tensor) => ({ carry: machine.step(params, carry, x as tf.Tensor2D).state, y: null }); // prettier-ignore
      return scan(step, machine.initialState(batch), xs).carry.memory;
    }, { target }); // prettier-ignore
    const law = fc.property(drawn, fc.constantFrom(1, 100, 1e4), ([seed, scale], size) =>
      disposing(() => {
        const params = paramsOf(machine as unknown as AnyCell, [seed, scale]) as Parameters<Dnc["step"]>[0];
        const xs = tf.mul(random.normal(random.key(seed + 1), [100, batch, 2]), size);
        expectNone(stateViolations(run(params, xs)));
      }),
    );
    fc.assert(law, runs(4));
  });
});
