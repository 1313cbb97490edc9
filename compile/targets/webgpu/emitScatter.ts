// Scattering: axes that go to places of their own are shared out; along all others one invocation goes in order, so that
// nobody writes where another does, and repeated indices are met one after the other.

import type { Level } from "../../kernels/axes.ts";
import type { Kernel, LoopForm } from "../../kernels/kernel.ts";
import { isAffine, type Affine, type Scalar } from "../../kernels/scalar.ts";
import { sizeOf } from "../../type.ts";
import { ceilDivide, flatIndex, nodesOf, signature, splitCounter, type KernelCode, type Team } from "./kernelCode.ts"; // prettier-ignore
import type { Memories } from "./memory.ts";
import { NestCode, type AxisVariable } from "./nestCode.ts";
import { applyText, fromWord, toWord } from "./wgslScalar.ts";

type Scatter = Extract<LoopForm, { form: "scatter" }>;

/** Axes of which each position writes elsewhere, whatever the others are: a dimension's index is that axis alone. */
const ownAxes = (at: readonly (Affine | Scalar)[]): ReadonlySet<number> =>
  new Set(
    at.flatMap((index) => {
      if (!isAffine(index)) return [];
      const moving = index.coefficients.flatMap((c, axis) => (c === 0 ? [] : [axis]));
      return moving.length === 1 ? moving : [];
    }),
  );

/** Copies operand 0 to the result: what a scatter begins with. */
export function emitScatterBase(name: string, kernel: Kernel, team: Team, memories: Memories): KernelCode {
  const size = sizeOf(kernel.results[0]!.shape);
  const [from, to] = [memories.operands[0]!, memories.results[0]!];
  const start = team.many ? `group * ${team.lanes}i + lane` : "lane";
  const step = team.many ? `groups * ${team.lanes}i` : `${team.lanes}i`;
  const loop = `for (var i = ${start}; i < ${size}i; i += ${step}) { ${to}[r0 + i] = ${from}[p0 + i]; }`;
  return {
    text: `${signature(name, kernel)} {\n${from === to ? `if (p0 != r0) {\n${loop}\n}` : loop}\n}`,
    scratch: { f32: 0, i32: 0 },
    groups: ceilDivide(size, team.lanes),
  };
}

export function emitScatter(name: string, kernel: Kernel, form: Scatter, team: Team, memories: Memories): KernelCode {
  if (sizeOf(form.shape) === 0)
    return { text: `${signature(name, kernel)} {}`, scratch: { f32: 0, i32: 0 }, groups: 1 };
  const own = ownAxes(form.at);
  const memory = memories.results[0]!;
  const nodes = nodesOf(kernel.operands);
  const inRange = nodes.intern(form.inRange);
  const body = nodes.intern(form.body);
  const { affine, terms } = flatIndex(nodes, form.at, kernel.results[0]!.shape);
  const each = form.shape.map((size, axis): Level => ({ axis, size })).filter(({ size }) => size > 1);
  const outer = each.filter(({ axis }) => own.has(axis));
  const inner = each.filter(({ axis }) => !own.has(axis));
  const split = splitCounter("i", outer, 1, "a");
  const axes: AxisVariable[] = [
    ...split.axes,
    ...inner.map(({ axis }, depth) => ({ axis, name: `k${axis}`, scope: 2 + depth })),
  ];
  const code = new NestCode(nodes, axes, 2 + inner.length, memories.operands);
  const place = code.position("r0", affine, terms);
  const value = code.value(body);
  const condition = code.value(inRange);
  const { dtype } = body;
  const size = outer.reduce((n, level) => n * level.size, 1);
  const start = team.many ? `group * ${team.lanes}i + lane` : "lane";
  const step = team.many ? `groups * ${team.lanes}i` : `${team.lanes}i`;
  const sum =
    form.combiner === "set" ? value : applyText("add", dtype, dtype, [fromWord(`${memory}[${place}]`, dtype), value]);
  const lines = [
    ...code.scopes[0]!,
    `for (var i = ${start}; i < ${size}i; i += ${step}) {`,
    ...split.lines,
    ...code.scopes[1]!,
    ...inner.flatMap(({ axis, size: n }, depth) => [
      `for (var k${axis} = 0i; k${axis} < ${n}i; k${axis}++) {`,
      ...code.scopes[2 + depth]!,
    ]),
    `if (${condition}) { ${memory}[${place}] = ${toWord(sum, dtype)}; }`,
    ...inner.map(() => "}"),
    "}",
  ];
  return {
    text: `${signature(name, kernel)} {\n${lines.join("\n")}\n}`,
    scratch: { f32: 0, i32: 0 },
    groups: ceilDivide(size, team.lanes),
  };
}
