// Running sums and products: one invocation a line, or a workgroup a line, each invocation with a piece of it.

import { mergeAxes } from "../../kernels/axes.ts";
import { affinesOf } from "../../kernels/nodes.ts";
import type { Kernel, LoopForm } from "../../kernels/kernel.ts";
import { identityOf } from "../../kernels/scalar.ts";
import { sizeOf } from "../../type.ts";
import { ceilDivide, nodesOf, rowMajor, signature, splitCounter, type KernelCode, type Team } from "./kernelCode.ts"; // prettier-ignore
import type { Memories } from "./memory.ts";
import { NestCode, type AxisVariable } from "./nestCode.ts";
import { applyText, literal, toWord } from "./wgslScalar.ts";

type Running = Extract<LoopForm, { form: "running" }>;

/** A line shorter than this is one invocation's. */
const longLine = 32;

export function emitRunning(name: string, kernel: Kernel, form: Running, team: Team, memories: Memories): KernelCode {
  const length = form.shape[form.dimension]!;
  const lines = sizeOf(form.shape) / length;
  const together = length >= longLine && lines < team.lanes / 4;
  const { dtype } = kernel.results[0]!;
  const nodes = nodesOf(kernel.operands);
  const root = nodes.intern(form.body);
  const others = form.shape.map((n, axis) => (axis === form.dimension ? 1 : n));
  const levels = mergeAxes(others, 0, others.length, [...affinesOf(nodes), rowMajor(form.shape)]);
  const split = splitCounter("line", levels, 1, "a");
  const combined = (x: string, y: string): string => applyText(form.combiner, dtype, dtype, [x, y]);
  const identity = literal(identityOf(form.combiner, dtype), dtype);
  const index = form.reverse ? `${length - 1}i - t` : "t";

  /** A loop over steps `from` up to `to` of the line; `store` says whether results are written. */
  const steps = (prefix: string, from: string, to: string, store: boolean): { before: string[]; loop: string[] } => {
    const axes: AxisVariable[] = [...split.axes, { axis: form.dimension, name: "j", scope: 2 }];
    const code = new NestCode(nodes, axes, 3, memories.operands, prefix);
    const value = code.value(root);
    const place = code.position("r0", rowMajor(form.shape));
    const write = (x: string): string[] => (store ? [`${memories.results[0]}[${place}] = ${toWord(x, dtype)};`] : []);
    return {
      before: [...code.scopes[0]!, ...code.scopes[1]!],
      loop: [
        `for (var t = ${from}; t < ${to}; t++) {`,
        `let j = ${index};`,
        ...code.scopes[2]!,
        ...(form.exclusive ? write("sum") : []),
        `sum = ${combined("sum", value)};`,
        ...(form.exclusive ? [] : write("sum")),
        "}",
      ],
    };
  };

  const head = signature(name, kernel);
  if (!together) {
    const { before, loop } = steps("", "0i", `${length}i`, true);
    const start = team.many ? `group * ${team.lanes}i + lane` : "lane";
    const step = team.many ? `groups * ${team.lanes}i` : `${team.lanes}i`;
    const body = [
      `for (var line = ${start}; line < ${lines}i; line += ${step}) {`,
      ...split.lines,
      ...before,
      `var sum = ${identity};`,
      ...loop,
      "}",
    ];
    return {
      text: `${head} {\n${body.join("\n")}\n}`,
      scratch: { f32: 0, i32: 0 },
      groups: ceilDivide(lines, team.lanes),
    };
  }
  const float = dtype === "float32";
  const scratch = float ? "scratchF32" : "scratchI32";
  const piece = ceilDivide(length, team.lanes);
  const first = steps("f", "begin", "end", false);
  const second = steps("s", "begin", "end", true);
  const body = [
    `let begin = min(lane * ${piece}i, ${length}i);`,
    `let end = min(begin + ${piece}i, ${length}i);`,
    `for (var line = ${team.many ? "group" : "0i"}; line < ${lines}i; line += ${team.many ? "groups" : "1i"}) {`,
    ...split.lines,
    `var sum = ${identity};`,
    ...first.before,
    ...first.loop,
    `${scratch}[lane] = sum;`,
    "workgroupBarrier();",
    // All pieces before one's own, combined: by doubling distances.
    `for (var distance = 1i; distance < ${team.lanes}i; distance *= 2i) {`,
    `var other = ${identity};`,
    `if (lane >= distance) { other = ${scratch}[lane - distance]; }`,
    "workgroupBarrier();",
    `${scratch}[lane] = ${combined("other", `${scratch}[lane]`)};`,
    "workgroupBarrier();",
    "}",
    `sum = ${identity};`,
    `if (lane > 0i) { sum = ${scratch}[lane - 1i]; }`,
    "workgroupBarrier();",
    ...second.before,
    ...second.loop,
    "}",
  ];
  return {
    text: `${head} {\n${body.join("\n")}\n}`,
    scratch: { f32: float ? team.lanes : 0, i32: float ? 0 : team.lanes },
    groups: lines,
  };
}
