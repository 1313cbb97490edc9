// From a function of tensors to a graph: the function runs once on tracers, tensors of the backend `engram-trace` whose
// numbers are values of the graph under construction. Traces nest: a tracer of an outer trace that an inner function
// closes over becomes an input of the inner graph (a capture), as does a concrete tensor.

import * as tf from "@tensorflow/tfjs-core";
import { disposedTensor, LeakedTracerError, untraceableDType } from "../errors.ts";
import { GraphBuilder } from "../graph/build.ts";
import type { Graph, Value } from "../graph/graph.ts";
import { showType, type DType, type TensorType } from "../type.ts";

/** The name of the backend that tracers live on. */
export const traceBackendName = "engram-trace";

/** A trace under way. */
export interface Trace {
  /** What is being traced, for messages. */
  readonly name: string;
  readonly builder: GraphBuilder;
  /** Graph inputs that stand for tensors from outside, keyed by their data. */
  readonly captures: Map<object, { readonly tensor: tf.Tensor; readonly value: Value }>;
  ended: boolean;
}

interface Tracer {
  readonly value: Value;
  readonly trace: Trace;
  readonly origin: string | undefined;
}

const tracers = new WeakMap<object, Tracer>();
const traces: Trace[] = [];

/** The innermost trace under way, if any. */
export const currentTrace = (): Trace | null => traces.at(-1) ?? null;

export const typeOf = ({ shape, dtype }: Pick<tf.TensorInfo, "shape" | "dtype">): TensorType => {
  if (!isTraceable(dtype)) throw untraceableDType("a tensor", dtype);
  return { shape, dtype };
};

export const isTraceable = (dtype: tf.DataType): dtype is DType =>
  dtype === "float32" || dtype === "int32" || dtype === "bool";

const showOrigin = (origin: string | undefined): string => (origin ? ` (from ${origin})` : "");

/** What a tracer's data stands for; undefined for a concrete tensor. */
export function tracerOf(dataId: object): Tracer | undefined {
  const tracer = tracers.get(dataId);
  if (tracer?.trace.ended) {
    throw new LeakedTracerError(showType(tracer.value.type), showOrigin(tracer.origin), tracer.trace.name);
  }
  return tracer;
}

export const describeTracer = (dataId: object): { type: string; origin: string } => {
  const tracer = tracers.get(dataId);
  return tracer
    ? { type: showType(tracer.value.type), origin: showOrigin(tracer.origin) }
    : { type: "tensor", origin: "" };
};

/** The constant that a tracer is known to be, if its equation says so. */
export function constantOf(dataId: object): tf.TypedArray | undefined {
  const tracer = tracers.get(dataId);
  const equation = tracer?.trace.builder.equations.find(({ outputs }) => outputs[0] === tracer.value);
  return equation?.op === "constant" ? equation.attrs.values.slice() : undefined;
}

/** Registers new data that stands for `value`. */
export function dataFor(value: Value, trace: Trace): object {
  const dataId = {};
  tracers.set(dataId, { value, trace, origin: trace.builder.source });
  return dataId;
}

/** The value of `trace` that a tensor stands for; tensors from outside become captures. */
export function valueOf(trace: Trace, tensor: tf.TensorInfo): Value {
  const tracer = tracerOf(tensor.dataId);
  if (tracer?.trace === trace) return tracer.value;
  const known = trace.captures.get(tensor.dataId);
  // tfjs backends reshape without copying: two tensors of different shapes may share their data.
  if (known) return trace.builder.reshape(known.value, tensor.shape);
  const type = typeOf(tensor);
  // A kernel may be given a bare TensorInfo: a capture needs a tensor that can be read or passed on.
  const kept = tensor instanceof tf.Tensor ? (tensor as tf.Tensor) : tf.engine().makeTensorFromTensorInfo(tensor);
  if (kept.isDisposed) throw disposedTensor(trace.name, showType(type));
  const value = trace.builder.input(type);
  trace.captures.set(tensor.dataId, { tensor: kept, value });
  return value;
}

/** A tensor that stands for `value` of the trace under way. Used after the trace, it says that it leaked. */
export function tracer(value: Value, trace: Trace): tf.Tensor {
  const dataId = dataFor(value, trace);
  const tensor = tf.engine().makeTensorFromDataId(dataId, [...value.type.shape], value.type.dtype);
  const live = (): object => {
    tracerOf(dataId);
    return dataId;
  };
  return Object.defineProperties(tensor, { dataId: { get: live }, throwIfDisposed: { value: live } });
}

export interface Traced {
  /** Inputs: the captures, then the arguments. */
  readonly graph: Graph;
  readonly captures: readonly tf.Tensor[];
}

/** Runs `f` on tracers of `types`. Whatever `f` does with tfjs ops lands in the graph; its results are the outputs.
 *  @param name what is traced, for messages */
export function trace(
  name: string,
  types: readonly TensorType[],
  f: (args: readonly tf.Tensor[]) => readonly tf.Tensor[],
): Traced {
  const here: Trace = { name, builder: new GraphBuilder(), captures: new Map(), ended: false };
  const args = types.map((type) => here.builder.input(type));
  let outputs: readonly Value[] = [];
  during(here, () =>
    // tidy disposes whatever tensors the trace made: only the graph is kept.
    tf.tidy(() => {
      outputs = f(args.map((value) => tracer(value, here))).map((result) => valueOf(here, result));
    }),
  );
  const captures = [...here.captures.values()];
  return {
    graph: here.builder.graph([...captures.map(({ value }) => value), ...args], outputs),
    captures: captures.map(({ tensor }) => tensor),
  };
}

/** Runs `f` with `here` as the innermost trace, on the tracers' backend. */
function during(here: Trace, f: () => void): void {
  const engine = tf.engine();
  // The getter initialises a backend where none has been chosen yet.
  void engine.backend;
  const before = engine.backendName;
  traces.push(here);
  switchBackend(traceBackendName);
  try {
    f();
  } finally {
    traces.pop();
    switchBackend(before);
    here.ended = true;
  }
}

/** `setBackend` takes effect at once for a backend that is initialised or initialises synchronously; its promise only reports. */
function switchBackend(name: string): void {
  if (tf.engine().backendName !== name) void tf.setBackend(name);
}
