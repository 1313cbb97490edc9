// What a primitive is: one record that holds all there is to know of an operation.
// A rule receives the builder `b` (appends equations) and never imports it, so that this room stays a leaf.

import type { Tensor } from "@tensorflow/tfjs-core";
import type { Attrs, Combiner, Direction, Equation, GatherDimensions, Graph, Op, Value } from "../graph/graph.ts";
import type { DType, Shape, TensorType, TypedValues } from "../type.ts";
import type { Lowering } from "../kernels/kernel.ts";

/** Appends equations to the graph under construction; every method infers the result's type and checks it.
 *  Implemented in compile/graph/build.ts. */
export interface Builder {
  /** The general form. */
  emit<K extends Op>(op: K, inputs: readonly Value[], attrs: Attrs[K]): readonly Value[];
  /** `emit` for operations of one result. */
  one<K extends Op>(op: K, inputs: readonly Value[], attrs: Attrs[K]): Value;
  /** All equations of `graph` again, its inputs replaced by `inputs`; returns its outputs. */
  inline(graph: Graph, inputs: readonly Value[]): readonly Value[];
  /** `inline`, ready for the way back to those inputs whose cotangents are `wanted` (compile/graph/linearise.ts). */
  linearise(graph: Graph, inputs: readonly Value[], wanted: readonly boolean[]): Linearised;
  /** `inline` with a batch axis of `size` in front of the inputs flagged `batched` (compile/graph/batch.ts). */
  batch(graph: Graph, inputs: readonly Value[], batched: readonly boolean[], size: number): Batched;
  /** Runs `append` with `source` written on what it appends. */
  within<T>(source: string | undefined, append: () => T): T;
  /** Everything appended so far: `graph` cuts it up where a rule needs to (see scan). */
  readonly equations: readonly Equation[];
  /** A new graph with inputs of these types, built by `build` with a builder of its own. */
  subgraph(types: readonly TensorType[], build: (b: Builder, inputs: readonly Value[]) => readonly Value[]): Graph;

  // elementwise of one operand, and of two (which are broadcast, NumPy's way, first)
  negate(x: Value): Value;
  abs(x: Value): Value;
  sign(x: Value): Value;
  floor(x: Value): Value;
  sqrt(x: Value): Value;
  rsqrt(x: Value): Value;
  exponential(x: Value): Value;
  log(x: Value): Value;
  logistic(x: Value): Value;
  tanh(x: Value): Value;
  sine(x: Value): Value;
  cosine(x: Value): Value;
  not(x: Value): Value;
  add(x: Value, y: Value): Value;
  subtract(x: Value, y: Value): Value;
  multiply(x: Value, y: Value): Value;
  divide(x: Value, y: Value): Value;
  maximum(x: Value, y: Value): Value;
  minimum(x: Value, y: Value): Value;
  power(x: Value, y: Value): Value;
  and(x: Value, y: Value): Value;
  or(x: Value, y: Value): Value;
  compare(x: Value, y: Value, direction: Direction): Value;
  /** The three operands are broadcast to one shape. */
  select(predicate: Value, onTrue: Value, onFalse: Value): Value;
  convert(x: Value, dtype: DType): Value;
  stopGradient(x: Value): Value;

  // sources
  constant(values: TypedValues, type: TensorType): Value;
  /** A scalar constant broadcast to `shape`. */
  fill(value: number, shape: Shape, dtype?: DType): Value;
  zeros(type: TensorType): Value;
  iota(shape: Shape, dimension: number, dtype?: DType): Value;

  // shape; the identity case of each returns its operand itself
  broadcastInDim(x: Value, shape: Shape, broadcastDimensions: readonly number[]): Value;
  /** NumPy's broadcasting to `shape`. */
  broadcastTo(x: Value, shape: Shape): Value;
  reshape(x: Value, shape: Shape): Value;
  transpose(x: Value, permutation: readonly number[]): Value;
  slice(x: Value, start: readonly number[], limit: readonly number[], strides?: readonly number[]): Value;
  pad(x: Value, low: readonly number[], high: readonly number[], interior?: readonly number[], value?: number): Value;
  concatenate(xs: readonly Value[], dimension: number): Value;
  reverse(x: Value, dimensions: readonly number[]): Value;

