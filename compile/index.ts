// The front door of the compiler: a small JAX for TensorFlow.js.

import { registerWasmBackend } from "./targets/wasm/backend.ts";

export { ConcretizationError, LeakedTracerError, TypeMismatchError } from "./errors.ts";
export { type CodedError } from "./codedError.ts";
export { DeviceError, SavedProgramError, NoTfjsError, NoWebGPUError } from "./targets/errors.ts";
export { graphOf, jit, targetNames, type CompiledInfo, type GraphText, type Jitted, type JitOptions, type TargetName } from "./jit.ts"; // prettier-ignore
export { load } from "./targets/wasm/saved.ts";
export type { Submitted, WeightFormat } from "./targets/target.ts";
export { createWebGPU, type WebGPU } from "./targets/webgpu/createWebGPU.ts";
export { useTfjs, type TfjsInUse, type TfjsName } from "./targets/tfjsNode.ts";
export type { KernelProfile, Profile, ProfileOptions } from "./program/profile.ts";
export { measurePeaks, type Peaks } from "./targets/wasm/peaks.ts";
export { useWideVectors } from "./targets/wasm/wideVectors.ts";
export * as random from "./random.ts";
export { checkpoint, customVjp, stopGradient } from "./transforms/checkpoint.ts";
export { cond } from "./transforms/cond.ts";
export { grad, jvp, valueAndGrad, vjp, type GradOptions } from "./transforms/grad.ts";
export { scan, type ScanOptions, type Step } from "./transforms/scan.ts";
export { vmap, type Axes, type VmapOptions } from "./transforms/vmap.ts";
export { treeFlatten, treeLeaves, treeMap, treePaths, treeStructure, treeUnflatten, structureKey, type Tree, type TreeStructure } from "./tree.ts"; // prettier-ignore

// As tfjs's own backend packages do: importing this makes `tf.setBackend("engram-wasm")` possible.
registerWasmBackend();
