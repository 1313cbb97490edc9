// The interpreter of programs on small ones whose results are plain to see, and the compiled program beside it.

import { describe, expect, it } from "vitest";
import { binary, loadHere, number, type Scalar } from "../../../compile/kernels/scalar.ts";
import { interpretProgram } from "../../../compile/program/interpret.ts";
import { erf } from "../../../compile/kernels/erf.ts";
import { roundNearestEven } from "../../../compile/program/interpretScalar.ts";
import type { Kernel } from "../../../compile/kernels/kernel.ts";
import type { Address, Instruction, Program } from "../../../compile/program/program.ts";
import { compileWasm } from "../../../compile/targets/wasm/wasm.ts";
import { tensorType, type TypedValues } from "../../../compile/type.ts";

const scalarKernel = (name: string, operands: number, body: Scalar): Kernel => ({
  name,
  operands: Array.from({ length: operands }, () => tensorType([])),
  results: [tensorType([])],
  form: { form: "map", shape: [], body },
});
const add = scalarKernel("add", 2, binary("add", loadHere(0, 0, "float32"), loadHere(1, 0, "float32")));
const twice = scalarKernel("twice", 1, binary("multiply", loadHere(0, 0, "float32"), number(2, "float32")));

const buffer = (i: number, offset = 0, strides: Address["strides"] = []): Address => ({
  base: { buffer: i },
  offset,
  strides,
});
const pointer = (i: number): Address => ({ base: { pointer: i }, offset: 0, strides: [] });
const scalars = (count: number): Program["buffers"] =>
  Array.from({ length: count }, (_, i) => ({ start: 64 * i, bytes: 64 }));

function both(program: Program, inputs: readonly TypedValues[]): number[] {
  const expected = interpretProgram(program, inputs);
  expect(compileWasm(program).run(inputs)).toEqual(expected);
  return expected.flatMap((values) => [...values]);
}

