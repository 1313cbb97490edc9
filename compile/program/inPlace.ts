// Carries in one place. A loop's carry has two places that take turns, so that the new one may be written while the old is read.
// Where the kernel that writes it reads the old one only at the very point that it writes, and nobody reads it later, one place
// will do: half the memory, and of a matrix that fills a core's cache, all of it.

import type { Kernel } from "../kernels/kernel.ts";
import type { Affine } from "../kernels/scalar.ts";
import { axisIndex } from "../kernels/scalar.ts";
import { flatten, trimmed } from "../kernels/nodes.ts";
import { loadsOf } from "./compose.ts";
import type { Address, Instruction, UnplannedProgram } from "./program.ts";
import { bytesOf } from "./rows.ts";
import { bodiesOf, flatPosition } from "./sweepable.ts";
import { eachInstruction, mapInside } from "./uses.ts";

type Loop = Extract<Instruction, { readonly kind: "loop" }>;

/** Pointers of a carry with two places: to the old value, to where the new one goes, and to the place for the one after. */
interface Turns {
  readonly current: number;
  readonly next: number;
  readonly after: number;
}

/** The program with the carries in one place that can be. */
export function carriesInPlace(program: UnplannedProgram): UnplannedProgram {
  const found = new Map<string, { readonly turns: Turns; fits: boolean }>();
  eachInstruction(program.instructions, (instruction) => {
    if (instruction.kind !== "loop") return;
    for (const turns of turnsOf(instruction)) {
      const key = JSON.stringify(turns);
      const known = found.get(key);
      // A loop is there once for each thread that runs a part of it.
      const fits = (known?.fits ?? true) && new Accesses(program.kernels, turns, instruction).fit();
      found.set(key, { turns, fits });
    }
  });
  const settled = new Set([...found].filter(([, { fits }]) => fits).map(([key]) => key));
  if (settled.size === 0) return program;
  const gone = new Set([...found.values()].filter(({ fits }) => fits).map(({ turns }) => turns.after));
  const without = (list: readonly Instruction[], pointers: ReadonlySet<number>): readonly Instruction[] =>
    list.map((instruction) =>
      instruction.kind === "point"
        ? { ...instruction, moves: instruction.moves.filter(({ pointer }) => !pointers.has(pointer)) }
        : instruction,
    );
  const visit = (list: readonly Instruction[]): readonly Instruction[] =>
    without(list, gone).map((instruction): Instruction => {
      if (instruction.kind !== "loop") return mapInside(instruction, visit);
      const own = turnsOf(instruction).filter((turns) => settled.has(JSON.stringify(turns)));
      const body = visit(instruction.body);
      const stay = without(body.slice(-1), new Set(own.map(({ next }) => next)));
      return { ...instruction, body: [...body.slice(0, -1), ...stay] };
    });
  return { ...program, instructions: visit(program.instructions) };
}

/** The carries of a loop whose places take turns. */
function turnsOf({ body }: Loop): readonly Turns[] {
  const last = body.at(-1);
  if (last?.kind !== "point") return [];
  const to = new Map<number, number>();
  for (const move of last.moves) if ("pointer" in move.to.base && isBare(move.to)) to.set(move.pointer, move.to.base.pointer); // prettier-ignore
  return [...to].flatMap(([current, next]) => {
    const after = to.get(next);
    return after !== undefined && after !== current && to.get(after) === next ? [{ current, next, after }] : [];
  });
}

const isBare = ({ offset, strides }: Address): boolean => offset === 0 && strides.length === 0;

/** A call's access to the old or the new place of a carry. */
interface Access {
  readonly order: number;
  /** Loops and parts around it, from the carry's loop on inwards. */
  readonly inside: readonly Place[];
  readonly address: Address;
  readonly bytes: number;
}

type Place = { readonly loop: number } | { readonly parallel: number; readonly part: number };

/** Who reads the old value of a carry, and who writes the new one, in a round of its loop. */
class Accesses {
  readonly #kernels: readonly Kernel[];
  readonly #turns: Turns;
  readonly #reads: Access[] = [];
  readonly #writes: Access[] = [];
  #order = 0;
  #fits = true;

