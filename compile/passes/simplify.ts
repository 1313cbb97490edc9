// Identities that hold for every number, NaN and infinities included (but not the sign of zero): neutral operands,
// moves of elements that cancel or combine, sums of pads that are a concatenation (what the gradient of a split is).

import type { GraphBuilder } from "../graph/build.ts";
import type { Attrs, Equation, EquationOf, Graph, Value } from "../graph/graph.ts";
import { rewrite } from "../graph/walk.ts";
import { sameShape, sizeOf } from "../type.ts";

export function simplify(graph: Graph): Graph {
  // Definitions in the new graph: values are objects, so one table serves all bodies.
  const source = new Map<Value, Equation>();
  const seen = new WeakMap<GraphBuilder, number>();
  return rewrite(graph, (b, equation, inputs) => {
    // What the builder appended since the last call, by the rules of this pass too.
    for (let i = seen.get(b) ?? 0; i < b.equations.length; i++) {
      const appended = b.equations[i]!;
      for (const value of appended.outputs) source.set(value, appended);
    }
    seen.set(b, b.equations.length);
    const result = simplifyOne(b, equation, inputs, (value) => source.get(value));
    return result ? [result] : null;
  });
}

type Source = (value: Value) => Equation | undefined;

/** The number that every element of a value is known to be. */
export function splatOf(value: Value, source: Source): number | undefined {
  const equation = source(value);
  switch (equation?.op) {
    case "constant": {
      const { values } = equation.attrs;
      return values.length > 0 && values.length <= 64 && values.every((x) => Object.is(x, values[0]))
        ? values[0]
        : undefined;
    }
    case "broadcast_in_dim":
    case "reshape":
    case "transpose":
      return splatOf(equation.inputs[0]!, source);
    default:
      return undefined;
  }
}

function simplifyOne(b: GraphBuilder, equation: Equation, inputs: readonly Value[], source: Source): Value | null {
  const [x, y] = inputs as readonly [Value, Value];
  const splat = (value: Value): number | undefined => splatOf(value, source);
  switch (equation.op) {
    case "add":
      if (splat(y) === 0) return x;
      if (splat(x) === 0) return y;
      return x.type.dtype === "bool" ? null : addOfPads(b, x, y, source);
    case "subtract":
      return splat(y) === 0 ? x : null;
    case "multiply":
      if (splat(y) === 1) return x;
      return splat(x) === 1 ? y : null;
    case "divide":
      return splat(y) === 1 ? x : null;
    case "power":
      return splat(y) === 2 ? b.multiply(x, x) : splat(y) === 1 ? x : null;
    case "select": {
      const choice = splat(x);
      if (choice !== undefined) return choice ? y : inputs[2]!;
      return y === inputs[2] ? y : null;
    }
    case "negate":
    case "not": {
      const inner = source(x);
      return inner?.op === equation.op ? inner.inputs[0]! : null;
    }
    case "convert": {
      if (x.type.dtype === equation.attrs.dtype) return x;
      return null;
    }
    case "reshape":
      return simplifyReshape(b, equation, x, source);
    case "transpose": {
      const { permutation } = equation.attrs;
      const inner = source(x);
      if (inner?.op === "transpose") {
        return b.transpose(inner.inputs[0]!, permutation.map((d) => inner.attrs.permutation[d]!)); // prettier-ignore
      }
      if (inner?.op === "dot_general") {
        const swapped = swapSides(inner, permutation);
        if (swapped) return b.dotGeneral(inner.inputs[1]!, inner.inputs[0]!, swapped);
      }
      return permutation.every((d, i) => d === i) ? x : null;
    }
    case "broadcast_in_dim": {
      const { shape, broadcastDimensions } = equation.attrs;
      const inner = source(x);
      if (inner?.op === "broadcast_in_dim") {
        const from = inner.attrs.broadcastDimensions.map((d) => broadcastDimensions[d]!);
        return b.broadcastInDim(inner.inputs[0]!, shape, from);
      }
      return sameShape(shape, x.type.shape) && broadcastDimensions.every((d, i) => d === i) ? x : null;
    }
    case "slice": {
      const { start, limit, strides } = equation.attrs;
      if (sameShape(equation.outputs[0]!.type.shape, x.type.shape)) return x;
      const inner = source(x);
      if (inner?.op === "slice" && inner.attrs.strides.every((s) => s === 1)) {
        const from = inner.attrs.start;
        return b.slice(inner.inputs[0]!, start.map((s, i) => s + from[i]!), limit.map((l, i) => l + from[i]!), strides); // prettier-ignore
      }
      return null;
    }
    case "pad":
      return sameShape(equation.outputs[0]!.type.shape, x.type.shape) ? x : null;
    case "concatenate": {
      const parts = inputs.filter((part) => sizeOf(part.type.shape) > 0);
      if (parts.length === 1) return parts[0]!;
      const flat = parts.flatMap((part) => {
        const inner = source(part);
        return inner?.op === "concatenate" && inner.attrs.dimension === equation.attrs.dimension
          ? inner.inputs
          : [part];
      });
      if (parts.length === 0 || flat.length === inputs.length) return null;
      return b.concatenate(flat, equation.attrs.dimension);
    }
    case "reduce":
      return equation.attrs.dimensions.length === 0 ? x : null;
    default:
      return null;
  }
}

