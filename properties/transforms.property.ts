// Transforms of random programs: laws P3 and T1 to T6.

import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import fc from "fast-check";
import { beforeAll, describe, test } from "vitest";
import { programs } from "./arbitraries/graph.ts";
import { derivativesAreLimits } from "./laws/finiteDifferences.ts";
import { wrapperNames, wrappersChangeNothing, type WrapperName } from "./laws/frontDoor.ts";
import { batchIsALoop, vjpGraph } from "./laws/primitive.ts";
import { batchingCommutes, callsChangeNothing, forwardModeIsTheTranspose, gradientOfScanIsOfFold, keptIsEnough, scanIsAFold, withCotangents } from "./laws/transform.ts"; // prettier-ignore
import { runs } from "./runs.ts";

beforeAll(async () => {
  await tf.setBackend("cpu");
});

const seed = fc.nat(255);

describe("vmap", () => {
  test("P3: is a loop", () => {
    fc.assert(fc.property(programs("forward"), seed, ({ graph, inputs }, choice) => batchIsALoop(graph, inputs, choice, 2)), runs(300)); // prettier-ignore
  });

  test("P3: of derivatives is a loop", () => {
    const law = fc.property(programs("derivative"), seed, seed, ({ graph, inputs }, s, choice) =>
      batchIsALoop(vjpGraph(graph), withCotangents(graph, inputs, s), choice, 2),
    );
    fc.assert(law, runs(250));
  });

  test("T6: commutes with differentiation, and with itself", () => {
    const law = fc.property(programs("derivative"), seed, ({ graph, inputs }, s) =>
      batchingCommutes(graph, inputs, s, 1e-3),
    );
    fc.assert(law, runs(200));
  });
});

describe("scan", () => {
  test("T1: is a fold", () => {
    fc.assert(fc.property(programs("forward"), ({ graph, inputs }) => scanIsAFold(graph, inputs, 1e-4)), runs(250)); // prettier-ignore
  });

  test("T1: its gradient is that of the fold", () => {
    const law = fc.property(programs("derivative"), seed, ({ graph, inputs }, s) => gradientOfScanIsOfFold(graph, inputs, s, 1e-3)); // prettier-ignore
    fc.assert(law, runs(250));
  });
});

describe("differentiation", () => {
  test("T2: checkpoint and fused change nothing", () => {
    const law = fc.property(programs("derivative"), seed, ({ graph, inputs }, s) => callsChangeNothing(graph, inputs, s, 1e-3)); // prettier-ignore
    fc.assert(law, runs(200));
  });

  test("T3: forward mode is the transpose of reverse mode", () => {
    const law = fc.property(programs("derivative"), seed, ({ graph, inputs }, s) => forwardModeIsTheTranspose(graph, inputs, s, 1e-3)); // prettier-ignore
    fc.assert(law, runs(200));
  });

  test("T4: what the forward pass keeps is enough", () => {
    const law = fc.property(programs("derivative"), seed, ({ graph, inputs }, s) => keptIsEnough(graph, inputs, s, 1e-3)); // prettier-ignore
    fc.assert(law, runs(200));
  });

  test("T5: derivatives are limits of differences, to second order", () => {
    fc.assert(fc.property(programs("smooth"), seed, ({ graph, inputs }, s) => derivativesAreLimits(graph, inputs, 2, s)), runs(300)); // prettier-ignore
  });
});

describe("transforms in any order", () => {
  const pile = (names: readonly WrapperName[]) => fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 4 });
  // The value of a vjp runs a custom derivative's forward pass, whose own derivative is the true one.
  const pilesOfAny = fc.tuple(programs("derivative", 6, 1), pile(wrapperNames.filter((name) => name !== "valueOfVjp")));
  const pilesOfTrue = fc.tuple(programs("smooth", 6, 1), pile(wrapperNames));

  test("F1, F2: a pile of wrappers that leave a function as it is changes neither values nor derivatives", () => {
    const law = fc.property(fc.oneof(pilesOfAny, pilesOfTrue), seed, ([{ graph, inputs }, names], s) =>
      wrappersChangeNothing(graph, inputs, names, s, 1e-3),
    );
    fc.assert(law, runs(80));
  });
});
