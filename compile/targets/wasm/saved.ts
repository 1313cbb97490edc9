// Compiled programs as bytes, to be kept and run again without tracing and compiling: the module, where its tensors lie,
// its constants, and the structures and types of the function's arguments and results. In the order of the file:
// "engram" and the format's number, a checksum of all behind it, the length of a header of JSON, the header, the parts.

import type { Tensor } from "@tensorflow/tfjs-core";
import { corruptProgram, missingFeature, notASavedProgram, otherProgram, savedByOther } from "../errors.ts";
import { flattenArguments } from "../../transforms/traced.ts";
import { typeOf } from "../../trace/trace.ts";
import { structureKey, treeUnflatten } from "../../tree.ts";
import { showType, sizeOf, type TensorType, type TypedValues } from "../../type.ts";
import type { Signature } from "../target.ts";
import { tensorOf, valuesAs } from "./backend.ts";
import { Bytes } from "./encode.ts";
import { withRelaxedSimd } from "./engine.ts";
import { detectFeatures, type Features } from "./features.ts";
import { alone, controls, firstAddress, helpedAsleep, helpedAwake, maximumPages } from "./memory.ts";
import { loadExecutable, type Executable } from "./wasm.ts";

/** To be raised when the file's own form changes. */
const format = 2;

/** What a module and its caller agree on beside that: where it differs, a program cannot run. */
const agreement = JSON.stringify({ firstAddress, controls, helped: [alone, helpedAwake, helpedAsleep] });

/** The number of a module's section of imports. */
const importsec = 2;

const magic = new TextEncoder().encode("engram");
const headerAt = 16;

interface Header {
  readonly agreement: string;
  readonly features: Features;
  readonly signature: Signature;
  readonly plan: Omit<Executable, "bytes" | "constants"> & {
    readonly constants: readonly { readonly address: number; readonly type: TensorType }[];
  };
  /** Bytes of the module, then of each constant. */
  readonly parts: readonly number[];
}

/** FNV-1a. */
const checksum = (bytes: Uint8Array): number => {
  let hash = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return hash >>> 0;
};

const bytesOf = (values: TypedValues): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

const dtypeOf = (values: TypedValues): TensorType["dtype"] =>
  values instanceof Float32Array ? "float32" : values instanceof Int32Array ? "int32" : "bool";

export function saveProgram({ bytes, constants, ...plan }: Executable, signature: Signature): Uint8Array<ArrayBuffer> {
  const parts = [bytes, ...constants.map(({ values }) => bytesOf(values))];
  const header: Header = {
    agreement,
    features: detectFeatures(),
    signature,
    plan: {
      ...plan,
      constants: constants.map(({ address, values }) => ({
        address,
        type: { shape: [values.length], dtype: dtypeOf(values) },
      })),
    },
    parts: parts.map(({ length }) => length),
  };
  const text = new TextEncoder().encode(JSON.stringify(header));
  const file = new Uint8Array(headerAt + text.length + header.parts.reduce((sum, length) => sum + length, 0));
  const view = new DataView(file.buffer);
  file.set(magic);
  view.setUint16(6, format, true);
  view.setUint32(12, text.length, true);
  let at = headerAt;
  for (const part of [text, ...parts]) {
    file.set(part, at);
    at += part.length;
  }
  view.setUint32(8, checksum(file.subarray(12)), true);
  return file;
}

