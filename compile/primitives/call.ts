// Calls of a body graph that say how the body is treated: `checkpoint` keeps nothing for the way back but its inputs,
// `custom_vjp` brings its own way back, `fused` names a body that a target may have a kernel for.

import { malformedBody } from "../errors.ts";
import type { Attrs, Graph, Value } from "../graph/graph.ts";
import { sameType, type TensorType } from "../type.ts";
import { orZeros, typesOf, withBatchAxis, type Builder, type Primitive } from "./primitive.ts";

export function inferCall(op: string, inputs: readonly TensorType[], body: Graph): readonly TensorType[] {
  const fits =
    body.inputs.length === inputs.length && body.inputs.every((value, i) => sameType(value.type, inputs[i]!));
  if (!fits) throw malformedBody(op, inputs, typesOf(body.inputs), typesOf(body.outputs));
  return typesOf(body.outputs);
}

/** `body` with a batch axis in front of the flagged inputs and of every output. */
export const batchedGraph = (
  b: Builder,
  body: Graph,
  types: readonly TensorType[],
  flags: readonly boolean[],
  size: number,
): Graph =>
  b.subgraph(types, (inner, values) => {
    const result = inner.batch(body, values, flags, size);
    return result.outputs.map((value, i) => (result.batched[i] ? value : withBatchAxis(inner, value, size)));
  });

/** Computes `body`; its backward pass runs it again. The barrier keeps the second run from being merged with the first. */
export const checkpoint: Primitive<Attrs["checkpoint"]> = {
  infer: (inputs, { body }) => inferCall("checkpoint", inputs, body),
  evaluate: (inputs, { body }, run) => run(body, inputs),
  vjp(b, inputs, attrs, wanted) {
    const outputs = b.emit("checkpoint", inputs, attrs);
    return {
      outputs,
      pullback(cotangents) {
        const given = cotangents.filter((ct) => ct !== null);
        const guarded = b.emit("optimization_barrier", [...inputs, ...given], {});
        let next = inputs.length;
        const cts = cotangents.map((ct) => (ct ? guarded[next++]! : null));
        return b.linearise(attrs.body, guarded.slice(0, inputs.length), wanted).pullback(cts);
      },
    };
  },
  batch: (b, inputs, batched, { body }, size) =>
    b.emit("checkpoint", inputs, { body: batchedGraph(b, body, typesOf(inputs), batched, size) }),
  lower: null,
};

/** Forward as `body`; differentiated by a pair of graphs that its author gave. */
export const customVjp: Primitive<Attrs["custom_vjp"]> = {
  infer: (inputs, { body }) => inferCall("custom_vjp", inputs, body),
  evaluate: (inputs, { body }, run) => run(body, inputs),
  vjp(b, inputs, { body, forward, backward }) {
    const results = b.inline(forward, inputs);
    const outputs = results.slice(0, body.outputs.length);
    const residuals = results.slice(body.outputs.length);
    return {
      outputs,
      pullback(cotangents) {
        const cts = outputs.map(({ type }, i) => orZeros(b, cotangents[i], type));
        return b.inline(backward, [...residuals, ...cts]);
      },
    };
  },
  batch(b, inputs, batched, { body, forward, backward }, size) {
    const forwardBatched = batchedGraph(b, forward, typesOf(inputs), batched, size);
    const all = [
      ...forwardBatched.outputs.slice(body.outputs.length),
      ...forwardBatched.outputs.slice(0, body.outputs.length),
    ];
    // The way back gives a cotangent for each input: one that carries no batch axis gets the sum over it.
    const backwardBatched = b.subgraph(typesOf(all), (inner, values) => {
      const result = inner.batch(backward, values, values.map(() => true), size); // prettier-ignore
      return result.outputs.map((value, i): Value => {
        const full = result.batched[i] ? value : withBatchAxis(inner, value, size);
        if (batched[i]) return full;
        return full.type.dtype === "float32" ? inner.sum(full, [0]) : inner.zeros(inputs[i]!.type); // integers have none
      });
    });
    return b.emit("custom_vjp", inputs, {
      body: batchedGraph(b, body, typesOf(inputs), batched, size),
      forward: forwardBatched,
      backward: backwardBatched,
    });
  },
  lower: null,
};

export const fused: Primitive<Attrs["fused"]> = {
  infer: (inputs, { name, body }) => inferCall(name, inputs, body),
  evaluate: (inputs, { body }, run) => run(body, inputs),
  vjp: (b, inputs, { body }, wanted) => b.linearise(body, inputs, wanted),
  batch: (b, inputs, batched, { name, body }, size) =>
    b.emit("fused", inputs, { name, body: batchedGraph(b, body, typesOf(inputs), batched, size) }),
  lower: null,
};
