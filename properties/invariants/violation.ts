// What an invariant says of numbers that do not keep it. Invariants return lists of these, never throw: whoever runs them
// on a variant of their own wants to know all that is wrong.

import { tidy, type Tensor } from "@tensorflow/tfjs-core";

export interface Violation {
  /** Number of the law in properties/README.md. */
  readonly law: string;
  /** What breaks it, where, and by how much. */
  readonly what: string;
}

export const violation = (law: string, what: string): Violation => Object.freeze({ law, what });

/** What `find` finds; the tensors that it made on the way are disposed. */
export function tidied(find: () => readonly Violation[]): readonly Violation[] {
  let found: readonly Violation[] = [];
  tidy(() => {
    found = find();
  });
  return found;
}

/** Float32 rounding of sums over some hundred terms. */
export const defaultTolerance = 1e-5;

/** The vectors along the last axis, and where each stands: `[2, 0]`. */
export function rowsOf(x: Tensor): readonly { readonly at: string; readonly values: Float32Array }[] {
  const all = Float32Array.from(x.dataSync());
  const size = x.shape.at(-1) ?? 1;
  const outer = x.shape.slice(0, -1);
  return Array.from({ length: size === 0 ? 0 : all.length / size }, (_, row) => {
    const place: number[] = [];
    let rest = row;
    for (const n of [...outer].reverse()) {
      place.unshift(rest % n);
      rest = Math.floor(rest / n);
    }
    return { at: `[${place.join(", ")}]`, values: all.subarray(row * size, (row + 1) * size) };
  });
}

export const sumOf = (values: Iterable<number>): number => {
  let total = 0;
  for (const x of values) total += x;
  return total;
};

/** Numbers that are none, or infinite. */
export function notFinite(law: string, name: string, x: Tensor): readonly Violation[] {
  return rowsOf(x).flatMap(({ at, values }) => {
    const i = values.findIndex((value) => !Number.isFinite(value));
    return i < 0 ? [] : [violation(law, `${name}${at}[${i}] is ${values[i]}`)];
  });
}

/** Where two tensors differ by more than `tolerance` of the larger number, or of 1; the worst place of each. */
export function differences(
  law: string,
  what: string,
  got: Tensor,
  expected: Tensor,
  tolerance: number,
): readonly Violation[] {
  if (got.shape.join() !== expected.shape.join()) {
    return [violation(law, `${what}: shape [${got.shape.join(", ")}] in place of [${expected.shape.join(", ")}]`)];
  }
  const [xs, ys] = [got.dataSync(), expected.dataSync()];
  let worst = -1;
  let excess = 0;
  xs.forEach((x, i) => {
    const y = ys[i] ?? NaN;
    const off = Math.abs(x - y) - tolerance * Math.max(1, Math.abs(y));
    if (Object.is(x, y) || off <= 0) return;
    if (worst < 0 || !(off <= excess)) [worst, excess] = [i, off];
  });
  return worst < 0 ? [] : [violation(law, `${what}: ${xs[worst]} at ${worst}, expected ${ys[worst]}`)];
}
