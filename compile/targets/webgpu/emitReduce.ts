// Reductions and products: one invocation an element, or several that meet in workgroup memory.

import type { Kernel } from "../../kernels/kernel.ts";
import { identityOf } from "../../kernels/scalar.ts";
import { sizeOf } from "../../type.ts";
import { ceilDivide, powerOfTwoBelow, rowMajor, signature, splitCounter, type KernelCode, type Team } from "./kernelCode.ts"; // prettier-ignore
import { emitBySubgroups } from "./emitBySubgroups.ts";
import type { Memories } from "./memory.ts";
import { NestCode, type AxisVariable } from "./nestCode.ts";
import { besides, combined, partsOf, type Reduce } from "./reduction.ts";
import { literal, toWord } from "./wgslScalar.ts";

/** How many invocations share an element. */
function lanesEach(team: Team, size: number, reduced: number): number {
  const useful = powerOfTwoBelow(reduced / 4);
  const wanted = team.many ? ceilDivide(16384, size) : team.lanes / size;
  return Math.min(team.lanes, useful, powerOfTwoBelow(wanted));
}

export function emitReduce(name: string, kernel: Kernel, form: Reduce, team: Team, memories: Memories): KernelCode {
  const size = sizeOf(form.shape);
  const reduced = sizeOf(form.reduced);
  const each = lanesEach(team, size, reduced);
  const groups = ceilDivide((size * each) / (each === 1 ? together(size, team.lanes) : 1), team.lanes);
  const head = signature(name, kernel);
  if (each === 1)
    return { text: `${head} {\n${serial(kernel, form, team, memories)}\n}`, scratch: { f32: 0, i32: 0 }, groups };
  const float = kernel.results[0]!.dtype === "float32";
  const scratch = { f32: float ? team.lanes : 0, i32: float ? 0 : team.lanes };
  const bySubgroups = emitBySubgroups(name, kernel, form, team, memories, each);
  if (bySubgroups) return bySubgroups;
  return { text: `${head} {\n${shared(kernel, form, team, memories, each)}\n}`, scratch, groups };
}

/** How many elements an invocation computes at a time: their terms have factors in common, which are read once. */
const together = (size: number, lanes: number): number => [4, 2].find((n) => size % n === 0 && size / n >= lanes) ?? 1;

function serial(kernel: Kernel, form: Reduce, team: Team, memories: Memories): string {
  const { nodes, root, outer, inner } = partsOf(kernel, form);
  const { dtype } = root;
  const size = sizeOf(form.shape);
  const count = together(size, team.lanes);
  const share = size / count;
  const identity = literal(identityOf(form.combiner, dtype), dtype);
  const scopes: string[][] = Array.from({ length: 2 + inner.length }, () => []);
  const last: string[] = [];
  const stores: string[] = [];
  for (let copy = 0; copy < count; copy++) {
    const prefix = count === 1 ? "" : `e${copy}`;
    const split = splitCounter(`${prefix}i`, outer, 1, `${prefix}a`);
    const axes: AxisVariable[] = [
      ...split.axes,
      ...inner.map(({ axis }, depth) => ({ axis, name: `k${axis}`, scope: 2 + depth })),
    ];
    const code = new NestCode(nodes, axes, 2 + inner.length, memories.operands, prefix);
    const value = code.value(root);
    const place = code.position("r0", rowMajor(form.shape));
    scopes[1]!.push(`let ${prefix}i = n + ${copy * share}i;`, ...split.lines);
    code.scopes.forEach((lines, depth) => scopes[depth]!.push(...lines));
    scopes[1]!.push(`var ${prefix}sum = ${identity};`);
    last.push(`${prefix}sum = ${combined(form.combiner, dtype, `${prefix}sum`, value)};`);
    stores.push(`${memories.results[0]}[${place}] = ${toWord(`${prefix}sum`, dtype)};`);
  }
  const step = team.many ? `groups * ${team.lanes}i` : `${team.lanes}i`;
  const merged = withoutRepeats([...scopes, [...last], stores]);
  const lines = [
    ...merged[0]!,
    `for (var n = ${team.many ? `group * ${team.lanes}i + lane` : "lane"}; n < ${share}i; n += ${step}) {`,
    ...merged[1]!,
  ];
  inner.forEach(({ axis, size: terms }, depth) => {
    lines.push(`for (var k${axis} = 0i; k${axis} < ${terms}i; k${axis}++) {`, ...merged[2 + depth]!);
  });
  lines.push(...merged.at(-2)!, ...inner.map(() => "}"), ...merged.at(-1)!, "}");
  return lines.join("\n");
}

