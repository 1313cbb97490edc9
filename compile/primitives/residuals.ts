// What a backward pass keeps of the forward pass. Keeping a value costs its bytes; computing it again from others
// that are kept costs nothing if every equation on the way is cheap. The least bytes are a minimum cut between what
// only the forward pass can give and what the backward pass asks for (as functorch's partitioner does).

import type { Equation, Op, Value } from "../graph/graph.ts";
import { sizeOf } from "../type.ts";
import { minimumCut } from "./minimumCut.ts";

/** Cheap enough to run twice: no more than a few instructions an element, fused into whatever reads it. */
export const cheap: ReadonlySet<Op> = new Set<Op>([
  "negate", "abs", "sign", "floor", "ceil", "round_nearest_even", "not", "add", "subtract", "multiply", "maximum",
  "minimum", "and", "or", "xor", "shift_left", "shift_right_logical", "compare", "select", "convert",
  "bitcast_convert", "half_to_float", "constant", "iota", "broadcast_in_dim", "reshape", "transpose", "slice", "pad", "reverse",
  "stop_gradient",
]); // prettier-ignore

export interface Residuals {
  /** Values to keep. */
  readonly kept: readonly Value[];
  /** Equations to run again, in order. */
  readonly again: readonly Equation[];
}

/** Chooses residuals for a backward pass that asks for `needed`.
 *  @param forward the equations of the forward pass
 *  @param free values at hand in the backward pass for nothing
 *  @param invariant free values that are the same in every run of the forward pass: what depends on nothing else is
 *  free too, since it is hoisted out of both passes */
export function chooseResiduals(
  forward: readonly Equation[],
  free: ReadonlySet<Value>,
  invariant: ReadonlySet<Value>,
  needed: readonly Value[],
): Residuals {
  const source = new Map<Value, Equation>();
  const fixed = new Set(invariant);
  for (const equation of forward) {
    const steady = equation.inputs.every((value) => fixed.has(value));
    for (const value of equation.outputs) {
      source.set(value, equation);
      if (steady) fixed.add(value);
    }
  }
  const recomputable = (value: Value): boolean => {
    const equation = source.get(value);
    return equation !== undefined && (cheap.has(equation.op) || fixed.has(value));
  };

  // Node 2k is the value, node 2k+1 its copy behind the cost of keeping it.
  const number = new Map<Value, number>();
  const values: Value[] = [];
  const edges: { from: number; to: number; capacity: number }[] = [];
  const visit = (value: Value): number => {
    const known = number.get(value);
    if (known !== undefined) return known;
    const k = values.length;
    number.set(value, k);
    values.push(value);
    if (free.has(value) || invariant.has(value)) return k;
    edges.push({ from: 2 * k, to: 2 * k + 1, capacity: 4 * sizeOf(value.type.shape) + 1 });
    if (recomputable(value)) {
      for (const operand of source.get(value)!.inputs) {
        edges.push({ from: 2 * visit(operand) + 1, to: 2 * k, capacity: Infinity });
      }
    } else {
      edges.push({ from: -1, to: 2 * k, capacity: Infinity });
    }
    return k;
  };
  for (const value of needed) edges.push({ from: 2 * visit(value) + 1, to: -2, capacity: Infinity });

  const top = 2 * values.length;
  const place = (node: number): number => (node < 0 ? top - 1 - node : node);
  const reachesSink = minimumCut(
    top + 2,
    place(-1),
    place(-2),
    edges.map(({ from, to, capacity }) => ({ from: place(from), to: place(to), capacity })),
  );
  const kept = values.filter((value, k) => {
    const cut = !free.has(value) && !invariant.has(value);
    return cut && !reachesSink[2 * k] && reachesSink[2 * k + 1];
  });

  // What lies behind the kept values on the way to what is needed runs again.
  const have = new Set([...kept, ...free, ...invariant]);
  const wanted = new Set<Equation>();
  const ask = (value: Value): void => {
    if (have.has(value)) return;
    have.add(value);
    const equation = source.get(value)!;
    wanted.add(equation);
    equation.inputs.forEach(ask);
  };
  needed.forEach(ask);
  return { kept, again: forward.filter((equation) => wanted.has(equation)) };
}
