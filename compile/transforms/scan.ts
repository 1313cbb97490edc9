// The user's loop in time. In a trace it is one equation with a body graph, traced once however long the sequence;
// outside of one it is a plain loop over tfjs ops.

import * as tf from "@tensorflow/tfjs-core";
import {
  carryChanges,
  noBound,
  noLength,
  notARecord,
  wrongMemory,
  wrongStepCount,
  xsLengthsDiffer,
  xsScalar,
} from "../errors.ts";
import type { Attrs } from "../graph/graph.ts";
import { bind } from "../trace/apply.ts";
import { currentTrace, typeOf } from "../trace/trace.ts";
import { structureKey, treeFlatten, treePaths, treeUnflatten, type Flattened } from "../tree.ts";
import { sameType, showType, type TensorType } from "../type.ts";
import { checkFunction, nameOf, traceFunction } from "./traced.ts";

export interface ScanOptions {
  /** Number of steps; needed where `xs` has no leaves. Where it is an int32 scalar tensor, one program serves every number
   *  of steps up to the leading size T of `xs`, at the cost of those taken, the way back included: the first `length` xs are
   *  run over (in reverse from the last of these to the first), and ys are zero from there on. What is below 0 counts as 0, and
   *  what is above T as T. Gradients of weights cost least where T is a multiple of 32. */
  readonly length?: number | tf.Tensor;
  /** From the last x to the first; ys stay in xs' order. */
  readonly reverse?: boolean;
  /** Bytes that what the way back needs of the steps may take. Where it needs more, the loop is cut into segments, of which
   *  the way back keeps the first carry alone and runs each again (`jax.checkpoint` of nested scans): about twice the square
   *  root of the memory for one more run forward; more cuts and more runs where that is still too much. Without derivatives it
   *  changes nothing. The values themselves are the same. Under a vmap around the derivative the bytes are one example's. */
  readonly memory?: number;
}

/** What a step of a scan returns. */
export interface Step<C, Y> {
  readonly carry: C;
  readonly y: Y;
}

/** Runs `step` over the leading axis of `xs`, handing the carry from each step to the next (`jax.lax.scan`).
 *  @param step `(carry, x) -> { carry, y }`; the carry returned has the structure, shapes and dtypes of the one it was given
 *  @param init the first carry
 *  @param xs a tree whose leaves share their leading size T; null with `length`
 *  @returns the last carry, and every y stacked along a new leading axis of size T
 *  @throws TypeMismatchError where the carry changes (the leaf and both types are named), or lengths differ
 *  @example
 *  const sum = (total: tf.Tensor, x: tf.Tensor) => ({ carry: tf.add(total, x), y: total });
 *  scan(sum, tf.scalar(0), tf.tensor1d([1, 2, 3])); // { carry: 6, ys: [0, 1, 3] }
 *  @example
 *  // One program for sequences of up to a thousand steps, whose gradient keeps a mebibyte of them.
 *  const last = jit(grad((w: tf.Tensor, xs: tf.Tensor, length: tf.Tensor) => {
 *    const step = (h: tf.Tensor, x: tf.Tensor) => ({ carry: tf.tanh(tf.add(tf.mul(h, w), x)), y: null });
 *    return scan(step, tf.scalar(0) as tf.Tensor, xs, { length, memory: 2 ** 20 }).carry;
 *  }));
 *  last(tf.scalar(0.5), tf.ones([1000]), tf.scalar(3, "int32"));
 */
export function scan<C, X, Y>(
  step: (carry: C, x: X) => Step<C, Y>,
  init: C,
  xs: X,
  options: ScanOptions = {},
): { readonly carry: C; readonly ys: Y } {
  const name = nameOf("scan", step);
  checkFunction(name, step);
  const carry = treeFlatten(init, `${name}: init`);
  const inputs = treeFlatten(xs, `${name}: xs`);
  const { reverse = false, memory, length: given } = options;
  const steps = given instanceof tf.Tensor ? given : undefined;
  if (steps && !sameType(typeOf(steps), stepCount)) throw wrongStepCount(name, showType(typeOf(steps)));
  if (steps && inputs.leaves.length === 0) throw noBound(name);
  const length = lengthOf(name, inputs, given instanceof tf.Tensor ? undefined : given);
  if (memory !== undefined && !(memory >= 0)) throw wrongMemory(name, memory);
  const run = currentTrace() ? scanTraced : scanEagerly;
  const loop = { length, reverse, ...(memory === undefined ? {} : { memory }), ...(steps ? { per: 1 } : {}) };
  return run(name, step, carry, inputs, loop, steps);
}

const stepCount: TensorType = { shape: [], dtype: "int32" };

function lengthOf(name: string, xs: Flattened, given: number | undefined): number {
  const paths = treePaths(xs.structure);
  let length = given;
  let first = "length";
  xs.leaves.forEach((leaf, i) => {
    const n = leaf.shape[0];
    if (n === undefined) throw xsScalar(name, `xs${paths[i]!}`);
    if (length !== undefined && n !== length) throw xsLengthsDiffer(name, first, length, `xs${paths[i]!}`, n);
    if (length === undefined) [length, first] = [n, `xs${paths[i]!}`];
  });
  if (length === undefined || !Number.isInteger(length) || length < 0) throw noLength(name, length);
  return length;
}

