// Reductions of many terms by subgroups: an element each, and no lane waits for another; or, where elements are few, all
// subgroups of a workgroup take an element together, and meet once.

import type { Kernel } from "../../kernels/kernel.ts";
import { identityOf } from "../../kernels/scalar.ts";
import { sizeOf } from "../../type.ts";
import { ceilDivide, rowMajor, signature, splitCounter, type KernelCode, type Team } from "./kernelCode.ts";
import type { Memories } from "./memory.ts";
import { NestCode } from "./nestCode.ts";
import { besides, combined, partsOf, type Reduce } from "./reduction.ts";
import { subgroupCombined } from "./subgroups.ts";
import { literal, toWord } from "./wgslScalar.ts";

/** Null where lanes had better meet in workgroup memory. `each`: how many lanes an element is worth. */
export function emitBySubgroups(
  name: string,
  kernel: Kernel,
  form: Reduce,
  team: Team,
  memories: Memories,
  each: number,
): KernelCode | null {
  const { subgroups, lanes, many } = team;
  if (!subgroups) return null;
  const parts = partsOf(kernel, form);
  const { nodes, root, outer, inner } = parts;
  const { dtype } = root;
  const [size, reduced] = [sizeOf(form.shape), sizeOf(form.reduced)];
  // Neighbours take neighbouring terms, which should lie side by side.
  if ((size > 1 && !besides(parts)) || reduced < 4 * subgroups.usual) return null;

  const split = splitCounter("i", outer, 1, "a");
  const splitInner = splitCounter("k", inner, 2, "k");
  const code = new NestCode(nodes, [...split.axes, ...splitInner.axes], 3, memories.operands);
  const value = code.value(root);
  const place = code.position("r0", rowMajor(form.shape));
  const identity = literal(identityOf(form.combiner, dtype), dtype);
  const store = (x: string): string => `${memories.results[0]}[${place}] = ${toWord(x, dtype)};`;
  /** Terms of element `i` from `from` on, combined by the whole subgroup. */
  const sums = (from: string, step: string): readonly string[] => [
    ...split.lines,
    ...code.scopes[1]!,
    `var sum = ${identity};`,
    `for (var k = ${from}; k < ${reduced}i; k += ${step}) {`,
    ...splitInner.lines,
    ...code.scopes[2]!,
    `sum = ${combined(form.combiner, dtype, "sum", value)};`,
    "}",
    `sum = ${subgroupCombined(form.combiner, dtype, "sum")};`,
  ];
  const text = (lines: readonly string[]): string =>
    `${signature(name, kernel)} {\n${[...code.scopes[0]!, ...lines].join("\n")}\n}`;

  if (each <= subgroups.usual) {
    const [first, step] = many ? ["group * subParts + subPart", "groups * subParts"] : ["subPart", "subParts"];
    const lines = [
      `for (var i = ${first}; i < ${size}i; i += ${step}) {`,
      ...sums("subLane", "subLanes"),
      `if (subLane == 0i) { ${store("sum")} }`,
      "}",
    ];
    return { text: text(lines), scratch: { f32: 0, i32: 0 }, groups: ceilDivide(size * subgroups.usual, lanes) };
  }
  // As many elements at a time as there is room for what subgroups say of them.
  const together = Math.min(size, subgroups.least, many ? Math.max(1, lanes / each) : size);
  const float = dtype === "float32";
  const scratch = float ? "scratchF32" : "scratchI32";
  const parted = (index: string): string => `${scratch}[(i - base) * ${lanes / subgroups.least}i + ${index}]`;
  const loaded = dtype === "bool" ? `(${parted("p")} != 0i)` : parted("p");
  const [first, step] = many ? [`group * ${together}i`, `groups * ${together}i`] : ["0i", `${together}i`];
  const lines = [
    `for (var base = ${first}; base < ${size}i; base += ${step}) {`,
    `let end = min(base + ${together}i, ${size}i);`,
    "for (var i = base; i < end; i++) {",
    ...sums("lane", `${lanes}i`),
    `if (subLane == 0i) { ${parted("subPart")} = ${dtype === "bool" ? "select(0i, 1i, sum)" : "sum"}; }`,
    "}",
    "workgroupBarrier();",
    "let i = base + lane;",
    "if (i < end) {",
    ...split.lines,
    ...code.scopes[1]!,
    `var sum = ${identity};`,
    `for (var p = 0i; p < subParts; p++) { sum = ${combined(form.combiner, dtype, "sum", loaded)}; }`,
    store("sum"),
    "}",
    "workgroupBarrier();",
    "}",
  ];
  const words = (together * lanes) / subgroups.least;
  return {
    text: text(lines),
    scratch: { f32: float ? words : 0, i32: float ? 0 : words },
    groups: ceilDivide(size, together),
  };
}
