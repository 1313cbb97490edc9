// From a graph to a program: kernels fused, results placed, loops and branches made instructions.

import type { EquationOf, Graph, Value } from "../graph/graph.ts";
import { countUses } from "../graph/walk.ts";
import type { Kernel } from "../kernels/kernel.ts";
import { number } from "../kernels/scalar.ts";
import { primitives } from "../primitives/index.ts";
import { typesOf, type Primitive } from "../primitives/primitive.ts";
import { sameShape, sizeOf, type TensorType, type TypedValues } from "../type.ts";
import { Fuser } from "./fuse.ts";
import { carriesInPlace } from "./inPlace.ts";
import { leastWork, parallelise } from "./parallel.ts";
import { planBuffers } from "./planBuffers.ts";
import type { Address, Instruction, Limit, Program, UnplacedBuffer, UnplannedProgram } from "./program.ts";
import { makeRegions, regionSizes, type RegionSizes } from "./regions.ts";
import { bytesOf, moved, stepped } from "./rows.ts";
import type { SweepRules } from "./sweepable.ts";
import { makeSweeps } from "./sweeps.ts";

/** What is worth the bother: of threads, and of blocks of rows. Tests make it little. */
export interface Worth extends RegionSizes {
  readonly leastWork: number;
}

const worth: Worth = { ...regionSizes, leastWork };

/** Inputs stay where they are, not to be copied again, where that takes no more than so many times the memory, or so many
 *  bytes more. */
const dearest = { times: 1.02, bytes: 2 ** 24 };

/** The program of an optimised graph, split among `threads` where that is worth it; with sweeps, for a target that says
 *  how to form them. */
export function lowerGraph(graph: Graph, threads = 1, sizes: Worth = worth, sweeps?: SweepRules): Program {
  const regions = makeRegions(parallelise(lowerWhole(graph), threads, sizes.leastWork), sizes);
  const unplanned = carriesInPlace(sweeps ? makeSweeps(regions, sweeps) : regions);
  const [plain, kept] = [planBuffers(unplanned), planBuffers(unplanned, true)];
  return kept.bytes <= Math.max(dearest.times * plain.bytes, plain.bytes + dearest.bytes) ? kept : plain;
}

/** The program of an optimised graph, in one piece and without places: for targets that split it in their own way. */
export function lowerWhole(graph: Graph): UnplannedProgram {
  const parts = new Parts();
  const inputs = graph.inputs.map(({ type }) => ({ address: parts.buffer(bytesOf(type)), type }));
  const level = new Level(parts, -1);
  graph.inputs.forEach((value, i) => level.place(value, inputs[i]!.address));
  const targets = graph.outputs.map(({ type }) => parts.buffer(bytesOf(type)));
  level.run(graph, targets);
  return {
    kernels: parts.kernels,
    buffers: parts.buffers,
    pointers: parts.pointers,
    loops: parts.loops,
    instructions: level.instructions,
    inputs,
    outputs: graph.outputs.map(({ type }, i) => ({ address: targets[i]!, type })),
    constants: parts.constants,
  };
}

/** What all levels of a program share. */
class Parts {
  readonly kernels: Kernel[] = [];
  readonly buffers: UnplacedBuffer[] = [];
  readonly constants: { readonly buffer: number; readonly values: TypedValues }[] = [];
  pointers = 0;
  loops = 0;
  readonly #constantAt = new Map<TypedValues, Address>();

  buffer(bytes: number, loop = -1): Address {
    return { base: { buffer: this.buffers.push({ bytes, loop }) - 1 }, offset: 0, strides: [] };
  }

  pointer(): Address {
    return { base: { pointer: this.pointers++ }, offset: 0, strides: [] };
  }

  constant(values: TypedValues): Address {
    const known = this.#constantAt.get(values);
    if (known) return known;
    const address = this.buffer(4 * values.length);
    if ("buffer" in address.base) this.constants.push({ buffer: address.base.buffer, values });
    this.#constantAt.set(values, address);
    return address;
  }
}

const sameAddress = (a: Address, b: Address): boolean => JSON.stringify(a) === JSON.stringify(b);

