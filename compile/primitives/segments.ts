// A loop whose way back must fit a budget of memory is cut into segments: the way forward keeps only the carry that each
// segment begins with, the way back runs a segment again before it goes back through it (Chen et al. 2016). One cut costs
// one more run forward and the memory of about twice the square root of the steps; a segment that is still too long is cut
// by the same rule when its turn comes, so that L cuts cost L runs and the memory of an (L+1)-th root.

import type { Attrs, Equation, Graph, Value } from "../graph/graph.ts";
import { sizeOf, type TensorType } from "../type.ts";
import { typesOf, type Builder } from "./primitive.ts";

type ScanAttrs = Attrs["scan"];

const bytesOf = ({ shape }: TensorType): number => 4 * sizeOf(shape);

export const bytesOfAll = (values: readonly Value[]): number =>
  values.reduce((sum, value) => sum + bytesOf(value.type), 0);

/** `count` segments of `size` steps; what is left over is a loop of its own behind them. */
export interface Split {
  readonly count: number;
  readonly size: number;
  /** Bytes of the carries that the segments begin with. */
  readonly carries: number;
  /** Bytes that a segment may take while it is run again. */
  readonly rest: number;
}

/** What decides about a split, in bytes. */
export interface Costs {
  readonly length: number;
  /** Of one carry. */
  readonly carry: number;
  /** Of what one step keeps. */
  readonly kept: number;
  readonly memory: number;
}

/** With more cuts than this a loop that does not fit anyway would only get slower. */
const mostCuts = 4;

/** Carries that are under way in the loop over segments, beside those that it keeps. */
const underWay = 3;

/** The split that fits the budget with the fewest runs; the one that takes the least memory where none fits; null where all
 *  steps fit as they are. */
export function chooseSplit({ length, carry, kept, memory }: Costs): Split | null {
  if (length < 2 || length * kept <= memory) return null;
  const one = Math.max(carry, 4);
  let best: { readonly bytes: number; readonly split: Split } | undefined;
  for (let cuts = 1; cuts <= mostCuts; cuts++) {
    // At best all levels have alike many parts, and the steps of the innermost take what a level's carries do.
    const { count, size } = splitInto(length, ((length * kept) / one) ** (1 / (cuts + 1)));
    const carries = count * one;
    const inner = cuts * (size * kept * one ** (cuts - 1)) ** (1 / cuts) + (cuts - 1) * underWay * one;
    const bytes = carries + inner;
    const split = { count, size, carries, rest: Math.max(memory - carries, inner * 1.2) };
    if (!best || bytes < best.bytes) best = { bytes, split };
    if (bytes <= memory) {
      best = { bytes, split };
      break;
    }
  }
  return best!.split;
}

/** About `count` segments, the number that takes the least memory; one that divides the steps is preferred. */
function splitInto(length: number, count: number): Pick<Split, "count" | "size"> {
  const most = Math.max(2, Math.min(length, Math.round(2 * count)));
  let best: { readonly cost: number; readonly split: Pick<Split, "count" | "size"> } | undefined;
  for (let n = Math.min(most, Math.max(2, Math.floor(count / 2))); n <= most; n++) {
    const size = Math.floor(length / n);
    const rest = length - n * size;
    const balance = Math.max(n / count, count / n); // 1 where levels take alike
    const cost = balance * (rest === 0 ? 1 : 1.1) * (1 + Math.max(0, rest - size) / size);
    if (!best || cost < best.cost) best = { cost, split: { count: n, size } };
  }
  return best!.split;
}

/** A scan as a scan of its segments, to be differentiated in its place. */
export function segmented(b: Builder, types: readonly TensorType[], attrs: ScanAttrs, split: Split): Graph {
  if (attrs.per) return segmentedSteps(b, types, attrs, attrs.per, split);
  const { body, constants, carry, length, reverse } = attrs;
  const { count, size, carries, rest: memory } = split;
  const fixed = constants + carry;
  const run = (inner: Builder, values: readonly Value[], steps: number): readonly Value[] =>
    inner.emit("scan", values, { body, constants, carry, length: steps, reverse, memory });
  const segmentTypes = types.map(({ shape, dtype }, i): TensorType =>
    i < fixed ? { shape, dtype } : { shape: [size, ...shape.slice(1)], dtype },
  );
  const segment = b.subgraph(segmentTypes, (inner, values) => run(inner, values, size));
  const outerBody = b.subgraph(segmentTypes, (inner, values) => inner.emit("checkpoint", values, { body: segment }));

  return b.subgraph(types, (outer, values) => {
    const first = count * size;
    const part = (x: Value, from: number, to: number): Value => {
      const rest = x.type.shape.slice(1);
      return outer.slice(x, [from, ...rest.map(() => 0)], [to, ...rest]);
    };
    const xs = values.slice(fixed);
    const segments = (state: readonly Value[]): readonly Value[] => {
      const cut = xs.map((x) => outer.reshape(part(x, 0, first), [count, size, ...x.type.shape.slice(1)]));
      const results = outer.emit("scan", [...values.slice(0, constants), ...state, ...cut], {
        ...attrs, body: outerBody, length: count, memory: carries,
      }); // prettier-ignore
      return results.map((value, i) =>
        i < carry ? value : outer.reshape(value, [first, ...value.type.shape.slice(2)]),
      );
    };
    const remainder = (state: readonly Value[]): readonly Value[] =>
      run(outer, [...values.slice(0, constants), ...state, ...xs.map((x) => part(x, first, length))], length - first);

    const initial = values.slice(constants, fixed);
    if (first === length) return segments(initial);
    const [before, after] = reverse ? [remainder, segments] : [segments, remainder];
    const early = before(initial);
    const late = after(early.slice(0, carry));
    const [low, high] = reverse ? [late, early] : [early, late];
    return [
      ...late.slice(0, carry),
      ...low.slice(carry).map((value, i) => outer.concatenate([value, high[carry + i]!], 0)),
    ];
  });
}

