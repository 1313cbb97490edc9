// Where buffers lie: each has an interval of instructions in which its bytes matter; buffers whose intervals are apart
// may share memory. No allocation happens while a program runs.

import { pointerTargets } from "./uses.ts";
import type { Address, Buffer, Instruction, Program, UnplannedProgram } from "./program.ts";

const alignment = 64;
const aligned = (bytes: number): number => Math.ceil(bytes / alignment) * alignment;

/** The instructions, counted, in which a buffer's bytes matter. */
export interface Interval {
  first: number;
  last: number;
}

/** The lowest place of `bytes` bytes that lie beside all of `others`. */
export function lowestPlace(bytes: number, others: readonly Buffer[]): number {
  let start = 0;
  for (const other of [...others].sort((a, b) => a.start - b.start)) {
    if (start + bytes <= other.start) break;
    start = Math.max(start, other.start + other.bytes);
  }
  return start;
}

/** Gives every buffer a start. Big ones are placed first, each at the lowest free place of its interval.
 *  @param keepsInputs nothing is put where an input lies, so that it is still there for the next run */
export function planBuffers(program: UnplannedProgram, keepsInputs = false): Program {
  const intervals = intervalsOf(program);
  for (const { address } of keepsInputs ? program.inputs : [])
    if ("buffer" in address.base) intervals[address.base.buffer]!.last = Infinity;
  const order = program.buffers
    .map((_, i) => i)
    .sort((a, b) => program.buffers[b]!.bytes - program.buffers[a]!.bytes || a - b);
  const starts = new Array<number>(program.buffers.length).fill(0);
  const placed: number[] = [];
  let end = 0;
  for (const i of order) {
    const interval = intervals[i];
    if (!interval) continue; // never used
    const bytes = aligned(program.buffers[i]!.bytes);
    const { lane } = program.buffers[i]!;
    const beside = placed.filter((j) => {
      const other = program.buffers[j]!.lane;
      const atOnce = lane !== undefined && other?.section === lane.section && other.part !== lane.part;
      return atOnce || (intervals[j]!.first <= interval.last && interval.first <= intervals[j]!.last);
    });
    const start = lowestPlace(bytes, beside.map((j) => ({ start: starts[j]!, bytes: aligned(program.buffers[j]!.bytes) }))); // prettier-ignore
    starts[i] = start;
    end = Math.max(end, start + bytes);
    placed.push(i);
  }
  // What nobody uses is nowhere, lest it seem to lie where something is.
  const buffers = program.buffers.map(({ bytes }, i) => ({ start: starts[i]!, bytes: intervals[i] ? bytes : 0 }));
  return { ...program, buffers, bytes: end };
}

/** When each buffer's bytes matter; undefined for one that nobody uses. */
export function intervalsOf(program: UnplannedProgram): (Interval | undefined)[] {
  const intervals = new Array<Interval | undefined>(program.buffers.length);
  const targets = pointerTargets(program);
  let clock = 0;
  // The loops around the instruction at hand, outermost first, and where each begins.
  const around: { readonly loop: number; readonly begin: number; readonly used: Set<number> }[] = [];
  // Buffers that the parts of the parallel instruction at hand have in common.
  let common: Set<number> | undefined;

  const extend = (buffer: number, from: number, to: number): void => {
    const interval = intervals[buffer];
    if (interval) {
      interval.first = Math.min(interval.first, from);
      interval.last = Math.max(interval.last, to);
    } else intervals[buffer] = { first: from, last: to };
  };
  const use = (address: Address): void => {
    const buffers = "buffer" in address.base ? [address.base.buffer] : [...targets[address.base.pointer]!];
    for (const buffer of buffers) {
      extend(buffer, clock, clock);
      if (program.buffers[buffer]!.lane === undefined) common?.add(buffer);
      // What is made outside of a loop keeps its bytes through every round of it.
      const inside = around.findIndex(({ loop }) => loop === program.buffers[buffer]!.loop);
      const outermost = around[inside + 1];
      outermost?.used.add(buffer);
    }
  };
  const visit = (instructions: readonly Instruction[]): void => {
    for (const instruction of instructions) {
      clock++;
      switch (instruction.kind) {
        case "call":
          instruction.addresses.forEach(use);
          break;
        case "copy":
          use(instruction.from);
          use(instruction.to);
          break;
        case "point":
          instruction.moves.forEach(({ to }) => use(to));
          break;
        case "loop": {
          if (instruction.limit) use(instruction.limit.at);
          const entry = { loop: instruction.loop, begin: clock, used: new Set<number>() };
          around.push(entry);
          visit(instruction.body);
          around.pop();
          clock++;
          for (const buffer of entry.used) extend(buffer, entry.begin, clock);
          break;
        }
        case "parallel": {
          const begin = clock;
          common = new Set();
          instruction.parts.forEach(visit);
          clock++;
          for (const buffer of common) extend(buffer, begin, clock);
          common = undefined;
          break;
        }
        case "branch":
          use(instruction.predicate);
          visit(instruction.onTrue);
          visit(instruction.onFalse);
          break;
        default:
          instruction satisfies never;
      }
    }
  };
  for (const { address } of program.inputs) use(address);
  for (const { buffer } of program.constants) extend(buffer, 0, Infinity);
  visit(program.instructions);
  clock++;
  for (const { address } of program.outputs) use(address);
  return intervals;
}
