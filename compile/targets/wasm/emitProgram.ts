// A program as one WebAssembly module: a function a kernel, and `main`, in which the program's instructions are straight
// code, its loops and branches WebAssembly's own, its pointers and loop indices locals. Nothing is interpreted and nothing
// leaves the module while it runs.

import type { Address, Instruction, Limit, Program } from "../../program/program.ts";
import { eachInstruction } from "../../program/uses.ts";
import { Code, type Local } from "./code.ts";
import { emitKernel } from "./emitKernel.ts";
import { encodeModule, type Func, type Functype } from "./encode.ts";
import type { Features } from "./features.ts";
import { buildHelper, type Helper } from "./helpers.ts";
import { emitServe, emitWait, patienceFor, wakeUp } from "./meet.ts";
import { controls, firstAddress, maximumPages, pageBytes } from "./memory.ts";

export interface EmittedProgram {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Addresses that the program uses end below this. */
  readonly memoryEnd: number;
  /** How many threads its widest section takes; 1 if it has none. */
  readonly threads: number;
}

/** The functions of a module, each with its index, which counts `imported` ones first; equal functions are one. */
class Funcs {
  readonly all: Func[] = [];
  readonly #imported: number;
  readonly #byBytes = new Map<string, number>();
  readonly #helpers = new Map<Helper, number>();

  constructor(imported: number) {
    this.#imported = imported;
  }

  push(func: Func): number {
    return this.#imported + this.all.push(func) - 1;
  }

