// The instructions that the emitter knows, under the names of the WebAssembly text format: opcode and immediates.
// One table serves the encoder (code.ts) and the disassembler (print.ts). Source: WebAssembly specification, appendix
// "Index of Instructions"; relaxed SIMD from its proposal, since part of the standard.

/** What follows the opcode. `memory`: alignment (as a power of two) and offset; `memoryLane`: those and a lane. */
export type Immediate =
  | "none"
  | "block"
  | "index"
  | "i32"
  | "i64"
  | "f32"
  | "f64"
  | "memory"
  | "memoryLane"
  | "lane"
  | "bytes16"
  | "copy"
  | "fill";

export interface Instruction {
  /** 0 for one-byte opcodes, else the prefix byte. */
  readonly prefix: 0 | 0xfc | 0xfd | 0xfe;
  readonly opcode: number;
  readonly immediate: Immediate;
}

const row = (prefix: 0 | 0xfc | 0xfd | 0xfe, opcode: number, immediate: Immediate = "none"): Instruction => ({
  prefix,
  opcode,
  immediate,
});

/** Instructions of consecutive opcodes without immediates; "" leaves one out. */
function run<const N extends readonly string[]>(
  prefix: 0 | 0xfc | 0xfd,
  first: number,
  names: N,
): Record<Exclude<N[number], "">, Instruction> {
  const rows: Record<string, Instruction> = {};
  names.forEach((name, i) => {
    if (name !== "") rows[name] = row(prefix, first + i);
  });
  // Every name of N but "" was just set.
  return rows as Record<Exclude<N[number], "">, Instruction>;
}

