// How results of random programs are compared: their values are of size one, whatever a single result comes to when
// terms cancel.

import { typedValues, type TypedValues } from "../../compile/type.ts";
import type { Operand } from "../arbitraries/operand.ts";
import { expectSame } from "./primitive.ts";

const largest = (values: TypedValues): number =>
  Array.from(values).reduce((most, x) => (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most), 1);

/** As `expectSame`, but floats may differ by `tolerance` times the largest number of their array, or one. 0 means equal. */
export function expectClose(
  law: string,
  got: readonly Operand[],
  expected: readonly Operand[],
  tolerance: number,
): void {
  const rounded = got.map((result, i): Operand => {
    const wanted = expected[i]?.values;
    if (result.type.dtype !== "float32" || wanted?.length !== result.values.length) return result;
    const allowed = tolerance * largest(wanted);
    const values = typedValues("float32", wanted.length);
    result.values.forEach((x, j) => (values[j] = Math.abs(x - wanted[j]!) <= allowed ? wanted[j]! : x));
    return { type: result.type, values };
  });
  expectSame(law, rounded, expected, 0);
}
