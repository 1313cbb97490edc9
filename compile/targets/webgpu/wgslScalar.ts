// Scalar functions as WGSL. What the language leaves loose is written out: division at the ends of its range, maxima with
// NaN, conversions that saturate, integer division by zero. Functions that are not basic were expanded before (see
// kernels/math.ts), so nothing depends on a driver's own exp or tanh.

import type { NodeFunction } from "../../kernels/nodes.ts";
import type { DType } from "../../type.ts";

/** WGSL's type of a value; a bool in memory is a word, 0 or 1. */
export const wgslTypes = { float32: "f32", int32: "i32", bool: "bool" } as const satisfies Record<DType, string>;

/** A literal. What WGSL has no literal for is read from variables, which no compiler may fold into an error. */
export function literal(value: number, dtype: DType): string {
  if (dtype === "bool") return value ? "true" : "false";
  if (dtype === "int32") return value === -2147483648 ? "i32(-2147483648)" : value < 0 ? `(${value}i)` : `${value}i`;
  const float = Math.fround(value);
  if (Number.isNaN(float)) return "bitcast<f32>(bitsNaN)";
  if (float === Infinity) return "bitcast<f32>(bitsInfinity)";
  if (float === -Infinity) return "bitcast<f32>(bitsInfinity | 0x80000000u)";
  if (Object.is(float, -0)) return "bitcast<f32>(bitsNegativeZero)";
  return float < 0 ? `(${float}f)` : `${float}f`;
}

/** The word in memory as a value. */
export function fromWord(word: string, dtype: DType): string {
  return dtype === "bool" ? `(${word} != 0u)` : `bitcast<${wgslTypes[dtype]}>(${word})`;
}

export function toWord(value: string, dtype: DType): string {
  return dtype === "bool" ? `select(0u, 1u, ${value})` : `bitcast<u32>(${value})`;
}

type Form = (...args: string[]) => string;

const infix =
  (operator: string): Form =>
  (x, y) =>
    `(${x} ${operator} ${y})`;
const call =
  (name: string): Form =>
  (...args) =>
    `${name}(${args.join(", ")})`;
/** Zero as no compiler can know it. */
const hiddenZero = "slice.zero";
const same: Form = (x) => x!;

const comparisons = {
  EQ: infix("=="),
  NE: (x, y) => `!(${x} == ${y})`, // drivers take != of a NaN for false
  GE: infix(">="),
  GT: infix(">"),
  LE: infix("<="),
  LT: infix("<"),
} satisfies Partial<Record<NodeFunction, Form>>;

const shift =
  (to: (x: string, n: string) => string): Form =>
  (x, n) =>
    to(x!, `(u32(${n}) & 31u)`);

const forms: Record<DType, Partial<Record<NodeFunction, Form>>> = {
  float32: {
    ...comparisons,
    add: infix("+"),
    subtract: infix("-"),
    // Nobody may conclude that 0 times anything is 0.
    multiply: (x, y) => `(${x === "0f" ? hiddenZero : x} * ${y === "0f" ? hiddenZero : y})`,
    divide: call("divideFloat"),
    remainder: call("remainderFloat"),
    maximum: call("maximumFloat"),
    minimum: call("minimumFloat"),
    // select(y < x, y, x) and select(x < y, y, x)
    lesser: (x, y) => `select(${x}, ${y}, ${y} < ${x})`,
    greater: (x, y) => `select(${x}, ${y}, ${x} < ${y})`,
    negate: (x) => `(-${x})`,
    abs: call("abs"),
    floor: call("floor"),
    ceil: call("ceil"),
    round_nearest_even: call("round"),
    sqrt: call("sqrt"),
  },
  int32: {
    ...comparisons,
    add: infix("+"),
    subtract: infix("-"),
    multiply: infix("*"),
    divide: call("divideInt"),
    remainder: call("remainderInt"),
    maximum: call("max"),
    minimum: call("min"),
    lesser: call("min"),
    greater: call("max"),
    negate: (x) => `(-${x})`,
    abs: call("abs"),
    floor: same,
    ceil: same,
    round_nearest_even: same,
    not: (x) => `(~${x})`,
    and: infix("&"),
    or: infix("|"),
    xor: infix("^"),
    shift_left: shift((x, n) => `(${x} << ${n})`),
    shift_right_logical: shift((x, n) => `bitcast<i32>(bitcast<u32>(${x}) >> ${n})`),
  },
  bool: {
    EQ: infix("=="),
    NE: infix("!="),
    GE: (x, y) => `(${x} || !${y})`,
    GT: (x, y) => `(${x} && !${y})`,
    LE: (x, y) => `(!${x} || ${y})`,
    LT: (x, y) => `(!${x} && ${y})`,
    not: (x) => `(!${x})`,
    and: infix("&&"),
    or: infix("||"),
    xor: infix("!="),
    add: infix("||"),
    multiply: infix("&&"),
    maximum: infix("||"),
    minimum: infix("&&"),
  },
};

