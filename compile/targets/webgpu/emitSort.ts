// Stable sorting of lines by counting, for each element, those that come before it: work that needs no meeting.

import type { Kernel, LoopForm } from "../../kernels/kernel.ts";
import { sizeOf, type DType } from "../../type.ts";
import { ceilDivide, signature, type KernelCode, type Team } from "./kernelCode.ts";
import type { Memories } from "./memory.ts";

type Sort = Extract<LoopForm, { form: "sort" }>;

/** A word as a number whose order is the elements': by bits, since comparing floats may flush the smallest to zero. A zero
 *  has one key whatever its sign; NaN comes last. */
const keys: Record<DType, string> = {
  float32: "select(select(word | 0x80000000u, ~word, word > 0x80000000u), 0x80000000u, word == 0x80000000u)",
  int32: "word ^ 0x80000000u",
  bool: "word",
};

export function emitSort(
  name: string,
  kernel: Kernel,
  { shape, descending }: Sort,
  team: Team,
  { operands, results }: Memories,
): KernelCode {
  const length = shape.at(-1) ?? 1;
  const size = sizeOf(shape);
  const { dtype } = kernel.operands[0]!;
  const start = team.many ? `group * ${team.lanes}i + lane` : "lane";
  const step = team.many ? `groups * ${team.lanes}i` : `${team.lanes}i`;
  const directed = descending ? `~(${keys[dtype]})` : keys[dtype];
  const key = dtype === "float32" ? `select(${directed}, 0xffffffffu, (word & 0x7fffffffu) > 0x7f800000u)` : directed;
  const text = `${signature(name, kernel)} {
for (var i = ${start}; i < ${size}i; i += ${step}) {
let j = i % ${length}i;
let row = i - j;
var word = ${operands[0]}[p0 + i];
let own = word;
let key = ${key};
var place = row;
for (var q = 0i; q < ${length}i; q++) {
word = ${operands[0]}[p0 + row + q];
let other = ${key};
if (other < key || (other == key && q < j)) { place++; }
}
${results[0]}[r0 + place] = own;
${results[1]}[r1 + place] = bitcast<u32>(j);
}
}`;
  return { text, scratch: { f32: 0, i32: 0 }, groups: ceilDivide(size, team.lanes) };
}
