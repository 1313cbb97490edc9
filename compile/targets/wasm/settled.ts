// Triangles and diagonals: expressions in which loop indices are compared with one another, as "those before this one".
// Along a loop such a comparison changes once. Before that and behind it, it is settled, and what hangs on it need not be
// computed: three loops, one after the other, in place of one.

import { mapArguments, type Affine, type Scalar } from "../../kernels/scalar.ts";
import { sumAffine } from "../../kernels/nodes.ts";
import type { Direction } from "../../graph/graph.ts";

export interface Settled {
  /** Where the comparisons change along the axis, as a function of the other axes. */
  readonly at: Affine;
  /** The bodies for indices below all of those, and for indices above them. */
  readonly below: readonly Scalar[];
  readonly above: readonly Scalar[];
}

type Comparison = Extract<Scalar, { readonly kind: "compare" }>;

/** `bodies` on both sides of where their comparisons of indices change along `axis`; null if they do not, or in several
 *  places. */
export function settledAlong(bodies: readonly Scalar[], axis: number): Settled | null {
  const places = new Map<string, Affine>();
  const turns = new Map<Scalar, 1 | -1>();
  everyScalar(bodies, (scalar) => {
    const difference = scalar.kind === "compare" ? differenceOf(scalar) : null;
    const slope = difference?.coefficients[axis] ?? 0;
    if (!difference || slope === 0) return;
    // The difference is slope · (index - at), so at = index - slope · difference where slope is 1 or -1.
    const rest = sumAffine([
      { affine: difference, factor: -slope },
      { affine: { offset: 0, coefficients: [...new Array<number>(axis).fill(0), 1] }, factor: slope * slope },
    ]);
    places.set(Math.abs(slope) === 1 ? JSON.stringify(rest) : "between indices", rest);
    turns.set(scalar, slope > 0 ? 1 : -1);
  });
  const [at] = places.values();
  if (!at || places.size > 1 || places.has("between indices")) return null;
  const settle = (side: 1 | -1): readonly Scalar[] => {
    const done = new Map<Scalar, Scalar>();
    const visit = (scalar: Scalar): Scalar => {
      let result = done.get(scalar);
      if (!result) {
        const turn = turns.get(scalar);
        const settled = turn && holds((scalar as Comparison).direction, (turn * side) as 1 | -1);
        result =
          settled === undefined
            ? mapArguments(scalar, visit)
            : { kind: "number", value: settled ? 1 : 0, dtype: "bool" };
        done.set(scalar, result);
      }
      return result;
    };
    return bodies.map(visit);
  };
  return { at, below: settle(-1), above: settle(1) };
}

/** What a comparison of two indices, or of one with a number, compares with 0. */
function differenceOf({ x, y }: Comparison): Affine | null {
  const [left, right] = [affineOf(x), affineOf(y)];
  return left && right ? sumAffine([{ affine: left, factor: 1 }, { affine: right, factor: -1 }]) : null; // prettier-ignore
}

const affineOf = (scalar: Scalar): Affine | null =>
  scalar.kind === "index"
    ? scalar.affine
    : scalar.kind === "number" && scalar.dtype === "int32"
      ? { offset: scalar.value, coefficients: [] }
      : null;

/** Whether x stands to y in this way, where x - y has this sign. */
function holds(direction: Direction, sign: 1 | -1): boolean {
  switch (direction) {
    case "EQ":
      return false;
    case "NE":
      return true;
    case "LT":
    case "LE":
      return sign < 0;
    case "GT":
    case "GE":
      return sign > 0;
    default:
      return direction satisfies never;
  }
}

function everyScalar(bodies: readonly Scalar[], look: (scalar: Scalar) => void): void {
  const seen = new Set<Scalar>();
  const visit = (scalar: Scalar): Scalar => {
    if (seen.has(scalar)) return scalar;
    seen.add(scalar);
    look(scalar);
    mapArguments(scalar, visit);
    return scalar;
  };
  bodies.forEach(visit);
}
