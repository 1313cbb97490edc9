// Every pass keeps the meaning of random programs and of their derivatives: laws G1, G2.

import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import fc from "fast-check";
import { beforeAll, describe, test } from "vitest";
import { checkGraph } from "../compile/graph/check.ts";
import { parseProgram, programs, showProgram } from "./arbitraries/graph.ts";
import { expectClose } from "./laws/expectClose.ts";
import { eachPassKeepsMeaning, passesInOrderKeepMeaning } from "./laws/pass.ts";
import { run, vjpGraph } from "./laws/primitive.ts";
import { withCotangents } from "./laws/transform.ts";
import { runs } from "./runs.ts";

beforeAll(async () => {
  await tf.setBackend("cpu");
});

describe("G1, G2: a pass keeps the meaning", () => {
  test("bit by bit, of integers and exact floats", () => {
    const law = fc.property(programs("exact"), ({ graph, inputs }) => {
      eachPassKeepsMeaning(graph, inputs, 0);
      passesInOrderKeepMeaning(graph, inputs, 0);
    });
    fc.assert(law, runs(250));
  });

  test("to rounding, of all operations", () => {
    const law = fc.property(programs("forward"), ({ graph, inputs }) => {
      eachPassKeepsMeaning(graph, inputs, 1e-4);
      passesInOrderKeepMeaning(graph, inputs, 1e-4);
    });
    fc.assert(law, runs(200));
  });

  test("of derivatives", () => {
    const law = fc.property(programs("derivative"), fc.nat(255), ({ graph, inputs }, seed) => {
      const [derivative, operands] = [vjpGraph(graph), withCotangents(graph, inputs, seed)];
      eachPassKeepsMeaning(derivative, operands, 1e-3);
      passesInOrderKeepMeaning(derivative, operands, 1e-3);
    });
    fc.assert(law, runs(200));
  });
});

describe("text", () => {
  test("of a program reads back as the program", () => {
    const law = fc.property(programs("exact"), (program) => {
      const again = parseProgram(showProgram(program));
      checkGraph(again.graph);
      // One graph may hold another twice, and then shows it under the same names; read, they are two.
      const text = showProgram(again);
      if (showProgram(parseProgram(text)) !== text) throw new Error("text does not read back as itself");
      expectClose("text", run(again.graph, again.inputs), run(program.graph, program.inputs), 0);
    });
    fc.assert(law, runs(100));
  });
});
