// A module's bytes as text, for reading and for golden tests: WebAssembly's text format with one instruction a line and
// indices as numbers. Understands what encode.ts writes.

import { instructions, type Instruction, type InstructionName } from "./instructions.ts";
import { valtypes, type Valtype } from "./encode.ts";

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = at;
  }

  get done(): boolean {
    return this.at >= this.#bytes.length;
  }

  byte(): number {
    return this.#view.getUint8(this.at++);
  }

  take(count: number): Uint8Array {
    this.at += count;
    return this.#bytes.subarray(this.at - count, this.at);
  }

  u32(): number {
    return Number(this.#leb(false));
  }

  signed(): bigint {
    return this.#leb(true);
  }

  #leb(signed: boolean): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte >= 0x80) continue;
      return signed && byte & 0x40 ? value - (1n << (shift + 7n)) : value;
    }
  }

  f32(): number {
    return this.#view.getFloat32((this.at += 4) - 4, true);
  }

  f64(): number {
    return this.#view.getFloat64((this.at += 8) - 8, true);
  }

  name(): string {
    return new TextDecoder().decode(this.take(this.u32()));
  }

  vec<T>(element: (position: number) => T): T[] {
    return Array.from({ length: this.u32() }, (_, position) => element(position));
  }

  sized(): Reader {
    return new Reader(this.take(this.u32()));
  }
}

const valtypeNames = new Map(Object.entries(valtypes).map(([name, byte]) => [byte as number, name as Valtype]));
const keyOf = ({ prefix, opcode }: Pick<Instruction, "prefix" | "opcode">): number => prefix * 65536 + opcode;
const names = new Map(
  Object.entries(instructions).map(([name, instruction]) => [keyOf(instruction), name as InstructionName]),
);

const valtype = (reader: Reader): string => valtypeNames.get(reader.byte()) ?? "?";

/** The text of a module. */
export function printModule(bytes: Uint8Array): string {
  const sections = new Map<number, Reader>();
  const reader = new Reader(bytes, 8);
  while (!reader.done) {
    const id = reader.byte();
    sections.set(id, reader.sized());
  }
  const types = sections.get(1)?.vec(() => sections.get(1)!.byte() && printType(sections.get(1)!)) ?? [];
  const lines = ["(module"];
  const imports = sections.get(2);
  let imported = 0;
  imports?.vec(() => {
    const [from, name, kind] = [imports.name(), imports.name(), imports.byte()];
    if (kind === 0) {
      lines.push(`  (import "${from}" "${name}" (func (;${imported++};) ${types[imports.u32()] ?? ""}))`);
      return;
    }
    const flags = imports.byte();
    const limits = [imports.u32(), ...(flags & 1 ? [imports.u32()] : [])].join(" ");
    lines.push(
      `  (import "${from}" "${name}" (${kind === 2 ? "memory" : "?"} ${limits}${flags & 2 ? " shared" : ""}))`,
    );
  });
  const funcTypes = sections.get(3)?.vec(() => sections.get(3)!.u32()) ?? [];
  const funcNames = readNames(sections.get(0));
  const code = sections.get(10);
  code?.vec((position) => {
    const index = imported + position;
    const name = funcNames.get(index);
    lines.push(
      `  (func (;${index};)${name === undefined ? "" : ` ;; ${name}`}`,
      `    ${types[funcTypes[position]!] ?? ""}`.trimEnd(),
    );
    lines.push(...printBody(code.sized()).map((line) => `    ${line}`), "  )");
  });
  const exports = sections.get(7);
  exports?.vec(() => {
    const [name, kind, index] = [exports.name(), exports.byte(), exports.u32()];
    lines.push(`  (export "${name}" (${kind === 0 ? "func" : "?"} ${index}))`);
  });
  return [...lines, ")"].join("\n");
}

function printType(reader: Reader): string {
  const [params, results] = [reader.vec(() => valtype(reader)), reader.vec(() => valtype(reader))];
  const part = (word: string, list: readonly string[]): string[] =>
    list.length > 0 ? [`(${word} ${list.join(" ")})`] : [];
  return [...part("param", params), ...part("result", results)].join(" ");
}

function readNames(reader: Reader | undefined): Map<number, string> {
  const found = new Map<number, string>();
  if (!reader || reader.name() !== "name" || reader.byte() !== 1) return found;
  const functions = reader.sized();
  functions.vec(() => found.set(functions.u32(), functions.name()));
  return found;
}

/** The lines of a function: its locals, then its instructions, indented by block. */
function printBody(reader: Reader): string[] {
  const lines: string[] = [];
  const locals = reader.vec(() => ({ count: reader.u32(), type: valtype(reader) }));
  if (locals.length > 0)
    lines.push(`(local ${locals.flatMap(({ count, type }) => new Array<string>(count).fill(type)).join(" ")})`);
  let depth = 0;
  while (!reader.done) {
    const first = reader.byte();
    const prefix = first === 0xfc || first === 0xfd || first === 0xfe ? first : 0;
    const opcode = prefix === 0 ? first : reader.u32();
    const name = names.get(prefix * 65536 + opcode);
    if (!name) return [...lines, `;; unknown instruction ${prefix.toString(16)} ${opcode.toString(16)}`];
    if (name === "end" || name === "else") depth--;
    if (depth < 0) break; // the end of the function itself
    lines.push("  ".repeat(depth) + [name, ...printImmediates(reader, instructions[name].immediate)].join(" "));
    if (name === "block" || name === "loop" || name === "if" || name === "else") depth++;
  }
  return lines;
}

function printImmediates(reader: Reader, immediate: Instruction["immediate"]): string[] {
  const memory = (): string[] => {
    const [align, offset] = [reader.u32(), reader.u32()];
    return [...(offset > 0 ? [`offset=${offset}`] : []), `align=${2 ** align}`];
  };
  switch (immediate) {
    case "none":
      return [];
    case "block":
      return reader.byte() === 0x40 ? [] : ["?"];
    case "index":
      return [String(reader.u32())];
    case "i32":
    case "i64":
      return [String(reader.signed())];
    case "f32":
      return [String(reader.f32())];
    case "f64":
      return [String(reader.f64())];
    case "memory":
      return memory();
    case "memoryLane":
      return [...memory(), String(reader.byte())];
    case "lane":
      return [String(reader.byte())];
    case "bytes16":
      return [...reader.take(16)].map(String);
    case "copy":
      reader.take(2);
      return [];
    case "fill":
      reader.take(1);
      return [];
    default:
      return immediate satisfies never;
  }
}
