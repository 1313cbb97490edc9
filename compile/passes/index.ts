// The passes and their order. Each takes a graph to one of the same meaning.

import type { Graph } from "../graph/graph.ts";
import { dropDead } from "./dropDead.ts";
import { hoistFromScan } from "./hoistFromScan.ts";
import { dropBarriers, inlineCalls } from "./inlineCalls.ts";
import { invertPermutations } from "./invertPermutations.ts";
import { liftSums } from "./liftSums.ts";
import { narrowProducts } from "./narrowProducts.ts";
import { productsOutOfScan } from "./productsOutOfScan.ts";
import { shareCommon } from "./shareCommon.ts";
import { simplify } from "./simplify.ts";

export interface Pass {
  readonly name: string;
  readonly run: (graph: Graph) => Graph;
}

/** Calls go first, so that all passes see through them. Dead code goes before sums are lifted, or a cotangent that
 *  nobody asked for would be lifted as well; identities and sharing go before that, as they uncover dead code. Barriers
 *  stand until work has been shared. Inverses of permutations are found when copies of a sort are one, and before products move. Products leave loops when it is settled which of them sums have taken along, and narrowed
 *  to what is read, since that uncovers more that wait for no carry. The last round cleans up what lifting and hoisting left. */
export const passes: readonly Pass[] = [
  { name: "inlineCalls", run: inlineCalls },
  { name: "dropDead", run: dropDead },
  { name: "simplify", run: simplify },
  { name: "shareCommon", run: shareCommon },
  { name: "dropBarriers", run: dropBarriers },
  { name: "invertPermutations", run: invertPermutations },
  { name: "hoistFromScan", run: hoistFromScan },
  { name: "liftSums", run: liftSums },
  { name: "narrowProducts", run: narrowProducts },
  { name: "productsOutOfScan", run: productsOutOfScan },
  { name: "simplifyAgain", run: simplify },
  { name: "shareAgain", run: shareCommon },
  { name: "dropDeadAgain", run: dropDead },
];

/** All passes in order. */
export const optimise = (graph: Graph): Graph => passes.reduce((g, pass) => pass.run(g), graph);
