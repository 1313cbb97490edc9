// The tfjs backend whose numbers are symbols. Its kernels append to the graph under construction; reading a tracer's
// numbers raises ConcretizationError. Registered on the first trace.

import * as tf from "@tensorflow/tfjs-core";
import { ConcretizationError, traceBackendSelected, untraceableKernel } from "../errors.ts";
import type { Value } from "../graph/graph.ts";
import type { DType, TypedValues } from "../type.ts";
import { whyNotTraceable } from "./coverage.ts";
import { tfjsLowerings, type TfjsLowering } from "./lowerings/index.ts";
import { constantOf, currentTrace, dataFor, describeTracer, traceBackendName, tracer, typeOf, valueOf, type Trace } from "./trace.ts"; // prettier-ignore

class TraceBackend extends tf.KernelBackend {
  override numDataIds(): number {
    return 0; // data are values of graphs, which the garbage collector frees
  }
  override disposeData(): boolean {
    return true;
  }
  override refCount(): number {
    return 1;
  }
  override incRef(): void {}
  decRef(): void {}
  override timerAvailable(): boolean {
    return false;
  }
  override floatPrecision(): 16 | 32 {
    return 32;
  }
  override epsilon(): number {
    return 1e-7;
  }
  override dispose(): void {}
  override memory(): { unreliable: boolean } {
    return { unreliable: true };
  }

  /** Numbers given to tfjs while tracing (tf.tensor, tf.scalar, ...) are constants of the graph. */
  override write(values: tf.BackendValues, shape: number[], dtype: tf.DataType): object {
    const here = traceUnderWay();
    const type = typeOf({ shape, dtype });
    return dataFor(here.builder.constant(copyOf(values, type.dtype), type), here);
  }
  override move(dataId: tf.DataId, values: tf.BackendValues, shape: number[], dtype: tf.DataType): void {
    void dataId;
    this.write(values, shape, dtype);
  }

  override readSync(dataId: object): tf.BackendValues {
    const known = constantOf(dataId);
    if (known) return known;
    const { type, origin } = describeTracer(dataId);
    throw new ConcretizationError(type, origin);
  }
  override async read(dataId: object): Promise<tf.BackendValues> {
    return this.readSync(dataId);
  }
}

function copyOf(values: tf.BackendValues, dtype: DType): TypedValues {
  const list = values as ArrayLike<number>;
  switch (dtype) {
    case "float32":
      return Float32Array.from(list);
    case "int32":
      return Int32Array.from(list);
    case "bool":
      return Uint8Array.from(list);
    default:
      return dtype satisfies never;
  }
}

function traceUnderWay(): Trace {
  const here = currentTrace();
  if (!here) throw traceBackendSelected(traceBackendName);
  return here;
}

type KernelInputs = Readonly<Record<string, tf.TensorInfo | undefined>> | readonly tf.TensorInfo[];

function traceKernel(
  name: string,
  lowering: TfjsLowering,
  inputs: KernelInputs,
  attrs: Readonly<Record<string, unknown>>,
) {
  const here = traceUnderWay();
  const operand = (info: tf.TensorInfo): Value => valueOf(here, info);
  const values = Array.isArray(inputs)
    ? (inputs as readonly tf.TensorInfo[]).map(operand)
    : Object.fromEntries(
        Object.entries(inputs as Record<string, tf.TensorInfo | undefined>).flatMap(([key, info]) =>
          info === undefined || info === null ? [] : [[key, operand(info)]],
        ),
      );
  const result = here.builder.within(name, () => lowering(here.builder, values as never, attrs));
  // tfjs takes tensors as they are where a kernel gives them in place of bare infos.
  const wrap = (value: Value): tf.Tensor => here.builder.within(name, () => tracer(value, here));
  return Array.isArray(result) ? result.map(wrap) : wrap(result as Value);
}

let registered = false;

/** Makes the backend known to tfjs, once. Lowest priority: it is never chosen by itself. */
export function registerTraceBackend(): void {
  if (registered) return;
  registered = true;
  tf.registerBackend(traceBackendName, () => new TraceBackend(), -1);
  for (const [kernelName, lowering] of Object.entries(tfjsLowerings)) {
    tf.registerKernel({
      kernelName,
      backendName: traceBackendName,
      kernelFunc: ({ inputs, attrs }) =>
        traceKernel(
          kernelName,
          lowering,
          inputs as KernelInputs,
          (attrs ?? {}) as Record<string, unknown>,
        ) as tf.TensorInfo,
    });
  }
  for (const { kernelName } of tf.getKernelsForBackend("cpu")) {
    if (kernelName in tfjsLowerings) continue;
    tf.registerKernel({
      kernelName,
      backendName: traceBackendName,
      kernelFunc: () => {
        throw untraceableKernel(kernelName, whyNotTraceable(kernelName));
      },
    });
  }
}
