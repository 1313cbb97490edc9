// Laws of the compiler as its users meet it: functions of tensors under transforms that mean the same.
//
//   F1  A function under any pile of wrappers that leave it as it is (compiled, checkpointed, a branch that is taken, a
//       loop of one round, a batch of one, a derivative of its own that is the true one) gives the same values,
//   F2  and the same derivatives, compiled or not.

import * as tf from "@tensorflow/tfjs-core";
import { checkpoint, cond, customVjp, jit, jvp, scan, vjp, vmap } from "../../compile/index.ts";
import type { Graph } from "../../compile/graph/graph.ts";
import { apply } from "../../compile/trace/apply.ts";
import type { DType } from "../../compile/type.ts";
import type { Operand } from "../arbitraries/operand.ts";
import { expectClose } from "./expectClose.ts";
import { run, vjpGraph } from "./primitive.ts";
import { withCotangents } from "./transform.ts";

export type Tensors = readonly tf.Tensor[];
export type TensorFunction = (...xs: Tensors) => Tensors;

const inFront = (x: tf.Tensor): tf.Tensor => tf.expandDims(x, 0);
const first = (x: tf.Tensor): tf.Tensor => tf.squeeze(x, [0]);

/** Ways to say `f` in other words. */
export const wrappers = {
  jitWasm: (f: TensorFunction): TensorFunction => jit(f),
  jitTfjs: (f) => jit(f, { target: "tfjs" }),
  checkpoint: (f) => checkpoint(f),
  /** Checkpointed as a function of nothing: the arguments are what it closes over. */
  closedCheckpoint:
    (f) =>
    (...xs) =>
      checkpoint(() => f(...xs))(),
  branch:
    (f) =>
    (...xs) => {
      const others: TensorFunction = (...ys) => f(...ys).map((y) => tf.onesLike(y));
      return cond(tf.equal(tf.scalar(2, "int32"), 2), f, others, ...xs);
    },
  /** A branch that closes over the arguments, taken by what they are. */
  closedBranch:
    (f) =>
    (...xs) => {
      const predicate = tf.equal(tf.sum(tf.mul(tf.cast(xs[0]!, "float32"), 0)), 0);
      const zeros = (): Tensors => f(...xs).map((y) => tf.zerosLike(y));
      return cond(predicate, () => f(...xs), zeros);
    },
  loop:
    (f) =>
    (...xs) =>
      scan((carry: Tensors, x: Tensors) => ({ carry, y: f(...carry.slice(0, 1), ...x) }), xs.slice(0, 1) as Tensors, xs.slice(1).map(inFront), { length: 1 }).ys.map(first), // prettier-ignore
  /** A loop whose step closes over the arguments. */
  closedLoop:
    (f) =>
    (...xs) =>
      scan((carry: null, _: null) => ({ carry, y: f(...xs) }), null, null, { length: 1, reverse: true }).ys.map(first),
  batch: (f) => {
    const batched = vmap(f);
    return (...xs) => batched(...xs.map(inFront)).map(first);
  },
  /** A batch along the last axis of the first argument; the others are closed over. */
  closedBatch:
    (f) =>
    (...xs) =>
      vmap((x: tf.Tensor) => f(x, ...xs.slice(1)), { inAxes: -1, outAxes: 0 })(tf.expandDims(xs[0]!, -1)).map(first),
  ownDerivative: (f) =>
    customVjp(
      f,
      (...xs: Tensors) => ({ value: f(...xs), residuals: xs }),
      (residuals: Tensors, ct: Tensors) => vjp(f, ...residuals).pullback(ct),
    ),
  valueOfVjp:
    (f) =>
    (...xs) =>
      vjp(f, ...xs).value,
  valueOfJvp:
    (f) =>
    (...xs) =>
      jvp(f, xs, xs.map((x) => tf.zerosLike(x))).value, // prettier-ignore
} as const satisfies Record<string, (f: TensorFunction) => TensorFunction>;

export type WrapperName = keyof typeof wrappers;

export const wrapperNames = Object.keys(wrappers) as WrapperName[]; // the table's keys are its type's

const tensorsOf = (operands: readonly Operand[]): tf.Tensor[] =>
  operands.map(({ type, values }) => tf.tensor(values.slice(), [...type.shape], type.dtype));

const operandsOf = (tensors: Tensors): Operand[] =>
  tensors.map((x) => ({
    type: { shape: x.shape, dtype: x.dtype as DType }, // primitives have no other dtypes
    values: x.dataSync<"float32" | "int32" | "bool">().slice(),
  }));

/** F1, F2 of the graph's function under a pile of wrappers, the last one outermost. */
export function wrappersChangeNothing(
  graph: Graph,
  operands: readonly Operand[],
  pile: readonly WrapperName[],
  seed: number,
  tolerance: number,
): void {
  const plain: TensorFunction = (...xs) => apply(graph, xs);
  const wrapped = pile.reduce((f, name) => wrappers[name](f), plain);
  const given = withCotangents(graph, operands, seed);
  const values = run(graph, operands);
  const gradients = run(vjpGraph(graph), given);
  tf.tidy(() => {
    const xs = tensorsOf(operands);
    const floats = tensorsOf(given.slice(operands.length));
    // A cotangent of every output, zeros for integers.
    const cts = graph.outputs.map(({ type }) =>
      type.dtype === "float32" ? floats.shift()! : tf.zeros([...type.shape], type.dtype),
    );
    const isFloat = (x: tf.Tensor): boolean => x.dtype === "float32";
    const pullBack = (...all: Tensors): Tensors =>
      vjp(wrapped, ...all.slice(0, xs.length)).pullback(all.slice(xs.length));
    expectClose("F1: eager", operandsOf(wrapped(...xs)), values, tolerance);
    expectClose("F1: compiled", operandsOf(jit(wrapped)(...xs)), values, tolerance);
    expectClose("F2: eager", operandsOf(pullBack(...xs, ...cts).filter(isFloat)), gradients, tolerance);
    expectClose("F2: compiled", operandsOf(jit(pullBack)(...xs, ...cts).filter(isFloat)), gradients, tolerance);
  });
}