/** The same of a scan whose number of steps is known only when it runs. The last segment has fewer, like those behind it,
 *  which have none and do not run. */
function segmentedSteps(b: Builder, types: readonly TensorType[], attrs: ScanAttrs, per: number, split: Split): Graph {
  const { body, constants, carry, length, reverse } = attrs;
  const { count, carries, rest: memory } = split;
  const size = Math.ceil(length / count);
  const fixed = constants + carry;
  const scalar: TensorType = { shape: [], dtype: "int32" };
  // Each loop's own number of steps goes in front of its constants; that of all steps stays with the body.
  const inFront = b.subgraph([scalar, ...typesOf(body.inputs)], (inner, [, ...values]) => inner.inline(body, values));
  const segmentTypes = types.map(({ shape, dtype }, i): TensorType =>
    i < fixed ? { shape, dtype } : { shape: [size, ...shape.slice(1)], dtype },
  );
  const segment = b.subgraph([scalar, ...segmentTypes], (inner, values) =>
    inner.emit("scan", values, {
      body: inFront, constants: constants + 1, carry, length: size, reverse, per, memory,
    }),
  ); // prettier-ignore
  const outerBody = b.subgraph([...segmentTypes, scalar], (inner, values) => {
    const steps = inner.subtract(values[0]!, values.at(-1)!);
    return inner.emit("checkpoint", [steps, ...values.slice(0, -1)], { body: segment });
  });

  return b.subgraph(types, (outer, [given, ...others]) => {
    // A segment that is cut once more is told of all steps from its beginning on, and has room behind its own.
    const values = [outer.minimum(given!, outer.fill(per * length, [], "int32")), ...others];
    const none = (shape: readonly number[]): readonly number[] => shape.map(() => 0);
    const cut = values.slice(fixed).map((x) => {
      const rest = x.type.shape.slice(1);
      const whole = outer.pad(x, none(x.type.shape), [count * size - length, ...none(rest)]);
      return outer.reshape(whole, [count, size, ...rest]);
    });
    const starts = outer.multiply(outer.iota([count], 0, "int32"), outer.fill(per * size, [], "int32"));
    const results = outer.emit("scan", [...values.slice(0, fixed), ...cut, starts], {
      body: outerBody, constants, carry, length: count, reverse, per: per * size, memory: carries,
    }); // prettier-ignore
    return results.map((value, i) => {
      if (i < carry) return value;
      const rest = value.type.shape.slice(2);
      return outer.slice(outer.reshape(value, [count * size, ...rest]), none([0, ...rest]), [length, ...rest]);
    });
  });
}

/** Bytes of what one step of a way back stacks where its sums leave the loop (passes/liftSums.ts): operands of products
 *  that are much larger than these are, and that are not stacked anyway. */
export function bytesOfLifted(backward: Graph, sums: number): number {
  const source = new Map<Value, Equation>();
  for (const equation of backward.equations) for (const value of equation.outputs) source.set(value, equation);
  const stacked = new Set<Value>();
  const visit = (value: Value): void => {
    const equation = source.get(value);
    switch (equation?.op) {
      case "add":
      case "transpose":
      case "reshape":
      case "pad":
        equation.inputs.forEach(visit);
        break;
      case "dot_general": {
        const size = equation.inputs.reduce((sum, { type }) => sum + sizeOf(type.shape), 0);
        if (size <= 4 * sizeOf(value.type.shape)) equation.inputs.forEach((x) => source.has(x) && stacked.add(x));
        break;
      }
      default:
    }
  };
  backward.outputs.slice(0, sums).forEach(visit);
  return bytesOfAll([...stacked]);
}
