// Sweeps: kernels that walk the same points of the same tensors become one. A matrix that is updated, multiplied with
// vectors along both axes and summed is read once; what one member computes and only the others read is not stored.
// Members need not stand next to each other, only be free to.

import type { Kernel, SweepPart } from "../kernels/kernel.ts";
import type { Scalar } from "../kernels/scalar.ts";
import { sizeOf, type Shape, type TensorType } from "../type.ts";
import { costOf, loadsOf, mapLoads } from "./compose.ts";
import { laterThan, scheduled } from "./order.ts";
import type { Address, Call, Instruction, UnplannedProgram } from "./program.ts";
import { bodiesOf, flatPosition, inShape, sweepable, type SweepRules, type Sweepable } from "./sweepable.ts";
import { buffersAt, countUses, mapRuns, pointerTargets, withoutUnused } from "./uses.ts";

/** Beyond these a sweep has more at hand than registers, by far. */
const maximumOperations = 160;
const maximumSums = 24;

/** The program with its sweeps formed. */
export function makeSweeps(program: UnplannedProgram, rules: SweepRules): UnplannedProgram {
  const kernels = [...program.kernels];
  const uses = countUses(program);
  const targets = pointerTargets(program);
  const known = new Map<number, Sweepable | null>();
  const sweepableOf = (kernel: number): Sweepable | null => {
    let found = known.get(kernel);
    if (found === undefined) known.set(kernel, (found = sweepable(kernels[kernel]!, rules)));
    return found;
  };

  const instructions = mapRuns(program.instructions, (run) =>
    new Run(run, kernels, targets, uses, sweepableOf).formed(),
  );
  return { ...program, ...withoutUnused(kernels, instructions) };
}

/** Members of a sweep put together. */
interface Sweep {
  readonly operands: readonly { readonly address: Address; readonly type: TensorType }[];
  readonly results: readonly { readonly address: Address; readonly type: TensorType }[];
  readonly parts: readonly SweepPart[];
}

interface Group {
  readonly members: readonly number[];
  /** Null where it is one kernel. */
  readonly sweep: Sweep | null;
  /** Places of tensors as large as the walk. */
  readonly places: ReadonlySet<string>;
}

/** A run of calls, between which nothing else stands. */
class Run {
  readonly #calls: readonly Call[];
  readonly #kernels: Kernel[];
  readonly #targets: readonly ReadonlySet<number>[];
  readonly #uses: ReadonlyMap<number, number>;
  /** How each call goes in a sweep, if it does. */
  readonly #swept: readonly (Sweepable | null)[];
  /** The calls that must come after each. */
  readonly #after: readonly ReadonlySet<number>[];
  readonly #groups = new Map<number, Group>();

  constructor(
    calls: readonly Call[],
    kernels: Kernel[],
    targets: readonly ReadonlySet<number>[],
    uses: ReadonlyMap<number, number>,
    sweepableOf: (kernel: number) => Sweepable | null,
  ) {
    this.#calls = calls;
    this.#kernels = kernels;
    this.#targets = targets;
    this.#uses = uses;
    this.#swept = inFewShapes(calls.map(({ kernel }) => sweepableOf(kernel)));
    this.#after = laterThan(calls, kernels, targets);
  }

  formed(): readonly Instruction[] {
    const candidates = this.#swept;
    if (candidates.filter((candidate) => candidate !== null).length < 2) return this.#calls;
    candidates.forEach((candidate, i) => {
      if (candidate) this.#join({ members: [i], sweep: null, places: this.#placesOf(i, candidate) }, candidate.shape);
    });
    return this.#scheduled();
  }

