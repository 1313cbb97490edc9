// All laws that hold for every program, whatever is in it: what a regression is held to.

import type { Program } from "../arbitraries/programText.ts";
import { eachPassKeepsMeaning, passesInOrderKeepMeaning } from "./pass.ts";
import { batchIsALoop, inferAgreesWithEvaluate, vjpGraph } from "./primitive.ts";
import { programsAgree, sectionsChangeNothing, threadsChangeNothing, wasmAgrees } from "./target.ts";
import { callsChangeNothing, forwardModeIsTheTranspose, gradientOfScanIsOfFold, keptIsEnough, scanIsAFold, withCotangents } from "./transform.ts"; // prettier-ignore

/** Throws where the program breaks a law. */
export function everyLaw({ graph, inputs }: Program, seed = 1, tolerance = 1e-4): void {
  inferAgreesWithEvaluate(graph, inputs);
  const derivative = { graph: vjpGraph(graph), inputs: withCotangents(graph, inputs, seed) };
  for (const program of [{ graph, inputs }, derivative]) {
    eachPassKeepsMeaning(program.graph, program.inputs, tolerance);
    passesInOrderKeepMeaning(program.graph, program.inputs, tolerance);
    programsAgree(program.graph, program.inputs, tolerance);
    wasmAgrees(program.graph, program.inputs, tolerance);
    sectionsChangeNothing(program.graph, program.inputs);
    threadsChangeNothing(program.graph, program.inputs);
    scanIsAFold(program.graph, program.inputs, tolerance);
    for (let choice = 1; choice < 2 ** Math.min(program.inputs.length, 3); choice++) {
      batchIsALoop(program.graph, program.inputs, choice, 2);
    }
  }
  callsChangeNothing(graph, inputs, seed, tolerance);
  gradientOfScanIsOfFold(graph, inputs, seed, tolerance);
  forwardModeIsTheTranspose(graph, inputs, seed, tolerance);
  keptIsEnough(graph, inputs, seed, tolerance);
}
