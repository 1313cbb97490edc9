// One function application on vectors. Whatever its dtype, a value is a v128 of four lanes: f32x4, i32x4, and for bool a
// mask of all ones or all zeros. Arguments are pushed by `push`; the result is left on the stack. Every sequence
// computes each lane from that lane alone, so that an element's bits do not depend on the lane it falls on.

import type { DType } from "../../type.ts";
import type { Code, Local } from "./code.ts";
import type { InstructionName } from "./instructions.ts";
import type { Node, NodeFunction } from "../../kernels/nodes.ts";
import type { Helper } from "./helpers.ts";

const float32 = {
  negate: "f32x4.neg",
  abs: "f32x4.abs",
  floor: "f32x4.floor",
  ceil: "f32x4.ceil",
  round_nearest_even: "f32x4.nearest",
  sqrt: "f32x4.sqrt",
  add: "f32x4.add",
  subtract: "f32x4.sub",
  multiply: "f32x4.mul",
  divide: "f32x4.div",
  maximum: "f32x4.max",
  minimum: "f32x4.min",
  EQ: "f32x4.eq",
  NE: "f32x4.ne",
  GE: "f32x4.ge",
  GT: "f32x4.gt",
  LE: "f32x4.le",
  LT: "f32x4.lt",
  lesser: "f32x4.pmin",
  greater: "f32x4.pmax",
} as const satisfies Partial<Record<NodeFunction, InstructionName>>;

const int32 = {
  negate: "i32x4.neg",
  abs: "i32x4.abs",
  not: "v128.not",
  add: "i32x4.add",
  subtract: "i32x4.sub",
  multiply: "i32x4.mul",
  maximum: "i32x4.max_s",
  minimum: "i32x4.min_s",
  and: "v128.and",
  or: "v128.or",
  xor: "v128.xor",
  EQ: "i32x4.eq",
  NE: "i32x4.ne",
  GE: "i32x4.ge_s",
  GT: "i32x4.gt_s",
  LE: "i32x4.le_s",
  LT: "i32x4.lt_s",
} as const satisfies Partial<Record<NodeFunction, InstructionName>>;

/** On masks, where true is -1: so the greater of two is the lesser integer. */
const bool = {
  not: "v128.not",
  and: "v128.and",
  or: "v128.or",
  xor: "v128.xor",
  add: "v128.or",
  multiply: "v128.and",
  maximum: "v128.or",
  minimum: "v128.and",
  EQ: "i32x4.eq",
  NE: "v128.xor",
  GE: "i32x4.le_s",
  GT: "i32x4.lt_s",
  LE: "i32x4.ge_s",
  LT: "i32x4.gt_s",
} as const satisfies Partial<Record<NodeFunction, InstructionName>>;

export const instructionTables: Record<DType, Partial<Record<NodeFunction, InstructionName>>> = {
  float32,
  int32,
  bool,
};

const identities: ReadonlySet<NodeFunction> = new Set(["floor", "ceil", "round_nearest_even"]);

export interface ScalarContext {
  readonly code: Code;
  /** Whether the engine has a fused multiplication and addition. */
  readonly fused: boolean;
  /** Whether the engine joins pairs of vectors: see `Features`. */
  readonly wide: boolean;
  /** Index of a helper function of the module. */
  readonly helper: (name: Helper) => number;
}

/** Emits `node`; `push(i)` pushes argument i, `local(i)` gives a local that holds it. */
export function emitApply(
  { code, helper }: ScalarContext,
  node: Node & { kind: "apply" },
  push: (argument: number) => void,
  local: (argument: number) => Local,
): void {
  const { fn, args, dtype } = node;
  const from = args[0]!.dtype;
  if (fn === "select") {
    push(1);
    push(2);
    push(0);
    code.op("v128.bitselect");
    return;
  }
  if (fn === "where" || fn === "whereNot") {
    push(0);
    push(1);
    code.op(fn === "where" ? "v128.and" : "v128.andnot");
    return;
  }
  if (fn === "multiplyAdd" || fn === "multiplySubtract") {
    args.forEach((_, argument) => push(argument));
    code.op(fn === "multiplyAdd" ? "f32x4.relaxed_madd" : "f32x4.relaxed_nmadd");
    return;
  }
  if (fn === "bitcast") return push(0);
  if (fn === "convert") {
    push(0);
    emitConvert(code, from, dtype);
    return;
  }
  const instruction = instructionTables[from][fn];
  if (instruction) {
    args.forEach((_, argument) => push(argument));
    code.op(instruction);
    return;
  }
  if (from === "int32" && identities.has(fn)) return push(0);
  if (fn === "shift_left" || fn === "shift_right_logical") return emitShift(code, node, push, local);
  if (fn === "divide" || fn === "remainder") {
    const name = `${from === "float32" ? "f32" : "i32"}.${fn}` as Helper;
    const lane = from === "float32" ? "f32x4" : "i32x4";
    const x = local(0);
    const y = local(1);
    emitLanes(code, lane, (i) => {
      code.get(x).op(`${lane}.extract_lane`, i);
      code.get(y).op(`${lane}.extract_lane`, i);
      code.op("call", helper(name));
    });
    return;
  }
  throw new Error(`internal: no WebAssembly for ${fn} of ${from}, please report`);
}

/** A vector put together from four scalars. */
function emitLanes(code: Code, type: "f32x4" | "i32x4", lane: (i: number) => void): void {
  lane(0);
  code.op(`${type}.splat`);
  for (let i = 1; i < 4; i++) {
    lane(i);
    code.op(`${type}.replace_lane`, i);
  }
}

function emitConvert(code: Code, from: DType, to: DType): void {
  if (from === "bool") {
    if (to === "float32") code.f32Splat(1).op("v128.and");
    else if (to === "int32") code.i32Splat(1).op("v128.and");
  } else if (to === "bool") code.i32Splat(0).op(from === "float32" ? "f32x4.ne" : "i32x4.ne");
  else if (to === "float32") code.op("f32x4.convert_i32x4_s");
  else code.op("i32x4.trunc_sat_f32x4_s");
}

/** Shifts by a count in 0..31: a constant for all lanes, or lane by lane. */
function emitShift(
  code: Code,
  { fn, args }: Node & { kind: "apply" },
  push: (argument: number) => void,
  local: (argument: number) => Local,
): void {
  const count = args[1]!;
  const left = fn === "shift_left";
  if (count.kind === "number") {
    push(0);
    code.i32(count.value).op(left ? "i32x4.shl" : "i32x4.shr_u");
    return;
  }
  const x = local(0);
  const n = local(1);
  emitLanes(code, "i32x4", (i) => {
    code.get(x).op("i32x4.extract_lane", i);
    code.get(n).op("i32x4.extract_lane", i);
    code.op(left ? "i32.shl" : "i32.shr_u");
  });
}
