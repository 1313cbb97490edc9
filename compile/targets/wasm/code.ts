// The body of one WebAssembly function under construction: instructions appended one by one, locals as needed.

import { Bytes, valtypes, type Func, type Functype, type Valtype } from "./encode.ts";
import { instructions, type InstructionName } from "./instructions.ts";

/** Positions of 32-bit lanes. */
export type Lanes = readonly [number, number, number, number];

/** A local variable's index; parameters come first. */
export type Local = number;

export class Code {
  readonly type: Functype;
  readonly name: string;
  readonly #expr = new Bytes();
  readonly #locals: Valtype[] = [];
  readonly #constants = new Map<string, { readonly local: Local; readonly bytes: Uint8Array }>();

  constructor(name: string, type: Functype) {
    this.name = name;
    this.type = type;
  }

  /** A fresh local, 0 at the function's start. */
  local(type: Valtype): Local {
    return this.type.params.length + this.#locals.push(type) - 1;
  }

  /** Appends an instruction; `immediates` in the order of the text format (alignment before offset). */
  op(name: InstructionName, ...immediates: readonly number[]): this {
    const { prefix, opcode, immediate } = instructions[name];
    const out = this.#expr;
    if (prefix === 0) out.byte(opcode);
    else {
      out.byte(prefix);
      out.u32(opcode);
    }
    const at = (position: number): number => {
      const value = immediates[position];
      if (value === undefined) throw new Error(`internal: ${name} lacks an immediate, please report`);
      return value;
    };
    switch (immediate) {
      case "none":
        break;
      case "block":
        out.byte(0x40);
        break;
      case "index":
        out.u32(at(0));
        break;
      case "i32":
        out.s32(at(0));
        break;
      case "i64":
        out.s64(at(0));
        break;
      case "f32":
        out.f32(at(0));
        break;
      case "f64":
        out.f64(at(0));
        break;
      case "memory":
        out.u32(at(0));
        out.u32(at(1));
        break;
      case "memoryLane":
        out.u32(at(0));
        out.u32(at(1));
        out.byte(at(2));
        break;
      case "lane":
        out.byte(at(0));
        break;
      case "bytes16":
        if (immediates.length !== 16) throw new Error(`internal: ${name} takes 16 bytes, please report`);
        out.bytes(immediates);
        break;
      case "copy":
        out.bytes([0, 0]);
        break;
      case "fill":
        out.byte(0);
        break;
      default:
        immediate satisfies never;
    }
    return this;
  }

  get(local: Local): this {
    return this.op("local.get", local);
  }

  set(local: Local): this {
    return this.op("local.set", local);
  }

  tee(local: Local): this {
    return this.op("local.tee", local);
  }

  i32(value: number): this {
    return this.op("i32.const", value);
  }

  /** A constant vector. It is made once, at the function's start, and kept in a local: engines that compile quickly make
   *  it anew in every round of a loop, in three instructions. Zeros and ones alone take them but one. */
  v128(bytes: Uint8Array): this {
    if (bytes.every((byte) => byte === 0) || bytes.every((byte) => byte === 255))
      return this.op("v128.const", ...bytes);
    const key = bytes.join();
    let local = this.#constants.get(key)?.local;
    if (local === undefined) {
      local = this.local("v128");
      this.#constants.set(key, { local, bytes });
    }
    return this.get(local);
  }

  /** A vector of four int32. */
  i32x4(...lanes: Lanes): this {
    return this.v128(new Uint8Array(Int32Array.from(lanes).buffer));
  }

  /** A vector of one int32 four times. */
  i32Splat(value: number): this {
    return this.i32x4(value, value, value, value);
  }

  /** A vector of one float32 four times. */
  f32Splat(value: number): this {
    return this.v128(new Uint8Array(Float32Array.of(value, value, value, value).buffer));
  }

  /** Rearranges the 32-bit lanes of the two vectors on the stack: lanes 0-3 are the first's, 4-7 the second's. */
  shuffle(...lanes: Lanes): this {
    return this.op("i8x16.shuffle", ...lanes.flatMap((lane) => [4 * lane, 4 * lane + 1, 4 * lane + 2, 4 * lane + 3]));
  }

  /** Adds `value` to the i32 on the stack. */
  plus(value: number): this {
    return value === 0 ? this : this.i32(value).op("i32.add");
  }

  /** Multiplies the i32 on the stack. */
  times(value: number): this {
    if (value === 1) return this;
    const shift = Math.log2(value);
    return value > 0 && Number.isInteger(shift) ? this.i32(shift).op("i32.shl") : this.i32(value).op("i32.mul");
  }

  /** `for (index = from; index < to; index += step) body()`, counting down if `step` is negative. The number of rounds
   *  is known and at least 1. After it `index` is the first value not used. */
  for(index: Local, from: number, to: number, step: number, body: () => void): void {
    const rounds = Math.ceil((to - from) / step);
    this.i32(from).set(index).op("loop");
    body();
    this.get(index)
      .i32(step)
      .op("i32.add")
      .tee(index)
      .i32(from + rounds * step)
      .op("i32.ne")
      .op("br_if", 0)
      .op("end");
  }

  finish(): Func {
    const expr = this.#expr.finish();
    const start = new Code("", { params: [], results: [] });
    for (const { local, bytes } of this.#constants.values()) start.op("v128.const", ...bytes).set(local);
    const out = new Bytes();
    const runs: { type: Valtype; count: number }[] = [];
    for (const type of this.#locals) {
      const last = runs.at(-1);
      if (last?.type === type) last.count++;
      else runs.push({ type, count: 1 });
    }
    out.vec(runs, (run) => {
      out.u32(run.count);
      out.byte(valtypes[run.type]);
    });
    out.bytes(start.#expr.finish());
    out.bytes(expr);
    out.byte(0x0b);
    return { type: this.type, body: out.finish(), name: this.name };
  }
}
