// A nest of loops around scalar expressions. Each expression is computed at the outermost loop it can be: when a loop is
// entered, what depends on its index and on no inner one is computed, if something deeper needs it, and kept in locals.
//
// One level, `vector`, is walked four elements at a time: its index stands for lane 0, and `u` counts vectors in an
// unrolled block. A block of fewer than four lanes loads and stores no more than these.

import type { Affine } from "../../kernels/scalar.ts";
import type { Level } from "../../kernels/axes.ts";
import type { Code, Local } from "./code.ts";
import { coefficientsOn, Dependence, type Root } from "./dependence.ts";
import { emitApply, type ScalarContext } from "./emitScalar.ts";
import { emitInThree, type Side } from "./inThree.ts";
import { emitLoad, emitStore, type PushAddress } from "./lanes.ts";
import type { Node, Nodes, Term } from "../../kernels/nodes.ts";

/** Elements of one operand or result at a position affine in the loop axes. */
export interface Stream {
  /** The parameter that points at the tensor. */
  readonly pointer: Local;
  readonly offset: number;
  /** In elements, one a level. */
  readonly strides: readonly number[];
  /** Whether the position may run backwards, so that the offset must not wait for the load. */
  readonly signed: boolean;
  /** Streams of one base share the pointers that walk them. */
  readonly base: string;
}

type LoopIndex = { readonly local: Local } | { readonly constant: number };

/** What is at hand inside a level: values by node and vector, pointers by the base of streams. */
interface Scope {
  readonly values: Map<number, Local>;
  readonly pointers: Map<string, Local>;
}

const newScope = (): Scope => ({ values: new Map(), pointers: new Map() });

/** More vectors than any block has. */
const vectorLimit = 16;

export class Nest {
  readonly code: Code;
  readonly levels: readonly Level[];
  readonly vector: number;
  /** Of the block of the vector level that is open. */
  #lanes = 4;
  #vectors = 1;
  readonly #context: ScalarContext;
  readonly #dependence: Dependence;
  readonly #streams = new Map<string, Stream>();
  readonly #streamOf = new Map<Node, Stream>();
  /** Scopes[l + 1] belongs to level l. */
  readonly #scopes: Scope[] = [newScope()];
  readonly #indices: LoopIndex[] = [];

  constructor(context: ScalarContext, nodes: Nodes, levels: readonly Level[], vector: number, roots: readonly Root[]) {
    this.code = context.code;
    this.#context = context;
    this.levels = levels;
    this.vector = vector;
    this.#dependence = new Dependence(nodes, levels, vector, roots);
    for (const node of this.#dependence.needed) {
      if (node.kind === "load") this.#streamOf.set(node, this.stream(node.operand, node.affine));
    }
  }

  /** Elements at `affine` of the tensor that parameter `pointer` points at. Ask before the loops that it depends on open. */
  stream(pointer: Local, affine: Affine): Stream {
    const strides = coefficientsOn(this.levels, affine);
    const signed = affine.offset < 0 || strides.some((stride) => stride < 0);
    const key = `${pointer} ${affine.offset} ${strides.join()}`;
    let stream = this.#streams.get(key);
    if (!stream) {
      stream = { pointer, offset: affine.offset, strides, signed, base: signed ? key : `${pointer} ${strides.join()}` };
      this.#streams.set(key, stream);
    }
    return stream;
  }

  /** What no loop changes. Call once, before the first level opens. */
  start(): void {
    const scope = this.#scopes[0]!;
    for (const stream of this.#streams.values()) {
      if (!stream.signed) continue;
      const local = this.code.local("i32");
      this.code
        .get(stream.pointer)
        .plus(4 * stream.offset)
        .set(local);
      scope.pointers.set(stream.base, local);
    }
    this.#hoist(-1);
  }

