// Loop axes into loops: neighbouring axes that every access walks as one become one loop, axes of size 1 vanish.

import type { Affine } from "./scalar.ts";

/** A loop: `size` rounds; an affine function's coefficient on it is the one of axis `axis`. */
export interface Level {
  readonly axis: number;
  readonly size: number;
}

/** The loops of a group of axes `first` … `last` - 1, outermost first. `affines` are all functions of the axes in use. */
export function mergeAxes(sizes: readonly number[], first: number, last: number, affines: readonly Affine[]): Level[] {
  const levels: { axis: number; size: number }[] = [];
  for (let axis = last - 1; axis >= first; axis--) {
    const size = sizes[axis]!;
    if (size === 1) continue;
    const inner = levels[0];
    const asOne =
      inner !== undefined &&
      affines.every(({ coefficients }) => (coefficients[axis] ?? 0) === (coefficients[inner.axis] ?? 0) * inner.size);
    if (asOne) inner.size *= size;
    else levels.unshift({ axis, size });
  }
  return levels;
}
