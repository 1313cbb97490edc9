// The text of a dispatch: one module with one entry point. A team's module goes through its instructions as the plain
// interpreter does, all lanes of a workgroup together, with a barrier where an instruction needs what others wrote.

import type { Kernel } from "../../kernels/kernel.ts";
import type { Address, Instruction, Program } from "../../program/program.ts";
import { rowBytes, withRows } from "../../program/rows.ts";
import { eachInstruction } from "../../program/uses.ts";
import { emitKernel, functionNames } from "./emitKernel.ts";
import type { KernelCode, Team } from "./kernelCode.ts";
import type { Sections } from "./sections.ts";
import type { Step } from "./schedule.ts";
import { helpersFor } from "./wgslScalar.ts";

export interface Shader {
  readonly code: string;
  /** How many workgroups to dispatch. */
  readonly workgroups: readonly [x: number, y: number];
  /** Whether it moves pointers. */
  readonly moves: boolean;
}

/** Where things lie: pointers first, twice (those before a dispatch, and those after it); then the program's memory. */
export interface Layout {
  readonly pointers: readonly [number, number];
  /** Word of the program's address 0. */
  readonly start: number;
}

export function layoutOf({ pointers }: Pick<Program, "pointers">): Layout {
  const words = Math.ceil(pointers / 64) * 64;
  return { pointers: [0, words], start: 2 * words };
}

/** Loops around that the host may count. */
export const maximumAround = 8;
/** Words of the uniform buffer that tells a dispatch its part. */
export const sliceWords = 4 + maximumAround + 4;

const maximumGroups = 32768;

const bindings = `
@group(0) @binding(0) var<storage, read_write> arena: array<u32>;
// Rounds of the last loop, where pointers are and where they go, and the indices of loops around.
struct Slice { begin: i32, end: i32, pointersIn: i32, pointersOut: i32, around: array<vec4<i32>, ${maximumAround / 4}>, zero: f32 }
@group(0) @binding(1) var<uniform> slice: Slice;
`;

const moduleText = (
  lanes: number,
  scratch: KernelCode["scratch"],
  functions: readonly string[],
  main: readonly string[],
): string => `${bindings}${scratch.f32 ? `var<workgroup> scratchF32: array<f32, ${scratch.f32}>;\n` : ""}${
  scratch.i32 ? `var<workgroup> scratchI32: array<i32, ${scratch.i32}>;\n` : ""
}var<workgroup> decision: i32;
${helpersFor(functions.join("\n"))}
${functions.join("\n")}
@compute @workgroup_size(${lanes}) fn main(@builtin(workgroup_id) at: vec3<u32>, @builtin(num_workgroups) all: vec3<u32>, @builtin(local_invocation_index) index: u32) {
let lane = i32(index);
let group = i32(at.x + at.y * all.x);
let groups = i32(all.x * all.y);
${main.join("\n")}
}
`;

const aroundLines = (around: readonly number[]): string[] =>
  around.map((loop, i) => `let l${loop} = slice.around[${i >> 2}][${i & 3}];`);

const spread = (groups: number): readonly [number, number] =>
  groups <= maximumGroups ? [groups, 1] : [maximumGroups, Math.ceil(groups / maximumGroups)];

const pointersIn = (addresses: readonly Address[]): ReadonlySet<number> =>
  new Set(addresses.flatMap(({ base }) => ("pointer" in base ? [base.pointer] : [])));

const readPointers = (pointers: Iterable<number>): string[] =>
  [...pointers].map((p) => `var q${p} = bitcast<i32>(arena[slice.pointersIn + ${p}i]);`);

/** An address in words, of the row at hand where rows are `bytes` apart. */
function addressText(program: Program, { start }: Layout, { base, offset, strides }: Address, bytes = 0): string {
  const fixed = offset / 4 + ("buffer" in base ? start + program.buffers[base.buffer]!.start / 4 : 0);
  const terms = "pointer" in base ? [`q${base.pointer}`] : [];
  if (fixed !== 0 || terms.length === 0) terms.push(fixed < 0 ? `(${fixed}i)` : `${fixed}i`);
  for (const stride of strides) terms.push(`l${stride.loop} * ${stride.bytes / 4}i`);
  if (bytes !== 0) terms.push(`row * ${bytes / 4}i`);
  return terms.join(" + ");
}

