// After differentiation calls are mere calls: their bodies are inlined, and stop_gradient is the identity.

import type { Graph } from "../graph/graph.ts";
import { rewrite } from "../graph/walk.ts";

export const inlineCalls = (graph: Graph): Graph =>
  rewrite(graph, (b, equation, inputs) => {
    switch (equation.op) {
      case "stop_gradient":
        return inputs;
      case "checkpoint":
      case "custom_vjp":
      case "fused":
        return b.inline(equation.attrs.body, inputs);
      default:
        return null;
    }
  });

/** Barriers have done their work once common work has been shared. */
export const dropBarriers = (graph: Graph): Graph =>
  rewrite(graph, (_b, equation, inputs) => (equation.op === "optimization_barrier" ? inputs : null));
