// One of two branches, by a bool scalar. Under vmap with a batched predicate both run and `select` picks.

import { malformedBody } from "../errors.ts";
import type { Attrs, Graph, Value } from "../graph/graph.ts";
import { sameType } from "../type.ts";
import { orZeros, typesOf, withBatchAxis, type Builder, type Primitive } from "./primitive.ts";

type CondAttrs = Attrs["cond"];

export const cond: Primitive<CondAttrs> = {
  infer([predicate, ...operands], { onTrue, onFalse }) {
    const fits =
      predicate?.dtype === "bool" &&
      predicate.shape.length === 0 &&
      [onTrue, onFalse].every(
        ({ inputs, outputs }) =>
          inputs.length === operands.length &&
          inputs.every((value, i) => sameType(value.type, operands[i]!)) &&
          outputs.length === onTrue.outputs.length &&
          outputs.every((value, i) => sameType(value.type, onTrue.outputs[i]!.type)),
      );
    if (!fits) throw malformedBody("cond", operands, typesOf(onTrue.inputs), typesOf(onFalse.outputs));
    return typesOf(onTrue.outputs);
  },

  evaluate: ([predicate, ...operands], { onTrue, onFalse }, run) =>
    run(predicate!.dataSync()[0] ? onTrue : onFalse, operands),

  /** The way back takes the same branch, which computes what it needs again: no branch keeps residuals for the other. */
  vjp(b, inputs, { onTrue, onFalse }, wanted) {
    const outputs = b.emit("cond", inputs, { onTrue, onFalse });
    const [predicate, ...operands] = inputs;
    const wants = wanted.slice(1);
    return {
      outputs,
      pullback(cotangents) {
        const floats = outputs.flatMap(({ type }, i) => (type.dtype === "float32" ? [i] : []));
        const cts = floats.map((i) => orZeros(b, cotangents[i], outputs[i]!.type));
        const back = (branch: Graph): Graph =>
          b.subgraph(typesOf([...operands, ...cts]), (inner, values) => {
            const { pullback } = inner.linearise(branch, values.slice(0, operands.length), wants);
            const given = values.slice(operands.length);
            const result = pullback(outputs.map((_, i) => (floats.includes(i) ? given[floats.indexOf(i)]! : null)));
            return operands.flatMap(({ type }, i) => (wants[i] ? [orZeros(inner, result[i], type)] : []));
          });
        const results = b.emit("cond", [predicate!, ...operands, ...cts], {
          onTrue: back(onTrue),
          onFalse: back(onFalse),
        });
        let next = 0;
        return [null, ...operands.map((_, i) => (wants[i] ? results[next++]! : null))];
      },
    };
  },

  batch(b, inputs, batched, attrs, size) {
    const [predicate, ...operands] = inputs;
    const flags = batched.slice(1);
    if (!batched[0]) return batchBranches(b, predicate!, operands, flags, attrs, size);
    const run = (branch: Graph): readonly Value[] => {
      const result = b.batch(branch, operands, flags, size);
      return result.outputs.map((value, i) => (result.batched[i] ? value : withBatchAxis(b, value, size)));
    };
    const onTrue = run(attrs.onTrue);
    const onFalse = run(attrs.onFalse);
    return onTrue.map((value, i) => {
      const choice = b.broadcastInDim(predicate!, value.type.shape, [0]);
      return b.select(choice, value, onFalse[i]!);
    });
  },

  lower: null,
};

function batchBranches(
  b: Builder,
  predicate: Value,
  operands: readonly Value[],
  flags: readonly boolean[],
  { onTrue, onFalse }: CondAttrs,
  size: number,
): readonly Value[] {
  const inner = (branch: Graph): Graph =>
    b.subgraph(typesOf(operands), (builder, values) => {
      const result = builder.batch(branch, values, flags, size);
      return result.outputs.map((value, i) => (result.batched[i] ? value : withBatchAxis(builder, value, size)));
    });
  return b.emit("cond", [predicate, ...operands], { onTrue: inner(onTrue), onFalse: inner(onFalse) });
}