  /** Opens the next level with the given index; `leave` when its code is written. Several blocks may follow one another. */
  enter(index: LoopIndex, vectors = 1, lanes = 4): void {
    const level = this.#indices.length;
    this.#indices.push(index);
    if (level === this.vector) {
      this.#lanes = lanes;
      this.#vectors = vectors;
    }
    const scope = newScope();
    this.#scopes.push(scope);
    if ("local" in index) {
      for (const stream of this.#streams.values()) {
        const stride = stream.strides[level]!;
        if (stride === 0 || scope.pointers.has(stream.base)) continue;
        const local = this.code.local("i32");
        this.code
          .get(this.#pointer(stream))
          .get(index.local)
          .times(4 * stride)
          .op("i32.add")
          .set(local);
        scope.pointers.set(stream.base, local);
      }
    }
    this.#hoist(level);
  }

  leave(): void {
    if (this.#indices.pop() === undefined) throw new Error("internal: no loop to leave, please report");
    this.#scopes.pop();
    if (this.#indices.length === this.vector) this.#lanes = 4;
  }

  /** Loops over levels from the next one to `last`, one element a round, around `body`. */
  loops(last: number, body: () => void, reverse = false): void {
    const level = this.#indices.length;
    if (level > last) return body();
    const { size } = this.levels[level]!;
    const local = this.code.local("i32");
    const [from, to, step] = reverse ? [size - 1, -1, -1] : [0, size, 1];
    this.code.for(local, from, to, step, () => {
      this.enter({ local });
      this.loops(last, body, reverse);
      this.leave();
    });
  }

  /** Loops over the next level in three: indices below `at` for all lanes of all vectors of the open block, those that may be
   *  on either side, those above. */
  loopInThree(at: Affine, body: (side: Side) => void): void {
    const { code } = this;
    const level = this.#indices.length;
    const step = coefficientsOn(this.levels, at)[this.vector] ?? 0;
    const across = this.vector < level ? step * (4 * this.#vectors - 1) : 0;
    const [below, above] = [code.local("i32"), code.local("i32")];
    this.#pushIndex(at, Math.min(0, across));
    code.set(below);
    this.#pushIndex(at, Math.max(0, across) + 1);
    code.set(above);
    emitInThree(code, { below, above, end: this.levels[level]!.size, step: 1 }, (local, side) => {
      this.enter({ local });
      body(side);
      this.leave();
    });
  }

  /** Pushes the value of an affine function at the first lane, and of the next level's index 0, as an i32. */
  #pushIndex(affine: Affine, offset: number): void {
    const coefficients = coefficientsOn(this.levels, affine);
    let constant = affine.offset + offset;
    this.code.i32(0);
    this.#indices.forEach((index, level) => {
      const coefficient = coefficients[level]!;
      if ("constant" in index) constant += coefficient * index.constant;
      else if (coefficient !== 0) this.code.get(index.local).times(coefficient).op("i32.add");
    });
    this.code.plus(constant);
  }

  /** Walks the vector level, which must be the next one, in blocks of `unroll` vectors, a power of two, then the rest of the
   *  vectors and the rest of the lanes. `body` gets the number of vectors in the block, the lanes of each, and on which side
   *  of `at` they are. */
  blocks(unroll: number, body: (vectors: number, lanes: number, side: Side) => void, at: Affine | null = null): void {
    const { size } = this.levels[this.vector]!;
    const full = Math.floor(size / 4);
    const rounds = Math.floor(full / unroll);
    const block = (index: LoopIndex, vectors: number, lanes: number, side: Side = "between"): void => {
      this.enter(index, vectors, lanes);
      body(vectors, lanes, side);
      this.leave();
    };
    if (rounds === 1) block({ constant: 0 }, unroll, 4);
    else if (rounds > 1 && at) {
      const { code } = this;
      const step = 4 * unroll;
      const [below, above] = [code.local("i32"), code.local("i32")];
      this.#pushIndex(at, 0);
      code.i32(-step).op("i32.and").tee(below).plus(step).set(above); // the one block that `at` falls in
      emitInThree(code, { below, above, end: rounds * step, step }, (local, side) => block({ local }, unroll, 4, side));
    } else if (rounds > 1) {
      const local = this.code.local("i32");
      this.code.for(local, 0, rounds * unroll * 4, unroll * 4, () => block({ local }, unroll, 4));
    }
    const left = full - rounds * unroll;
    if (left > 0) block({ constant: rounds * unroll * 4 }, left, 4);
    if (size % 4 > 0) block({ constant: full * 4 }, 1, size % 4);
  }

  /** Computes what depends on the level just entered, and on no deeper one, if something deeper uses it. */
  #hoist(level: number): void {
    const { needed } = this.#dependence;
    for (const node of needed) {
      if (this.#dependence.level(node) !== level || node.kind === "number" || !this.#dependence.usedDeeper(node))
        continue;
      const copies = this.#dependence.varies(node) ? this.#vectors : 1;
      for (let u = 0; u < copies; u++) this.local(node, u);
    }
  }

  /** Where the value of `node` for vector `u` is kept, and under which key. */
  #place(node: Node, u: number): { values: Map<number, Local>; key: number } {
    const { values } = this.#scopes[this.#dependence.level(node) + 1]!;
    return { values, key: node.id * vectorLimit + (this.#dependence.varies(node) ? u : 0) };
  }

  /** Pushes the value of `node` for vector `u` of the block. */
  value(node: Node, u: number): void {
    const { values, key } = this.#place(node, u);
    const known = values.get(key);
    if (known !== undefined) {
      this.code.get(known);
      return;
    }
    this.#emit(node, u);
    if (node.kind === "number" || this.#dependence.uses(node) < 2) return;
    const local = this.code.local("v128");
    this.code.tee(local);
    values.set(key, local);
  }

  /** A local that holds the value of `node`. */
  local(node: Node, u: number): Local {
    const { values, key } = this.#place(node, u);
    const known = values.get(key);
    if (known !== undefined) return known;
    const local = this.code.local("v128");
    this.#emit(node, u);
    this.code.set(local);
    values.set(key, local);
    return local;
  }

  #emit(node: Node, u: number): void {
    const { code } = this;
    switch (node.kind) {
      case "number":
        if (node.dtype === "float32") code.f32Splat(node.value);
        else code.i32Splat(node.dtype === "bool" ? (node.value ? -1 : 0) : node.value);
        return;
      case "index":
        return this.#emitIndex(node.affine, u);
      case "load": {
        const stream = this.#streamOf.get(node)!;
        const gathers = node.terms.some((term) => this.#dependence.varies(term.node));
        const stride = gathers ? NaN : this.#dependence.varies(node) ? this.vectorStride(stream) : 0;
        this.load(stride, this.position(stream, node.terms, u));
        if (node.dtype === "bool") code.i32Splat(0).op("i32x4.ne");
        return;
      }
      case "apply":
        return emitApply(
          this.#context,
          node,
          (i) => this.value(node.args[i]!, u),
          (i) => this.local(node.args[i]!, u),
        );
      default:
        node satisfies never;
    }
  }

  #emitIndex(affine: Affine, u: number): void {
    const coefficients = coefficientsOn(this.levels, affine);
    let constant = affine.offset;
    let pushed = false;
    this.#indices.forEach((index, level) => {
      const coefficient = coefficients[level]!;
      if (coefficient === 0) return;
      if ("constant" in index) constant += coefficient * index.constant;
      else {
        this.code.get(index.local).times(coefficient);
        if (pushed) this.code.op("i32.add");
        pushed = true;
      }
    });
    const step = coefficients[this.vector] ?? 0;
    const lane = (l: number): number => constant + (4 * u + l) * step;
    if (!pushed) this.code.i32x4(lane(0), lane(1), lane(2), lane(3));
    else {
      this.code.op("i32x4.splat");
      if (step !== 0 || constant !== 0) this.code.i32x4(lane(0), lane(1), lane(2), lane(3)).op("i32x4.add");
    }
  }

