import { describe, expect, it } from "vitest";
import { Code } from "../../../../compile/targets/wasm/code.ts";
import { Bytes, encodeModule } from "../../../../compile/targets/wasm/encode.ts";
import { instructions, type InstructionName } from "../../../../compile/targets/wasm/instructions.ts";
import { printModule } from "../../../../compile/targets/wasm/print.ts";

const bytesOf = (write: (bytes: Bytes) => void): number[] => {
  const bytes = new Bytes();
  write(bytes);
  return [...bytes.finish()];
};

describe("LEB128", () => {
  it("writes unsigned integers", () => {
    expect(bytesOf((b) => b.u32(0))).toEqual([0]);
    expect(bytesOf((b) => b.u32(127))).toEqual([0x7f]);
    expect(bytesOf((b) => b.u32(128))).toEqual([0x80, 0x01]);
    expect(bytesOf((b) => b.u32(624485))).toEqual([0xe5, 0x8e, 0x26]);
    expect(bytesOf((b) => b.u32(0xffffffff))).toEqual([0xff, 0xff, 0xff, 0xff, 0x0f]);
  });

  it("writes signed integers", () => {
    expect(bytesOf((b) => b.s32(63))).toEqual([0x3f]);
    expect(bytesOf((b) => b.s32(64))).toEqual([0xc0, 0x00]);
    expect(bytesOf((b) => b.s32(-64))).toEqual([0x40]);
    expect(bytesOf((b) => b.s32(-123456))).toEqual([0xc0, 0xbb, 0x78]);
    expect(bytesOf((b) => b.s32(-2147483648))).toEqual([0x80, 0x80, 0x80, 0x80, 0x78]);
    expect(bytesOf((b) => b.s64(-1))).toEqual([0x7f]);
    expect(bytesOf((b) => b.s64(2 ** 40))).toEqual([0x80, 0x80, 0x80, 0x80, 0x80, 0x20]);
  });
});

/** `(a + b) · 3` until it exceeds 100. */
function example(): Uint8Array<ArrayBuffer> {
  const code = new Code("example", { params: ["i32", "i32"], results: ["i32"] });
  const sum = code.local("i32");
  code.get(0).get(1).op("i32.add").set(sum).op("loop");
  code.get(sum).times(3).tee(sum).i32(100).op("i32.le_s").op("br_if", 0).op("end").get(sum);
  return encodeModule({ memory: { pages: 1 }, funcs: [code.finish()], exports: { example: 0 } });
}

describe("modules", () => {
  it("run", () => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(example()), { env: { memory } });
    expect((exports.example as (a: number, b: number) => number)(2, 3)).toBe(135);
  });

  it("print as text", () => {
    expect(printModule(example())).toBe(`(module
  (import "env" "memory" (memory 1))
  (func (;0;) ;; example
    (param i32 i32) (result i32)
    (local i32)
    local.get 0
    local.get 1
    i32.add
    local.set 2
    loop
      local.get 2
      i32.const 3
      i32.mul
      local.tee 2
      i32.const 100
      i32.le_s
      br_if 0
    end
    local.get 2
  )
  (export "example" (func 0))
)`);
  });

  it("may share memory", () => {
    const bytes = encodeModule({ memory: { pages: 2, sharedMaximum: 16 }, funcs: [], exports: {} });
    expect(WebAssembly.validate(bytes)).toBe(true);
    expect(printModule(bytes)).toContain('(import "env" "memory" (memory 2 16 shared))');
  });
});

describe("instructions", () => {
  it("have opcodes of their own", () => {
    const codes = Object.values(instructions).map(({ prefix, opcode }) => `${prefix} ${opcode}`);
    expect(new Set(codes).size).toBe(codes.length);
  });

  it("take and give what the engine expects", () => {
    // One of each shape that has neither immediates nor control.
    const shapes = {
      "f32x4.add": ["v128", "v128", "v128"],
      "i32x4.splat": ["i32", "v128"],
      "f64x2.splat": ["f64", "v128"],
      "i32.add": ["i32", "i32", "i32"],
    } as const;
    for (const [name, types] of Object.entries(shapes)) {
      const params = types.slice(0, -1);
      const code = new Code(name, { params, results: [types.at(-1)!] });
      params.forEach((_, i) => code.get(i));
      code.op(name as InstructionName);
      expect(
        WebAssembly.validate(encodeModule({ memory: { pages: 1 }, funcs: [code.finish()], exports: {} })),
        name,
      ).toBe(true);
    }
  });

  it("complain of a missing immediate", () => {
    expect(() => new Code("f", { params: [], results: [] }).op("i32.const")).toThrow(
      "internal: i32.const lacks an immediate, please report",
    );
  });
});
