/**
 * The safetensors format: eight bytes of header length, a JSON header, the arrays one after another.
 * https://github.com/huggingface/safetensors. What is written is a function of the content alone: the same
 * tensors and metadata give the same bytes, whatever order they were put into their record in.
 * What is read is checked as the format demands: arrays fill the file without hole or overlap.
 */
import { malformedSafetensors } from "./errors.ts";

const arrays = {
  F64: Float64Array,
  I64: BigInt64Array,
  U64: BigUint64Array,
  F32: Float32Array,
  I32: Int32Array,
  U32: Uint32Array,
  I16: Int16Array,
  U16: Uint16Array,
  I8: Int8Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
} as const;

/** Element types that are read and written. Half floats are not among them: JavaScript has no array for them. */
export type StoredDtype = keyof typeof arrays;

/** One array of a file: its numbers lie row after row. `BOOL` holds zeros and ones. */
export type StoredTensor = {
  readonly [D in StoredDtype]: {
    readonly dtype: D;
    readonly shape: readonly number[];
    readonly data: InstanceType<(typeof arrays)[D]>;
  };
}[StoredDtype];

/** A whole file. */
export interface Safetensors {
  readonly tensors: { readonly [name: string]: StoredTensor };
  readonly metadata: { readonly [name: string]: string };
}

