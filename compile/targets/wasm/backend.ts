// The tfjs backend `engram-wasm`, where results of compiled functions live. A kernel called eagerly on it is a program
// of one operation, compiled once for each combination of shapes, dtypes and attributes. What does not trace (shapes that
// depend on data, convolutions, strings) runs by tfjs's own CPU kernels on the same storage: every tfjs op works here.

import * as tf from "@tensorflow/tfjs-core";
import { MathBackendCPU } from "@tensorflow/tfjs-backend-cpu";
import type { Graph, Value } from "../../graph/graph.ts";
import { GraphBuilder } from "../../graph/build.ts";
import { tfjsLowerings, type TfjsLowering } from "../../trace/lowerings/index.ts";
import { typeOf } from "../../trace/trace.ts";
import { showType, type DType, type TensorType, type TypedValues } from "../../type.ts";
import { lowerGraph } from "../../program/lower.ts";
import { optimise } from "../../passes/index.ts";
import { compileWasm, type CompiledProgram } from "./wasm.ts";

export const wasmBackendName = "engram-wasm";

/** Storage as of tfjs's CPU backend: typed arrays, which programs copy in and out of their memory. */
class WasmBackend extends MathBackendCPU {
  constructor() {
    super();
    // Its first use would advise to install another backend for speed.
    Object.assign(this, { firstUse: false });
  }
}

/** The registered instance. */
export function wasmBackend(): MathBackendCPU {
  // findBackend initialises it on first use, synchronously.
  return tf.findBackend(wasmBackendName) as unknown as MathBackendCPU;
}

/** A tensor of our backend with these numbers. */
export function tensorOf(values: TypedValues, { shape, dtype }: TensorType): tf.Tensor {
  const backend = wasmBackend();
  const dataId = backend.write(values, [...shape], dtype);
  return tf.engine().makeTensorFromDataId(dataId as object, [...shape], dtype, backend as unknown as tf.KernelBackend);
}

/** Numbers as a program takes them: a typed array of the dtype's own class. */
export function valuesAs(dtype: DType, values: ArrayLike<number>): TypedValues {
  switch (dtype) {
    case "float32":
      return values instanceof Float32Array ? values : Float32Array.from(values);
    case "int32":
      return values instanceof Int32Array ? values : Int32Array.from(values);
    case "bool":
      return values instanceof Uint8Array ? values : Uint8Array.from(values);
    default:
      return dtype satisfies never;
  }
}

/** Programs of eager kernels, the least recently used first. */
const programs = new Map<string, CompiledKernel>();
const maximumPrograms = 1024;

interface CompiledKernel {
  readonly program: CompiledProgram;
  readonly types: readonly TensorType[];
  readonly isList: boolean;
}

type KernelInputs = Readonly<Record<string, tf.TensorInfo | undefined>> | readonly tf.TensorInfo[];

function runKernel(
  name: string,
  lowering: TfjsLowering,
  inputs: KernelInputs,
  attrs: Readonly<Record<string, unknown>>,
  backend: MathBackendCPU,
) {
  const entries = Object.entries(inputs as Record<string, tf.TensorInfo | undefined>).filter(
    (entry): entry is [string, tf.TensorInfo] => entry[1] !== undefined && entry[1] !== null,
  );
  const types = entries.map(([, info]) => typeOf(info));
  const key = `${name} ${entries.map(([k], i) => `${k}:${showType(types[i]!)}`).join()} ${JSON.stringify(attrs)}`;
  let compiled = programs.get(key);
  if (compiled) programs.delete(key);
  else compiled = compileKernel(name, lowering, Array.isArray(inputs), entries.map(([k]) => k), types, attrs); // prettier-ignore
  programs.set(key, compiled);
  if (programs.size > maximumPrograms) programs.delete(programs.keys().next().value!);

  const values = entries.map(([, info], i) => valuesAs(types[i]!.dtype, readValues(info)));
  const results = compiled.program.run(values);
  const infos = results.map((numbers, i) => {
    const { shape, dtype } = compiled.types[i]!;
    return backend.makeTensorInfo([...shape], dtype, numbers);
  });
  return compiled.isList ? infos : infos[0]!;
}

/** The engine knows which backend holds the data: an input may live on another one. */
const readValues = (info: tf.TensorInfo): tf.TypedArray =>
  tf.engine().readSync(info.dataId as tf.DataId) as tf.TypedArray;

function compileKernel(
  name: string,
  lowering: TfjsLowering,
  isArray: boolean,
  keys: readonly string[],
  types: readonly TensorType[],
  attrs: Readonly<Record<string, unknown>>,
): CompiledKernel {
  const b = new GraphBuilder(name);
  const inputs = types.map((type) => b.input(type));
  const operands = isArray ? inputs : Object.fromEntries(keys.map((k, i) => [k, inputs[i]!]));
  const result = lowering(b, operands as never, attrs);
  const outputs: readonly Value[] = Array.isArray(result) ? (result as readonly Value[]) : [result as Value];
  const graph: Graph = optimise(b.graph(inputs, outputs));
  return {
    program: compileWasm(lowerGraph(graph)),
    types: outputs.map(({ type }) => type),
    isList: Array.isArray(result),
  };
}

/** These change no number: tfjs's own kernels share the data instead of copying it. */
const sharing: ReadonlySet<string> = new Set(["Identity", "Reshape"]);

let registered = false;

/** Makes the backend known to tfjs, once. Lowest priority among backends: it is used where asked for. */
export function registerWasmBackend(): void {
  if (registered) return;
  registered = true;
  tf.registerBackend(wasmBackendName, () => new WasmBackend(), 0);
  const known = new Set<string>();
  for (const { kernelName, kernelFunc, setupFunc, disposeFunc } of tf.getKernelsForBackend("cpu")) {
    known.add(kernelName);
    const lowering = sharing.has(kernelName) ? undefined : tfjsLowerings[kernelName];
    tf.registerKernel({
      kernelName,
      backendName: wasmBackendName,
      kernelFunc: lowering
        ? ({ inputs, attrs, backend }) =>
            hasUntraceable(inputs as KernelInputs)
              ? kernelFunc({ inputs, attrs: attrs!, backend })
              : runKernel(
                  kernelName,
                  lowering,
                  inputs as KernelInputs,
                  (attrs ?? {}) as Record<string, unknown>,
                  backend as MathBackendCPU,
                )
        : kernelFunc,
      ...(setupFunc ? { setupFunc } : {}),
      ...(disposeFunc ? { disposeFunc } : {}),
    });
  }
  for (const [kernelName, lowering] of Object.entries(tfjsLowerings)) {
    if (known.has(kernelName)) continue;
    tf.registerKernel({
      kernelName,
      backendName: wasmBackendName,
      kernelFunc: ({ inputs, attrs, backend }) =>
        runKernel(
          kernelName,
          lowering,
          inputs as KernelInputs,
          (attrs ?? {}) as Record<string, unknown>,
          backend as MathBackendCPU,
        ),
    });
  }
}

/** Strings and complex numbers are tfjs's own affair. */
const hasUntraceable = (inputs: KernelInputs): boolean =>
  Object.values(inputs as Record<string, tf.TensorInfo | undefined>).some(
    (info) => info?.dtype === "string" || info?.dtype === "complex64",
  );
