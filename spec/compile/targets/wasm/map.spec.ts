import { describe, expect, it } from "vitest";
import { interpretProgram } from "../../../../compile/program/interpret.ts";
import { axisIndex, binary, load, loadHere, number, unary } from "../../../../compile/kernels/scalar.ts";
import { tensorType } from "../../../../compile/type.ts";
import { compileWasm } from "../../../../compile/targets/wasm/wasm.ts";
import { kernelProgram } from "./kernelProgram.ts";

describe("map", () => {
  it("adds a row to every row of a transposed matrix", () => {
    const program = kernelProgram({
      name: "map",
      operands: [tensorType([5, 3]), tensorType([5])],
      results: [tensorType([3, 5])],
      form: {
        form: "map",
        shape: [3, 5],
        body: binary(
          "add",
          load(0, [axisIndex(1), axisIndex(0)], "float32"),
          binary("multiply", number(2, "float32"), load(1, [axisIndex(1)], "float32")),
        ),
      },
    });
    const inputs = [Float32Array.from({ length: 15 }, (_, i) => i), Float32Array.of(10, 20, 30, 40, 50)];
    const [result] = compileWasm(program).run(inputs);
    expect(Array.from(result!)).toEqual(Array.from(interpretProgram(program, inputs)[0]!));
  });

  it("turns bools around", () => {
    const program = kernelProgram({
      name: "not",
      operands: [tensorType([7], "bool")],
      results: [tensorType([7], "bool")],
      form: { form: "map", shape: [7], body: unary("not", loadHere(0, 1, "bool")) },
    });
    const [result] = compileWasm(program).run([Uint8Array.of(1, 0, 1, 0, 0, 1, 1)]);
    expect(result).toEqual(Uint8Array.of(0, 1, 0, 1, 1, 0, 0));
  });
});
