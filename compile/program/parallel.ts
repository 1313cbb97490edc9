// Work for several threads. Instructions in which everything stays within a row of some axis are split by rows: each
// thread takes a range of rows through all of them, through whole loops in time, and meets the others only at the end.
// What one element is computed from does not depend on the split, so results are the same for every number of threads.

import type { Kernel } from "../kernels/kernel.ts";
import { sizeOf } from "../type.ts";
import type { Address, Call, Instruction, UnplacedBuffer, UnplannedProgram } from "./program.ts";
import { moved, rowBytes, rowsOf, withRows, type Rows } from "./rows.ts";
import { costOf } from "./compose.ts";
import { sectionOf, type Section } from "./sections.ts";
import { laterThan, scheduled } from "./order.ts";
import { countUses, mapRuns, pointerTargets, sumOver, withoutUnused } from "./uses.ts";

/** Below this many elementary operations threads are not worth meeting. */
export const leastWork = 14_000;

/** The program with what can run in parallel, and is work enough, split among `threads`. */
export function parallelise(program: UnplannedProgram, threads: number, least = leastWork): UnplannedProgram {
  if (threads < 2) return program;
  return new Parallel(program, threads, least).run();
}

class Parallel {
  readonly #program: UnplannedProgram;
  readonly #threads: number;
  readonly #least: number;
  readonly #kernels: Kernel[];
  readonly #buffers: UnplacedBuffer[];
  readonly #targets: ReadonlySet<number>[];
  readonly #uses: ReadonlyMap<number, number>;
  readonly #rows = new Map<number, Rows | null>();
  #sections = 0;

  constructor(program: UnplannedProgram, threads: number, least: number) {
    this.#program = program;
    this.#threads = threads;
    this.#least = least;
    this.#kernels = [...program.kernels];
    this.#buffers = [...program.buffers];
    this.#targets = pointerTargets(program);
    this.#uses = countUses(program);
  }

