// The text of a team's dispatch. It goes through the instructions as the plain interpreter does, all lanes of a workgroup
// together, with a barrier where an instruction needs what others wrote.

import type { Kernel } from "../../kernels/kernel.ts";
import type { Address, Instruction, Program } from "../../program/program.ts";
import { rowBytes, withRows } from "../../program/rows.ts";
import { eachInstruction } from "../../program/uses.ts";
import { emitKernel } from "./emitKernel.ts";
import type { Team } from "./kernelCode.ts";
import type { LocalBuffer, LocalBuffers } from "./localBuffers.ts";
import type { Memories, Memory } from "./memory.ts";
import type { Sections } from "./sections.ts";
import type { Step } from "./schedule.ts";
import { addressText, aroundLines, maximumGroups, moduleText, pointersIn, readPointers, spread, type Layout, type Shader } from "./shader.ts"; // prettier-ignore
import { literal } from "./wgslScalar.ts";

type TeamStep = Extract<Step, { kind: "team" }>;

/** The module of a team's instructions. */
export function teamShader(
  program: Program,
  layout: Layout,
  sections: Sections,
  step: TeamStep,
  team: Team,
  local: LocalBuffers,
): Shader {
  return new TeamShader(program, layout, sections, step, team, local).shader();
}

interface Range {
  readonly memory: Memory;
  readonly from: number;
  readonly to: number;
}

/** The memories in which some of `a` and some of `b` have bytes in common. */
const overlaps = (a: readonly Range[], b: readonly Range[]): readonly Memory[] =>
  a.flatMap((x) => (b.some((y) => x.memory === y.memory && x.from < y.to && y.from < x.to) ? [x.memory] : []));

const barriers = { arena: "storageBarrier();", local: "workgroupBarrier();" } as const satisfies Record<Memory, string>;

class TeamShader {
  readonly #program: Program;
  readonly #layout: Layout;
  readonly #sections: Sections;
  readonly #step: TeamStep;
  readonly #team: Team;
  readonly #local: LocalBuffers;
  readonly #lines: string[] = [];
  /** Functions by their text under the name `@`. */
  readonly #functions = new Map<string, string>();
  readonly #texts: string[] = [];
  #scratch = { f32: 0, i32: 0 };
  #names = 0;
  /** What was written, and what was read, since all lanes met last. */
  #written: Range[] = [];
  #read: Range[] = [];

  constructor(program: Program, layout: Layout, sections: Sections, step: TeamStep, team: Team, local: LocalBuffers) {
    this.#program = program;
    this.#layout = layout;
    this.#sections = sections;
    this.#step = step;
    this.#team = team;
    this.#local = local;
  }