/** Splits what a step returned, and checks that its carry is of the kind it was given. */
function checkStep(name: string, result: unknown, carry: Flattened): { carry: Flattened; y: Flattened } {
  if (typeof result !== "object" || result === null || !("carry" in result) || !("y" in result))
    throw notARecord(name, "step", "{ carry, y }", result);
  const next = treeFlatten(result.carry, `${name}: carry`);
  const expected = structureKey(carry.structure);
  if (structureKey(next.structure) !== expected) {
    throw carryChanges(name, "", `has the structure ${expected}`, structureKey(next.structure));
  }
  const paths = treePaths(carry.structure);
  next.leaves.forEach((leaf, i) => {
    const before = typeOf(carry.leaves[i]!);
    if (!sameType(typeOf(leaf), before)) {
      throw carryChanges(name, paths[i]!, `enters as ${showType(before)}`, showType(typeOf(leaf)));
    }
  });
  return { carry: next, y: treeFlatten(result.y, `${name}: y`) };
}

type Scan = <C, X, Y>(
  name: string,
  step: (carry: C, x: X) => Step<C, Y>,
  init: Flattened,
  xs: Flattened,
  loop: Omit<Attrs["scan"], "body" | "constants" | "carry">,
  steps: tf.Tensor | undefined,
) => { readonly carry: C; readonly ys: Y };

const scanTraced: Scan = (name, step, init, xs, loop, steps) => {
  const slice = ({ shape, dtype }: TensorType): TensorType => ({ shape: shape.slice(1), dtype });
  const types = [...init.leaves.map(typeOf), ...xs.leaves.map((x) => slice(typeOf(x)))];
  let carryLeaves = 0;
  let y: Flattened | undefined;
  // The body's results, carry first, then y: a pair, whatever order the names of a record would have.
  const body = traceFunction(
    name,
    (c: never, x: never) => {
      const result = checkStep(name, step(c, x), init);
      carryLeaves = result.carry.leaves.length;
      y = result.y;
      return [...result.carry.leaves, ...result.y.leaves];
    },
    [init.structure, xs.structure],
    types,
  );
  // The number of steps goes in front of what the step closes over, and into the body, which does not read it.
  const front = steps ? [steps] : [];
  const { inputs, ...rest } = body.graph;
  const results = bind("scan", [...front, ...body.captures, ...init.leaves, ...xs.leaves], {
    body: { inputs: [...front.map(() => ({ type: stepCount })), ...inputs], ...rest },
    constants: front.length + body.captures.length,
    carry: carryLeaves,
    ...loop,
  });
  return Object.freeze({
    carry: treeUnflatten(init.structure, results.slice(0, carryLeaves)) as never,
    ys: treeUnflatten(y!.structure, results.slice(carryLeaves)) as never,
  });
};

const scanEagerly: Scan = (name, step, init, xs, { length: bound, reverse }, steps) => {
  const length = steps ? Math.min(Math.max(steps.dataSync()[0]!, 0), bound) : bound;
  let carry = treeUnflatten(init.structure, init.leaves);
  const ys: (readonly tf.Tensor[])[] = [];
  let structure = init.structure;
  if (length === 0) return scanNothing(name, step, init, xs, bound);
  for (let n = 0; n < length; n++) {
    const t = reverse ? length - 1 - n : n;
    const x = treeUnflatten(xs.structure, xs.leaves.map((leaf) => sliceAt(leaf, t))); // prettier-ignore
    const result = checkStep(name, step(carry as never, x as never), init);
    carry = treeUnflatten(init.structure, result.carry.leaves);
    ys[t] = result.y.leaves;
    structure = result.y.structure;
  }
  const stacks = ys[0]!.map((y, i) => {
    const stack = tf.stack(ys.map((leaves) => leaves[i]!));
    return length === bound
      ? stack
      : tf.pad(stack, [[0, bound - length], ...y.shape.map((): [number, number] => [0, 0])]);
  });
  return Object.freeze({ carry: carry as never, ys: treeUnflatten(structure, stacks) as never });
};

const sliceAt = (x: tf.Tensor, t: number): tf.Tensor =>
  tf.reshape(tf.slice(x, [t, ...x.shape.slice(1).map(() => 0)], [1, ...x.shape.slice(1)]), x.shape.slice(1));

/** No step runs, so only a trace tells what ys would be. */
function scanNothing<C, X, Y>(
  name: string,
  step: (carry: C, x: X) => Step<C, Y>,
  init: Flattened,
  xs: Flattened,
  bound: number,
): { readonly carry: C; readonly ys: Y } {
  let y: Flattened | undefined;
  const types = [
    ...init.leaves.map(typeOf),
    ...xs.leaves.map(({ shape, dtype }) => typeOf({ shape: shape.slice(1), dtype })),
  ];
  const { graph } = traceFunction(
    name,
    (c: never, x: never) => (y = checkStep(name, step(c, x), init).y).leaves,
    [init.structure, xs.structure],
    types,
  );
  const empty = graph.outputs.map(({ type }) => tf.zeros([bound, ...type.shape], type.dtype));
  return Object.freeze({
    carry: treeUnflatten(init.structure, init.leaves) as C,
    ys: treeUnflatten(y!.structure, empty) as Y,
  });
}
