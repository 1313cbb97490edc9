// From an all-zero state slots are interchangeable, and which one a run takes first is a matter of rounding. States then agree up to
// a permutation of the slots, one a batch row, the same at all steps: found by matching each slot's history.
import type { Numbers } from "./ledger.ts";

/** For each batch row, `order[i]`: which of our slots is their slot i. */
export type SlotOrders = readonly (readonly number[])[];

/** Which axes of an array count slots; all others but the first `leading` ones are passed by. */
export const slotAxes: { readonly [state: string]: readonly number[] } = {
  memory: [1],
  usage: [1],
  write_weights: [2],
  read_weights: [2],
  precedence: [2],
  link: [2, 3],
};

/** One state in time: `[T, B, ...]`, ours and theirs. */
export interface History {
  readonly state: string;
  readonly ours: Numbers;
  readonly theirs: Numbers;
}

/** Matches slots, nearest histories first. States with two slot axes (links) say nothing until an order is known, and are left out. */
export function matchSlots(histories: readonly History[]): SlotOrders {
  const usable = histories.filter(({ state }) => slotAxes[state]?.length === 1);
  const first = usable[0];
  if (first === undefined) throw new Error("no states to match slots by");
  const batch = first.ours.shape[1] ?? 0;
  const slots = first.ours.shape[1 + (slotAxes[first.state]?.[0] ?? 0)] ?? 0;
  return Array.from({ length: batch }, (_, row) => {
    const distances = pairDistances(usable, row, slots);
    const order = Array.from({ length: slots }, () => -1);
    const taken = new Set<number>();
    for (const { their, our } of distances.sort((a, b) => a.distance - b.distance)) {
      if (order[their] !== -1 || taken.has(our)) continue;
      order[their] = our;
      taken.add(our);
    }
    return order;
  });
}

function pairDistances(
  histories: readonly History[],
  row: number,
  slots: number,
): { their: number; our: number; distance: number }[] {
  const all = Array.from({ length: slots * slots }, (_, k) => ({
    their: Math.floor(k / slots),
    our: k % slots,
    distance: 0,
  }));
  for (const { state, ours, theirs } of histories) {
    const axis = 1 + (slotAxes[state]?.[0] ?? 0);
    const inner = product(ours.shape.slice(axis + 1));
    const outer = product(ours.shape.slice(2, axis));
    const [steps = 0, batch = 0] = ours.shape;
    const scale = theirs.data.reduce((largest, x) => Math.max(largest, Math.abs(x)), 1e-30);
    for (let t = 0; t < steps; t++) {
      for (let o = 0; o < outer; o++) {
        const base = ((t * batch + row) * outer + o) * slots * inner;
        for (const pair of all) {
          for (let i = 0; i < inner; i++) {
            const off =
              (theirs.data[base + pair.their * inner + i] ?? 0) - (ours.data[base + pair.our * inner + i] ?? 0);
            pair.distance += (off / scale) ** 2;
          }
        }
      }
    }
  }
  return all;
}

/** Our numbers with their slots' order. `leading` axes before the batch: 1 for a history, 0 for a single state. */
export function inTheirOrder(orders: SlotOrders, state: string, ours: Numbers, leading: 0 | 1): Numbers {
  const axes = slotAxes[state];
  if (axes === undefined) return ours; // Has no slots.
  const { shape } = ours;
  const strides = shape.map((_, axis) => product(shape.slice(axis + 1)));
  const data = ours.data.map((_, at) => {
    const index = strides.map((stride, axis) => Math.floor(at / stride) % (shape[axis] ?? 1));
    const order = orders[index[leading] ?? 0] ?? [];
    const from = index.map((i, axis) => (axes.includes(axis - leading) ? (order[i] ?? i) : i));
    return ours.data[from.reduce((sum, i, axis) => sum + i * (strides[axis] ?? 0), 0)] ?? NaN;
  });
  return { shape, data };
}

const product = (sizes: readonly number[]): number => sizes.reduce((result, size) => result * size, 1);