/** Modules for one call that all workgroups share, to be dispatched one after the other. */
export function gridShaders(
  program: Program,
  layout: Layout,
  { call, around }: Extract<Step, { kind: "grid" }>,
  lanes: number,
): readonly Shader[] {
  const kernel = program.kernels[call.kernel]!;
  const codes = emitKernel("kernel", kernel, { lanes, many: true });
  const names = functionNames("kernel", codes.length);
  return codes.map(({ text, scratch, groups }, i) => {
    const args = call.addresses.map((address) => addressText(program, layout, address));
    const main = [
      ...aroundLines(around),
      ...readPointers(pointersIn(call.addresses)),
      `${names[i]}(lane, group, groups, ${args.join(", ")});`,
    ];
    const workgroups = [Math.min(groups, maximumGroups), 1] as const;
    return { code: moduleText(lanes, scratch, [text], main), workgroups, moves: false };
  });
}

/** The module of a team's instructions. */
export function teamShader(
  program: Program,
  layout: Layout,
  sections: Sections,
  step: Extract<Step, { kind: "team" }>,
  lanes: number,
): Shader {
  return new TeamShader(program, layout, sections, step, { lanes, many: false }).shader();
}

interface Range {
  readonly from: number;
  readonly to: number;
}

const overlap = (a: readonly Range[], b: readonly Range[]): boolean =>
  a.some((x) => b.some((y) => x.from < y.to && y.from < x.to));

class TeamShader {
  readonly #program: Program;
  readonly #layout: Layout;
  readonly #sections: Sections;
  readonly #step: Extract<Step, { kind: "team" }>;
  readonly #team: Team;
  readonly #lines: string[] = [];
  /** Functions by their text under the name `@`. */
  readonly #functions = new Map<string, string>();
  readonly #texts: string[] = [];
  #scratch = { f32: 0, i32: 0 };
  #names = 0;
  /** What was written, and what was read, since all lanes met last. */
  #written: Range[] = [];
  #read: Range[] = [];

  constructor(program: Program, layout: Layout, sections: Sections, step: Extract<Step, { kind: "team" }>, team: Team) {
    this.#program = program;
    this.#layout = layout;
    this.#sections = sections;
    this.#step = step;
    this.#team = team;
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
    out.push(...aroundLines(around), ...readPointers(pointers));
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
    if (moves) {
      out.push("if (group == 0i && lane == 0i) {");
      for (let p = 0; p < this.#program.pointers; p++) {
        const value = pointers.has(p) ? `bitcast<u32>(q${p})` : `arena[slice.pointersIn + ${p}i]`;
        out.push(`arena[slice.pointersOut + ${p}i] = ${value};`);
      }
      out.push("}");
    }
    return {
      code: moduleText(this.#team.lanes, this.#scratch, this.#texts, out),
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
        this.#function(by ? withRows(kernel, by, 1) : kernel).forEach((name, i) => {
          if (i > 0) out.push("storageBarrier();");
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
          `for (var i = lane; i < ${bytes / 4}i; i += ${this.#team.lanes}i) { arena[sink + i] = arena[source + i]; } }`,
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
      `if (lane == 0i) { decision = bitcast<i32>(arena[${this.#address(address)}]); }`,
      `let ${name} = workgroupUniformLoad(&decision);`,
    );
    return name;
  }

  #address(address: Address, bytes = 0): string {
    return addressText(this.#program, this.#layout, address, bytes);
  }

  #function(kernel: Kernel): readonly string[] {
    const codes = emitKernel("@", kernel, this.#team);
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
    if (overlap(this.#written, read) || overlap(this.#written, written) || overlap(this.#read, written)) this.#meet();
    this.#read.push(...read);
    this.#written.push(...written);
  }

  #meet(): void {
    if (this.#written.length > 0 || this.#read.length > 0) this.#lines.push("storageBarrier();");
    [this.#written, this.#read] = [[], []];
  }

  #ranges(addresses: readonly Address[]): Range[] {
    return addresses.flatMap((address) =>
      [...this.#sections.buffersAt(address)].map((buffer) => {
        const { start, bytes } = this.#program.buffers[buffer]!;
        return { from: start, to: start + bytes };
      }),
    );
  }
}