describe("programs", () => {
  const program = (
    instructions: readonly Instruction[],
    inputs: readonly [number, number][],
    output: number,
  ): Program => ({
    kernels: [add, twice],
    buffers: scalars(6),
    pointers: 2,
    loops: 2,
    instructions,
    inputs: inputs.map(([at, length]) => ({ address: buffer(at), type: tensorType([length]) })),
    outputs: [{ address: buffer(output), type: tensorType([]) }],
    constants: [],
    bytes: 6 * 64,
  });

  it("loop over a stack, forwards and backwards", () => {
    for (const [reverse, expected] of [
      [false, 2 * (2 * (2 * 1 + 1) + 2) + 4],
      [true, 2 * (2 * (2 * 1 + 4) + 2) + 1],
    ] as const) {
      // carry = 2 carry + x[i]
      const body: Instruction[] = [
        { kind: "call", kernel: 1, addresses: [buffer(1), buffer(2)] },
        { kind: "call", kernel: 0, addresses: [buffer(2), buffer(0, 0, [{ loop: 0, bytes: 4 }]), buffer(1)] },
      ];
      const loop: Instruction = { kind: "loop", loop: 0, count: 3, reverse, body };
      expect(
        both(
          program(
            [loop],
            [
              [0, 3],
              [1, 1],
            ],
            1,
          ),
          [Float32Array.of(1, 2, 4), Float32Array.of(1)],
        ),
      ).toEqual([expected]);
    }
  });

  it("loop on one side of a number that is in memory", () => {
    for (const n of [-5, 0, 1, 2, 3, 7]) {
      for (const [side, within] of [
        [{ side: "below", per: 1 }, (t: number): boolean => t < n],
        [{ side: "below", per: 2 }, (t: number): boolean => 2 * t < n],
        [{ side: "beyond", per: 1, until: null }, (t: number): boolean => t >= n],
        [{ side: "beyond", per: 3, until: null }, (t: number): boolean => 3 * t >= n],
        [{ side: "beyond", per: 1, until: 2 }, (t: number): boolean => t >= n && t < 2 * Math.ceil(Math.max(n, 0) / 2)],
      ] as const) {
        for (const reverse of [false, true]) {
          // carry = 2 carry + x[t]
          const body: Instruction[] = [
            { kind: "call", kernel: 1, addresses: [buffer(1), buffer(2)] },
            { kind: "call", kernel: 0, addresses: [buffer(2), buffer(0, 0, [{ loop: 0, bytes: 4 }]), buffer(1)] },
          ];
          const loop: Instruction = {
            kind: "loop",
            loop: 0,
            count: 3,
            reverse,
            limit: { at: buffer(3), ...side },
            body,
          };
          const limited = program([loop], [[0, 3], [1, 1], [3, 1]], 1); // prettier-ignore
          const inputs = [...limited.inputs];
          inputs[2] = { address: buffer(3), type: tensorType([], "int32") };
          const times = [0, 1, 2].filter(within);
          const expected = (reverse ? times.reverse() : times).reduce((carry, t) => 2 * carry + 2 ** t, 1);
          const values = [Float32Array.of(1, 2, 4), Float32Array.of(1), Int32Array.of(n)];
          expect(both({ ...limited, inputs }, values)).toEqual([expected]);
        }
      }
    }
  });

  it("swap pointers", () => {
    const instructions: Instruction[] = [
      {
        kind: "point",
        moves: [
          { pointer: 0, to: buffer(0) },
          { pointer: 1, to: buffer(1) },
        ],
      },
      {
        kind: "loop",
        loop: 0,
        count: 3,
        reverse: false,
        body: [
          { kind: "call", kernel: 1, addresses: [pointer(0), pointer(1)] },
          {
            kind: "point",
            moves: [
              { pointer: 0, to: pointer(1) },
              { pointer: 1, to: pointer(0) },
            ],
          },
        ],
      },
      { kind: "copy", from: pointer(0), to: buffer(2), bytes: 4 },
    ];
    expect(both(program(instructions, [[0, 1]], 2), [Float32Array.of(5)])).toEqual([40]);
  });

  it("branch", () => {
    const branch: Instruction = {
      kind: "branch",
      predicate: buffer(0),
      onTrue: [{ kind: "call", kernel: 1, addresses: [buffer(1), buffer(2)] }],
      onFalse: [{ kind: "copy", from: buffer(1), to: buffer(2), bytes: 4 }],
    };
    const base = program(
      [branch],
      [
        [0, 1],
        [1, 1],
      ],
      2,
    );
    const typed = { ...base, inputs: [{ address: buffer(0), type: tensorType([1], "bool") }, base.inputs[1]!] };
    expect(both(typed, [Uint8Array.of(1), Float32Array.of(21)])).toEqual([42]);
    expect(both(typed, [Uint8Array.of(0), Float32Array.of(21)])).toEqual([21]);
  });

  it("refuse wrong inputs", () => {
    const compiled = compileWasm(program([], [[0, 3]], 0));
    expect(() => compiled.run([])).toThrow("takes 1 inputs, got 0");
    expect(() => compiled.run([new Float32Array(2)])).toThrow("expected 3 elements of float32");
    expect(() => compiled.run([new Int32Array(3)])).toThrow("expected 3 elements of float32");
  });
});

describe("reference functions", () => {
  it("round halves to even", () => {
    expect([0.5, 1.5, 2.5, -0.5, -1.5, 2.4, -2.6].map(roundNearestEven)).toEqual([0, 2, 2, -0, -2, 2, -3]);
  });

  it("know erf", () => {
    expect(erf(0.5)).toBeCloseTo(0.5204998778130465, 14);
    expect(erf(2)).toBeCloseTo(0.9953222650189527, 14);
    expect(erf(3.5)).toBeCloseTo(0.9999992569016276, 14);
    expect(erf(-1)).toBeCloseTo(-0.8427007929497149, 14);
  });
});
