// What a loop's products only read, in half precision. A matrix that a step multiplies by, and that no step changes, is rounded
// before the loop to IEEE binary16 and packed, two halves a word; products unpack what they read of it. A device then reads half
// of the bytes at every step, for 2^-11 of each weight's size: more than targets may differ by, so it is only done when asked for.
// Loops of a backward pass get it as well: there is nothing here but scans and products.

import type { GraphBuilder } from "../../graph/build.ts";
import type { Equation, EquationOf, Graph, Value } from "../../graph/graph.ts";
import { prepareConstants, type Preparation } from "../../graph/prepareConstants.ts";
import { rewrite } from "../../graph/walk.ts";
import { sizeOf, type Shape } from "../../type.ts";
import { packHalves, unpackHalves } from "./packHalves.ts";

export interface HalfRules {
  /** Smaller matrices stay in a core's own cache, beside its workgroups' memory. */
  readonly leastBytes: number;
  /** Packing reads all of a matrix, and writes half: fewer steps do not pay for it. */
  readonly leastSteps: number;
}

export const halfRules: HalfRules = { leastBytes: 32 * 1024, leastSteps: 4 };

/** The graph with halves in its loops. Needs no `shader-f16`: halves are never computed with. */
export const halfWeights = (graph: Graph, rules: HalfRules = halfRules): Graph =>
  rewrite(graph, (b, scan, inputs) =>
    scan.op === "scan" && scan.attrs.length >= rules.leastSteps
      ? prepareConstants(b, scan, inputs, (equation, fixed) => halving(equation, fixed, rules))
      : null,
  );

type Product = EquationOf<"dot_general">;

/** Which operand of a product is packed, and along which of its axes. */
interface Way {
  readonly side: 0 | 1;
  readonly axis: number;
}

function halving(equation: Equation, fixed: ReadonlySet<Value>, rules: HalfRules): Preparation | null {
  if (equation.op !== "dot_general") return null;
  const way = wayOf(equation, fixed, rules);
  return (
    way && {
      value: equation.inputs[way.side]!,
      form: `halves along ${way.axis}`,
      make: (b, weights) => packHalves(b, weights, way.axis),
      read: (b, words) => multiply(b, equation, words, way),
    }
  );
}

/** The side that no step changes, if it is large; along its last axis of even size, the same for all that read it. */
function wayOf({ attrs, inputs }: Product, fixed: ReadonlySet<Value>, { leastBytes }: HalfRules): Way | null {
  for (const side of [0, 1] as const) {
    const { shape, dtype } = inputs[side]!.type;
    if (!fixed.has(inputs[side]!) || fixed.has(inputs[1 - side]!)) continue;
    if (dtype !== "float32" || 4 * sizeOf(shape) < leastBytes) continue;
    const axis = shape.findLastIndex((size) => size % 2 === 0);
    const batching = side === 0 ? attrs.lhsBatchingDimensions : attrs.rhsBatchingDimensions;
    if (axis >= 0 && !batching.includes(axis)) return { side, axis };
  }
  return null;
}

/** Emits the product with `words` unpacked: the axis that they are packed along is two, in either operand if it is contracted. */
function multiply(b: GraphBuilder, { attrs, inputs, outputs }: Product, words: Value, { side, axis }: Way): void {
  const contracting = [attrs.lhsContractingDimensions, attrs.rhsContractingDimensions] as const;
  const batching = [attrs.lhsBatchingDimensions, attrs.rhsBatchingDimensions] as const;
  const pair = contracting[side].indexOf(axis);
  const other = inputs[1 - side]!;
  const otherAxis = pair < 0 ? Infinity : contracting[1 - side]![pair]!;
  const [unpacked, whole] = [unpackHalves(b, words, axis), b.reshape(other, inPairs(other.type.shape, otherAxis))];
  const axes = side === 0 ? [axis, otherAxis] : [otherAxis, axis];
  const [lhs, rhs] = side === 0 ? [unpacked, whole] : [whole, unpacked];
  const product = b.dotGeneral(lhs, rhs, {
    lhsBatchingDimensions: renumbered(batching[0], axes[0]!),
    rhsBatchingDimensions: renumbered(batching[1], axes[1]!),
    lhsContractingDimensions: renumbered(contracting[0], axes[0]!),
    rhsContractingDimensions: renumbered(contracting[1], axes[1]!),
  });
  b.one("reshape", [product], { shape: outputs[0]!.type.shape });
}

/** A shape with `axis` in pairs; as it is where that is none of its axes. */
const inPairs = (shape: Shape, axis: number): Shape =>
  shape.flatMap((size, d) => (d === axis ? [size / 2, 2] : [size]));

/** Axes after `axis` became two. */
const renumbered = (axes: readonly number[], axis: number): readonly number[] =>
  axes.flatMap((d) => (d < axis ? [d] : d === axis ? [d, d + 1] : [d + 1]));
