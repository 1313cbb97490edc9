// Numbers and shapes at the edges, where random kernels seldom go.

import { describe, expect, it } from "vitest";
import type { Kernel } from "../../../../compile/kernels/kernel.ts";
import { axisIndex, binary, convert, load, loadHere, number } from "../../../../compile/kernels/scalar.ts";
import { compileWasm, keepsConstants } from "../../../../compile/targets/wasm/wasm.ts";
import { tensorType, type TypedValues } from "../../../../compile/type.ts";
import type { Program } from "../../../../compile/program/program.ts";
import { at, kernelProgram } from "./kernelProgram.ts";

const run = (kernel: Kernel, ...inputs: TypedValues[]): TypedValues[] => compileWasm(kernelProgram(kernel)).run(inputs);

describe("maximum and minimum", () => {
  for (const combiner of ["maximum", "minimum"] as const) {
    for (const size of [1, 3, 4, 5, 17, 64]) {
      for (const nan of [0, size - 1]) {
        it(`${combiner} of ${size} is NaN where element ${nan} is`, () => {
          const rows = Float32Array.from({ length: 4 * size }, (_, i) => (i === size + nan ? NaN : i % 7));
          const along: Kernel = {
            name: "along",
            operands: [tensorType([4, size])],
            results: [tensorType([4])],
            form: { form: "reduce", shape: [4], reduced: [size], combiner, body: loadHere(0, 2, "float32") },
          };
          const [result] = run(along, rows);
          expect(Array.from(result!, Number.isNaN)).toEqual([false, true, false, false]);
          const across: Kernel = {
            ...along,
            operands: [tensorType([size, 4])],
            form: {
              form: "reduce",
              shape: [4],
              reduced: [size],
              combiner,
              body: load(0, [axisIndex(1), axisIndex(0)], "float32"),
            },
          };
          const columns = Float32Array.from({ length: 4 * size }, (_, i) => (i === 4 * nan + 1 ? NaN : i % 7));
          expect(Array.from(run(across, columns)[0]!, Number.isNaN)).toEqual([false, true, false, false]);
        });
      }
    }
  }
});

describe("integers", () => {
  const two = (fn: "divide" | "remainder"): Kernel => ({
    name: fn,
    operands: [tensorType([5], "int32"), tensorType([5], "int32")],
    results: [tensorType([5], "int32")],
    form: { form: "map", shape: [5], body: binary(fn, loadHere(0, 1, "int32"), loadHere(1, 1, "int32")) },
  });
  const [x, y] = [Int32Array.of(7, -7, 5, -2147483648, -2147483648), Int32Array.of(2, 2, 0, -1, 3)];

  it("divide towards zero, x / 0 = 0, the smallest by -1 is itself", () => {
    expect(run(two("divide"), x, y)[0]).toEqual(Int32Array.of(3, -3, 0, -2147483648, -715827882));
  });

  it("leave remainders of the dividend's sign", () => {
    expect(run(two("remainder"), x, y)[0]).toEqual(Int32Array.of(1, -1, 0, 0, -2));
  });

  it("saturate when converted", () => {
    const kernel: Kernel = {
      name: "convert",
      operands: [tensorType([6])],
      results: [tensorType([6], "int32")],
      form: { form: "map", shape: [6], body: convert(loadHere(0, 1, "float32"), "int32") },
    };
    const [result] = run(kernel, Float32Array.of(1.9, -1.9, NaN, Infinity, -Infinity, 3e9));
    expect(result).toEqual(Int32Array.of(1, -1, 0, 2147483647, -2147483648, 2147483647));
  });
});

describe("sort", () => {
  for (const length of [1, 2, 3, 4, 5, 16, 100, 257, 1000, 4096]) {
    for (const descending of [false, true]) {
      it(`${length} ${descending ? "descending" : "ascending"}, stably, NaN last, both zeros alike`, () => {
        const type = tensorType([2, length]);
        const kernel: Kernel = {
          name: "sort",
          operands: [type],
          results: [type, tensorType([2, length], "int32")],
          form: { form: "sort", shape: [2, length], descending },
        };
        const pick = [0, -0, 1, -1, NaN, Infinity, -Infinity, 0.5, 2, 2, 2];
        const values = Float32Array.from({ length: 2 * length }, (_, i) =>
          i % 3 === 0 ? pick[(i * 7) % pick.length]! : Math.fround(Math.sin(i * 37)),
        );
        const [sorted, positions] = run(kernel, values);
        for (const row of [0, 1]) {
          const expected = Array.from({ length }, (_, i) => i).sort((a, b) => {
            const [p, q] = [values[row * length + a]!, values[row * length + b]!];
            if (Number.isNaN(p) || Number.isNaN(q)) return Number(Number.isNaN(p)) - Number(Number.isNaN(q));
            return (descending ? q - p : p - q) || 0;
          });
          expect(Array.from(positions!.subarray(row * length, (row + 1) * length))).toEqual(expected);
          expect(Array.from(sorted!.subarray(row * length, (row + 1) * length))).toEqual(
            expected.map((i) => values[row * length + i]),
          );
        }
      });
    }
  }
});

