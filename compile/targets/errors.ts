// The mistakes and misfortunes of targets, in the manner of compile/errors.ts.

import { coded, type CodedError } from "../codedError.ts";
import { TypeMismatchError } from "../errors.ts";

/** `ENGRAM_WIDE_VECTORS` says neither yes nor no. */
export const wrongWideVectors = (got: string): Error =>
  coded("argument", `useWideVectors: ENGRAM_WIDE_VECTORS must be 1 or 0, got "${got}".`);

export const unknownTarget = (got: string, known: readonly string[]): Error =>
  coded("target", `jit: target must be one of ${known.join(", ")}, got ${JSON.stringify(got)}.`);

export const noProfile = (where: string, target: string): Error =>
  coded("no-profile", `${where}: the target ${target} cannot tell where its time goes. Profile with target: "wasm".`);

export const wrongRuns = (where: string, got: number): Error =>
  coded("runs", `${where}: runs must be an integer, 1 or more, got ${got}.`);

export const outOfMemory = (bytes: number): Error =>
  coded(
    "memory",
    `wasm: the program needs ${(bytes / 2 ** 20).toFixed(0)} MiB, more than the engine gives (WebAssembly's addresses end ` +
      "at 4096 MiB). Take a smaller batch or shorter sequences, or recompute: scan with { memory }, or checkpoint.",
  );

/** Bytes that are no program, or none that can run here. Whoever keeps programs catches this, and compiles anew. */
export class SavedProgramError extends Error implements CodedError {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = "SavedProgramError";
    this.code = code;
  }
}

export const notASavedProgram = (): Error =>
  new SavedProgramError(
    "not-a-program",
    "load: these bytes are no saved program. Give it the Uint8Array that jit(f).compile(...args).serialize() returned.",
  );

export const corruptProgram = (what: string): Error =>
  new SavedProgramError(
    "corrupt-program",
    `load: the saved program is damaged: ${what}. Compile and serialize it again.`,
  );

export const savedByOther = (what: string): Error =>
  new SavedProgramError(
    "program-version",
    `load: the program was saved by another version of engram: ${what}. Compile and serialize it again.`,
  );

export const missingFeature = (feature: string): Error =>
  new SavedProgramError(
    "program-feature",
    `load: the program was compiled for an engine with ${feature}, which this one has not. Compile it here.`,
  );

export const cannotSave = (where: string, target: string): Error =>
  coded("cannot-save", `${where}: programs of the target ${target} are no bytes. Serialize with target: "wasm".`);

export const otherProgram = (where: string, expected: string, got: string): Error =>
  new TypeMismatchError(
    "program-arguments",
    `${where}: the program was compiled for arguments ${expected}, got ${got}. Compile and serialize one for these.`,
  );

export const wrongThreads = (where: string, got: number): Error =>
  new TypeMismatchError("threads", `${where}: threads must be a whole number, 1 or more, got ${got}.`);

export const wrongWeights = (where: string, got: unknown, known: readonly string[]): Error =>
  new TypeMismatchError("weights", `${where}: weights must be one of ${known.join(", ")}, got ${JSON.stringify(got)}.`);

export const noHalfWeights = (where: string, target: string): Error =>
  coded(
    "weights",
    `${where}: weights "float16" are for the target webgpu; ${target} computes with weights as they are. Leave weights out, or ` +
      'compile with target: "webgpu".',
  );

// TensorFlow

/** TensorFlow's packages for Node cannot be had here. */
export class NoTfjsError extends Error implements CodedError {
  readonly code = "no-tfjs";
  constructor(message: string) {
    super(message);
    this.name = "NoTfjsError";
  }
}

export const unknownTfjs = (got: string, names: readonly string[]): Error =>
  new NoTfjsError(`useTfjs: expected one of ${names.join(", ")} (argument, or ENGRAM_TFJS), got "${got}".`);

export const noTfjsPackage = (name: string, why: string): Error =>
  new NoTfjsError(
    `useTfjs: ${name} cannot be loaded (${why}). Install it with \`npm install ${name}\`, and see that its own install step, which ` +
      "downloads TensorFlow, came to an end.",
  );

export const otherTfjs = (name: string, got: string, expected: string): Error =>
  new NoTfjsError(
    `useTfjs: ${name} has registered its backend with another tfjs-core (${got}); this one is ${expected}. Install the same version of both.`,
  );

// WebGPU

/** WebGPU cannot be had here: no implementation, or no adapter. */
export class NoWebGPUError extends Error implements CodedError {
  readonly code = "no-webgpu";
  constructor(message: string) {
    super(message);
    this.name = "NoWebGPUError";
  }
}

/** The device went away, or a program failed on it; results that were under way are lost. */
export class DeviceError extends Error implements CodedError {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = "DeviceError";
    this.code = code;
  }
}

export const noDevice = (): Error =>
  new NoWebGPUError(
    'jit: target "webgpu" has no device yet. Call `await createWebGPU()` first; it is asynchronous, and a compiled function is not.',
  );

export const noImplementation = (why: string): Error =>
  new NoWebGPUError(
    `createWebGPU: there is no WebGPU here (${why}). In Node install the package \`webgpu\`; in a browser serve the page over ` +
      "https or from localhost, and see that WebGPU is on.",
  );

export const noAdapter = (): Error =>
  new NoWebGPUError(
    "createWebGPU: WebGPU is here, but offers no adapter. On Linux it needs a Vulkan driver: for a software one, install " +
      "Debian's chromium and libvulkan1 and set VK_ICD_FILENAMES=/usr/lib/chromium/vk_swiftshader_icd.json.",
  );

export const deviceLost = (reason: string): Error =>
  new DeviceError(
    "device-lost",
    `webgpu: the device is lost (${reason}), and with it the numbers of all its tensors. Call \`await createWebGPU()\` for ` +
      "another and go on from what was saved last; compiled functions compile again by themselves.",
  );

export const programFailed = (what: string, message: string): Error =>
  new DeviceError("program", `webgpu: ${what}: ${message}. Its results are not to be used. Please report this.`);

export const unreadable = (): Error =>
  new DeviceError(
    "read",
    "webgpu: a tensor's numbers cannot be read at once here. Read them with `await tensor.data()`, or pass the tensor as an argument " +
      "rather than closing over it.",
  );

export const outOfDeviceMemory = (bytes: number, limit: number): Error =>
  new DeviceError(
    "memory",
    `webgpu: the program needs ${(bytes / 2 ** 20).toFixed(0)} MiB in one buffer, and the device gives ${(limit / 2 ** 20).toFixed(0)}. ` +
      "Take a smaller batch or shorter sequences, or recompute: scan with { memory }, or checkpoint.",
  );
