// Which buffers of a team's instructions live in the workgroup's own memory: those of which a row has a part to itself, as
// far as there is room, the ones with the most traffic for their size first. What only one round needs is never in the arena;
// what is needed before or afterwards, carries above all, is loaded when a dispatch begins and stored when it ends.

import { intervalsOf, lowestPlace, type Interval } from "../../program/planBuffers.ts";
import type { Address, Instruction, UnplannedProgram } from "../../program/program.ts";
import { rowBytes } from "../../program/rows.ts";
import { countUses, eachInstruction } from "../../program/uses.ts";
import type { Step } from "./schedule.ts";
import type { Sections } from "./sections.ts";
import { trafficOf } from "./traffic.ts";

type TeamStep = Extract<Step, { kind: "team" }>;

export interface LocalBuffer {
  readonly buffer: number;
  /** Bytes of the workgroup's memory. */
  readonly start: number;
  readonly bytes: number;
  /** Whether it is loaded and stored: others know what is in it, or it outlives a dispatch. */
  readonly kept: boolean;
  /** Whether the instructions change it. */
  readonly written: boolean;
}

export interface LocalBuffers {
  readonly buffers: ReadonlyMap<number, LocalBuffer>;
  /** Pointers that point into these alone, for as long as the instructions run. */
  readonly pointers: ReadonlySet<number>;
  readonly bytes: number;
}

/** What is loaded and stored must be used so often, for each of its words. */
const worthKeeping = 8;

/** What is known of a buffer that the instructions use. */
interface Use {
  /** Words that kernels and copies read and write, all rows together. */
  traffic: number;
  written: boolean;
  /** Whether every use is of a row's own part. */
  byRow: boolean;
}

/** Buffers that come together or not at all: pointers go from one to another. */
interface Group {
  readonly buffers: readonly number[];
  readonly pointers: ReadonlySet<number>;
  readonly kept: boolean;
  /** Of all rows together, as is the traffic. */
  readonly bytes: number;
  readonly traffic: number;
}

/** @param room bytes of the workgroup's memory that are free */
export function localBuffers(
  program: UnplannedProgram,
  sections: Sections,
  step: TeamStep,
  room: number,
): LocalBuffers {
  const { rows, list } = step;
  const uses = usesOf(program, sections, step);
  const alone = ownBuffers(program, step);
  const whole: Interval = { first: -1, last: Infinity };
  const intervals = intervalsOf({ ...program, instructions: list, inputs: [], outputs: [], constants: [] });
  const bytesOf = (buffer: number): number => program.buffers[buffer]!.bytes / rows;
  const groups = groupsOf(program, sections, list, uses, (buffer) => !alone.has(buffer)).filter(
    ({ buffers, kept, bytes, traffic }) =>
      bytes > 0 &&
      bytes / rows <= room &&
      buffers.every((buffer) => uses.get(buffer)?.byRow ?? false) &&
      // The places of what is loaded and stored are reserved where rows are at different instructions, and only there.
      (!kept || (rows > 1 && traffic * 4 >= worthKeeping * bytes)),
  );
  groups.sort((a, b) => b.traffic / b.bytes - a.traffic / a.bytes);
  const placed = new Map<number, LocalBuffer>();
  const pointers = new Set<number>();
  let end = 0;
  for (const { buffers, kept, pointers: own } of groups) {
    const tried = new Map(placed);
    for (const buffer of buffers) {
      const { first, last } = kept ? whole : intervals[buffer]!;
      const beside = [...tried.values()].filter((other) => {
        const interval = other.kept ? whole : intervals[other.buffer]!;
        return interval.first <= last && first <= interval.last;
      });
      const bytes = bytesOf(buffer);
      tried.set(buffer, { buffer, start: lowestPlace(bytes, beside), bytes, kept, written: uses.get(buffer)!.written });
    }
    const needed = Math.max(...buffers.map((buffer) => tried.get(buffer)!.start + bytesOf(buffer)));
    if (needed > room) continue;
    for (const buffer of buffers) placed.set(buffer, tried.get(buffer)!);
    for (const pointer of own) pointers.add(pointer);
    end = Math.max(end, needed);
  }
  return { buffers: placed, pointers, bytes: end };
}