  reduce(x: Value, combiner: Combiner, dimensions: readonly number[]): Value;
  sum(x: Value, dimensions: readonly number[]): Value;
  dotGeneral(x: Value, y: Value, dimensions: Attrs["dot_general"]): Value;
  cumulative(x: Value, attrs: Attrs["cumulative"]): Value;
  /** [sorted values, int32 positions] along the last dimension, stable. */
  sort(x: Value, descending: boolean): readonly [Value, Value];
  gather(x: Value, startIndices: Value, dimensions: GatherDimensions): Value;
  scatter(x: Value, startIndices: Value, updates: Value, attrs: Attrs["scatter"]): Value;
}

/** A cotangent, or null where it is known to be zero. */
export type Cotangent = Value | null;

/** What differentiating one equation gives: its results, computed as `forward` likes, and how cotangents go back.
 *  What `forward` appends happens in the forward pass, what `pullback` appends in the backward pass. */
export interface Linearised {
  readonly outputs: readonly Value[];
  /** Which outputs depend, differentiably, on a wanted input; all of them if absent. */
  readonly active?: readonly boolean[];
  readonly pullback: (cotangents: readonly Cotangent[]) => readonly Cotangent[];
}

/** Outputs of a batched graph, and which of them carry the batch axis in front. */
export interface Batched {
  readonly outputs: readonly Value[];
  readonly batched: readonly boolean[];
}

/** Runs a body graph in the plain interpreter; handed to `evaluate` by whoever interprets. */
export type Run = (graph: Graph, inputs: readonly Tensor[]) => Tensor[];

export interface Primitive<A> {
  /** Shape rule: types of the results; throws an error that names what does not fit. */
  readonly infer: (inputs: readonly TensorType[], attrs: A) => readonly TensorType[];
  /** The meaning, in tfjs ops of the current backend: the reference. */
  readonly evaluate: (inputs: readonly Tensor[], attrs: A, run: Run) => readonly Tensor[];
  /** Reverse mode. Only cotangents of float32 results arrive; only those of float32 inputs flagged `wanted` are used
   *  (a rule may give the others as well: dead code is dropped). */
  readonly vjp: (b: Builder, inputs: readonly Value[], attrs: A, wanted: readonly boolean[]) => Linearised;
  /** Batching: operands flagged in `batched` carry a batch axis of `size` in front, the others do not (never all of them).
   *  Every result carries it in front. */
  readonly batch: (
    b: Builder,
    inputs: readonly Value[],
    batched: readonly boolean[],
    attrs: A,
    size: number,
  ) => readonly Value[];
  /** Loop form for the compiled targets; null for what the program's own structure stands for (scan, cond). */
  readonly lower: Lowering<A> | null;
}

/** A derivative that is zero everywhere (sign, floor, comparisons, integers). */
export const zeroDerivative =
  <K extends Op>(op: K): Primitive<Attrs[K]>["vjp"] =>
  (b, inputs, attrs) => ({ outputs: b.emit(op, inputs, attrs), pullback: () => inputs.map(() => null) });

/** A rule that needs nothing but inputs, outputs and the cotangent of its one result. */
export const simpleVjp =
  <K extends Op>(
    op: K,
    rule: (b: Builder, ct: Value, inputs: readonly Value[], output: Value, attrs: Attrs[K]) => readonly Cotangent[],
  ): Primitive<Attrs[K]>["vjp"] =>
  (b, inputs, attrs) => {
    const outputs = b.emit(op, inputs, attrs);
    return {
      outputs,
      pullback: ([ct]) => (ct ? rule(b, ct, inputs, outputs[0]!, attrs) : inputs.map(() => null)),
    };
  };

/** `x` repeated along a new leading axis of `size`: for a batching rule whose operands must all carry it. */
export const withBatchAxis = (b: Builder, x: Value, size: number): Value =>
  b.broadcastInDim(x, [size, ...x.type.shape], x.type.shape.map((_, i) => i + 1)); // prettier-ignore

/** A cotangent, zeros where there is none. */
export const orZeros = (b: Builder, ct: Cotangent | undefined, type: TensorType): Value => ct ?? b.zeros(type);

export const typesOf = (values: readonly Value[]): readonly TensorType[] => values.map((value) => value.type);