/** `fn` of arguments of dtype `from` (for a selection: of the values it selects from). */
export function applyText(fn: NodeFunction, from: DType, to: DType, args: readonly string[]): string {
  const [x, y, z] = args as [string, string, string];
  switch (fn) {
    case "select":
      return `select(${z}, ${y}, ${x})`;
    case "where":
      return `select(${literal(0, to)}, ${x}, ${y})`;
    case "whereNot":
      return `select(${x}, ${literal(0, to)}, ${y})`;
    case "bitcast":
      return `bitcast<${wgslTypes[to]}>(${x})`;
    case "half": // of the language itself: the feature shader-f16 is for arithmetic
      return `unpack2x16float(bitcast<u32>(${x})).x`;
    case "convert":
      return convertText(x, from, to);
    default: {
      const form = forms[from][fn];
      if (!form) throw new Error(`internal: no WGSL for ${fn} of ${from}, please report`);
      return form(...args);
    }
  }
}

function convertText(x: string, from: DType, to: DType): string {
  if (from === to) return x;
  if (from === "bool") return `select(${literal(0, to)}, ${literal(1, to)}, ${x})`;
  if (to === "bool") return from === "int32" ? `(${x} != 0i)` : `((bitcast<u32>(${x}) & 0x7fffffffu) != 0u)`;
  return to === "float32" ? `f32(${x})` : `truncateFloat(${x})`;
}

const helpers = {
  bitsNaN: "var<private> bitsNaN: u32 = 0x7fc00000u;",
  bitsInfinity: "var<private> bitsInfinity: u32 = 0x7f800000u;",
  bitsNegativeZero: "var<private> bitsNegativeZero: u32 = 0x80000000u;",
  // Bits, not comparisons, tell a NaN: compilers may assume that there is none.
  isNaN: "fn isNaN(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }",
  maximumFloat: "fn maximumFloat(x: f32, y: f32) -> f32 { return select(x, y, isNaN(y) || y > x); }",
  minimumFloat: "fn minimumFloat(x: f32, y: f32) -> f32 { return select(x, y, isNaN(y) || y < x); }",
  // Integers in the order of the floats that they stand for, and back; a NaN becomes the integer that is given.
  keyOfFloat: `fn keyOfFloat(x: f32, nan: i32) -> i32 {
  let bits = bitcast<i32>(x);
  return select(bits ^ ((bits >> 31u) & 0x7fffffffi), nan, isNaN(x));
}`,
  floatOfKey: "fn floatOfKey(key: i32) -> f32 { return bitcast<f32>(key ^ ((key >> 31u) & 0x7fffffffi)); }",
  // WGSL bounds the error for |y| in 2^-126 .. 2^126 only.
  divideFloat: `fn divideFloat(x: f32, y: f32) -> f32 {
  let s = select(select(1f, 16777216f, abs(y) < 1.1754944e-38f), 0.0625f, abs(y) > 8.507059e+37f);
  // Where x is known to be 0 a compiler makes the quotient 0 as well.
  return select((x * s) / (y * s), bitcast<f32>(bitsNaN), isNaN(y) || (x == 0f && y == 0f));
}`,
  truncateFloat: `fn truncateFloat(x: f32) -> i32 {
  let i = i32(clamp(x, -2147483648f, 2147483520f));
  return select(select(i, 2147483647i, x >= 2147483648f), 0i, isNaN(x));
}`,
  divideInt: `fn divideInt(x: i32, y: i32) -> i32 {
  if (y == 0i) { return 0i; }
  if (y == -1i) { return -x; }
  return x / y;
}`,
  remainderInt: `fn remainderInt(x: i32, y: i32) -> i32 {
  if (y == 0i || y == -1i) { return 0i; }
  return x % y;
}`,
  // C's fmodf, bit by bit as long division has it: exact.
  remainderFloat: `fn remainderFloat(x: f32, y: f32) -> f32 {
  let sign = bitcast<u32>(x) & 0x80000000u;
  let a = bitcast<u32>(x) & 0x7fffffffu;
  let b = bitcast<u32>(y) & 0x7fffffffu;
  if (a >= 0x7f800000u || b > 0x7f800000u || b == 0u) { return bitcast<f32>(bitsNaN); }
  if (a < b) { return x; }
  var ea = i32(a >> 23u);
  var eb = i32(b >> 23u);
  var ma = select((a & 0x7fffffu) | 0x800000u, (a & 0x7fffffu) << 1u, ea == 0i);
  var mb = select((b & 0x7fffffu) | 0x800000u, (b & 0x7fffffu) << 1u, eb == 0i);
  while (mb < 0x800000u) { mb = mb << 1u; eb--; }
  while (ma < 0x800000u) { ma = ma << 1u; ea--; }
  while (ea > eb) {
    if (ma >= mb) { ma -= mb; }
    ma = ma << 1u;
    ea--;
  }
  if (ma >= mb) { ma -= mb; }
  if (ma == 0u) { return bitcast<f32>(sign); }
  while (ma < 0x800000u) { ma = ma << 1u; ea--; }
  if (ea > 0i) { return bitcast<f32>(sign | (u32(ea) << 23u) | (ma & 0x7fffffu)); }
  return bitcast<f32>(sign | (ma >> u32(1i - ea)));
}`,
} as const;

/** Declarations of all that is named in `text` and in what that names. */
export function helpersFor(text: string): string {
  const needed = new Set<string>();
  const visit = (code: string): void => {
    for (const [name, declaration] of Object.entries(helpers)) {
      if (needed.has(name) || !new RegExp(`\\b${name}\\b`).test(code)) continue;
      needed.add(name);
      visit(declaration);
    }
  };
  visit(text);
  return Object.entries(helpers)
    .flatMap(([name, declaration]) => (needed.has(name) ? [declaration] : []))
    .join("\n");
}
