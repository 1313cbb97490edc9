// Vectors that terms are combined into, one after another.

import type { Combiner } from "../../graph/graph.ts";
import { identityOf } from "../../kernels/scalar.ts";
import type { DType } from "../../type.ts";
import type { Code, Local } from "./code.ts";
import type { KernelContext } from "./kernelContext.ts";
import { instructionTables } from "./emitScalar.ts";
import { emitMultiplyAdd, type MultiplyAdd } from "./productTile.ts";

/** Combines the two values on the stack. */
export function emitCombine(code: Code, combiner: Combiner, dtype: DType): void {
  const instruction = instructionTables[dtype][combiner];
  if (!instruction) throw new Error(`internal: no WebAssembly to ${combiner} ${dtype}, please report`);
  code.op(instruction);
}

export function emitIdentity(code: Code, combiner: Combiner, dtype: DType): void {
  const identity = identityOf(combiner, dtype);
  if (dtype === "float32") code.f32Splat(identity);
  else code.i32Splat(dtype === "bool" ? -identity : identity);
}

/** Replaces lanes from `lanes` on of the vector on the stack by the identity. */
export function emitMaskLanes(code: Code, combiner: Combiner, dtype: DType, lanes: number): void {
  if (lanes === 4) return;
  emitIdentity(code, combiner, dtype);
  code.i32x4(-1, lanes > 1 ? -1 : 0, lanes > 2 ? -1 : 0, 0).op("v128.bitselect");
}

/** A vector of partial results. */
export interface Accumulator {
  readonly start: () => void;
  /** Combines `lanes` lanes of the vector in a local. */
  readonly combine: (term: Local, lanes: number) => void;
  /** The result, when all is combined. */
  readonly finish: () => Local;
}

export function newAccumulator(code: Code, combiner: Combiner, dtype: DType): Accumulator {
  const result = code.local("v128");
  const start = (): void => {
    emitIdentity(code, combiner, dtype);
    code.set(result);
  };
  if (dtype === "float32" && (combiner === "maximum" || combiner === "minimum"))
    return newExtremum(code, combiner, result, start);
  return {
    start,
    combine: (term, lanes) => {
      code.get(result).get(term);
      emitMaskLanes(code, combiner, dtype, lanes);
      emitCombine(code, combiner, dtype);
      code.set(result);
    },
    finish: () => result,
  };
}

/** f32x4.max and min, which give NaN if either argument is, take engines on x64 seven instructions. One selects the
 *  greater, two more remember where a NaN was. */
function newExtremum(code: Code, combiner: "maximum" | "minimum", result: Local, start: () => void): Accumulator {
  const nans = code.local("v128");
  return {
    start: () => {
      start();
      code.i32Splat(0).set(nans);
    },
    combine: (term, lanes) => {
      const masked = code.local("v128");
      code.get(term);
      emitMaskLanes(code, combiner, "float32", lanes);
      code.set(masked);
      code
        .get(result)
        .get(masked)
        .op(combiner === "maximum" ? "f32x4.pmax" : "f32x4.pmin")
        .set(result);
      code.get(nans).get(masked).get(masked).op("f32x4.ne").op("v128.or").set(nans);
    },
    finish: () => {
      code.get(result).get(nans).op("v128.or").set(result); // all ones is a NaN
      return result;
    },
  };
}

/** A sum of products of two vectors. */
export interface ProductAccumulator extends Omit<Accumulator, "combine"> {
  readonly combine: (x: Local, y: Local, lanes: number) => void;
}

export function newProductAccumulator(code: Code, arithmetic: MultiplyAdd): ProductAccumulator {
  const { start, finish } = newAccumulator(code, "add", arithmetic.dtype);
  return {
    start,
    // Idle lanes of both factors become 0.
    combine: (x, y, lanes) =>
      emitMultiplyAdd(code, arithmetic, finish(), masked(code, x, lanes), masked(code, y, lanes)),
    finish,
  };
}

/** A vector with zeros in its idle lanes. */
function masked(code: Code, vector: Local, lanes: number): Local {
  if (lanes === 4) return vector;
  const local = code.local("v128");
  code.get(vector);
  emitMaskLanes(code, "add", "float32", lanes);
  code.set(local);
  return local;
}

/** Where the engine joins vectors, stores partial results side by side and reads them again, so that it joins what they have been
 *  combined from: they must have been all the way by the same instructions. */
export function emitTogether({ code, wide, scratchPointer, reserve }: KernelContext, partial: readonly Local[]): void {
  if (!wide || partial.length % 2 > 0) return;
  const offset = reserve(16 * partial.length);
  for (let u = partial.length - 1; u >= 0; u--)
    code
      .get(scratchPointer)
      .get(partial[u]!)
      .op("v128.store", 2, offset + 16 * u);
  partial.forEach((local, u) =>
    code
      .get(scratchPointer)
      .op("v128.load", 2, offset + 16 * u)
      .set(local),
  );
}

/** Pushes all lanes of all vectors combined, in every lane. */
export function emitHorizontal(code: Code, combiner: Combiner, dtype: DType, partial: readonly Local[]): void {
  const combined = (from: number, to: number): void => {
    if (to - from === 1) return void code.get(partial[from]!);
    const middle = (from + to) >> 1;
    combined(from, middle);
    combined(middle, to);
    emitCombine(code, combiner, dtype);
  };
  const sum = code.local("v128");
  combined(0, partial.length);
  code.set(sum);
  code.get(sum).get(sum).get(sum).shuffle(2, 3, 0, 1);
  emitCombine(code, combiner, dtype);
  code.set(sum).get(sum).get(sum).get(sum).shuffle(1, 0, 3, 2);
  emitCombine(code, combiner, dtype);
}