interface Entry {
  readonly dtype: StoredDtype;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

const lengthBytes = 8;
const alignment = 8;
/** As in the reference implementation. */
const longestHeader = 100_000_000;

/**
 * The bytes of a safetensors file.
 *
 * @param metadata strings to keep beside the arrays
 * @throws where an array has not as many numbers as its shape says
 * @example
 * ```ts
 * const bytes = writeSafetensors({ w: { dtype: "F32", shape: [2], data: Float32Array.of(1, 2) } }, { step: "7" });
 * readSafetensors(bytes).metadata.step; // "7"
 * ```
 */
export function writeSafetensors(tensors: Safetensors["tensors"], metadata: Safetensors["metadata"] = {}): Uint8Array {
  const names = Object.keys(tensors).sort(
    (a, b) => elementBytes(tensors[b]) - elementBytes(tensors[a]) || (a < b ? -1 : a > b ? 1 : 0),
  );
  const header: [string, unknown][] = [];
  if (Object.keys(metadata).length > 0) {
    header.push(["__metadata__", Object.fromEntries(Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1)))]);
  }
  let end = 0;
  for (const name of names) {
    const tensor = tensors[name] as StoredTensor;
    if (name === "__metadata__") throw malformedSafetensors("a tensor may not be called __metadata__");
    if (sizeOf(tensor.shape) !== tensor.data.length) {
      const size = sizeOf(tensor.shape);
      throw malformedSafetensors(
        `${name}: shape [${tensor.shape}] has ${size} elements, its data ${tensor.data.length}`,
      );
    }
    const start = end;
    end += tensor.data.byteLength;
    header.push([name, { dtype: tensor.dtype, shape: [...tensor.shape], data_offsets: [start, end] }]);
  }
  const json = new TextEncoder().encode(`{${header.map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v)}`)}}`);
  const headerBytes = Math.ceil(json.length / alignment) * alignment;
  const bytes = new Uint8Array(lengthBytes + headerBytes + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true);
  bytes.fill(0x20, lengthBytes, lengthBytes + headerBytes);
  bytes.set(json, lengthBytes);
  let at = lengthBytes + headerBytes;
  for (const name of names) {
    const { data } = tensors[name] as StoredTensor;
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

/**
 * What {@link writeSafetensors}, or any other writer of the format, put into these bytes. Arrays are copies.
 *
 * @throws where the bytes are not a safetensors file, with what is wrong and where
 */
export function readSafetensors(bytes: Uint8Array): Safetensors {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < lengthBytes)
    throw malformedSafetensors(`it is ${bytes.length} bytes long, too short for a header`);
  const headerBytes = Number(view.getBigUint64(0, true));
  if (headerBytes > longestHeader || lengthBytes + headerBytes > bytes.length) {
    throw malformedSafetensors(`its header should be ${headerBytes} bytes long, the file has ${bytes.length} bytes`);
  }
  const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(lengthBytes, lengthBytes + headerBytes));
  const header = parseHeader(text);
  const body = bytes.subarray(lengthBytes + headerBytes);
  const entries = Object.entries(header)
    .filter(([name]) => name !== "__metadata__")
    .map(([name, entry]) => [name, checkEntry(name, entry)] as const);
  checkTiling(entries, body.length);
  const tensors = entries.map(([name, entry]) => {
    // A copy begins at byte 0 of a buffer of its own, as arrays of wider elements need it. (`slice` of a Node Buffer is none.)
    const data = new arrays[entry.dtype](new Uint8Array(body.subarray(...entry.data_offsets)).buffer);
    // The constructor was looked up by the dtype, so dtype and data belong together.
    return [name, { dtype: entry.dtype, shape: entry.shape, data } as StoredTensor] as const;
  });
  return { tensors: Object.fromEntries(tensors), metadata: checkMetadata(header["__metadata__"]) };
}

function parseHeader(text: string): { readonly [name: string]: unknown } {
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch (error) {
    throw malformedSafetensors(`its header is no JSON (${error instanceof Error ? error.message : String(error)})`);
  }
  if (!isRecord(header)) throw malformedSafetensors("its header is no JSON object");
  return header;
}

function checkEntry(name: string, entry: unknown): Entry {
  if (!isRecord(entry)) throw malformedSafetensors(`${name}: its entry is no object`);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== "string" || !(dtype in arrays)) {
    throw malformedSafetensors(`${name}: dtype ${String(dtype)} is none of ${Object.keys(arrays).join(", ")}`);
  }
  if (!Array.isArray(shape) || !shape.every(isSize))
    throw malformedSafetensors(`${name}: its shape is no list of sizes`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) {
    throw malformedSafetensors(`${name}: data_offsets is no pair of positions`);
  }
  const known = dtype as StoredDtype; // `dtype in arrays` was checked above.
  const [start, end] = offsets as [number, number];
  if (end - start !== sizeOf(shape) * arrays[known].BYTES_PER_ELEMENT) {
    throw malformedSafetensors(`${name}: ${known}[${shape}] does not take the ${end - start} bytes it was given`);
  }
  return { dtype: known, shape, data_offsets: [start, end] };
}

/** Arrays follow each other without hole or overlap and end where the file ends. */
function checkTiling(entries: readonly (readonly [string, Entry])[], size: number): void {
  let at = 0;
  const ordered = [...entries].sort(
    ([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0] || a.data_offsets[1] - b.data_offsets[1],
  );
  for (const [name, { data_offsets }] of ordered) {
    if (data_offsets[0] !== at)
      throw malformedSafetensors(`${name}: begins at byte ${data_offsets[0]}, expected ${at}`);
    at = data_offsets[1];
  }
  if (at !== size) throw malformedSafetensors(`its arrays take ${at} bytes, the file has ${size} for them`);
}

function checkMetadata(metadata: unknown): Safetensors["metadata"] {
  if (metadata === undefined) return {};
  if (!isRecord(metadata)) throw malformedSafetensors("__metadata__ is no object");
  for (const [name, value] of Object.entries(metadata)) {
    if (typeof value !== "string") throw malformedSafetensors(`__metadata__.${name} is no string`);
  }
  return metadata as Safetensors["metadata"]; // Every value was just seen to be a string.
}

const elementBytes = (tensor: StoredTensor | undefined): number => tensor?.data.BYTES_PER_ELEMENT ?? 0;
const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);
const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
const isRecord = (value: unknown): value is { readonly [name: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value);