  run(): UnplannedProgram {
    const instructions = this.#split(mapRuns(this.#program.instructions, (calls) => this.#gathered(calls)));
    return { ...this.#program, ...withoutUnused(this.#kernels, instructions), buffers: this.#buffers };
  }

  /** Calls of which those that may share a section stand next to each other, where nothing they need stands between. */
  #gathered(calls: readonly Call[]): readonly Call[] {
    let run: Call[] = [];
    const order = scheduled(laterThan(calls, this.#program.kernels, this.#targets), (ready) => {
      const joining = run.length > 0 ? ready.find((i) => this.#sectionOf([...run, calls[i]!]) !== null) : undefined;
      const next = joining ?? ready[0]!;
      if (joining === undefined) run = [];
      run.push(calls[next]!);
      return next;
    });
    return order.map((i) => calls[i]!);
  }

  /** Finds sections, the longest first: whole loops, then runs of calls. */
  #split(list: readonly Instruction[]): readonly Instruction[] {
    const result: Instruction[] = [];
    let run: Instruction[] = [];
    let section: Section | null = null;
    const close = (): void => {
      if (section && this.#work(run) >= this.#least) result.push(this.#parallel(run, section));
      else result.push(...run);
      [run, section] = [[], null];
    };
    for (const instruction of list) {
      const longer: Section | null = run.length > 0 ? this.#sectionOf([...run, instruction]) : null;
      if (longer) {
        run.push(instruction);
        section = longer;
        continue;
      }
      close();
      section = this.#sectionOf([instruction]);
      if (section) run.push(instruction);
      else if (instruction.kind === "loop") result.push({ ...instruction, body: this.#split(instruction.body) });
      else if (instruction.kind === "branch") {
        result.push({
          ...instruction,
          onTrue: this.#split(instruction.onTrue),
          onFalse: this.#split(instruction.onFalse),
        });
      } else result.push(instruction);
    }
    close();
    return result;
  }

  #sectionOf(list: readonly Instruction[]): Section | null {
    const { kernels } = this.#program;
    const threads = this.#threads;
    return sectionOf(list, {
      kernels,
      targets: this.#targets,
      rowsOf: (kernel) => this.#rowsOf(kernel),
      mayGoBy: (count) => count % threads === 0 || count >= 8 * threads, // else one thread waits for another's last row
    });
  }

  #rowsOf(kernel: number): Rows | null {
    let rows = this.#rows.get(kernel);
    if (rows === undefined) this.#rows.set(kernel, (rows = rowsOf(this.#program.kernels[kernel]!)));
    return rows;
  }

  #parallel(list: readonly Instruction[], { count, written, rowsOf }: Section): Instruction {
    const section = this.#sections++;
    const parts = Math.min(this.#threads, count);
    const inside = countUses({ inputs: [], outputs: [], instructions: list });
    const bounds = Array.from({ length: parts + 1 }, (_, part) => boundOf(count, part, parts));
    return {
      kind: "parallel",
      parts: Array.from({ length: parts }, (_, part) => {
        const [from, to] = [bounds[part]!, bounds[part + 1]!];
        // What the section alone uses, each part has for itself, of its own rows.
        const own = new Map<number, number>();
        for (const [buffer, bytes] of written) {
          const { loop, lane, bytes: whole } = this.#buffers[buffer]!;
          const uses = inside.get(buffer);
          if (lane || whole !== bytes * count || uses !== this.#uses.get(buffer) || uses === Infinity) continue;
          own.set(buffer, this.#buffers.push({ bytes: bytes * (to - from), loop, lane: { section, part } }) - 1);
        }
        return this.#rowsOnly(list, count, rowsOf, from, to, own);
      }),
    };
  }

  /** The instructions for rows `from` up to `to` alone. */
  #rowsOnly(
    list: readonly Instruction[],
    count: number,
    rowsOf: Section["rowsOf"],
    from: number,
    to: number,
    own: ReadonlyMap<number, number>,
  ): readonly Instruction[] {
    const place = (address: Address, bytes: number): Address => {
      const mine = "buffer" in address.base ? own.get(address.base.buffer) : undefined;
      return mine === undefined ? moved(address, bytes * from) : { ...address, base: { buffer: mine } };
    };
    return list.map((instruction): Instruction => {
      switch (instruction.kind) {
        case "call": {
          const rows = rowsOf(instruction.kernel);
          const bytes = rowBytes(rows);
          const kernel = withRows(this.#program.kernels[instruction.kernel]!, rows, to - from, from);
          return {
            kind: "call",
            kernel: this.#kernels.push(kernel) - 1,
            addresses: instruction.addresses.map((address, i) => place(address, bytes[i]!)),
          };
        }
        case "copy": {
          const bytes = instruction.bytes / count;
          return {
            kind: "copy",
            from: place(instruction.from, bytes),
            to: place(instruction.to, bytes),
            bytes: bytes * (to - from),
          };
        }
        case "loop":
          return { ...instruction, body: this.#rowsOnly(instruction.body, count, rowsOf, from, to, own) };
        case "branch":
          return {
            ...instruction,
            onTrue: this.#rowsOnly(instruction.onTrue, count, rowsOf, from, to, own),
            onFalse: this.#rowsOnly(instruction.onFalse, count, rowsOf, from, to, own),
          };
        default:
          return instruction;
      }
    });
  }

  /** Elementary operations of the instructions, roughly. */
  #work(list: readonly Instruction[]): number {
    return sumOver(list, (one) => {
      if (one.kind === "call") return workOf(this.#program.kernels[one.kernel]!);
      return one.kind === "copy" ? one.bytes / 16 : 0;
    });
  }
}

/** Where part `part` begins: at a multiple of the widest register tile where there are many rows. */
function boundOf(count: number, part: number, parts: number): number {
  const even = (count * part) / parts;
  const step = count >= 64 ? 16 : 1;
  return part === parts ? count : Math.round(even / step) * step;
}

function workOf({ form, results }: Kernel): number {
  const { operations, heavy, loads } = {
    operations: 1,
    heavy: 0,
    loads: 0,
    ...("body" in form ? costOf(form.body) : {}),
  };
  const each = 1 + operations + loads + 8 * heavy;
  switch (form.form) {
    case "contract":
      return sizeOf(form.batch) * sizeOf(form.m) * sizeOf(form.n) * sizeOf(form.k);
    case "reduce":
      return sizeOf(form.shape) * sizeOf(form.reduced) * each;
    case "sort":
      return sizeOf(form.shape) * 20;
    case "pieces":
      return results.reduce((sum, { shape }) => sum + 2 * sizeOf(shape), 0);
    default:
      return sizeOf(form.shape) * each;
  }
}
