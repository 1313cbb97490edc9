import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readSafetensors, writeSafetensors, type StoredTensor } from "../../../src/train/safetensors.ts";

const f32 = (shape: readonly number[], ...data: number[]): StoredTensor => ({
  dtype: "F32",
  shape,
  data: Float32Array.from(data),
});

/** A file made by hand from header and body, as another writer of the format would. */
function file(header: string, body: Uint8Array = new Uint8Array()): Uint8Array {
  const json = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + json.length + body.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(body, 8 + json.length);
  return bytes;
}

describe("writeSafetensors", () => {
  it("lays out length, header, arrays as the format says", () => {
    const bytes = writeSafetensors({ a: f32([2], 1, -2) }, { step: "7" });
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
    const header = new TextDecoder().decode(bytes.subarray(8, 8 + length));
    expect(header.trimEnd()).toBe('{"__metadata__":{"step":"7"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}');
    expect([...new Float32Array(bytes.slice(8 + length).buffer)]).toEqual([1, -2]);
  });

  it("gives the same bytes whatever the order of the record", () => {
    const a = f32([1], 1);
    const b: StoredTensor = { dtype: "F64", shape: [], data: Float64Array.of(2) };
    expect(writeSafetensors({ a, b }, { x: "1", y: "2" })).toEqual(writeSafetensors({ b, a }, { y: "2", x: "1" }));
  });

  it("refuses an array that does not fill its shape", () => {
    expect(() => writeSafetensors({ a: f32([3], 1, 2) })).toThrow("a: shape [3] has 3 elements, its data 2");
  });
});

describe("readSafetensors", () => {
  it("gives back what was written, bit for bit, NaN and -0 included", () => {
    const bits = Int32Array.of(0x7fc00001, -0x80000000, 1);
    const tensors = {
      odd: { dtype: "F32", shape: [3], data: new Float32Array(bits.buffer) },
      empty: { dtype: "I32", shape: [0, 4], data: new Int32Array(0) },
      truth: { dtype: "BOOL", shape: [2], data: Uint8Array.of(0, 1) },
      large: { dtype: "I64", shape: [], data: BigInt64Array.of(-(2n ** 60n)) },
    } satisfies { [name: string]: StoredTensor };
    const read = readSafetensors(writeSafetensors(tensors, { ünïcode: "✓" }));
    expect(read.metadata).toEqual({ ünïcode: "✓" });
    expect(Object.keys(read.tensors).sort()).toEqual(["empty", "large", "odd", "truth"]);
    for (const [name, { dtype, shape, data }] of Object.entries(tensors)) {
      const back = read.tensors[name];
      expect([back?.dtype, back?.shape]).toEqual([dtype, shape]);
      expect(Buffer.from(back?.data.buffer as ArrayBuffer)).toEqual(Buffer.from(data.buffer));
    }
  });

  it("is the inverse of writing", () => {
    const tensor = fc.array(fc.float(), { maxLength: 8 }).map((numbers) => f32([numbers.length], ...numbers));
    fc.assert(
      fc.property(fc.dictionary(fc.string(), tensor), fc.dictionary(fc.string(), fc.string()), (tensors, metadata) => {
        fc.pre(!("__metadata__" in tensors));
        expect(readSafetensors(writeSafetensors(tensors, metadata))).toEqual({ tensors, metadata });
      }),
    );
  });

  it("reads a Buffer of Node's, whose slices are views", () => {
    const bytes = Buffer.from(writeSafetensors({ a: f32([1], 5), b: f32([2], 6, 7) }));
    expect(readSafetensors(bytes).tensors).toEqual({ a: f32([1], 5), b: f32([2], 6, 7) });
  });

  it("reads a view into a larger buffer", () => {
    const bytes = writeSafetensors({ a: f32([1], 5) });
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    expect(readSafetensors(shifted.subarray(3)).tensors["a"]?.data[0]).toBe(5);
  });

  it.each([
    [Uint8Array.of(1, 2), "it is 2 bytes long, too short for a header"],
    [file("{}").subarray(0, 9), "its header should be 2 bytes long, the file has 9 bytes"],
    [file("[1]"), "its header is no JSON object"],
    [file("{nonsense"), "its header is no JSON"],
    [file('{"a":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}', new Uint8Array(2)), "a: dtype F16 is none of F64,"],
    [file('{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}'), "a: its shape is no list of sizes"],
    [
      file('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}', new Uint8Array(4)),
      "a: F32[2] does not take the 4 bytes it was given",
    ],
    [
      file('{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}', new Uint8Array(2)),
      "a: begins at byte 1, expected 0",
    ],
    [
      file('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', new Uint8Array(2)),
      "its arrays take 1 bytes, the file has 2 for them",
    ],
    [file('{"__metadata__":{"a":1}}'), "__metadata__.a is no string"],
  ])("says what is wrong: %#", (bytes, message) => {
    expect(() => readSafetensors(bytes)).toThrow(`not a safetensors file: ${message}`);
  });
});
