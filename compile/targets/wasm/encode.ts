// The binary format of WebAssembly modules, in the names of the specification's grammar (section 5, "Binary Format").

/** A growing run of bytes. */
export class Bytes {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  bytes(values: ArrayLike<number>): void {
    this.#reserve(values.length);
    this.#bytes.set(values, this.#length);
    this.#length += values.length;
  }

  /** Unsigned LEB128, up to 32 bits. */
  u32(value: number): void {
    let rest = value >>> 0;
    while (rest >= 0x80) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.byte(rest);
  }

  /** Signed LEB128, up to 32 bits. */
  s32(value: number): void {
    let rest = value | 0;
    for (;;) {
      const low = rest & 0x7f;
      rest >>= 7;
      if ((rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)) return this.byte(low);
      this.byte(low | 0x80);
    }
  }

  /** Signed LEB128 of an integer of up to 53 bits. */
  s64(value: number): void {
    let rest = BigInt(value);
    for (;;) {
      const low = Number(rest & 0x7fn);
      rest >>= 7n;
      if ((rest === 0n && (low & 0x40) === 0) || (rest === -1n && (low & 0x40) !== 0)) return this.byte(low);
      this.byte(low | 0x80);
    }
  }

  f32(value: number): void {
    this.#reserve(4);
    this.#view.setFloat32(this.#length, value, true);
    this.#length += 4;
  }

  f64(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  name(text: string): void {
    const utf8 = new TextEncoder().encode(text);
    this.u32(utf8.length);
    this.bytes(utf8);
  }

  /** `vec(B)`: the count, then the elements. */
  vec<T>(items: readonly T[], element: (item: T, position: number) => void): void {
    this.u32(items.length);
    items.forEach(element);
  }

  /** Contents preceded by their length. */
  sized(contents: Uint8Array): void {
    this.u32(contents.length);
    this.bytes(contents);
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }
}

export const valtypes = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b } as const;
export type Valtype = keyof typeof valtypes;

export interface Functype {
  readonly params: readonly Valtype[];
  readonly results: readonly Valtype[];
}

export interface Func {
  readonly type: Functype;
  /** Locals and expression, as in `code` without its size: see Code.finish. */
  readonly body: Uint8Array;
  /** Shown in stack traces and profiles. */
  readonly name: string;
}

export interface Module {
  /** An import: `env.memory`, at least `pages` pages; shared with a maximum of `maximum` pages if that is given. */
  readonly memory: { readonly pages: number; readonly sharedMaximum?: number };
  /** The other import, if there is one: `env.clock`, function 0, those of `funcs` behind it. */
  readonly clock?: Functype;
  readonly funcs: readonly Func[];
  /** Exported functions: name and index. */
  readonly exports: Readonly<Record<string, number>>;
}

function encoded(write: (bytes: Bytes) => void): Uint8Array {
  const bytes = new Bytes();
  write(bytes);
  return bytes.finish();
}

/** The bytes of a module. */
export function encodeModule(module: Module): Uint8Array<ArrayBuffer> {
  const out = new Bytes();
  const section = (id: number, write: (bytes: Bytes) => void): void => {
    out.byte(id);
    out.sized(encoded(write));
  };
  const types: Functype[] = [];
  const typeidx = new Map<string, number>();
  const typeOf = (type: Functype): number => {
    const key = `${type.params.join()}:${type.results.join()}`;
    const known = typeidx.get(key);
    if (known !== undefined) return known;
    typeidx.set(key, types.length);
    return types.push(type) - 1;
  };
  const clock = module.clock && typeOf(module.clock);
  const funcTypes = module.funcs.map((func) => typeOf(func.type));

  out.bytes([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]);
  // typesec
  section(1, (b) =>
    b.vec(types, (type) => {
      b.byte(0x60);
      b.vec(type.params, (param) => b.byte(valtypes[param]));
      b.vec(type.results, (result) => b.byte(valtypes[result]));
    }),
  );
  // importsec
  section(2, (b) => {
    const { pages, sharedMaximum } = module.memory;
    b.u32(clock === undefined ? 1 : 2);
    b.name("env");
    b.name("memory");
    b.byte(0x02);
    b.byte(sharedMaximum === undefined ? 0x00 : 0x03);
    b.u32(pages);
    if (sharedMaximum !== undefined) b.u32(sharedMaximum);
    if (clock === undefined) return;
    b.name("env");
    b.name("clock");
    b.byte(0x00);
    b.u32(clock);
  });
  // funcsec
  section(3, (b) => b.vec(funcTypes, (type) => b.u32(type)));
  // exportsec
  section(7, (b) =>
    b.vec(Object.entries(module.exports), ([name, func]) => {
      b.name(name);
      b.byte(0x00);
      b.u32(func);
    }),
  );
  // codesec
  section(10, (b) => b.vec(module.funcs, (func) => b.sized(func.body)));
  // the custom section "name": function names only
  section(0, (b) => {
    b.name("name");
    b.byte(1);
    b.sized(
      encoded((names) =>
        names.vec(module.funcs, (func, position) => {
          names.u32(position + (clock === undefined ? 0 : 1));
          names.name(func.name);
        }),
      ),
    );
  });
  return out.finish();
}
