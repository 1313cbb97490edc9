// A loop in three: up to where comparisons of indices change, where they may be either, and from there on.

import type { Code, Local } from "./code.ts";

/** Where an index is, beside one that it is compared with. */
export type Side = "below" | "between" | "above";

export interface Thirds {
  /** Where the second and the third begin: whole steps. They may lie anywhere; beyond the loop there is nothing to do. */
  readonly below: Local;
  readonly above: Local;
  readonly end: number;
  readonly step: number;
}

/** Loops from 0; `body` gets the index and its side. */
export function emitInThree(
  code: Code,
  { below, above, end, step }: Thirds,
  body: (index: Local, side: Side) => void,
): void {
  for (const local of [below, above])
    for (const [edge, outside] of [[0, "i32.lt_s"], [end, "i32.gt_s"]] as const)
      code.i32(edge).get(local).get(local).i32(edge).op(outside).op("select").set(local); // prettier-ignore
  const index = code.local("i32");
  code.i32(0).set(index);
  const until = (limit: () => Code, side: Side): void => {
    code.get(index);
    limit().op("i32.lt_s").op("if").op("loop");
    body(index, side);
    code.get(index).i32(step).op("i32.add").tee(index);
    limit().op("i32.lt_s").op("br_if", 0).op("end").op("end");
  };
  until(() => code.get(below), "below");
  until(() => code.get(above), "between");
  until(() => code.i32(end), "above");
}