  #pointer(stream: Stream): Local {
    for (let depth = this.#scopes.length - 1; depth >= 0; depth--) {
      const local = this.#scopes[depth]!.pointers.get(stream.base);
      if (local !== undefined) return local;
    }
    return stream.pointer;
  }

  /** Distance between lanes, in elements. */
  vectorStride(stream: Stream): number {
    return this.#indices.length > this.vector ? (stream.strides[this.vector] ?? 0) : 0;
  }

  /** How to push the address of a lane of `stream`, `terms` added, for vector `u`. */
  position(stream: Stream, terms: readonly Term[], u: number): PushAddress {
    const { code } = this;
    const dynamic = terms.map(({ node, stride }) => ({ local: this.local(node, u), stride }));
    let first = stream.signed ? 0 : stream.offset;
    this.#indices.forEach((index, level) => {
      if ("constant" in index) first += stream.strides[level]! * index.constant;
    });
    return (lane) => {
      const offset = 4 * (first + this.vectorStride(stream) * (4 * u + lane));
      code.get(this.#pointer(stream));
      if (stream.signed) code.plus(offset);
      for (const { local, stride } of dynamic)
        code
          .get(local)
          .op("i32x4.extract_lane", lane)
          .times(4 * stride)
          .op("i32.add");
      return stream.signed ? 0 : offset;
    };
  }

  /** Pushes the lanes of the open block from addresses `stride` elements apart (NaN: each at its own). */
  load(stride: number, at: PushAddress): void {
    emitLoad(this.code, this.#lanes, stride, at);
  }

  /** Stores the lanes of the open block. */
  storeLanes(stride: number, at: PushAddress, push: () => void): void {
    emitStore(this.code, this.#lanes, stride, at, push);
  }

  /** Stores what `push` leaves, a mask if `bool`, at vector `u` of `stream`. */
  store(stream: Stream, u: number, bool: boolean, push: () => void): void {
    const value = (): void => {
      push();
      if (bool) this.code.i32Splat(1).op("v128.and");
    };
    this.storeLanes(this.vectorStride(stream), this.position(stream, [], u), value);
  }

  /** Stores the values of `root` at all vectors of the open block: all are computed first, so that an engine may join them. */
  storeBlock(stream: Stream, vectors: number, bool: boolean, root: Node): void {
    if (!this.#context.wide || vectors === 1) {
      for (let u = 0; u < vectors; u++) this.store(stream, u, bool, () => this.value(root, u));
      return;
    }
    const values = Array.from({ length: vectors }, (_, u) => {
      const local = this.code.local("v128");
      this.value(root, u);
      if (bool) this.code.i32Splat(1).op("v128.and");
      this.code.set(local);
      return local;
    });
    for (let u = vectors - 1; u >= 0; u--) this.store(stream, u, false, () => this.code.get(values[u]!));
  }

  /** Rough number of instructions of one vector's innermost code, for choosing how far to unroll. */
  innerCost(level: number): number {
    return this.#dependence.needed.filter((node) => this.#dependence.level(node) >= level && node.kind !== "number")
      .length;
  }
}