/** Lines in which what was computed before, in the same scope or one around it, is not computed again. */
function withoutRepeats(scopes: readonly (readonly string[])[]): string[][] {
  const names = new Map<string, string>();
  const known = new Map<string, string>();
  const current = (text: string): string => text.replace(/\b[a-z]\w*/g, (name) => names.get(name) ?? name);
  return scopes.map((lines) =>
    lines.flatMap((line) => {
      const [, name, value] = /^let (\w+) = (.*);$/.exec(line) ?? [];
      if (name === undefined || value === undefined) return [current(line)];
      const now = current(value);
      const before = known.get(now);
      if (before !== undefined) {
        names.set(name, before);
        return [];
      }
      known.set(now, name);
      return [`let ${name} = ${now};`];
    }),
  );
}

/** `each` invocations an element: each takes every `each`-th term, then halves meet. */
function shared(kernel: Kernel, form: Reduce, team: Team, memories: Memories, each: number): string {
  const parts = partsOf(kernel, form);
  const { nodes, root, outer, inner } = parts;
  const { dtype } = root;
  const [size, reduced] = [sizeOf(form.shape), sizeOf(form.reduced)];
  const per = team.lanes / each;
  const split = splitCounter("i", outer, 1, "a");
  const splitInner = splitCounter("k", inner, 2, "k");
  const code = new NestCode(nodes, [...split.axes, ...splitInner.axes], 3, memories.operands);
  const value = code.value(root);
  const place = code.position("r0", rowMajor(form.shape));
  const scratch = dtype === "float32" ? "scratchF32" : "scratchI32";
  const stored = dtype === "bool" ? (x: string) => `select(0i, 1i, ${x})` : (x: string) => x;
  const loaded = dtype === "bool" ? (x: string) => `(${x} != 0i)` : (x: string) => x;
  // Neighbours take neighbouring terms where these lie side by side, else neighbouring elements.
  const beside = besides(parts);
  const [sub, slot] = beside ? [`lane % ${each}i`, `lane / ${each}i`] : [`lane / ${per}i`, `lane % ${per}i`];
  const apart = beside ? 1 : per;
  const lines = [
    `let sub = ${sub};`,
    `let slot = ${slot};`,
    ...code.scopes[0]!,
    `for (var base = ${team.many ? `group * ${per}i` : "0i"}; base < ${size}i; base += ${team.many ? `groups * ${per}i` : `${per}i`}) {`,
    // Those beyond the last element repeat it.
    `let i = min(base + slot, ${size - 1}i);`,
    `var sum = ${literal(identityOf(form.combiner, dtype), dtype)};`,
    ...split.lines,
    ...code.scopes[1]!,
    `for (var k = sub; k < ${reduced}i; k += ${each}i) {`,
    ...splitInner.lines,
    ...code.scopes[2]!,
    `sum = ${combined(form.combiner, dtype, "sum", value)};`,
    "}",
    `${scratch}[lane] = ${stored("sum")};`,
    "workgroupBarrier();",
  ];
  for (let half = each / 2; half >= 1; half /= 2) {
    const both = combined(form.combiner, dtype, loaded(`${scratch}[lane]`), loaded(`${scratch}[lane + ${half * apart}i]`)); // prettier-ignore
    lines.push(`if (sub < ${half}i) { ${scratch}[lane] = ${stored(both)}; }`, "workgroupBarrier();");
  }
  lines.push(
    `if (sub == 0i && base + slot < ${size}i) {`,
    `${memories.results[0]}[${place}] = ${toWord(loaded(`${scratch}[lane]`), dtype)};`,
    "}",
    "}",
  );
  return lines.join("\n");
}
