// The graph: typed values in static single assignment. Immutable; transforms and passes build new ones.
// An operation's attributes are declared here, all it does stands in its one entry of compile/primitives.

import type { DType, Shape, TensorType, TypedValues } from "../type.ts";

/** A value of a graph. Its identity is the object itself; names are given when a graph is printed. */
export interface Value {
  readonly type: TensorType;
}

/** A function from `inputs` to `outputs`. Every value used is an input or an earlier equation's output. */
export interface Graph {
  readonly inputs: readonly Value[];
  readonly equations: readonly Equation[];
  readonly outputs: readonly Value[];
}

/** Comparisons, StableHLO's words. With a NaN all are false but NE. */
export type Direction = "EQ" | "NE" | "GE" | "GT" | "LE" | "LT";

/** Scalar combinations that `reduce`, `cumulative` and `scatter` know. `and`/`or` on bool only. */
export type Combiner = "add" | "multiply" | "maximum" | "minimum" | "and" | "or";

/** StableHLO's gather dimension numbers (shared by `scatter`, where offset dimensions are the update's window dimensions). */
export interface GatherDimensions {
  /** Result dimensions that run over the slice. */
  readonly offsetDims: readonly number[];
  /** Operand dimensions of slice size 1 that are dropped from the result. */
  readonly collapsedSliceDims: readonly number[];
  /** Operand dimensions batched with `startIndicesBatchingDims`, slice size 1, dropped as well. */
  readonly operandBatchingDims: readonly number[];
  readonly startIndicesBatchingDims: readonly number[];
  /** Component k of a start index counts along operand dimension `startIndexMap[k]`. */
  readonly startIndexMap: readonly number[];
  /** Dimension of `startIndices` that holds the components; always its last one here. */
  readonly sliceSizes: readonly number[];
}

type None = Readonly<Record<string, never>>;