/** The equations of one graph: the program's own, or a body's. */
class Level {
  readonly instructions: Instruction[] = [];
  readonly #parts: Parts;
  /** The innermost loop around; its buffers are made anew every time round. */
  readonly #loop: number;
  readonly #addresses = new Map<Value, Address>();
  readonly #targets = new Map<Value, Address>();
  #fuser!: Fuser;
  #graph: Graph | undefined;

  constructor(parts: Parts, loop: number) {
    this.#parts = parts;
    this.#loop = loop;
  }

  /** Says where an input of the graph lies. */
  place(value: Value, address: Address): void {
    this.#addresses.set(value, address);
  }

  addressOf(value: Value): Address {
    this.#fuser.force(value);
    return this.#addresses.get(value)!;
  }

  /** Appends the graph's instructions; its outputs end up at `targets` (null: wherever they are). */
  run(graph: Graph, targets: readonly (Address | null)[]): void {
    this.#graph = graph;
    this.#fuser = new Fuser(countUses(graph), (kernel, operands, results) => this.#call(kernel, operands, results));
    for (const value of this.#addresses.keys()) this.#fuser.stored(value);
    graph.outputs.forEach((value, i) => {
      const target = targets[i];
      if (target && !this.#targets.has(value)) this.#targets.set(value, target);
    });
    this.#followAliases(graph);
    for (const equation of graph.equations) {
      switch (equation.op) {
        case "scan":
          this.#scan(equation);
          break;
        case "cond":
          this.#cond(equation);
          break;
        case "constant":
          this.#constant(equation);
          break;
        case "optimization_barrier":
          equation.inputs.forEach((value, i) => this.#alias(value, equation.outputs[i]!));
          break;
        default: {
          const { lower } = primitives[equation.op] as Primitive<unknown>;
          const form = lower!(typesOf(equation.inputs), equation.attrs, typesOf(equation.outputs));
          if (form.form === "alias") this.#alias(equation.inputs[form.operand]!, equation.outputs[0]!);
          else this.#fuser.take(equation.source ?? equation.op, form, equation.inputs, equation.outputs);
        }
      }
    }
    graph.outputs.forEach((value, i) => {
      const target = targets[i];
      if (!target) return;
      const address = this.addressOf(value);
      if (!sameAddress(address, target)) this.#copy(address, target, bytesOf(value.type));
    });
  }

  /** An output that is a reshape of a value is that value's target. */
  #followAliases(graph: Graph): void {
    for (const equation of [...graph.equations].reverse()) {
      if (equation.op !== "reshape" && equation.op !== "bitcast_convert") continue;
      const target = this.#targets.get(equation.outputs[0]!);
      const operand = equation.inputs[0]!;
      if (target && !this.#targets.has(operand)) this.#targets.set(operand, target);
    }
  }

  #copy(from: Address, to: Address, bytes: number): void {
    if (bytes > 0) this.instructions.push({ kind: "copy", from, to, bytes });
  }

  /** Where a value that is about to be computed goes. */
  #give(value: Value): Address {
    const address = this.#targets.get(value) ?? this.#parts.buffer(bytesOf(value.type), this.#loop);
    this.#addresses.set(value, address);
    return address;
  }

  #call(kernel: Kernel, operands: readonly Value[], results: readonly Value[]): void {
    const addresses = operands.map((value) => this.#addresses.get(value)!);
    const places = results.map((value) => this.#give(value));
    if (results.every(({ type }) => sizeOf(type.shape) === 0)) return;
    const index = this.#parts.kernels.push(kernel) - 1;
    this.instructions.push({ kind: "call", kernel: index, addresses: [...addresses, ...places] });
  }

  #alias(operand: Value, output: Value): void {
    if (!this.#fuser.alias(operand, output)) return;
    this.#addresses.set(output, this.addressOf(operand));
    this.#fuser.stored(output);
  }

  #constant({ attrs: { values, type }, outputs: [value] }: EquationOf<"constant">): void {
    const equal = values.length > 0 && values.every((x) => Object.is(x, values[0]));
    if (equal) {
      const body = { kind: "number", value: Number(values[0]), dtype: type.dtype } as const;
      this.#fuser.take("constant", { form: "map", shape: type.shape, body }, [], [value!]);
      return;
    }
    this.place(value!, this.#parts.constant(values));
    this.#fuser.stored(value!);
  }

  #cond({ inputs: [predicate, ...operands], outputs, attrs: { onTrue, onFalse } }: EquationOf<"cond">): void {
    const choice = this.addressOf(predicate!);
    const given = operands.map((value) => this.addressOf(value));
    const targets = outputs.map((value) => this.#give(value));
    const branch = (graph: Graph): readonly Instruction[] => {
      const level = new Level(this.#parts, this.#loop);
      graph.inputs.forEach((value, i) => level.place(value, given[i]!));
      level.run(graph, targets);
      return level.instructions;
    };
    this.instructions.push({ kind: "branch", predicate: choice, onTrue: branch(onTrue), onFalse: branch(onFalse) });
    outputs.forEach((value) => this.#fuser.stored(value));
  }

  /** A loop in time. xs and ys are read and written in place, a slice a step; no carry is copied: it lies in the stack
   *  where it is stacked anyway, or in two places that take turns. */
  #scan({ inputs, outputs, attrs }: EquationOf<"scan">): void {
    const { body, constants, carry, length, reverse, per } = attrs;
    const parts = this.#parts;
    const given = inputs.map((value) => this.addressOf(value));
    const limit = per ? { at: given[0]!, side: "below" as const, per } : undefined;
    // Zeros beyond the last step matter only to those who read beyond it.
    const readers = outputs.map((value) => (per ? this.#readBeyond(value, inputs[0]!, per) : 0));
    const loop = parts.loops++;
    const level = new Level(parts, loop);
    const sliceBytes = (value: Value): number => bytesOf(value.type);
    const carryIn = body.inputs.slice(constants, constants + carry);
    const carryOut = body.outputs.slice(0, carry);
    const ys = body.outputs.slice(carry);

    body.inputs.forEach((value, i) => {
      if (i < constants) level.place(value, given[i]!);
      else if (i >= constants + carry) level.place(value, stepped(given[i]!, loop, sliceBytes(value)));
    });

    // A stack of carries as they enter has one more slot, for the carry as it leaves: after the last, or before the first.
    // Where only the run tells which is the last slot, that slot is found by a pointer; or the carry is copied.
    const holdsCarry = ys.map((value, j) =>
      limit && (reverse || readers[carry + j] !== 0) ? -1 : carryIn.indexOf(value),
    );
    const stackAt = ys.map((value, j) => {
      const first = holdsCarry[j]! >= 0 && holdsCarry.indexOf(holdsCarry[j]!) === j;
      const output = outputs[carry + j]!;
      if (!first) return this.#give(output);
      const extra = sliceBytes(value);
      const whole = parts.buffer(bytesOf(output.type) + extra, this.#loop);
      const stack = reverse ? moved(whole, extra) : whole;
      this.#addresses.set(output, stack);
      return stack;
    });
    const slotOf = (j: number): Address => stepped(stackAt[j]!, loop, sliceBytes(ys[j]!));

    const targets: (Address | null)[] = new Array<Address | null>(body.outputs.length).fill(null);
    const moves: { pointer: number; to: Address }[] = [];
    const finals: Address[] = [];
    carryIn.forEach((value, i) => {
      const bytes = sliceBytes(value);
      const initial = given[constants + i]!;
      const stack = holdsCarry.indexOf(i);
      if (stack >= 0) {
        // The stack's slot t is the carry of step t; what leaves goes to the slot of the step after.
        const next = reverse ? -bytes : bytes;
        this.#copy(initial, reverse ? moved(stackAt[stack]!, (length - 1) * bytes) : stackAt[stack]!, bytes);
        level.place(value, slotOf(stack));
        targets[i] = moved(slotOf(stack), next);
        finals[i] = moved(stackAt[stack]!, reverse ? -bytes : length * bytes);
        if (limit) {
          const last = parts.pointer();
          finals[i] = last;
          this.#point([[last, stackAt[stack]!]]);
          moves.push({ pointer: pointerOf(last), to: moved(slotOf(stack), next) });
        }
        return;
      }
      const current = parts.pointer();
      finals[i] = current;
      level.place(value, current);
      this.#point([[current, initial]]);
      if (carryOut[i] === value) return; // it never changes
      const y = ys.indexOf(carryOut[i]!);
      if (y >= 0) {
        moves.push({ pointer: pointerOf(current), to: slotOf(y) });
        return;
      }
      const [next, after] = [parts.pointer(), parts.pointer()];
      this.#point([
        [next, parts.buffer(bytes, this.#loop)],
        [after, parts.buffer(bytes, this.#loop)],
      ]);
      targets[i] = next;
      moves.push(
        { pointer: pointerOf(current), to: next },
        { pointer: pointerOf(next), to: after },
        { pointer: pointerOf(after), to: next },
      );
    });
    ys.forEach((_, j) => {
      // A stack that holds a carry as it enters fills itself.
      const carried = holdsCarry[j]!;
      targets[carry + j] = carried >= 0 && holdsCarry.indexOf(carried) === j ? null : slotOf(j);
    });

    if (limit && length > 0) {
      ys.forEach((value, j) => {
        const until = readers[carry + j]!;
        if (until !== 0)
          this.#clear(value.type, stackAt[j]!, { at: limit.at, side: "beyond", per: limit.per, until }, length);
      });
    }
    if (length > 0) {
      level.run(body, targets);
      if (moves.length > 0) level.instructions.push({ kind: "point", moves });
      this.instructions.push({ kind: "loop", loop, count: length, reverse, ...(limit ? { limit } : {}), body: level.instructions }); // prettier-ignore
    }
    // The final carry, where a pointer or the spare slot has it; copied if the pointer's places are made anew around.
    outputs.forEach((value, i) => {
      if (i < carry) {
        const target = this.#targets.get(value);
        if (target) this.#copy(finals[i]!, target, bytesOf(value.type));
        this.#addresses.set(value, target ?? finals[i]!);
      }
      this.#fuser.stored(value);
    });
  }

  /** How far a stack is read beyond the last step of the loop that makes it: not at all (0) by loops of as many steps, up
   *  to a multiple of so many steps by loops over pieces of it, or (null) to its end. */
  #readBeyond(stack: Value, steps: Value, per: number): number | null {
    let until = 0;
    const visit = (value: Value, size: number): boolean =>
      !this.#graph!.outputs.includes(value) &&
      this.#graph!.equations.every((equation) => {
        if (!equation.inputs.includes(value)) return true;
        if (equation.op === "reshape" && size === 1) {
          const { shape } = equation.attrs;
          const pieces = shape[1] ?? 0;
          const isCut = shape[0]! * pieces === value.type.shape[0] && sameShape(shape.slice(2), value.type.shape.slice(1)); // prettier-ignore
          return isCut && visit(equation.outputs[0]!, pieces);
        }
        if (equation.op !== "scan" || equation.attrs.per !== per * size || equation.inputs[0] !== steps) return false;
        const { constants, carry } = equation.attrs;
        if (size > 1) {
          if (per > 1 || (until !== 0 && until !== size)) return false;
          until = size;
        }
        return !equation.inputs.slice(0, constants + carry).includes(value);
      });
    return visit(stack, 1) ? until : null;
  }

  /** Zeros in the slots of a stack on one side of a number. */
  #clear({ shape, dtype }: TensorType, stack: Address, limit: Limit, count: number): void {
    if (sizeOf(shape) === 0) return;
    const loop = this.#parts.loops++;
    const form = { form: "map", shape, body: number(0, dtype) } as const;
    const kernel = this.#parts.kernels.push({ name: "zeros", form, operands: [], results: [{ shape, dtype }] }) - 1;
    const call = { kind: "call", kernel, addresses: [stepped(stack, loop, bytesOf({ shape, dtype }))] } as const;
    this.instructions.push({ kind: "loop", loop, count, reverse: false, limit, body: [call] });
  }

  #point(moves: readonly (readonly [Address, Address])[]): void {
    this.instructions.push({
      kind: "point",
      moves: moves.map(([pointer, to]) => ({ pointer: pointerOf(pointer), to })),
    });
  }
}

function pointerOf({ base }: Address): number {
  if ("pointer" in base) return base.pointer;
  throw new Error("internal: expected a pointer; please report this.");
}
