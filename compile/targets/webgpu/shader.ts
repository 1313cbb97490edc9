// The text of a dispatch: one module with one entry point; and that of a kernel that all workgroups share.

import type { Address, Program } from "../../program/program.ts";
import { emitKernel, functionNames } from "./emitKernel.ts";
import type { KernelCode, Team } from "./kernelCode.ts";
import type { Step } from "./schedule.ts";
import { subgroupDirectives, subgroupLines, subgroupVariables, usesSubgroups } from "./subgroups.ts";
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

export const maximumGroups = 32768;

const bindings = `
@group(0) @binding(0) var<storage, read_write> arena: array<u32>;
// Rounds of the last loop, where pointers are and where they go, and the indices of loops around.
struct Slice { begin: i32, end: i32, pointersIn: i32, pointersOut: i32, around: array<vec4<i32>, ${maximumAround / 4}>, zero: f32 }
@group(0) @binding(1) var<uniform> slice: Slice;
`;

export function moduleText(
  lanes: number,
  scratch: KernelCode["scratch"],
  functions: readonly string[],
  main: readonly string[],
  local = 0,
): string {
  const subgroups = functions.some(usesSubgroups);
  const own = (name: string, type: string, words: number): string =>
    words === 0 ? "" : `var<workgroup> ${name}: array<${type}, ${words}>;\n`;
  const declarations = [
    bindings,
    own("local", "u32", local),
    own("scratchF32", "f32", scratch.f32),
    own("scratchI32", "i32", subgroups ? Math.max(lanes, scratch.i32) : scratch.i32),
    "var<workgroup> decision: i32;\n",
    subgroups ? subgroupVariables : "",
  ];
  return `${subgroups ? subgroupDirectives : ""}${declarations.join("")}${helpersFor(functions.join("\n"))}
${functions.join("\n")}
@compute @workgroup_size(${lanes}) fn main(@builtin(workgroup_id) at: vec3<u32>, @builtin(num_workgroups) all: vec3<u32>, @builtin(local_invocation_index) index: u32) {
let lane = i32(index);
let group = i32(at.x + at.y * all.x);
let groups = i32(all.x * all.y);
${[...(subgroups ? subgroupLines(lanes) : []), ...main].join("\n")}
}
`;
}

export const aroundLines = (around: readonly number[]): string[] =>
  around.map((loop, i) => `let l${loop} = slice.around[${i >> 2}][${i & 3}];`);

export const spread = (groups: number): readonly [number, number] =>
  groups <= maximumGroups ? [groups, 1] : [maximumGroups, Math.ceil(groups / maximumGroups)];

export const pointersIn = (addresses: readonly Address[]): ReadonlySet<number> =>
  new Set(addresses.flatMap(({ base }) => ("pointer" in base ? [base.pointer] : [])));

export const readPointers = (pointers: Iterable<number>): string[] =>
  [...pointers].map((p) => `var q${p} = bitcast<i32>(arena[slice.pointersIn + ${p}i]);`);

/** An address of the arena in words, of the row at hand where rows are `bytes` apart. */
export function addressText(
  program: Program,
  { start }: Layout,
  { base, offset, strides }: Address,
  bytes = 0,
): string {
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
  team: Team,
): readonly Shader[] {
  const kernel = program.kernels[call.kernel]!;
  const codes = emitKernel("kernel", kernel, team);
  const names = functionNames("kernel", codes.length);
  return codes.map(({ text, scratch, groups }, i) => {
    const args = call.addresses.map((address) => addressText(program, layout, address));
    const main = [
      ...aroundLines(around),
      ...readPointers(pointersIn(call.addresses)),
      `${names[i]}(lane, group, groups, ${args.join(", ")});`,
    ];
    const workgroups = [Math.min(groups, maximumGroups), 1] as const;
    return { code: moduleText(team.lanes, scratch, [text], main), workgroups, moves: false };
  });
}
