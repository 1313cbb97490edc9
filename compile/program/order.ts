// Which calls of a run must stay behind which: those that read or write what the other writes.

import type { Kernel } from "../kernels/kernel.ts";
import type { Call } from "./program.ts";
import { buffersAt } from "./uses.ts";

/** For each call, the later ones that must come after it. */
export function laterThan(
  calls: readonly Call[],
  kernels: readonly Kernel[],
  targets: readonly ReadonlySet<number>[],
): readonly ReadonlySet<number>[] {
  const after = calls.map(() => new Set<number>());
  // The calls so far that read, and that write, each buffer.
  const readers = new Map<number, number[]>();
  const writers = new Map<number, number[]>();
  const note = (map: Map<number, number[]>, buffer: number, call: number): void => {
    const list = map.get(buffer);
    if (list) list.push(call);
    else map.set(buffer, [call]);
  };
  calls.forEach(({ kernel, addresses }, i) => {
    const behind = (map: Map<number, number[]>, buffer: number): void => {
      for (const j of map.get(buffer) ?? []) if (j !== i) after[j]!.add(i);
    };
    const { length } = kernels[kernel]!.operands;
    addresses.forEach((address, at) => {
      for (const buffer of buffersAt(address, targets)) {
        behind(writers, buffer);
        if (at >= length) behind(readers, buffer);
      }
    });
    addresses.forEach((address, at) => {
      for (const buffer of buffersAt(address, targets)) note(at < length ? readers : writers, buffer, i);
    });
  });
  return after;
}

/** The calls in an order that all may have; `next` chooses among those that may come next, which are sorted. */
export function scheduled(
  after: readonly ReadonlySet<number>[],
  next: (ready: readonly number[]) => number,
): readonly number[] {
  const waiting = after.map(() => 0);
  for (const set of after) for (const j of set) waiting[j]!++;
  const ready = after.flatMap((_, i) => (waiting[i] === 0 ? [i] : []));
  const order: number[] = [];
  while (ready.length > 0) {
    ready.sort((a, b) => a - b);
    const [i] = ready.splice(ready.indexOf(next(ready)), 1);
    order.push(i!);
    for (const j of after[i!]!) if (--waiting[j]! === 0) ready.push(j);
  }
  return order;
}