  #placesOf(i: number, { shape }: Sweepable): ReadonlySet<string> {
    const { kernel, addresses } = this.#calls[i]!;
    const { operands, results } = this.#kernels[kernel]!;
    const points = sizeOf(shape);
    const all = [...operands, ...results];
    const full = all.flatMap((type, at) => (sizeOf(type.shape) >= points ? [keyOf(addresses[at]!)] : []));
    return new Set(full);
  }

  /** Makes a group one with all it shares a tensor with, where that is allowed; the latest first. */
  #join(group: Group, shape: Shape): void {
    let whole = group;
    for (const other of [...new Set(this.#groups.values())].toReversed()) {
      if (this.#shapeOf(other.members).join() !== shape.join()) continue;
      if (!isDisjoint(other.places, whole.places)) {
        const members = [...other.members, ...whole.members].sort((a, b) => a - b);
        const sweep = this.#meetsOutside(members) ? null : this.#put(members);
        if (!sweep) continue;
        whole = { members, sweep, places: new Set([...other.places, ...whole.places]) };
        for (const member of members) this.#groups.set(member, whole);
      }
    }
    for (const member of whole.members) this.#groups.set(member, whole);
  }

  #shapeOf(members: readonly number[]): Shape {
    return this.#swept[members[0]!]!.shape;
  }

  /** Whether something that must come after one member must come before another. */
  #meetsOutside(members: readonly number[]): boolean {
    const inside = new Set(members);
    const seen = new Set<number>();
    const visit = (i: number): boolean => {
      for (const j of this.#after[i]!) {
        if (inside.has(j)) {
          if (!inside.has(i)) return true;
          continue;
        }
        if (seen.has(j)) continue;
        // Whatever shares a sweep goes together.
        for (const k of this.#groups.get(j)?.members ?? [j]) {
          if (seen.has(k) || inside.has(k)) continue;
          seen.add(k);
          if (visit(k)) return true;
        }
      }
      return false;
    };
    return members.some(visit);
  }

  /** The members as one sweep, or null if one needs of another more than its value at the same point. */
  #put(members: readonly number[]): Sweep | null {
    const operands: { address: Address; type: TensorType }[] = [];
    const results: { address: Address; type: TensorType }[] = [];
    const parts: SweepPart[] = [];
    const computed = new Map<string, { readonly body: Scalar; readonly position: string }>();
    const places = new Map<string, number>();
    const operandAt = (address: Address, type: TensorType): number => {
      const key = `${keyOf(address)} ${type.dtype} ${type.shape.join()}`;
      let at = places.get(key);
      if (at === undefined) places.set(key, (at = operands.push({ address, type }) - 1));
      return at;
    };
    /** Buffers that members so far read or write, with the position that they do it at; null if at several. */
    const touched: { readonly buffers: ReadonlySet<number>; readonly position: string | null; readonly writes: boolean }[] = []; // prettier-ignore

    for (const member of members) {
      const call = this.#calls[member]!;
      const kernel = this.#kernels[call.kernel]!;
      const { parts: own } = this.#swept[member]!;
      const loads = loadsOf(own.flatMap(bodiesOf));
      const positionsOf = (operand: number): readonly string[] => [
        ...new Set(loads.filter((load) => load.operand === operand).map((load) => JSON.stringify(flatPosition(load.index, kernel.operands[operand]!.shape)))), // prettier-ignore
      ];
      const before = [...touched];
      for (const i of kernel.operands.keys()) {
        const address = call.addresses[i]!;
        const buffers = buffersAt(address, this.#targets);
        const positions = positionsOf(i);
        const written = computed.get(keyOf(address));
        for (const other of before) {
          if (!other.writes || !overlap(other.buffers, buffers)) continue;
          // Read where the same sweep computes it, at the same point.
          if (!written || positions.some((position) => position !== written.position)) return null;
        }
        touched.push({ buffers, position: positions.length === 1 ? positions[0]! : null, writes: false });
      }
      const offset = results.length;
      for (const [r, type] of kernel.results.entries()) {
        const address = call.addresses[kernel.operands.length + r]!;
        const buffers = buffersAt(address, this.#targets);
        const single = own.filter(({ result, combiner }) => result === r && combiner === null);
        const position = single.length === 1 && own.length === 1 ? JSON.stringify(flatPosition(single[0]!.at, type.shape)) : null; // prettier-ignore
        for (const other of before) {
          // Values are all read before any is stored: what is read at the point that is written may be overwritten.
          if (overlap(other.buffers, buffers) && (other.writes || position === null || other.position !== position)) return null; // prettier-ignore
        }
        touched.push({ buffers, position, writes: true });
        results.push({ address, type });
      }
      for (const part of own) {
        const put = (scalar: Scalar): Scalar =>
          mapLoads(scalar, (load) => {
            const address = call.addresses[load.operand]!;
            const value = computed.get(keyOf(address));
            return value ? value.body : { ...load, operand: operandAt(address, kernel.operands[load.operand]!) };
          });
        const body = put(part.body);
        const factor = part.factor && { ...part.factor, body: put(part.factor.body) };
        if (factor && factor.body.kind !== "load") return null; // a product's rows lie in memory
        parts.push({ ...part, result: offset + part.result, body, factor });
        const { address, type } = results[offset + part.result]!;
        if (part.combiner === null && own.length === 1) {
          computed.set(keyOf(address), { body, position: JSON.stringify(flatPosition(part.at, type.shape)) });
        }
      }
    }
    // Products read their operands from memory, when elements have been stored.
    const fromMemory = loadsOf(parts.flatMap(({ body, factor }) => (factor ? [body, factor.body] : []).filter(({ kind }) => kind === "load"))); // prettier-ignore
    const overwritten = fromMemory.some(({ operand }) => {
      const read = buffersAt(operands[operand]!.address, this.#targets);
      return touched.some(({ buffers, writes }) => writes && overlap(buffers, read));
    });
    if (overwritten) return null;
    const { operations } = costOf(...parts.map(({ body }) => body));
    const sums = parts.filter(({ combiner }) => combiner !== null).length;
    return operations > maximumOperations || sums > maximumSums ? null : { operands, results, parts };
  }

  /** The calls in an order that all may have, groups as one. */
  #scheduled(): readonly Instruction[] {
    const alone = (i: number): Group => ({ members: [i], sweep: null, places: new Set() });
    const nodes = [...new Set(this.#calls.map((_, i) => this.#groups.get(i) ?? alone(i)))];
    const nodeOf = this.#calls.map(() => -1);
    nodes.forEach(({ members }, n) => members.forEach((member) => (nodeOf[member] = n)));
    const after = nodes.map(({ members }, n) => {
      const next = new Set<number>();
      for (const member of members) for (const j of this.#after[member]!) if (nodeOf[j] !== n) next.add(nodeOf[j]!);
      return next;
    });
    const last = (n: number): number => nodes[n]!.members.at(-1)!;
    const order = scheduled(after, (ready) => ready.reduce((a, b) => (last(b) < last(a) ? b : a)));
    if (order.length < nodes.length) throw new Error("internal: sweeps wait for each other; please report this.");
    return order.flatMap((n) => this.#instructions(nodes[n]!));
  }

  #instructions({ members, sweep }: Group): readonly Call[] {
    if (!sweep) return members.map((member) => this.#calls[member]!);
    const { operands, results, parts } = sweep;
    // What the members alone use is not stored.
    const inside = countUses({ inputs: [], outputs: [], instructions: members.map((member) => this.#calls[member]!) });
    const stored = parts.filter(({ result, combiner }) => {
      const { base } = results[result]!.address;
      return combiner !== null || !("buffer" in base) || inside.get(base.buffer) !== this.#uses.get(base.buffer);
    });
    if (stored.length === 0) return []; // nobody asked for it
    const kept = results.flatMap((_, r) => (stored.some(({ result }) => result === r) ? [r] : []));
    const names = members.map((member) => this.#kernels[this.#calls[member]!.kernel]!.name);
    const kernel: Kernel = {
      name: [...new Set(names.flatMap((name) => name.split(" ")))].slice(-12).join(" "),
      form: {
        form: "sweep",
        shape: this.#shapeOf(members),
        parts: stored.map((part) => ({ ...part, result: kept.indexOf(part.result) })),
      },
      operands: operands.map(({ type }) => type),
      results: kept.map((r) => results[r]!.type),
    };
    const call: Call = {
      kind: "call",
      kernel: this.#kernels.push(kernel) - 1,
      addresses: [...operands, ...kept.map((r) => results[r]!)].map(({ address }) => address),
    };
    return [call];
  }
}

/** Those that walk the same points with fewer axes walk them with as many as others have. */
function inFewShapes(candidates: readonly (Sweepable | null)[]): readonly (Sweepable | null)[] {
  const shapes = candidates.flatMap((candidate) => (candidate ? [candidate.shape] : [])).sort((a, b) => b.length - a.length); // prettier-ignore
  return candidates.map((candidate) => {
    if (!candidate) return null;
    for (const shape of shapes) {
      if (shape.length <= candidate.shape.length) break;
      const split = inShape(candidate, shape);
      if (split) return split;
    }
    return candidate;
  });
}

const keyOf = (address: Address): string => JSON.stringify(address);

const overlap = (a: ReadonlySet<number>, b: ReadonlySet<number>): boolean => {
  for (const x of a) if (b.has(x)) return true;
  return false;
};

const isDisjoint = (a: ReadonlySet<string>, b: ReadonlySet<string>): boolean => ![...a].some((x) => b.has(x));
