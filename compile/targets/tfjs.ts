// The reference target: each primitive by tfjs ops of whatever backend is current. No memory of its own, no code.

import { evaluate } from "../graph/evaluate.ts";
import type { Target } from "./target.ts";

export const tfjsTarget: Target = {
  name: "tfjs",
  compile: (graph) => ({ run: (inputs) => evaluate(graph, inputs), bytes: 0 }),
};