// prettier-ignore
export const instructions = {
  // control
  ...run(0, 0x00, ["unreachable", "nop"]),
  block: row(0, 0x02, "block"),
  loop: row(0, 0x03, "block"),
  if: row(0, 0x04, "block"),
  ...run(0, 0x05, ["else"]),
  ...run(0, 0x0b, ["end"]),
  br: row(0, 0x0c, "index"),
  br_if: row(0, 0x0d, "index"),
  ...run(0, 0x0f, ["return"]),
  call: row(0, 0x10, "index"),
  ...run(0, 0x1a, ["drop", "select"]),
  "local.get": row(0, 0x20, "index"),
  "local.set": row(0, 0x21, "index"),
  "local.tee": row(0, 0x22, "index"),
  // memory
  "i32.load": row(0, 0x28, "memory"),
  "i64.load": row(0, 0x29, "memory"),
  "f32.load": row(0, 0x2a, "memory"),
  "i32.store": row(0, 0x36, "memory"),
  "i64.store": row(0, 0x37, "memory"),
  "f32.store": row(0, 0x38, "memory"),
  // threads
  "memory.atomic.notify": row(0xfe, 0x00, "memory"),
  "memory.atomic.wait32": row(0xfe, 0x01, "memory"),
  "i32.atomic.load": row(0xfe, 0x10, "memory"),
  "i32.atomic.store": row(0xfe, 0x17, "memory"),
  "i32.atomic.rmw.add": row(0xfe, 0x1e, "memory"),
  // scalars
  "i32.const": row(0, 0x41, "i32"),
  "i64.const": row(0, 0x42, "i64"),
  "f32.const": row(0, 0x43, "f32"),
  "f64.const": row(0, 0x44, "f64"),
  ...run(0, 0x45, ["i32.eqz", "i32.eq", "i32.ne", "i32.lt_s", "i32.lt_u", "i32.gt_s", "i32.gt_u", "i32.le_s", "i32.le_u", "i32.ge_s", "i32.ge_u"]),
  ...run(0, 0x50, ["i64.eqz", "i64.eq", "i64.ne", "i64.lt_s", "i64.lt_u", "i64.gt_s", "i64.gt_u", "i64.le_s", "i64.le_u", "i64.ge_s", "i64.ge_u"]),
  ...run(0, 0x5b, ["f32.eq", "f32.ne", "f32.lt", "f32.gt", "f32.le", "f32.ge", "f64.eq", "f64.ne", "f64.lt", "f64.gt", "f64.le", "f64.ge"]),
  ...run(0, 0x67, ["i32.clz", "i32.ctz", "i32.popcnt", "i32.add", "i32.sub", "i32.mul", "i32.div_s", "i32.div_u", "i32.rem_s", "i32.rem_u"]),
  ...run(0, 0x71, ["i32.and", "i32.or", "i32.xor", "i32.shl", "i32.shr_s", "i32.shr_u"]),
  ...run(0, 0x7c, ["i64.add", "i64.sub", "i64.mul"]),
  ...run(0, 0x83, ["i64.and", "i64.or", "i64.xor", "i64.shl", "i64.shr_s", "i64.shr_u"]),
  ...run(0, 0x8b, ["f32.abs", "f32.neg", "f32.ceil", "f32.floor", "f32.trunc", "f32.nearest", "f32.sqrt", "f32.add", "f32.sub", "f32.mul", "f32.div", "f32.min", "f32.max", "f32.copysign"]),
  ...run(0, 0x99, ["f64.abs", "f64.neg", "f64.ceil", "f64.floor", "f64.trunc", "f64.nearest", "f64.sqrt", "f64.add", "f64.sub", "f64.mul", "f64.div", "f64.min", "f64.max", "f64.copysign"]),
  ...run(0, 0xa7, ["i32.wrap_i64"]),
  ...run(0, 0xac, ["i64.extend_i32_s", "i64.extend_i32_u"]),
  ...run(0, 0xb6, ["f32.demote_f64"]),
  ...run(0, 0xbb, ["f64.promote_f32"]),
  ...run(0, 0xbc, ["i32.reinterpret_f32", "i64.reinterpret_f64", "f32.reinterpret_i32", "f64.reinterpret_i64"]),
  "memory.copy": row(0xfc, 10, "copy"),
  "memory.fill": row(0xfc, 11, "fill"),
  // vectors: memory
  "v128.load": row(0xfd, 0, "memory"),
  "v128.load32_splat": row(0xfd, 9, "memory"),
  "v128.load64_splat": row(0xfd, 10, "memory"),
  "v128.store": row(0xfd, 11, "memory"),
  "v128.load32_lane": row(0xfd, 86, "memoryLane"),
  "v128.load64_lane": row(0xfd, 87, "memoryLane"),
  "v128.store32_lane": row(0xfd, 90, "memoryLane"),
  "v128.store64_lane": row(0xfd, 91, "memoryLane"),
  "v128.load32_zero": row(0xfd, 92, "memory"),
  "v128.load64_zero": row(0xfd, 93, "memory"),
  // vectors: lanes
  "v128.const": row(0xfd, 12, "bytes16"),
  "i8x16.shuffle": row(0xfd, 13, "bytes16"),
  "i8x16.swizzle": row(0xfd, 14),
  "i32x4.splat": row(0xfd, 17),
  "i64x2.splat": row(0xfd, 18),
  "f32x4.splat": row(0xfd, 19),
  "f64x2.splat": row(0xfd, 20),
  "i32x4.extract_lane": row(0xfd, 27, "lane"),
  "i32x4.replace_lane": row(0xfd, 28, "lane"),
  "i64x2.extract_lane": row(0xfd, 29, "lane"),
  "i64x2.replace_lane": row(0xfd, 30, "lane"),
  "f32x4.extract_lane": row(0xfd, 31, "lane"),
  "f32x4.replace_lane": row(0xfd, 32, "lane"),
  "f64x2.extract_lane": row(0xfd, 33, "lane"),
  "f64x2.replace_lane": row(0xfd, 34, "lane"),
  // vectors: comparison and bits
  ...run(0xfd, 55, ["i32x4.eq", "i32x4.ne", "i32x4.lt_s", "i32x4.lt_u", "i32x4.gt_s", "i32x4.gt_u", "i32x4.le_s", "i32x4.le_u", "i32x4.ge_s", "i32x4.ge_u"]),
  ...run(0xfd, 65, ["f32x4.eq", "f32x4.ne", "f32x4.lt", "f32x4.gt", "f32x4.le", "f32x4.ge", "f64x2.eq", "f64x2.ne", "f64x2.lt", "f64x2.gt", "f64x2.le", "f64x2.ge"]),
  ...run(0xfd, 77, ["v128.not", "v128.and", "v128.andnot", "v128.or", "v128.xor", "v128.bitselect", "v128.any_true"]),
  // vectors: arithmetic
  ...run(0xfd, 94, ["f32x4.demote_f64x2_zero", "f64x2.promote_low_f32x4"]),
  ...run(0xfd, 103, ["f32x4.ceil", "f32x4.floor", "f32x4.trunc", "f32x4.nearest"]),
  ...run(0xfd, 160, ["i32x4.abs", "i32x4.neg", "", "i32x4.all_true", "i32x4.bitmask"]),
  ...run(0xfd, 171, ["i32x4.shl", "i32x4.shr_s", "i32x4.shr_u", "i32x4.add", "", "", "i32x4.sub", "", "", "", "i32x4.mul", "i32x4.min_s", "i32x4.min_u", "i32x4.max_s", "i32x4.max_u"]),
  ...run(0xfd, 199, ["i64x2.extend_low_i32x4_s", "i64x2.extend_high_i32x4_s", "i64x2.extend_low_i32x4_u", "i64x2.extend_high_i32x4_u", "i64x2.shl", "i64x2.shr_s", "i64x2.shr_u", "i64x2.add", "", "", "i64x2.sub"]),
  ...run(0xfd, 216, ["i64x2.lt_s", "i64x2.gt_s", "i64x2.le_s", "i64x2.ge_s"]),
  ...run(0xfd, 224, ["f32x4.abs", "f32x4.neg", "", "f32x4.sqrt", "f32x4.add", "f32x4.sub", "f32x4.mul", "f32x4.div", "f32x4.min", "f32x4.max", "f32x4.pmin", "f32x4.pmax"]),
  ...run(0xfd, 236, ["f64x2.abs", "f64x2.neg", "", "f64x2.sqrt", "f64x2.add", "f64x2.sub", "f64x2.mul", "f64x2.div", "f64x2.min", "f64x2.max", "f64x2.pmin", "f64x2.pmax"]),
  ...run(0xfd, 248, ["i32x4.trunc_sat_f32x4_s", "i32x4.trunc_sat_f32x4_u", "f32x4.convert_i32x4_s", "f32x4.convert_i32x4_u"]),
  // relaxed SIMD: only where features.ts finds it
  ...run(0xfd, 0x105, ["f32x4.relaxed_madd", "f32x4.relaxed_nmadd"]),
} satisfies Record<string, Instruction>;

export type InstructionName = keyof typeof instructions;