  shader(): Shader {
    const { list, sliced, rows, around } = this.#step;
    const pointers = new Set<number>();
    let moves = false;
    eachInstruction(list, (instruction) => {
      const addresses =
        instruction.kind === "call"
          ? instruction.addresses
          : instruction.kind === "copy"
            ? [instruction.from, instruction.to]
            : instruction.kind === "point"
              ? instruction.moves.map(({ to }) => to)
              : instruction.kind === "branch"
                ? [instruction.predicate]
                : instruction.kind === "loop" && instruction.limit
                  ? [instruction.limit.at]
                  : [];
      for (const pointer of pointersIn(addresses)) pointers.add(pointer);
      if (instruction.kind !== "point") return;
      moves = true;
      for (const { pointer } of instruction.moves) pointers.add(pointer);
    });
    const out = this.#lines;
    if (rows > 1) {
      out.push("let row = group;");
      if (rows > maximumGroups) out.push(`if (row >= ${rows}i) { return; }`);
    }
    out.push(...aroundLines(around), ...readPointers(pointers), ...this.#loadLines());
    if (sliced) {
      const loop = list.at(-1) as Extract<Instruction, { kind: "loop" }>; // schedule says so
      if (list.length > 1) {
        out.push("if (slice.begin == 0i) {");
        this.#run(list.slice(0, -1));
        this.#meet();
        out.push("}");
      }
      this.#loop(loop, ["slice.begin", "slice.end"]);
    } else this.#run(list);
    out.push(...this.#storeLines());
    if (moves) {
      out.push(...this.#pointerLines("local", "arena"), "if (group == 0i && lane == 0i) {");
      for (let p = 0; p < this.#program.pointers; p++) {
        const value = pointers.has(p) ? `bitcast<u32>(q${p})` : `arena[slice.pointersIn + ${p}i]`;
        out.push(`arena[slice.pointersOut + ${p}i] = ${value};`);
      }
      out.push("}");
    }
    return {
      code: moduleText(this.#team.lanes, this.#scratch, this.#texts, out, Math.ceil(this.#local.bytes / 4)),
      workgroups: spread(rows),
      moves,
    };
  }

  #run(list: readonly Instruction[]): void {
    for (const instruction of list) this.#emit(instruction);
  }

  #emit(instruction: Instruction): void {
    const out = this.#lines;
    const { rows } = this.#step;
    switch (instruction.kind) {
      case "call": {
        const kernel = this.#program.kernels[instruction.kernel]!;
        const by = rows > 1 ? this.#sections.rowsOf(instruction.kernel)! : null;
        const strides = by ? rowBytes(by) : [];
        const args = instruction.addresses.map((address, i) => this.#address(address, strides[i]));
        const [reads, writes] = [
          instruction.addresses.slice(0, kernel.operands.length),
          instruction.addresses.slice(kernel.operands.length),
        ];
        this.#await(reads, writes);
        const memories = {
          operands: reads.map((at) => this.#memory(at)),
          results: writes.map((at) => this.#memory(at)),
        };
        this.#function(by ? withRows(kernel, by, 1) : kernel, memories).forEach((name, i) => {
          if (i > 0) out.push(barriers[memories.results[0]!]);
          out.push(`${name}(lane, 0i, 1i, ${args.join(", ")});`);
        });
        return;
      }
      case "copy": {
        const bytes = instruction.bytes / rows;
        const apart = rows > 1 ? bytes : 0;
        this.#await([instruction.from], [instruction.to]);
        out.push(
          `{ let source = ${this.#address(instruction.from, apart)}; let sink = ${this.#address(instruction.to, apart)};`,
          `for (var i = lane; i < ${bytes / 4}i; i += ${this.#team.lanes}i) { ${this.#memory(instruction.to)}[sink + i] = ${this.#memory(instruction.from)}[source + i]; } }`,
        );
        return;
      }
      case "point": {
        const names = instruction.moves.map(({ to }) => {
          const name = `t${this.#names++}`;
          out.push(`let ${name} = ${this.#address(to)};`);
          return name;
        });
        instruction.moves.forEach(({ pointer }, i) => out.push(`q${pointer} = ${names[i]};`));
        return;
      }
      case "loop":
        this.#loop(instruction, ["0i", `${instruction.count}i`]);
        return;
      case "branch": {
        const choice = this.#decide(instruction.predicate);
        this.#meet();
        out.push(`if (${choice} != 0i) {`);
        this.#run(instruction.onTrue);
        this.#meet();
        out.push("} else {");
        this.#run(instruction.onFalse);
        this.#meet();
        out.push("}");
        return;
      }
      case "parallel":
        throw new Error("internal: a team's instructions are not split for threads; please report this.");
      default:
        instruction satisfies never;
    }
  }

  #loop(
    { loop, count, reverse, limit, body }: Extract<Instruction, { kind: "loop" }>,
    [begin, end]: readonly [string, string],
  ): void {
    const out = this.#lines;
    this.#meet();
    let [first, last] = ["0i", `${count}i`];
    let [from, to] = [begin, end];
    if (limit) {
      const n = `n${this.#names++}`;
      out.push(`let ${n} = clamp(${this.#decide(limit.at)}, 0i, ${count}i);`);
      if (limit.side === "below") [last, to] = [n, `min(${end}, ${n})`];
      else [first, from] = [n, `max(${begin}, ${n})`];
    }
    const i = `i${this.#names++}`;
    out.push(`for (var ${i} = ${from}; ${i} < ${to}; ${i}++) {`);
    out.push(`let l${loop} = ${reverse ? `${last} - 1i - (${i} - ${first})` : i};`);
    this.#run(body);
    this.#meet();
    out.push("}");
  }

  /** An int32 in memory that all lanes decide by. */
  #decide(address: Address): string {
    const name = `d${this.#names++}`;
    this.#await([address], []);
    this.#lines.push(
      `if (lane == 0i) { decision = bitcast<i32>(${this.#memory(address)}[${this.#address(address)}]); }`,
      `let ${name} = workgroupUniformLoad(&decision);`,
    );
    return name;
  }

