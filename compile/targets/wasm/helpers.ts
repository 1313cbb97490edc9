// Scalar functions that vectors have no instruction for: emitted once a module, where used, and called lane by lane.

import { Code } from "./code.ts";
import type { Func } from "./encode.ts";

export type Helper = "i32.divide" | "i32.remainder" | "f32.remainder";

export function buildHelper(name: Helper): Func {
  switch (name) {
    case "i32.divide":
    case "i32.remainder":
      return integerDivision(name);
    case "f32.remainder":
      return floatRemainder();
    default:
      return name satisfies never;
  }
}

/** Towards zero; x / 0 = 0, x rem 0 = 0, and the smallest integer divided by -1 is itself. No case traps. */
function integerDivision(name: "i32.divide" | "i32.remainder"): Func {
  const code = new Code(name, { params: ["i32", "i32"], results: ["i32"] });
  const divide = name === "i32.divide";
  code.get(1).op("i32.eqz").op("if").i32(0).op("return").op("end");
  code.get(1).i32(-1).op("i32.eq").op("if");
  if (divide) code.i32(0).get(0).op("i32.sub").op("return");
  else code.i32(0).op("return");
  code.op("end");
  code
    .get(0)
    .get(1)
    .op(divide ? "i32.div_s" : "i32.rem_s");
  return code.finish();
}

/** C's fmodf, exact. In float64 a quotient below 2^29 truncates right and its product with y is exact; larger ones are
 *  reduced by multiples of y · 2^k first, each of which leaves an exact remainder too. */
function floatRemainder(): Func {
  const code = new Code("f32.remainder", { params: ["f32", "f32"], results: ["f32"] });
  const [x, y, r, scaled] = [0, 1, code.local("f64"), code.local("f64")];
  // NaN where x is not finite or y is 0 or NaN; x where y is infinite.
  code.get(x).get(x).op("f32.sub").op("f32.const", 0).op("f32.ne");
  code.get(y).op("f32.const", 0).op("f32.eq").op("i32.or");
  code.get(y).get(y).op("f32.ne").op("i32.or");
  code.op("if").op("f32.const", NaN).op("return").op("end");
  code.get(y).op("f32.abs").op("f32.const", Infinity).op("f32.eq").op("if").get(x).op("return").op("end");
  code.get(x).op("f32.abs").op("f64.promote_f32").set(r);
  code.get(y).op("f32.abs").op("f64.promote_f32").set(scaled);
  const magnitude = code.local("f64");
  code.get(scaled).set(magnitude);
  code.op("block").op("loop");
  // while r >= y: r -= trunc(r / (y·2^k)) · y·2^k with the smallest k ≥ 0, a multiple of 28, that keeps the quotient below 2^28
  code.get(r).get(magnitude).op("f64.lt").op("br_if", 1);
  code.get(magnitude).set(scaled);
  code.op("block").op("loop");
  code
    .get(scaled)
    .op("f64.const", 2 ** 28)
    .op("f64.mul")
    .get(r)
    .op("f64.gt")
    .op("br_if", 1);
  code
    .get(scaled)
    .op("f64.const", 2 ** 28)
    .op("f64.mul")
    .set(scaled)
    .op("br", 0);
  code.op("end").op("end");
  code.get(r).get(r).get(scaled).op("f64.div").op("f64.trunc").get(scaled).op("f64.mul").op("f64.sub").set(r);
  code.op("br", 0).op("end").op("end");
  code.get(r).op("f32.demote_f64").get(x).op("f32.copysign");
  return code.finish();
}