function readProgram(bytes: unknown): { readonly executable: Executable; readonly signature: Signature } {
  if (!(bytes instanceof Uint8Array) || !magic.every((byte, i) => bytes[i] === byte)) throw notASavedProgram();
  if (bytes.length < headerAt) throw corruptProgram(`it ends after ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const made = view.getUint16(6, true);
  if (made !== format) throw savedByOther(`its format is ${made}, this version reads ${format}`);
  if (view.getUint32(8, true) !== checksum(bytes.subarray(12))) throw corruptProgram("its checksum is wrong");
  const headerEnd = headerAt + view.getUint32(12, true);
  // The checksum says that this is what saveProgram wrote.
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(headerAt, headerEnd))) as Header;
  if (header.agreement !== agreement) throw savedByOther("its modules run in another way");

  let at = headerEnd;
  // Copies, at addresses that any typed array may begin at.
  const [saved, ...constants] = header.parts.map((length) => bytes.slice(at, (at += length)));
  const module = withMemoryAsHere(saved!);
  checkFeatures(header.features, module);
  const { plan } = header;
  return {
    signature: header.signature,
    executable: {
      ...plan,
      bytes: module,
      threads: detectFeatures().threads ? plan.threads : 1,
      constants: plan.constants.map(({ address, type }, i) => ({
        address,
        values: valuesIn(constants[i]!.buffer, type),
      })),
    },
  };
}

function valuesIn(buffer: ArrayBuffer, { shape, dtype }: TensorType): TypedValues {
  const words = { float32: Float32Array, int32: Int32Array, bool: Uint8Array }[dtype];
  return new words(buffer, 0, sizeOf(shape));
}

function checkFeatures(needed: Features, module: Uint8Array<ArrayBuffer>): void {
  if (withRelaxedSimd(() => WebAssembly.validate(module))) return;
  const here = detectFeatures();
  if (needed.relaxedMadd && !here.relaxedMadd) throw missingFeature("relaxed SIMD");
  throw missingFeature(needed.threads && !here.threads ? "threads" : "other instructions");
}

/** The module with its memory, its only import, shared or not as memory is here. Nothing else in it depends on that: where
 *  memory is not shared, its other threads are never called. */
function withMemoryAsHere(module: Uint8Array): Uint8Array<ArrayBuffer> {
  const memory = `\u0001\u0003env\u0006memory\u0002`;
  let at = 8; // behind the preamble stand sections: a number, a size, the content
  const u32 = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = module[at++]!;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  for (;;) {
    const begin = at;
    const id = module[at++];
    const size = u32();
    if (id !== importsec) {
      at += size;
      continue;
    }
    const rest = at + size;
    at += memory.length + 1; // the limits' flags
    const pages = u32();
    const content = new Bytes();
    content.bytes(new TextEncoder().encode(memory));
    content.byte(detectFeatures().threads ? 0x03 : 0x00);
    content.u32(pages);
    if (detectFeatures().threads) content.u32(maximumPages);
    const out = new Bytes();
    out.bytes(module.subarray(0, begin));
    out.byte(importsec);
    out.sized(content.finish());
    out.bytes(module.subarray(rest));
    return out.finish();
  }
}

/** The function that `jit(f).compile(...args).serialize()` saved: called as `f`, without its static arguments.
 *  It is loaded, not traced: there is nothing of `f` in it to trace or to differentiate.
 *  @throws SavedProgramError where the bytes are no saved program, damaged, of another version, or made for an engine
 *  that can do what this one cannot: compile anew then
 *  @example
 *  const program = jit((x: tf.Tensor) => tf.sum(tf.square(x)));
 *  const bytes = program.compile(tf.zeros([2])).serialize();
 *  const again = await load<[tf.Tensor], tf.Tensor>(bytes);
 *  again(tf.tensor1d([3, 4])); // 25
 */
export async function load<A extends readonly unknown[], R>(bytes: Uint8Array): Promise<(...args: A) => R> {
  const { executable, signature } = readProgram(bytes);
  const { run } = await loadExecutable(executable);
  const { outputs } = executable;
  const name = `loaded(${signature.name})`;
  const expected = signature.arguments.map(structureKey);
  const types = signature.types.map(showType);
  const call = (...args: A): R => {
    const flat = flattenArguments(name, args);
    const got = flat.map(({ structure }) => structureKey(structure));
    const leaves: Tensor[] = flat.flatMap((arg) => arg.leaves);
    const gotTypes = leaves.map((leaf) => showType(typeOf(leaf)));
    if (got.join() !== expected.join()) throw otherProgram(name, expected.join(", "), got.join(", "));
    if (gotTypes.join() !== types.join()) throw otherProgram(name, types.join(", "), gotTypes.join(", "));
    const values = run(leaves.map((x, i) => valuesAs(signature.types[i]!.dtype, x.dataSync())));
    return treeUnflatten(signature.result, values.map((x, i) => tensorOf(x, outputs[i]!.type))) as R; // prettier-ignore
  };
  return Object.defineProperty(call, "name", { value: name });
}
