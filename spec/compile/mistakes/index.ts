// What users do wrong, one for each error of the catalogue.

import { argumentsMistakes } from "./arguments.ts";
import { controlMistakes } from "./control.ts";
import { derivativesMistakes } from "./derivatives.ts";
import type { Mistake } from "./mistake.ts";
import { opsMistakes } from "./ops.ts";
import { tracingMistakes } from "./tracing.ts";

export const mistakes: readonly Mistake[] = [
  ...tracingMistakes,
  ...argumentsMistakes,
  ...derivativesMistakes,
  ...controlMistakes,
  ...opsMistakes,
];

/** Errors that no call through the public door raises, and why they stand in the catalogue. */
export const unreachable: Readonly<Record<string, string>> = {
  TypeMismatchError: "the class of many others, never made on its own",
  wrongOperandCount:
    "how many operands an equation has is the lowerings' affair; spec/compile/primitives calls the rules",
  operandsDiffer: "lowerings make operands of one type; spec/compile/primitives calls the rules",
  SavedProgramError: "the class of the errors of load",
  notASavedProgram: "load is asynchronous: spec/compile/saved.spec.ts",
  corruptProgram: "load is asynchronous: spec/compile/saved.spec.ts",
  savedByOther: "load is asynchronous: spec/compile/saved.spec.ts",
  missingFeature: "load is asynchronous: spec/compile/saved.spec.ts",
  otherProgram: "load is asynchronous: spec/compile/saved.spec.ts",
  malformedGraph: "a broken promise of our own transforms and passes; spec/compile/graph/check.spec.ts breaks it",
  malformedBody: "a broken promise of our own transforms and passes; spec/compile/primitives calls the rules",
  NoTfjsError: "the class of several others, never made on its own",
  noTfjsPackage: "depends on what is installed; spec/compile/targets/tfjsNode.spec.ts has packages that do not load",
  otherTfjs: "needs a package that finds another tfjs-core; spec/compile/targets/tfjsNode.spec.ts has one",
  NoWebGPUError: "the class of several others, never made on its own",
  DeviceError: "the class of several others, never made on its own",
  noImplementation: "where the package `webgpu` is installed it cannot be missing",
  noAdapter: "depends on the machine; spec/compile/targets/webgpu/device.spec.ts gives it none",
  deviceLost: "needs a device; spec/compile/targets/webgpu/device.spec.ts loses one",
  programFailed: "a broken promise of our own emitter",
  unreadable: "needs a device; spec/compile/targets/webgpu/device.spec.ts reads too early",
  outOfDeviceMemory: "needs a device; spec/compile/targets/webgpu/device.spec.ts asks for too much",
  malformedText: "printed programs are read back by tests alone; spec/compile/graph/parse.spec.ts reads wrong ones",
};
