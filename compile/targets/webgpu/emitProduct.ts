// Large products, for all workgroups of a dispatch: tiles of both operands in workgroup memory, and a square of results
// in each invocation's registers.

import type { Kernel, LoopForm } from "../../kernels/kernel.ts";
import type { Scalar } from "../../kernels/scalar.ts";
import { sizeOf, type Shape } from "../../type.ts";
import { ceilDivide, nodesOf, signature, splitCounter, type KernelCode, type Team } from "./kernelCode.ts";
import type { Memories } from "./memory.ts";
import { NestCode } from "./nestCode.ts";
import { toWord } from "./wgslScalar.ts";

type Contract = Extract<LoopForm, { form: "contract" }>;

/** Depth of a tile, and results an invocation has along each side. */
const [depth, square] = [16, 4];

const sides = (lanes: number): { readonly rows: number; readonly columns: number } => {
  const rows = 2 ** Math.floor(Math.log2(lanes) / 2);
  return { rows, columns: lanes / rows };
};

export function worthTiling({ m, n, k, lhs }: Contract, team: Team): boolean {
  return team.many && team.lanes >= 16 && lhs.dtype === "float32" && sizeOf(m) >= 16 && sizeOf(n) >= 16 && sizeOf(k) >= 16; // prettier-ignore
}

/** The value of an operand at (batch, row, depth), as lines that set `value`. */
function sideText(kernel: Kernel, body: Scalar, batch: Shape, rows: Shape, k: Shape, memories: Memories): string {
  const nodes = nodesOf(kernel.operands);
  const root = nodes.intern(body);
  const counters = [
    { counter: "b", shape: batch, first: 0, prefix: "b" },
    { counter: "row", shape: rows, first: batch.length, prefix: "r" },
    { counter: "kk", shape: k, first: batch.length + rows.length, prefix: "k" },
  ];
  const lines: string[] = [];
  const axes = counters.flatMap(({ counter, shape, first, prefix }) => {
    const levels = shape.map((size, d) => ({ axis: first + d, size })).filter(({ size }) => size > 1);
    const split = splitCounter(counter, levels, 0, prefix);
    lines.push(...split.lines);
    return split.axes;
  });
  const code = new NestCode(nodes, axes, 1, memories.operands);
  const value = code.value(root);
  return [...lines, ...code.scopes[0]!, `value = ${value};`].join("\n");
}

export function emitProduct(
  name: string,
  kernel: Kernel,
  form: Contract,
  { lanes }: Team,
  memories: Memories,
): KernelCode {
  const { rows, columns } = sides(lanes);
  const [tileM, tileN] = [rows * square, columns * square];
  const [b, m, n, k] = [sizeOf(form.batch), sizeOf(form.m), sizeOf(form.n), sizeOf(form.k)];
  const [across, down] = [ceilDivide(n, tileN), ceilDivide(m, tileM)];
  const left = sideText(kernel, form.lhs, form.batch, form.m, form.k, memories);
  const right = sideText(kernel, form.rhs, form.batch, form.n, form.k, memories);
  const load = (text: string, tile: number, begin: string, limit: number, at: number): string => `
for (var e = lane; e < ${tile * depth}i; e += ${lanes}i) {
let kk = k0 + e % ${depth}i;
let row = ${begin} + e / ${depth}i;
var value = 0f;
if (kk < ${k}i && row < ${limit}i) {
${text}
}
scratchF32[${at}i + (e % ${depth}i) * ${tile}i + e / ${depth}i] = value;
}`;
  const squareOf = (f: (i: number, j: number) => string): string =>
    Array.from({ length: square }, (_, i) => Array.from({ length: square }, (_, j) => f(i, j)).join("\n")).join("\n");
  const each = (f: (i: number) => string): string => Array.from({ length: square }, (_, i) => f(i)).join("\n");
  const text = `${signature(name, kernel)} {
let x = lane % ${columns}i;
let y = lane / ${columns}i;
for (var tile = group; tile < ${b * down * across}i; tile += groups) {
let b = tile / ${down * across}i;
let m0 = (tile / ${across}i) % ${down}i * ${tileM}i;
let n0 = tile % ${across}i * ${tileN}i;
${squareOf((i, j) => `var c${i}${j} = 0f;`)}
for (var k0 = 0i; k0 < ${k}i; k0 += ${depth}i) {
${load(left, tileM, "m0", m, 0)}
${load(right, tileN, "n0", n, tileM * depth)}
workgroupBarrier();
for (var t = 0i; t < ${depth}i; t++) {
${each((i) => `let x${i} = scratchF32[t * ${tileM}i + y + ${i * rows}i];`)}
${each((j) => `let y${j} = scratchF32[${tileM * depth}i + t * ${tileN}i + x + ${j * columns}i];`)}
${squareOf((i, j) => `c${i}${j} += x${i} * y${j};`)}
}
workgroupBarrier();
}
${squareOf(
  (i, j) =>
    `{ let mm = m0 + y + ${i * rows}i; let nn = n0 + x + ${j * columns}i; if (mm < ${m}i && nn < ${n}i) { ${memories.results[0]}[r0 + (b * ${m}i + mm) * ${n}i + nn] = ${toWord(`c${i}${j}`, "float32")}; } }`,
)}
}
}`;
  return { text, scratch: { f32: (tileM + tileN) * depth, i32: 0 }, groups: b * down * across };
}
