// How our own operations meet tfjs tensors: inside a trace they append to the graph, outside they are computed at once.

import * as tf from "@tensorflow/tfjs-core";
import { evaluate } from "../graph/evaluate.ts";
import type { Attrs, Graph, Op } from "../graph/graph.ts";
import { primitives } from "../primitives/index.ts";
import { currentTrace, tracer, valueOf } from "./trace.ts";

/** One primitive of tensors. */
export function bind<K extends Op>(op: K, inputs: readonly tf.Tensor[], attrs: Attrs[K]): tf.Tensor[] {
  const here = currentTrace();
  if (!here) return tf.tidy(() => [...primitives[op].evaluate(inputs, attrs, evaluate)]);
  const values = inputs.map((x) => valueOf(here, x));
  return here.builder.emit(op, values, attrs).map((value) => tracer(value, here));
}

/** A whole graph of tensors. */
export function apply(graph: Graph, inputs: readonly tf.Tensor[]): tf.Tensor[] {
  const here = currentTrace();
  if (!here) return evaluate(graph, inputs);
  const values = inputs.map((x) => valueOf(here, x));
  return here.builder.inline(graph, values).map((value) => tracer(value, here));
}
