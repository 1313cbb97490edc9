// A kernel as a WebAssembly function: parameters are pointers, to the operands, then to the results, then to scratch
// memory of its own. It touches nothing else, so that equal kernels share a function wherever their tensors are.

import type { Kernel } from "../../kernels/kernel.ts";
import { Code } from "./code.ts";
import type { Func } from "./encode.ts";
import { emitMap, emitPieces, type KernelOf } from "./emitMap.ts";
import { emitProduct } from "./emitProduct.ts";
import { emitReduce } from "./emitReduce.ts";
import { emitRunning } from "./emitRunning.ts";
import { emitScatter } from "./emitScatter.ts";
import { emitSort } from "./emitSort.ts";
import { emitSweep } from "./emitSweep.ts";
import type { Features } from "./features.ts";
import type { Helper } from "./helpers.ts";
import type { KernelContext } from "./kernelContext.ts";

export interface KernelFunc {
  readonly func: Func;
  /** Bytes of scratch memory that a call needs. */
  readonly scratch: number;
}

export interface EmitOptions {
  readonly features: Features;
  readonly helper: (name: Helper) => number;
  /** Adds a function to the module; equal ones are one. */
  readonly add: (func: Func) => number;
}

export function emitKernel(kernel: Kernel, options: EmitOptions): KernelFunc {
  const pointers = kernel.operands.length + kernel.results.length;
  const code = new Code(kernel.name, { params: new Array<"i32">(pointers + 1).fill("i32"), results: [] });
  let scratch = 0;
  const context: KernelContext = {
    code,
    helper: options.helper,
    inner: (name, count, emit) => {
      const inner = new Code(name, { params: new Array<"i32">(count).fill("i32"), results: [] });
      emit(inner, [...Array(count).keys()]);
      return options.add(inner.finish());
    },
    fused: options.features.relaxedMadd,
    wide: options.features.wide,
    loadsFirst: options.features.loadsFirst,
    scratchPointer: pointers,
    reserve: (bytes) => {
      const offset = scratch;
      scratch += Math.ceil(bytes / 64) * 64;
      return offset;
    },
  };
  emitForm(context, kernel);
  return { func: code.finish(), scratch };
}

function emitForm(context: KernelContext, kernel: Kernel): void {
  // Each case has just seen the form that KernelOf names.
  switch (kernel.form.form) {
    case "map":
      return emitMap(context, kernel as KernelOf<"map">);
    case "pieces":
      return emitPieces(context, kernel as KernelOf<"pieces">);
    case "reduce":
      return emitReduce(context, kernel as KernelOf<"reduce">);
    case "contract":
      return emitProduct(context, kernel as KernelOf<"contract">);
    case "running":
      return emitRunning(context, kernel as KernelOf<"running">);
    case "sort":
      return emitSort(context, kernel as KernelOf<"sort">);
    case "scatter":
      return emitScatter(context, kernel as KernelOf<"scatter">);
    case "sweep":
      return emitSweep(context, kernel as KernelOf<"sweep">);
    default:
      kernel.form satisfies never;
  }
}
