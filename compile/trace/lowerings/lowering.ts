// What a lowering is: one tfjs kernel written in the graph's primitives. Each states its operands and attributes by
// the types that tfjs-core declares for the kernel, and means what tfjs's own CPU backend computes, up to rounding.
// Departures (where the CPU backend throws at an index, or keeps a 2 in a bool) stand where they are made.

import type { DataType } from "@tensorflow/tfjs-core";
import { cannotBroadcast, untraceableDType } from "../../errors.ts";
import type { Value } from "../../graph/graph.ts";
import type { Builder } from "../../primitives/primitive.ts";
import { broadcastShapes, type DType } from "../../type.ts";

/** Operands by the kernel's own names (one that is optional may be missing), or a list where the kernel takes one. */
export type KernelInputs = Readonly<Record<string, Value | undefined>> | readonly Value[];

export type KernelAttrs = Readonly<Record<string, unknown>>;

/** A tfjs kernel as primitives. `attrs` come as tfjs passes them. */
export type TfjsLowering = (b: Builder, inputs: KernelInputs, attrs: KernelAttrs) => Value | readonly Value[];

type Operands<Inputs> = Inputs extends readonly unknown[] ? readonly Value[] : { readonly [K in keyof Inputs]: Value };

/** A lowering with the operands and attributes of the kernel's declaration in tfjs-core. */
export function lowering<Inputs, A = object>(
  lower: (b: Builder, inputs: Operands<Inputs>, attrs: Readonly<A>) => Value | readonly Value[],
): TfjsLowering {
  // A kernel is run by tfjs-core's own op (or gradient), which builds operands and attributes by the same declaration.
  return lower as unknown as TfjsLowering;
}

/** A dtype of tfjs that graphs have. */
export function dtypeOf(kernel: string, dtype: DataType): DType {
  if (dtype === "float32" || dtype === "int32" || dtype === "bool") return dtype;
  throw untraceableDType(kernel, dtype);
}

/** The wider of two dtypes, in tfjs's order: bool, int32, float32. */
export const upcast = (a: DType, b: DType): DType =>
  a === "float32" || b === "float32" ? "float32" : a === "int32" || b === "int32" ? "int32" : "bool";

/** A number as an element of `dtype`: truncated for int32; any but zero is true. */
export function elementOf(value: number, dtype: DType): number {
  switch (dtype) {
    case "float32":
      return value;
    case "int32":
      return Math.trunc(value) | 0;
    case "bool":
      return value !== 0 ? 1 : 0;
    default:
      return dtype satisfies never;
  }
}

/** `value` everywhere, in the shape and dtype of `like`. */
export const fillLike = (b: Builder, like: Value, value: number): Value =>
  b.fill(elementOf(value, like.type.dtype), like.type.shape, like.type.dtype);

/** Values in the shape they broadcast to. */
export function broadcastTogether(b: Builder, ...values: readonly Value[]): Value[] {
  const shape = values
    .map((value) => value.type.shape)
    .reduce((p, q) => {
      const both = broadcastShapes(p, q);
      if (!both) throw cannotBroadcast("broadcast", p, q);
      return both;
    });
  return values.map((value) => b.broadcastTo(value, shape));
}

/** float32 to `dtype` as tfjs stores a number in a typed array: towards zero; for a bool first an integer. */
export const store = (b: Builder, x: Value, dtype: DType): Value =>
  b.convert(dtype === "bool" ? b.convert(x, "int32") : x, dtype);

export const rankOf = (x: Value): number => x.type.shape.length;

/** `count` axes, counted from `first`. */
export const axes = (count: number, first = 0): number[] => Array.from({ length: count }, (_, i) => first + i);