  constructor(kernels: readonly Kernel[], turns: Turns, loop: Loop) {
    this.#kernels = kernels;
    this.#turns = turns;
    this.#visit(loop.body.slice(0, -1), []);
    const last = loop.body.at(-1);
    const { current, next, after } = turns;
    const own = [current, next, after];
    // Nobody else may keep either place for the next round.
    if (last?.kind === "point" && last.moves.some(({ pointer, to }) => !own.includes(pointer) && this.#isAt(to, own))) this.#fits = false; // prettier-ignore
  }

  fit(): boolean {
    return (
      this.#fits &&
      this.#writes.length > 0 &&
      this.#reads.every((read) => this.#writes.every((write) => isBefore(read, write)))
    );
  }

  #isAt({ base }: Address, pointers: readonly number[]): boolean {
    return "pointer" in base && pointers.includes(base.pointer);
  }

  #visit(list: readonly Instruction[], inside: readonly Place[]): void {
    const { current, next, after } = this.#turns;
    const all = [current, next, after];
    for (const instruction of list) {
      const order = this.#order++;
      switch (instruction.kind) {
        case "call":
          this.#call(instruction.kernel, instruction.addresses, order, inside);
          break;
        case "copy":
          if (this.#isAt(instruction.from, all) || this.#isAt(instruction.to, all)) this.#fits = false;
          break;
        case "point":
          if (instruction.moves.some(({ to }) => this.#isAt(to, all))) this.#fits = false;
          break;
        case "loop":
          if (instruction.limit && this.#isAt(instruction.limit.at, all)) this.#fits = false;
          this.#visit(instruction.body, [...inside, { loop: instruction.loop }]);
          break;
        case "parallel":
          instruction.parts.forEach((body, part) => this.#visit(body, [...inside, { parallel: order, part }]));
          break;
        case "branch":
          if (this.#isAt(instruction.predicate, all)) this.#fits = false;
          this.#visit(instruction.onTrue, inside);
          this.#visit(instruction.onFalse, inside);
          break;
        default:
          instruction satisfies never;
      }
    }
  }

  #call(index: number, addresses: readonly Address[], order: number, inside: readonly Place[]): void {
    const { current, next } = this.#turns;
    const kernel = this.#kernels[index]!;
    const { operands, results } = kernel;
    const written = results.flatMap((type, r) => {
      const address = addresses[operands.length + r]!;
      if (this.#isAt(address, [current])) this.#fits = false;
      return this.#isAt(address, [next]) ? [{ r, address, bytes: bytesOf(type) }] : [];
    });
    for (const { address, bytes } of written) this.#writes.push({ order, inside, address, bytes });
    operands.forEach((type, i) => {
      const address = addresses[i]!;
      if (!this.#isAt(address, [current])) return;
      const overwrites = written.some(
        (write) => sameAddress(write.address, address) && readsWhereItWrites(kernel, i, write.r),
      );
      // A kernel that writes the new value reads the old one there and nowhere else.
      if (written.length > 0 && !(written.length === 1 && overwrites)) this.#fits = false;
      if (written.length === 0) this.#reads.push({ order, inside, address, bytes: bytesOf(type) });
    });
  }
}

const sameAddress = (a: Address, b: Address): boolean =>
  a.offset === b.offset && JSON.stringify(a.strides) === JSON.stringify(b.strides);

/** Whether what is read has been read before it is written over. */
function isBefore(read: Access, write: Access): boolean {
  for (const [depth, place] of read.inside.entries()) {
    const other = write.inside[depth];
    if (!other) break;
    if ("loop" in place) {
      // Round by round the one reads what the other writes.
      if ("loop" in other && other.loop === place.loop)
        return read.order < write.order && sameAddress(read.address, write.address) && read.bytes <= write.bytes;
      break;
    }
    if (!("parallel" in other) || other.parallel !== place.parallel) break;
    if (other.part !== place.part) return isApart(read, write);
  }
  return read.order < write.order;
}

const isApart = (a: Access, b: Access): boolean =>
  JSON.stringify(a.address.strides) === JSON.stringify(b.address.strides) &&
  a.address.strides.length === 0 &&
  (a.address.offset + a.bytes <= b.address.offset || b.address.offset + b.bytes <= a.address.offset);

/** Whether a kernel reads operand `operand` only at the point of result `result` that it then writes. */
function readsWhereItWrites(kernel: Kernel, operand: number, result: number): boolean {
  const { form, operands, results } = kernel;
  const at = (position: Affine | null): string => (position ? JSON.stringify(trimmed(position)) : "none");
  const { shape } = operands[operand]!;
  if (form.form === "map") {
    const here = at(flatten(form.shape.map((_, axis) => axisIndex(axis)), results[result]!.shape).affine); // prettier-ignore
    return loadsOf([form.body]).every(
      (load) => load.operand !== operand || at(flatPosition(load.index, shape)) === here,
    );
  }
  if (form.form !== "sweep") return false;
  const [part, ...more] = form.parts.filter((each) => each.result === result);
  if (!part || more.length > 0 || part.combiner !== null) return false;
  const here = at(flatPosition(part.at, results[result]!.shape));
  // Products read their operands from memory, when values have been stored.
  const late = form.parts.flatMap(({ factor, body }) => (factor ? [factor.body, ...(body.kind === "load" ? [body] : [])] : [])); // prettier-ignore
  if (loadsOf(late).some((load) => load.operand === operand)) return false;
  return loadsOf(form.parts.flatMap(bodiesOf)).every(
    (load) => load.operand !== operand || at(flatPosition(load.index, shape)) === here,
  );
}