  #memory({ base }: Address): Memory {
    const near = "buffer" in base ? this.#local.buffers.has(base.buffer) : this.#local.pointers.has(base.pointer);
    return near ? "local" : "arena";
  }

  /** In words of its memory. */
  #address(address: Address, bytes = 0): string {
    if (this.#memory(address) === "arena") return addressText(this.#program, this.#layout, address, bytes);
    // Nobody's rows but one's own are there.
    const { base, offset, strides } = address;
    const start = "buffer" in base ? this.#local.buffers.get(base.buffer)!.start : 0;
    const terms = "pointer" in base ? [`q${base.pointer}`] : [];
    terms.push(`${(start + offset) / 4}i`, ...strides.map((stride) => `l${stride.loop} * ${stride.bytes / 4}i`));
    return terms.join(" + ");
  }

  /** Brings what is kept of the row into the workgroup's memory. */
  #loadLines(): string[] {
    const lines = this.#copyLines(
      ({ kept }) => kept,
      (near, far) => `local[${near}] = arena[${far}];`,
    );
    return lines.length === 0 ? [] : [...this.#pointerLines("arena", "local"), ...lines, "workgroupBarrier();"];
  }

  /** Takes what is kept, and was written, back. */
  #storeLines(): string[] {
    const lines = this.#copyLines(({ kept, written }) => kept && written, (near, far) => `arena[${far}] = local[${near}];`); // prettier-ignore
    return lines.length === 0 ? [] : ["workgroupBarrier();", ...lines];
  }

  #copyLines(which: (buffer: LocalBuffer) => boolean, copy: (near: string, far: string) => string): string[] {
    return [...this.#local.buffers.values()].filter(which).map(({ buffer, start, bytes }) => {
      const far = addressText(this.#program, this.#layout, { base: { buffer }, offset: 0, strides: [] }, bytes);
      return `for (var i = lane; i < ${bytes / 4}i; i += ${this.#team.lanes}i) { ${copy(`${start / 4}i + i`, `${far} + i`)} }`;
    });
  }

  /** Pointers into one memory become pointers to the same places in the other. */
  #pointerLines(from: Memory, to: Memory): string[] {
    return [...this.#local.pointers].map((pointer) => {
      const q = `q${pointer}`;
      const targets = this.#sections.buffersAt({ base: { pointer }, offset: 0, strides: [] });
      const moves = [...targets].map((buffer) => {
        const { start, bytes } = this.#local.buffers.get(buffer)!; // all of them are there
        const at = { local: start, arena: 4 * this.#layout.start + this.#program.buffers[buffer]!.start };
        const by = literal((at[to] - at[from]) / 4, "int32");
        return `if (${q} >= ${at[from] / 4}i && ${q} < ${(at[from] + bytes) / 4}i) { ${q} += ${by}; }`;
      });
      return moves.join(" else ");
    });
  }

  #function(kernel: Kernel, memories: Memories): readonly string[] {
    const codes = emitKernel("@", kernel, this.#team, memories);
    return codes.map((code) => {
      const key = code.text.replace("@begin", "@");
      let name = this.#functions.get(key);
      if (name === undefined) {
        name = `k${this.#functions.size}`;
        this.#functions.set(key, name);
        this.#texts.push(`// ${kernel.name}\n${key.replace("@", name)}`);
      }
      this.#scratch = {
        f32: Math.max(this.#scratch.f32, code.scratch.f32),
        i32: Math.max(this.#scratch.i32, code.scratch.i32),
      };
      return name;
    });
  }

  /** All lanes meet if what is to be read was written, or what is to be written was used, since they met last. */
  #await(reads: readonly Address[], writes: readonly Address[]): void {
    const [read, written] = [this.#ranges(reads), this.#ranges(writes)];
    this.#meet([...overlaps(this.#written, [...read, ...written]), ...overlaps(this.#read, written)]);
    this.#read.push(...read);
    this.#written.push(...written);
  }

  /** Lanes meet where something was used in the memories named; in all of them, unless told. */
  #meet(memories: readonly Memory[] = ["arena", "local"]): void {
    for (const memory of new Set(memories)) {
      const apart = (range: Range): boolean => range.memory !== memory;
      if (this.#written.every(apart) && this.#read.every(apart)) continue;
      this.#lines.push(barriers[memory]);
      this.#written = this.#written.filter(apart);
      this.#read = this.#read.filter(apart);
    }
  }

  #ranges(addresses: readonly Address[]): Range[] {
    return addresses.flatMap((address) =>
      [...this.#sections.buffersAt(address)].map((buffer): Range => {
        const near = this.#local.buffers.get(buffer);
        const { start, bytes } = near ?? this.#program.buffers[buffer]!;
        return { memory: near ? "local" : "arena", from: start, to: start + bytes };
      }),
    );
  }
}
