// Programs and targets compute what the graph means: laws M1 to M5, on random programs and on their derivatives.

import "@tensorflow/tfjs-backend-cpu";
import fc from "fast-check";
import { beforeAll, describe, test } from "vitest";
import { useTfjs } from "../compile/index.ts";
import { programKinds } from "./laws/programKinds.ts";
import { programsAgree, savedAgrees, sectionsChangeNothing, threadsChangeNothing, wasmAgrees } from "./laws/target.ts";
import { runs } from "./runs.ts";

beforeAll(() => {
  useTfjs(); // as ENGRAM_TFJS says
});

describe.each(programKinds)("$what", ({ program, tolerance }) => {
  test("M1: a program means what its graph does", () => {
    fc.assert(fc.property(program, ({ graph, inputs }) => programsAgree(graph, inputs, tolerance)), runs(150)); // prettier-ignore
  });

  test("M2, M3: the WebAssembly module computes it, run after run", () => {
    fc.assert(fc.property(program, ({ graph, inputs }) => wasmAgrees(graph, inputs, tolerance)), runs(200)); // prettier-ignore
  });

  test("M5: saved and loaded it computes the same bits", async () => {
    await fc.assert(
      fc.asyncProperty(program, ({ graph, inputs }) => savedAgrees(graph, inputs)),
      runs(40),
    );
  });

  test("M4: blocks of rows and parts for threads change nothing", () => {
    fc.assert(fc.property(program, ({ graph, inputs }) => sectionsChangeNothing(graph, inputs)), runs(60)); // prettier-ignore
  });

  test("M4: the number of threads changes nothing, whatever else is done", () => {
    fc.assert(fc.property(program, ({ graph, inputs }) => threadsChangeNothing(graph, inputs)), runs(60)); // prettier-ignore
  });
});
