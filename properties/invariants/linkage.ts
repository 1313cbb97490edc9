// Temporal links: L[i, j] is how much i was written right after j (paper, Methods, "Temporal memory linkage").

import type { Tensor } from "@tensorflow/tfjs-core";
import { defaultTolerance, rowsOf, sumOf, violation, type Violation } from "./violation.ts";

/**
 * L1: the diagonal is exactly zero. L2: entries lie in [0, 1]. L3: the sum of a row is at most one, L4: that of a column.
 * L5: with `precedence`, the sum of column j is at most one less the precedence of j: what will follow j has not yet.
 *
 * @param links `[..., N, N]`
 * @param precedence `[..., N]`
 */
export function linkViolations(links: Tensor, precedence?: Tensor, tolerance = defaultTolerance): readonly Violation[] {
  const N = links.shape.at(-1) ?? 0;
  const rows = rowsOf(links);
  const last = precedence ? rowsOf(precedence) : [];
  const found: Violation[] = [];
  for (let matrix = 0; matrix * N < rows.length; matrix++) {
    const own = rows.slice(matrix * N, (matrix + 1) * N);
    own.forEach(({ at, values }, i) => {
      if (values[i] !== 0) found.push(violation("L1", `links${at}[${i}], on the diagonal, is ${values[i]}`));
      const j = values.findIndex((x) => !(x >= -tolerance && x <= 1 + tolerance));
      if (j >= 0) found.push(violation("L2", `links${at}[${j}] is ${values[j]}, outside of [0, 1]`));
      const sum = sumOf(values);
      if (!(sum <= 1 + tolerance)) found.push(violation("L3", `links${at} has the sum ${sum}, above 1`));
    });
    for (let j = 0; j < N; j++) {
      const sum = sumOf(own.map(({ values }) => values[j]!));
      const place = `column ${j} of links${own[0]!.at}`;
      if (!(sum <= 1 + tolerance)) found.push(violation("L4", `${place} has the sum ${sum}, above 1`));
      const p = last[matrix]?.values[j] ?? 0;
      if (!(sum + p <= 1 + tolerance))
        found.push(violation("L5", `${place} and its precedence have the sum ${sum + p}, above 1`));
    }
  }
  return found;
}