  add(func: Func): number {
    const key = `${func.type.params.length} ${String.fromCharCode(...func.body.subarray(0, 64))} ${hash(func.body)}`;
    const known = this.#byBytes.get(key);
    if (known !== undefined && sameBytes(this.all[known - this.#imported]!.body, func.body)) return known;
    const index = this.push(func);
    this.#byBytes.set(key, index);
    return index;
  }

  helper(name: Helper): number {
    let index = this.#helpers.get(name);
    if (index === undefined) this.#helpers.set(name, (index = this.push(buildHelper(name))));
    return index;
  }
}

const hash = (bytes: Uint8Array): number => bytes.reduce((h, byte) => Math.imul(h ^ byte, 16777619), -2128831035);

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);

/** The parts of each parallel instruction. */
function sectionsOf({ instructions }: Program): readonly (readonly (readonly Instruction[])[])[] {
  const sections: (readonly (readonly Instruction[])[])[] = [];
  eachInstruction(instructions, (instruction) => {
    if (instruction.kind === "parallel") sections.push(instruction.parts);
  });
  return sections;
}

/** How many threads a program's widest section takes; 1 if it has none. */
export const threadsOf = (program: Program): number => Math.max(1, ...sectionsOf(program).map((parts) => parts.length));

/** @param clocked whether the module imports `env.clock` and calls it around each kernel: with the kernel's number before
 *  it, with -1 behind it. Such a program runs on one thread. */
export function emitProgram(program: Program, features: Features, clocked = false): EmittedProgram {
  const funcs = new Funcs(clocked ? 1 : 0);
  let scratch = 0;
  const kernels = program.kernels.map((kernel) => {
    const emitted = emitKernel(kernel, {
      features,
      helper: (name) => funcs.helper(name),
      add: (func) => funcs.add(func),
    });
    scratch = Math.max(scratch, emitted.scratch);
    return funcs.add(emitted.func);
  });
  scratch = aligned(scratch);
  const sections = sectionsOf(program);
  const threads = threadsOf(program);

  // Behind the buffers: a scratch area a thread, then the letter box, where a section's threads find pointers and loop indices.
  const scratchStart = firstAddress + aligned(program.bytes);
  const letterBox = scratchStart + threads * scratch;
  const memoryEnd = letterBox + 4 * (program.pointers + program.loops) + 64;
  const layout: Layout = {
    program,
    kernels,
    clocked,
    threads,
    scratchStart: (thread) => scratchStart + thread * scratch,
    letterBox,
    wait: threads > 1 ? funcs.push(emitWait(threads - 1)) : -1,
  };

  const parts = sections.map((section, s) =>
    section.slice(1).map((part, p) => funcs.add(new Emitter(`section ${s}, part ${p + 1}`, layout, p + 1).part(part))),
  );
  const placeOf = new Map(sections.map((section, s) => [section, s]));
  const main = new Emitter("main", layout, 0).main(program.instructions, (section) => {
    const s = placeOf.get(section)!;
    return { section: s, parts: parts[s]! };
  });
  const mainAt = funcs.push(main);
  const exports: Record<string, number> = { main: mainAt };
  if (threads > 1) exports.serve = funcs.push(emitServe(parts));
  const module = {
    memory: { pages: Math.ceil(memoryEnd / pageBytes), ...(features.threads ? { sharedMaximum: maximumPages } : {}) },
    ...(clocked ? { clock: clockType } : {}),
    funcs: funcs.all,
    exports,
  };
  return { bytes: encodeModule(module), memoryEnd, threads };
}

/** Of `env.clock`, function 0 of a clocked module. */
export const clockType: Functype = { params: ["i32"], results: [] };

const aligned = (bytes: number): number => Math.ceil(bytes / 64) * 64;

interface Layout {
  readonly program: Program;
  /** The function of each kernel. */
  readonly kernels: readonly number[];
  readonly clocked: boolean;
  readonly threads: number;
  readonly scratchStart: (thread: number) => number;
  readonly letterBox: number;
  /** The function that waits for a section's parts. */
  readonly wait: number;
}

/** The functions of a section's parts after the first, which main runs itself. */
type Sections = (parts: readonly (readonly Instruction[])[]) => {
  readonly section: number;
  readonly parts: readonly number[];
};

/** Instructions as straight code: `main`, or a part that another thread runs. */
class Emitter {
  readonly #code: Code;
  readonly #layout: Layout;
  readonly #thread: number;
  readonly #pointers: Local[];
  readonly #loops: Local[];
  /** Of main: for how many sections it goes on alone. */
  readonly #rest: Local;
  #sections: Sections | undefined;

  constructor(name: string, layout: Layout, thread: number) {
    this.#layout = layout;
    this.#thread = thread;
    // main takes whether other threads help (0, or one of `helped`); a part takes nothing.
    this.#code = new Code(name, { params: thread === 0 ? ["i32"] : [], results: [] });
    this.#pointers = Array.from({ length: layout.program.pointers }, () => this.#code.local("i32"));
    this.#loops = Array.from({ length: layout.program.loops }, () => this.#code.local("i32"));
    this.#rest = this.#code.local("i32");
  }

  main(instructions: readonly Instruction[], sections: Sections): Func {
    this.#sections = sections;
    this.#instructions(instructions);
    return this.#code.finish();
  }

  part(instructions: readonly Instruction[]): Func {
    this.#letters((local, address) => this.#code.i32(address).op("i32.load", 2, 0).set(local));
    this.#instructions(instructions);
    return this.#code.finish();
  }

  #letters(each: (local: Local, address: number) => void): void {
    [...this.#pointers, ...this.#loops].forEach((local, i) => each(local, this.#layout.letterBox + 4 * i));
  }

  #instructions(instructions: readonly Instruction[]): void {
    for (const instruction of instructions) this.#instruction(instruction);
  }

  #instruction(instruction: Instruction): void {
    const code = this.#code;
    switch (instruction.kind) {
      case "call":
        if (this.#layout.clocked) code.i32(instruction.kernel).op("call", 0);
        for (const address of instruction.addresses) this.#address(address);
        code.i32(this.#layout.scratchStart(this.#thread)).op("call", this.#layout.kernels[instruction.kernel]!);
        if (this.#layout.clocked) code.i32(-1).op("call", 0);
        return;
      case "copy":
        if (instruction.bytes === 0) return;
        this.#address(instruction.to);
        this.#address(instruction.from);
        code.i32(instruction.bytes).op("memory.copy");
        return;
      case "point":
        for (const { to } of instruction.moves) this.#address(to);
        for (const { pointer } of [...instruction.moves].reverse()) code.set(this.#pointers[pointer]!);
        return;
      case "loop": {
        const { count, loop, reverse, limit, body } = instruction;
        if (count === 0) return;
        if (limit) {
          this.#limited(instruction, limit);
          return;
        }
        const [from, to, step] = reverse ? [count - 1, -1, -1] : [0, count, 1];
        code.for(this.#loops[loop]!, from, to, step, () => this.#instructions(body));
        return;
      }
      case "parallel":
        this.#parallel(instruction.parts);
        return;
      case "branch":
        this.#address(instruction.predicate);
        code.op("i32.load", 2, 0).op("if");
        this.#instructions(instruction.onTrue);
        if (instruction.onFalse.length > 0) {
          code.op("else");
          this.#instructions(instruction.onFalse);
        }
        code.op("end");
        return;
      default:
        instruction satisfies never;
    }
  }

  /** A loop over the indices that a number in memory admits. */
  #limited({ count, loop, reverse, body }: Extract<Instruction, { readonly kind: "loop" }>, limit: Limit): void {
    const code = this.#code;
    const [index, low, high] = [this.#loops[loop]!, code.local("i32"), code.local("i32")];
    /** Replaces `local` by the lesser, or greater, of it and `bound`. */
    const clamp = (local: Local, op: "i32.lt_s" | "i32.gt_s", bound: number): void =>
      void code.get(local).i32(bound).get(local).i32(bound).op(op).op("select").set(local);
    const roundUp = (to: number): void =>
      void code
        .get(low)
        .plus(to - 1)
        .i32(to)
        .op("i32.div_u");
    this.#address(limit.at);
    code.op("i32.load", 2, 0).set(low);
    clamp(low, "i32.gt_s", 0);
    clamp(low, "i32.lt_s", count * limit.per); // adding to it must not go around
    if (limit.per > 1) {
      roundUp(limit.per);
      code.set(low);
    }
    if (limit.side === "below") code.get(low).set(high).i32(0).set(low);
    else if (limit.until === null) code.i32(count).set(high);
    else {
      roundUp(limit.until);
      code.times(limit.until).set(high);
      clamp(high, "i32.lt_s", count);
    }
    code.get(low).get(high).op("i32.lt_s").op("if");
    code.get(reverse ? high : low).plus(reverse ? -1 : 0).set(index).op("loop"); // prettier-ignore
    this.#instructions(body);
    code.get(index).i32(reverse ? -1 : 1).op("i32.add").tee(index); // prettier-ignore
    code.get(reverse ? low : high).op(reverse ? "i32.ge_s" : "i32.lt_s").op("br_if", 0).op("end").op("end"); // prettier-ignore
  }

  /** Tells the other threads, does the first part, and waits for them; or does all parts, where there are none, or where
   *  they kept it waiting: as on a machine that others keep busy. It waits for threads without a part, too: none may still
   *  be on its way to this section when the next one stands there. */
  #parallel(list: readonly (readonly Instruction[])[]): void {
    const code = this.#code;
    const { section, parts } = this.#sections!(list);
    const helped = code.local("i32");
    this.#letters((local, address) => code.i32(address).get(local).op("i32.store", 2, 0));
    code.i32(0).get(0).get(this.#rest).op("select").tee(helped).op("if");
    code.i32(controls.section).i32(section).op("i32.atomic.store", 2, 0);
    code.i32(controls.done).i32(0).op("i32.atomic.store", 2, 0);
    code.i32(controls.generation).i32(1).op("i32.atomic.rmw.add", 2, 0).op("drop");
    this.#wake();
    code.op("else");
    for (const part of parts) code.op("call", part);
    code
      .get(this.#rest)
      .op("if")
      .get(this.#rest)
      .i32(-1)
      .op("i32.add")
      .tee(this.#rest)
      .i32(wakeUp)
      .op("i32.eq")
      .op("if");
    this.#wake();
    code.op("end").op("end").op("end");
    this.#instructions(list[0]!);
    const { program, wait } = this.#layout;
    code.get(helped).op("if").get(helped).i32(patienceFor(program, list)).op("call", wait).set(this.#rest).op("end");
  }

  #wake(): void {
    const helpers = this.#layout.threads - 1;
    this.#code.i32(controls.generation).i32(helpers).op("memory.atomic.notify", 2, 0).op("drop");
  }

  /** Pushes an address. */
  #address({ base, offset, strides }: Address): void {
    const code = this.#code;
    if ("buffer" in base) code.i32(firstAddress + this.#layout.program.buffers[base.buffer]!.start + offset);
    else code.get(this.#pointers[base.pointer]!).plus(offset);
    for (const { loop, bytes } of strides) {
      if (bytes !== 0) code.get(this.#loops[loop]!).times(bytes).op("i32.add");
    }
  }
}