describe("empty tensors", () => {
  it("map to nothing, and sum to zero", () => {
    const map: Kernel = {
      name: "map",
      operands: [tensorType([0, 3])],
      results: [tensorType([0, 3])],
      form: { form: "map", shape: [0, 3], body: loadHere(0, 2, "float32") },
    };
    expect(run(map, new Float32Array(0))[0]).toEqual(new Float32Array(0));
    const sum: Kernel = {
      name: "sum",
      operands: [tensorType([5, 0])],
      results: [tensorType([5])],
      form: { form: "reduce", shape: [5], reduced: [0], combiner: "add", body: loadHere(0, 2, "float32") },
    };
    expect(run(sum, new Float32Array(0))[0]).toEqual(new Float32Array(5));
    const product: Kernel = {
      name: "product",
      operands: [tensorType([5, 0]), tensorType([0, 6])],
      results: [tensorType([5, 6])],
      form: {
        form: "contract",
        batch: [],
        m: [5],
        n: [6],
        k: [0],
        lhs: loadHere(0, 2, "float32"),
        rhs: load(1, [axisIndex(1), axisIndex(0)], "float32"),
      },
    };
    expect(run(product, new Float32Array(0), new Float32Array(0))[0]).toEqual(new Float32Array(30));
  });
});

describe("constants", () => {
  /** `x + c`, the constant in a buffer of its own. */
  const program = (value: number): Program => {
    const kernel: Kernel = {
      name: "add",
      operands: [tensorType([4]), tensorType([4])],
      results: [tensorType([4])],
      form: { form: "map", shape: [4], body: binary("add", loadHere(0, 1, "float32"), loadHere(1, 1, "float32")) },
    };
    const { inputs, ...rest } = kernelProgram(kernel);
    return { ...rest, inputs: [inputs[0]!], constants: [{ buffer: 1, values: new Float32Array(4).fill(value) }] };
  };

  it("are in place again after another program ran", () => {
    const [one, ten] = [compileWasm(program(1)), compileWasm(program(10))];
    const x = Float32Array.of(1, 2, 3, 4);
    for (let i = 0; i < 3; i++) {
      expect(one.run([x])[0]).toEqual(Float32Array.of(2, 3, 4, 5));
      expect(ten.run([x])[0]).toEqual(Float32Array.of(11, 12, 13, 14));
      expect(ten.run([x])[0]).toEqual(Float32Array.of(11, 12, 13, 14));
    }
  });

  it("are known to survive unless something may write there", () => {
    const plain = program(1);
    expect(keepsConstants(plain)).toBe(true);
    expect(keepsConstants({ ...plain, buffers: plain.buffers.map((b, i) => (i === 2 ? plain.buffers[1]! : b)) })).toBe(
      false,
    );
    expect(keepsConstants({ ...plain, instructions: [{ kind: "copy", from: at(0), to: at(1), bytes: 16 }] })).toBe(
      false,
    );
  });
});

describe("expressions", () => {
  it("do not grow with sharing", () => {
    let x = loadHere(0, 1, "int32");
    for (let i = 0; i < 60; i++) x = binary("xor", binary("add", x, x), number(i, "int32"));
    const kernel: Kernel = {
      name: "deep",
      operands: [tensorType([9], "int32")],
      results: [tensorType([9], "int32")],
      form: { form: "map", shape: [9], body: x },
    };
    const input = Int32Array.from({ length: 9 }, (_, i) => i);
    const expected = input.map((start) => {
      let value = start;
      for (let i = 0; i < 60; i++) value = ((value + value) | 0) ^ i;
      return value;
    });
    expect(run(kernel, input)[0]).toEqual(expected);
  });
});
