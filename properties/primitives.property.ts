// Every primitive keeps laws P1 to P4 (laws/primitive.ts), on random equations and on extreme values.

import "@tensorflow/tfjs-backend-cpu";
import fc from "fast-check";
import { beforeAll, describe, test } from "vitest";
import { useTfjs } from "../compile/index.ts";
import type { Op } from "../compile/graph/graph.ts";
import { primitives } from "../compile/primitives/index.ts";
import { samples, type Sample } from "./arbitraries/equation.ts";
import { extremes } from "./arbitraries/operand.ts";
import { batchIsALoop, graphOfEquation, inferAgreesWithEvaluate, loopFormAgrees, vjpAgreesWithFiniteDifferences, vjpGraph } from "./laws/primitive.ts"; // prettier-ignore

beforeAll(() => {
  useTfjs(); // as ENGRAM_TFJS says
});

const ops = Object.keys(primitives) as Op[]; // the table's keys are its type's

describe.each(ops)("%s", (op) => {
  // The sample is one of the operation's own: op and attrs belong together.
  const arbitrary = samples[op] as fc.Arbitrary<Sample>;
  const graphOf = ({ attrs, operands }: Sample) => graphOfEquation(op, attrs, operands);
  const numRuns = 20;

  test("P1: infer gives the types of evaluate", () => {
    fc.assert(
      fc.property(arbitrary, (sample) => inferAgreesWithEvaluate(graphOf(sample), sample.operands)),
      { numRuns },
    );
  });

  test("P2: vjp agrees with finite differences, twice", () => {
    const law = fc.property(arbitrary, fc.nat(1000), (sample, seed) =>
      vjpAgreesWithFiniteDifferences(graphOf(sample), sample.operands, sample.smooth, seed),
    );
    fc.assert(law, { numRuns });
  });

  test("P3: batch is a loop, of the primitive and of its derivative", () => {
    const law = fc.property(arbitrary, fc.nat(255), fc.integer({ min: 1, max: 3 }), (sample, choice, size) => {
      const graph = graphOf(sample);
      batchIsALoop(graph, sample.operands, choice, size);
      const derivative = vjpGraph(graph);
      if (derivative.inputs.length === graph.inputs.length) return;
      const cts = derivative.inputs.slice(graph.inputs.length).map(({ type }) => ({
        type,
        values: Float32Array.from({ length: type.shape.reduce((n, d) => n * d, 1) }, (_, i) => Math.sin(i + choice)),
      }));
      batchIsALoop(derivative, [...sample.operands, ...cts], choice * 7, size);
    });
    fc.assert(law, { numRuns });
  });

  test("P4: the loop form computes what evaluate does", () => {
    fc.assert(
      fc.property(arbitrary, (sample) => loopFormAgrees(op, sample.attrs, sample.operands)),
      { numRuns },
    );
  });

  // TensorFlow takes denormals for zeros.
  test.skipIf((process.env.ENGRAM_TFJS ?? "cpu") !== "cpu")("P4: at extremes too", () => {
    const law = fc.property(
      arbitrary
        .filter(({ operands }) => operands.length > 0)
        .chain((sample) =>
          fc.tuple(
            fc.constant(sample),
            fc.tuple(...sample.operands.map(({ type }) => extremes(type.shape, type.dtype))),
          ),
        ),
      ([sample, operands]) => loopFormAgrees(op, sample.attrs, operands),
    );
    if (!["constant", "iota", "shift_left", "shift_right_logical"].includes(op)) fc.assert(law, { numRuns: 40 });
  });
});
