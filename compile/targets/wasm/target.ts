// The default target: the whole program, loops included, as one WebAssembly module.

import type { Tensor } from "@tensorflow/tfjs-core";
import type { TypedValues } from "../../type.ts";
import type { Target } from "../target.ts";
import { tensorOf, valuesAs } from "./backend.ts";
import { detectFeatures } from "./features.ts";
import { lowerForWasm } from "./lower.ts";
import { profileWasm } from "./profile.ts";
import { saveProgram } from "./saved.ts";
import { compileWasm } from "./wasm.ts";

export const wasmTarget: Target = {
  name: "wasm",
  compile(graph, { threads }) {
    const program = lowerForWasm(graph, detectFeatures().threads ? threads : 1);
    const { run, executable } = compileWasm(program);
    const types = program.outputs.map(({ type }) => type);
    const valuesOf = (inputs: readonly Tensor[]): TypedValues[] =>
      inputs.map((x, i) => valuesAs(program.inputs[i]!.type.dtype, x.dataSync()));
    return {
      bytes: program.bytes,
      run: (inputs) =>
        run(
          valuesOf(inputs),
          inputs.map(({ dataId }) => dataId),
        ).map((values, i) => tensorOf(values, types[i]!)),
      save: (signature) => saveProgram(executable, signature),
      profile: (inputs, runs) => profileWasm(lowerForWasm(graph), valuesOf(inputs), runs),
    };
  },
};