/** Every operation and its static attributes. */
export interface Attrs {
  // elementwise, one operand
  readonly negate: None;
  readonly abs: None;
  readonly sign: None;
  readonly floor: None;
  readonly ceil: None;
  readonly round_nearest_even: None;
  readonly sqrt: None;
  readonly rsqrt: None;
  readonly exponential: None;
  readonly exponential_minus_one: None;
  readonly log: None;
  readonly log_plus_one: None;
  readonly logistic: None;
  readonly tanh: None;
  readonly sine: None;
  readonly cosine: None;
  readonly tan: None;
  readonly asin: None;
  readonly acos: None;
  readonly atan: None;
  readonly sinh: None;
  readonly cosh: None;
  readonly asinh: None;
  readonly acosh: None;
  readonly atanh: None;
  readonly erf: None;
  readonly not: None; // bool: logical; int32: bitwise
  // elementwise, two operands of one type
  readonly add: None;
  readonly subtract: None;
  readonly multiply: None;
  readonly divide: None; // int32: truncates towards zero, x / 0 = 0
  readonly remainder: None; // sign of the dividend; int32: x rem 0 = 0
  readonly maximum: None; // NaN if either is
  readonly minimum: None;
  readonly power: None;
  readonly atan2: None;
  readonly and: None; // bool: logical; int32: bitwise
  readonly or: None;
  readonly xor: None;
  readonly shift_left: None; // int32, count in 0..31
  readonly shift_right_logical: None; // int32, count in 0..31
  readonly compare: { readonly direction: Direction };
  readonly select: None; // (bool predicate, onTrue, onFalse), one shape
  readonly convert: { readonly dtype: DType }; // float to int truncates and saturates (NaN is 0); to bool: x != 0
  readonly bitcast_convert: { readonly dtype: "float32" | "int32" };
  readonly half_to_float: None; // int32 -> float32: what its low 16 bits are as IEEE 754 binary16
  // sources
  readonly constant: { readonly values: TypedValues; readonly type: TensorType };
  readonly iota: { readonly shape: Shape; readonly dimension: number; readonly dtype: DType };
  /** Threefry-2x32 bits, as `jax.random.bits`: key int32[...batch, 2] -> int32[...batch, ...shape]. */
  readonly rng_bit_generator: { readonly shape: Shape };
  /** Threefry-2x32 of the key itself, as `jax.random.split`: key int32[...batch, 2] -> int32[...batch, count, 2]. */
  readonly rng_split: { readonly count: number };
  /** As `jax.random.fold_in`: (key int32[...batch, 2], data int32[...batch]) -> int32[...batch, 2]. */
  readonly rng_fold_in: None;
  // shape
  readonly broadcast_in_dim: { readonly shape: Shape; readonly broadcastDimensions: readonly number[] };
  readonly reshape: { readonly shape: Shape };
  readonly transpose: { readonly permutation: readonly number[] };
  readonly slice: {
    readonly start: readonly number[];
    readonly limit: readonly number[];
    readonly strides: readonly number[];
  };
  /** `low`, `high` >= 0, `interior` >= 0 elements of `value` before, after and between. */
  readonly pad: {
    readonly low: readonly number[];
    readonly high: readonly number[];
    readonly interior: readonly number[];
    readonly value: number;
  };
  readonly concatenate: { readonly dimension: number };
  readonly reverse: { readonly dimensions: readonly number[] };
  // reductions, products, order
  readonly reduce: { readonly combiner: Combiner; readonly dimensions: readonly number[] };
  /** Result dimensions: batch, then the free ones of the left, then of the right. float32 or int32. */
  readonly dot_general: {
    readonly lhsBatchingDimensions: readonly number[];
    readonly rhsBatchingDimensions: readonly number[];
    readonly lhsContractingDimensions: readonly number[];
    readonly rhsContractingDimensions: readonly number[];
  };
  readonly cumulative: {
    readonly combiner: "add" | "multiply";
    readonly dimension: number;
    readonly exclusive: boolean;
    readonly reverse: boolean;
  };
  /** Stable sort along the last dimension; results: sorted values, int32 positions they came from. NaN last. */
  readonly sort: { readonly descending: boolean };
  // indexing
  /** (operand, startIndices int32[..., components]); out-of-range starts are clamped, as StableHLO's. */
  readonly gather: GatherDimensions;
  /** (operand, startIndices, updates) -> operand with updates combined in; out-of-range updates are dropped.
   *  `set` with a repeated index: the last one wins. */
  readonly scatter: GatherDimensions & { readonly combiner: "add" | "set" };
  /** (operand, ...one int32 scalar start a dimension), clamped. */
  readonly dynamic_slice: { readonly sliceSizes: readonly number[] };
  /** (operand, update, ...starts), clamped. */
  readonly dynamic_update_slice: None;
  // control of differentiation and scheduling: identities on their operands
  readonly stop_gradient: None;
  /** Any number of operands, returned as they are: no pass may move or share work across it. */
  readonly optimization_barrier: None;
  // with bodies
  /** Inputs: constants, initial carry, xs (leading axis `length`). Results: final carry, ys (leading axis `length`).
   *  Body: (constants, carry, x) -> (carry, y). With `per`, the first constant, an int32 scalar n, says how many steps there
   *  are: the first ceil(n / per) of `length`, also in reverse; ys are zero from there on. */
  readonly scan: {
    readonly body: Graph;
    readonly constants: number;
    readonly carry: number;
    readonly length: number;
    readonly reverse: boolean;
    readonly per?: number;
    /** Bytes that stacks may take which are made for the way back, or for sums that leave the loop; any if absent. */
    readonly memory?: number;
  };
  /** Inputs: bool scalar, then the operands of both branches. */
  readonly cond: { readonly onTrue: Graph; readonly onFalse: Graph };
  /** A call whose backward pass runs `body` again from its inputs instead of keeping what it computed. */
  readonly checkpoint: { readonly body: Graph };
  /** `body` forwards; differentiated by `forward` (inputs -> outputs and residuals) and `backward` (residuals, cotangents -> cotangents). */
  readonly custom_vjp: { readonly body: Graph; readonly forward: Graph; readonly backward: Graph };
  /** A named sub-graph that a target may replace by a kernel of its own; otherwise inlined. */
  readonly fused: { readonly name: string; readonly body: Graph };
}

export type Op = keyof Attrs;

/** One application of an operation. `source` names where it came from (a tfjs kernel, a user's scope), for messages and profiles. */
export type Equation = {
  [K in Op]: {
    readonly op: K;
    readonly inputs: readonly Value[];
    readonly attrs: Attrs[K];
    readonly outputs: readonly Value[];
    readonly source?: string | undefined;
  };
}[Op];

export type EquationOf<K extends Op> = Extract<Equation, { readonly op: K }>;
