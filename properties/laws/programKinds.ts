// The random programs that every target is held to.

import fc from "fast-check";
import { programs } from "../arbitraries/graph.ts";
import type { Program } from "../arbitraries/programText.ts";
import { vjpGraph } from "./primitive.ts";
import { withCotangents } from "./transform.ts";

/** Random programs by what may be asked of them: equal bits, or how close a target must come. */
export const programKinds: readonly {
  readonly what: string;
  readonly program: fc.Arbitrary<Program>;
  readonly tolerance: number;
}[] = [
  { what: "integers and exact floats, bit by bit", program: programs("exact"), tolerance: 0 },
  { what: "all operations", program: programs("forward"), tolerance: 1e-4 },
  { what: "derivatives", program: derivatives(), tolerance: 1e-3 },
];

function derivatives(): fc.Arbitrary<Program> {
  return fc
    .tuple(programs("derivative"), fc.nat(255))
    .map(([{ graph, inputs }, seed]) => ({ graph: vjpGraph(graph), inputs: withCotangents(graph, inputs, seed) }));
}