/** A product whose free dimensions are exchanged, left for right, is the product of the operands exchanged. */
function swapSides(
  { inputs, attrs }: EquationOf<"dot_general">,
  permutation: readonly number[],
): Attrs["dot_general"] | null {
  const batch = attrs.lhsBatchingDimensions.length;
  const [m, n] = [attrs.lhsContractingDimensions, attrs.rhsContractingDimensions].map(
    (contracted, side) => inputs[side]!.type.shape.length - batch - contracted.length,
  );
  const from = (first: number, count: number): number[] => Array.from({ length: count }, (_, i) => first + i);
  const exchanged = [...from(0, batch), ...from(batch + m!, n!), ...from(batch, m!)];
  if (!exchanged.every((d, i) => d === permutation[i])) return null;
  return {
    lhsBatchingDimensions: attrs.rhsBatchingDimensions,
    rhsBatchingDimensions: attrs.lhsBatchingDimensions,
    lhsContractingDimensions: attrs.rhsContractingDimensions,
    rhsContractingDimensions: attrs.lhsContractingDimensions,
  };
}

function simplifyReshape(b: GraphBuilder, equation: EquationOf<"reshape">, x: Value, source: Source): Value | null {
  const { shape } = equation.attrs;
  if (sameShape(shape, x.type.shape)) return x;
  const inner = source(x);
  if (inner?.op === "reshape") return b.reshape(inner.inputs[0]!, shape);
  const splat = sizeOf(shape) > 0 ? splatOf(x, source) : undefined;
  return splat === undefined ? null : b.fill(splat, shape, x.type.dtype);
}

/** `pad(x) + pad(y)` with zeros, apart along one dimension and alike along the others: `pad(concatenate(x, 0…, y))`. */
function addOfPads(b: GraphBuilder, x: Value, y: Value, source: Source): Value | null {
  const first = source(x);
  const second = source(y);
  if (first?.op !== "pad" || second?.op !== "pad") return null;
  const [p, q] = [first.attrs, second.attrs];
  if ([p, q].some(({ value, interior }) => value !== 0 || interior.some((n) => n !== 0))) return null;
  const apart = p.low.flatMap((low, d) => (low !== q.low[d] || p.high[d] !== q.high[d] ? [d] : []));
  const d = apart[0];
  if (apart.length !== 1 || d === undefined) return null;
  const sizeOfX = first.inputs[0]!.type.shape[d]!;
  const sizeOfY = second.inputs[0]!.type.shape[d]!;
  const xFirst = p.low[d]! + sizeOfX <= q.low[d]!;
  if (!xFirst && q.low[d]! + sizeOfY > p.low[d]!) return null;
  const [before, after] = xFirst ? [first, second] : [second, first];
  const lower = before.inputs[0]!;
  const upper = after.inputs[0]!;
  const gap = after.attrs.low[d]! - before.attrs.low[d]! - lower.type.shape[d]!;
  const between = b.zeros({ shape: lower.type.shape.map((n, i) => (i === d ? gap : n)), dtype: lower.type.dtype });
  const joined = b.concatenate(gap > 0 ? [lower, between, upper] : [lower, upper], d);
  return b.pad(joined, before.attrs.low, before.attrs.high.map((n, i) => (i === d ? after.attrs.high[i]! : n))); // prettier-ignore
}