/** Every buffer that the instructions read or write. */
function usesOf(program: UnplannedProgram, sections: Sections, { rows, list }: TeamStep): ReadonlyMap<number, Use> {
  const uses = new Map<number, Use>();
  /** `stride`: bytes from row to row. */
  const use = (address: Address, stride: number, traffic: number, written: boolean): void => {
    const buffers = sections.buffersAt(address);
    for (const buffer of buffers) {
      let known = uses.get(buffer);
      if (!known) uses.set(buffer, (known = { traffic: 0, written: false, byRow: true }));
      known.traffic += traffic / buffers.size;
      known.written ||= written;
      known.byRow &&= rows === 1 || stride * rows === program.buffers[buffer]!.bytes;
    }
  };
  const visit = (instructions: readonly Instruction[], times: number): void => {
    for (const instruction of instructions) {
      switch (instruction.kind) {
        case "call": {
          const kernel = program.kernels[instruction.kernel]!;
          const strides = rows > 1 ? rowBytes(sections.rowsOf(instruction.kernel)!) : []; // a section has rows
          const traffic = trafficOf(kernel);
          instruction.addresses.forEach((address, i) => {
            use(address, strides[i] ?? 0, times * traffic[i]!, i >= kernel.operands.length);
          });
          break;
        }
        case "copy":
          use(instruction.from, instruction.bytes / rows, (times * instruction.bytes) / 4, false);
          use(instruction.to, instruction.bytes / rows, (times * instruction.bytes) / 4, true);
          break;
        case "point":
          break; // groups know
        case "loop":
          if (instruction.limit) use(instruction.limit.at, 0, 0, false);
          visit(instruction.body, times * instruction.count);
          break;
        case "branch":
          use(instruction.predicate, 0, 0, false);
          visit(instruction.onTrue, times);
          visit(instruction.onFalse, times);
          break;
        case "parallel":
          instruction.parts.forEach((part) => visit(part, times));
          break;
        default:
          instruction satisfies never;
      }
    }
  };
  visit(list, 1);
  return uses;
}

/** Buffers that nobody else uses, and that are made anew whenever the instructions run: in every round, if these are sliced. */
function ownBuffers(program: UnplannedProgram, { list, sliced, around }: TeamStep): ReadonlySet<number> {
  const all = countUses(program);
  const constants = new Set(program.constants.map(({ buffer }) => buffer));
  const own = new Set<number>();
  const outside = around.at(-1) ?? -1;
  const note = (part: readonly Instruction[], loops: Set<number>): void => {
    eachInstruction(part, (instruction) => {
      if (instruction.kind === "loop") loops.add(instruction.loop);
    });
    for (const [buffer, count] of countUses({ instructions: part, inputs: [], outputs: [] })) {
      // What is pointed to counts without end.
      const alone = count === all.get(buffer) && Number.isFinite(count) && !constants.has(buffer);
      if (alone && loops.has(program.buffers[buffer]!.loop)) own.add(buffer);
    }
  };
  if (!sliced) note(list, new Set([outside]));
  else {
    note(list.slice(0, -1), new Set([outside]));
    note(list.slice(-1), new Set());
  }
  return own;
}

/** The buffers in use, those together that one pointer may point to. */
function groupsOf(
  program: UnplannedProgram,
  sections: Sections,
  list: readonly Instruction[],
  uses: ReadonlyMap<number, Use>,
  kept: (buffer: number) => boolean,
): Group[] {
  const pointers = new Set<number>();
  const note = ({ base }: Address): void => void ("pointer" in base && pointers.add(base.pointer));
  const joined = new Map<number, Set<number>>([...uses.keys()].map((buffer) => [buffer, new Set([buffer])]));
  eachInstruction(list, (instruction) => {
    if (instruction.kind === "call") instruction.addresses.forEach(note);
    else if (instruction.kind === "copy") [instruction.from, instruction.to].forEach(note);
    else if (instruction.kind === "branch") note(instruction.predicate);
    else if (instruction.kind === "loop" && instruction.limit) note(instruction.limit.at);
    else if (instruction.kind === "point") {
      for (const { pointer, to } of instruction.moves) {
        note(to);
        pointers.add(pointer);
      }
    }
  });
  const targets = new Map([...pointers].map((p) => [p, sections.buffersAt({ base: { pointer: p }, offset: 0, strides: [] })])); // prettier-ignore
  for (const buffers of targets.values()) {
    const union = new Set<number>();
    for (const buffer of buffers) for (const other of joined.get(buffer) ?? [buffer]) union.add(other);
    for (const buffer of union) joined.set(buffer, union);
  }
  return [...new Set(joined.values())].map((members): Group => {
    const buffers = [...members];
    const own = [...targets].flatMap(([pointer, to]) =>
      [...to].some((buffer) => members.has(buffer)) ? [pointer] : [],
    );
    return {
      buffers,
      pointers: new Set(own),
      kept: own.length > 0 || buffers.some(kept),
      bytes: buffers.reduce((sum, buffer) => sum + program.buffers[buffer]!.bytes, 0),
      traffic: buffers.reduce((sum, buffer) => sum + (uses.get(buffer)?.traffic ?? 0), 0),
    };
  });
}
