// The memory that all programs of the process share. An engine reserves some ten gigabytes of address space for each
// WebAssembly.Memory, so there is one; programs run one after another and use the same addresses. It grows on demand and
// never shrinks.

import { outOfMemory } from "../errors.ts";
import type { DType, TypedValues } from "../../type.ts";
import { detectFeatures } from "./features.ts";

export const pageBytes = 65536;
export const maximumPages = 65536;

/** Address of a program's own address 0: 0 itself stays unused, so that a wrong pointer shows. */
export const firstAddress = 64;

/** What `main` is called with: no other threads; threads that it may wait for looking only; or asleep after a while. */
export const [alone, helpedAwake, helpedAsleep] = [0, 1, 2] as const;

/** Where threads meet, below the first address: which section is on, how many parts of it are done, and a count of sections
 *  begun, which waiting threads watch. Of main's own: how much it has waited of late, and whether that was too much. */
export const controls = { generation: 4, section: 8, done: 12, waits: 16, crowded: 20 } as const;

export interface Arena {
  readonly memory: WebAssembly.Memory;
  /** The program whose constants are in place; whoever runs sets it. */
  owner: object | null;
  /** Makes sure that addresses below `bytes` exist. */
  ensure(bytes: number): void;
  readonly words: Int32Array;
  readonly floats: Float32Array;
}

class SharedArena implements Arena {
  readonly memory = new WebAssembly.Memory({ initial: 16, maximum: maximumPages, shared: detectFeatures().threads });
  owner: object | null = null;
  #words = new Int32Array(this.memory.buffer);
  #floats = new Float32Array(this.memory.buffer);

  ensure(bytes: number): void {
    const missing = Math.ceil(bytes / pageBytes) - this.memory.buffer.byteLength / pageBytes;
    if (missing > 0) {
      try {
        this.memory.grow(missing);
      } catch {
        throw outOfMemory(bytes);
      }
    }
    // Growing leaves the old buffer without bytes.
    if (this.#words.buffer !== this.memory.buffer) {
      this.#words = new Int32Array(this.memory.buffer);
      this.#floats = new Float32Array(this.memory.buffer);
    }
  }

  get words(): Int32Array {
    return this.#words;
  }

  get floats(): Float32Array {
    return this.#floats;
  }
}

let shared: Arena | undefined;

export const arena = (): Arena => (shared ??= new SharedArena());

/** Copies a tensor in: 4 bytes an element, a bool as 0 or 1. */
export function writeTensor({ words, floats }: Arena, address: number, values: TypedValues): void {
  if (values instanceof Float32Array) floats.set(values, address >>> 2);
  else words.set(values, address >>> 2); // set widens the bytes of bools
}

/** Copies a tensor out. */
export function readTensor({ words, floats }: Arena, address: number, dtype: DType, length: number): TypedValues {
  const first = address >>> 2;
  switch (dtype) {
    case "float32":
      return floats.slice(first, first + length);
    case "int32":
      return words.slice(first, first + length);
    case "bool":
      return Uint8Array.from(words.subarray(first, first + length));
    default:
      return dtype satisfies never;
  }
}

/** Has runs share all their sections, however busy the machine: for tests of that. */
export const shareAlways = (): void => void (arena().words[controls.waits / 4] = -(2 ** 30));
