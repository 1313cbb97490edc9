// V8's version, and Node's door to its flags: for what an engine can do, but does not unless told.

import { Code } from "./code.ts";
import { encodeModule } from "./encode.ts";

/** Of V8, where the process tells it: a browser does not. */
export const v8Version: number | null =
  typeof process === "object" && process.versions?.v8 ? Number.parseFloat(process.versions.v8) : null;

/** Sets flags of the engine; undefined where there is no door to them, as in browsers, and in Node before 20.16. */
export function flags(): ((flags: string) => void) | undefined {
  if (typeof process !== "object" || typeof process.getBuiltinModule !== "function") return;
  return process.getBuiltinModule("node:v8")?.setFlagsFromString;
}

const probe = (() => {
  const code = new Code("probe", { params: ["v128"], results: ["v128"] });
  code.get(0).get(0).get(0).op("f32x4.relaxed_madd");
  return encodeModule({ memory: { pages: 1 }, funcs: [code.finish()], exports: {} });
})();

/** Whether the engine takes relaxed SIMD, of which programs use the fused multiply-add. */
export const hasRelaxedSimd = (): boolean => WebAssembly.validate(probe);

/** V8 11.3, of Node 20, has relaxed SIMD as the next version gave it to all, but behind a flag. It is set while modules of ours
 *  are compiled and asked after, and at no other time: for the rest of the process nothing changes. */
export function withRelaxedSimd<T>(compile: () => T): T {
  const set = relaxedSimdFlag();
  set?.("--experimental-wasm-relaxed-simd");
  try {
    return compile();
  } finally {
    set?.("--no-experimental-wasm-relaxed-simd");
  }
}

const relaxedSimdFlag = () => (v8Version === 11.3 && !hasRelaxedSimd() ? flags() : undefined);

export const compileModule = (bytes: Uint8Array<ArrayBuffer>): WebAssembly.Module =>
  withRelaxedSimd(() => new WebAssembly.Module(bytes));

/** The same without blocking the thread, as a page's own must not be; with a flag to set there is no page. */
export const compileModuleLater = async (bytes: Uint8Array<ArrayBuffer>): Promise<WebAssembly.Module> =>
  relaxedSimdFlag() ? compileModule(bytes) : WebAssembly.compile(bytes);
