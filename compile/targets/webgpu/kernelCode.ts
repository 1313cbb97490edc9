// What the functions of all loop forms have in common. A kernel's function is called by every invocation of a team: a
// workgroup, or all of a dispatch's. Its parameters are the invocation's place in the team and where tensors begin.

import { mergeAxes } from "../../kernels/axes.ts";
import { affinesOf, Nodes, flatten, trimmed, type Node } from "../../kernels/nodes.ts";
import { constantIndex, axisIndex, type Affine, type Scalar } from "../../kernels/scalar.ts";
import { sizeOf, stridesOf, type Shape, type TensorType } from "../../type.ts";
import { NestCode, type AxisVariable } from "./nestCode.ts";
import type { Kernel } from "../../kernels/kernel.ts";
import type { Memories, Memory } from "./memory.ts";
import type { Subgroups } from "./subgroups.ts";
import { literal, toWord } from "./wgslScalar.ts";

/** Whom a function is written for. */
export interface Team {
  /** Invocations of a workgroup, a power of two. */
  readonly lanes: number;
  /** Whether several workgroups share the kernel: then none can wait for another. */
  readonly many: boolean;
  /** Null where lanes cannot add up without a barrier. */
  readonly subgroups: Subgroups | null;
}

/** A function of WGSL, and what it needs. */
export interface KernelCode {
  readonly text: string;
  /** Words of workgroup memory, by type. */
  readonly scratch: { readonly f32: number; readonly i32: number };
  /** For teams of many workgroups: how many are of use. */
  readonly groups: number;
}

/** `lane` counts within the workgroup, `group` the workgroups; then where operands begin, then results, in words. */
export function signature(name: string, kernel: Kernel): string {
  const places = [...kernel.operands.map((_, i) => `p${i}: i32`), ...kernel.results.map((_, i) => `r${i}: i32`)];
  return `fn ${name}(${["lane: i32", "group: i32", "groups: i32", ...places].join(", ")})`;
}

/** Expressions over these operands, with what WGSL has a function for. */
export const nodesOf = (operands: readonly TensorType[]): Nodes => new Nodes(operands, { halves: true });

/** A row-major position in a tensor of `shape` as an affine function of as many axes. */
export const rowMajor = (shape: Shape): Affine => ({ offset: 0, coefficients: stridesOf(shape) });

/** Loops that take apart one counter, `counter`, into variables of axes; lines that declare these. */
export function splitCounter(
  counter: string,
  levels: readonly { readonly axis: number; readonly size: number }[],
  scope: number,
  prefix: string,
): { readonly axes: readonly AxisVariable[]; readonly lines: readonly string[] } {
  const lines: string[] = [];
  const axes: AxisVariable[] = [];
  let rest = counter;
  [...levels].reverse().forEach(({ axis, size }, i) => {
    const name = `${prefix}${axis}`;
    const last = i === levels.length - 1;
    lines.push(`let ${name} = ${last ? rest : `${rest} % ${size}i`};`);
    axes.push({ axis, name, scope });
    if (!last) {
      lines.push(`let ${name}q = ${rest} / ${size}i;`);
      rest = `${name}q`;
    }
  });
  return { axes, lines };
}

/** Each element of `shape` by one invocation, at `at` of a result of `resultShape`. */
export function mapText(
  { lanes, many }: Team,
  operands: readonly TensorType[],
  memories: Memories,
  shape: Shape,
  body: Scalar,
  at: Affine,
  prefix = "",
): string {
  if (sizeOf(shape) === 0) return "";
  const nodes = nodesOf(operands);
  const root = nodes.intern(body);
  const target = trimmed(at);
  const levels = mergeAxes(shape, 0, shape.length, [...affinesOf(nodes), target]);
  const size = sizeOf(shape);
  const split = splitCounter("i", levels, 1, `${prefix}a`);
  const code = new NestCode(nodes, split.axes, 2, memories.operands, prefix);
  const value = code.value(root);
  const place = code.position("r0", target);
  return [
    ...code.scopes[0]!,
    `for (var i = ${many ? `group * ${lanes}i + lane` : "lane"}; i < ${size}i; i += ${many ? `groups * ${lanes}i` : `${lanes}i`}) {`,
    ...split.lines,
    ...code.scopes[1]!,
    `${memories.results[0]}[${place}] = ${toWord(value, root.dtype)};`,
    "}",
  ].join("\n");
}

/** Fills a result with a number. */
export function fillText(team: Team, memory: Memory, { shape, dtype }: TensorType, fill: number): string {
  const step = team.many ? `groups * ${team.lanes}i` : `${team.lanes}i`;
  const start = team.many ? `group * ${team.lanes}i + lane` : "lane";
  return `for (var i = ${start}; i < ${sizeOf(shape)}i; i += ${step}) { ${memory}[r0 + i] = ${toWord(literal(fill, dtype), dtype)}; }`;
}

/** The flat position of an index list as one affine function; run-time terms as nodes. */
export function flatIndex(
  nodes: Nodes,
  index: readonly (Affine | Scalar)[],
  shape: Shape,
): { affine: Affine; terms: { node: Node; stride: number }[] } {
  const { affine, terms } = flatten(index, shape);
  return { affine, terms: terms.map(({ scalar, stride }) => ({ node: nodes.intern(scalar), stride })) };
}

/** An affine position of axes `at` as one of the piece's axes. */
export function pieceAt(at: readonly Affine[], shape: Shape): Affine {
  return flatten(at, shape).affine;
}

export { axisIndex, constantIndex };

export const ceilDivide = (a: number, b: number): number => Math.ceil(a / b);

/** The largest power of two up to `n`, at least 1. */
export const powerOfTwoBelow = (n: number): number => 2 ** Math.max(0, Math.floor(Math.log2(Math.max(1, n))));
