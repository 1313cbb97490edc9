// Fusion. A value whose loop form is a map is not computed where it is defined: its body waits, and is composed into
// the kernels that read it, unless that would repeat dear work; then it is stored, once, when first needed.

import type { Value } from "../graph/graph.ts";
import type { Kernel, LoopForm, Piece } from "../kernels/kernel.ts";
import {
  axisIndex,
  binary,
  constantIndex,
  isAffine,
  load,
  mapArguments,
  type Affine,
  type Scalar,
} from "../kernels/scalar.ts";
import { pointsOf, sizeOf, type Shape, type TensorType } from "../type.ts";
import { compose, costOf, loadsOf, mapLoads, withIndices, type Index, type Load } from "./compose.ts";

/** A map that waits. Loads in `body` count the fuser's stored values. */
interface Waiting {
  readonly type: TensorType;
  readonly body: Scalar;
  readonly name: string;
}

/** No kernel grows beyond this: registers and code size are finite. */
const maximumOperations = 96;
const maximumOperands = 24;
/** Work of up to this many cheap operations is repeated rather than stored; of more where a large value comes of small ones. */
const repeatedOperations = 2;
const spreadOperations = 5;
/** Products of sums of up to so many terms are written out. */
const fewTerms = 6;
/** Smaller values are as well stored. */
const leastSpread = 1024;

/** Fuses the equations of one body. `store` emits a kernel and gives the value it computes a place. */
export class Fuser {
  readonly #waiting = new Map<Value, Waiting>();
  readonly #stored: Value[] = [];
  readonly #numbers = new Map<Value, number>();
  readonly #uses: ReadonlyMap<Value, number>;
  readonly #store: (kernel: Kernel, operands: readonly Value[], results: readonly Value[]) => void;

  constructor(
    uses: ReadonlyMap<Value, number>,
    store: (kernel: Kernel, operands: readonly Value[], results: readonly Value[]) => void,
  ) {
    this.#uses = uses;
    this.#store = store;
  }

  /** Declares that a value lies in memory. */
  stored(value: Value): void {
    if (this.#numbers.has(value)) return;
    this.#numbers.set(value, this.#stored.length);
    this.#stored.push(value);
  }

  isStored(value: Value): boolean {
    return this.#numbers.has(value);
  }

  /** Makes sure that a value lies in memory. */
  force(value: Value): void {
    if (this.isStored(value)) return;
    const { type, body, name } = this.#waiting.get(value)!;
    this.#emit(name, { form: "map", shape: type.shape, body }, [value]);
  }

  /** Takes one equation's loop form, whose operands count `inputs`. */
  take(
    name: string,
    form: Exclude<LoopForm, { form: "alias" }>,
    inputs: readonly Value[],
    outputs: readonly Value[],
  ): void {
    switch (form.form) {
      case "map": {
        this.#wait(name, this.#resolve(form.body, inputs, sizeOf(form.shape)), inputs, outputs[0]!);
        return;
      }
      case "pieces": {
        const pieces = form.pieces.map((piece): Piece => ({
          ...piece,
          body: this.#resolve(piece.body, inputs, sizeOf(piece.shape)),
        }));
        this.#emit(this.#nameWith(name, inputs), { ...form, pieces }, outputs);
        return;
      }
      case "reduce": {
        const size = sizeOf(form.shape) * sizeOf(form.reduced);
        const body = this.#resolve(form.body, inputs, size);
        this.#emit(this.#nameWith(name, inputs), { ...form, body }, outputs);
        return;
      }
      case "running": {
        const body = this.#resolve(form.body, inputs, sizeOf(form.shape));
        this.#emit(this.#nameWith(name, inputs), { ...form, body }, outputs);
        return;
      }
      case "contract":
        if (sizeOf(form.k) > 0 && sizeOf(form.k) <= fewTerms) {
          this.#wait(name, this.#unrolled(form, inputs), inputs, outputs[0]!);
          return;
        }
        this.#emit(name, { ...form, lhs: this.#view(form.lhs, inputs), rhs: this.#view(form.rhs, inputs) }, outputs);
        return;
      case "sort":
        this.force(inputs[0]!);
        this.#emitOn(name, form, [inputs[0]!], outputs);
        return;
      case "scatter": {
        // The base is operand 0; what the loops read comes behind it.
        this.force(inputs[0]!);
        const size = sizeOf(form.shape);
        const at = form.at.map((index): Index => (isAffine(index) ? index : this.#resolve(index, inputs, size)));
        const inRange = this.#resolve(form.inRange, inputs, size);
        const body = this.#resolve(form.body, inputs, size);
        this.#emit(this.#nameWith(name, inputs), { ...form, at, inRange, body }, outputs, inputs[0]!);
        return;
      }
      default:
        form satisfies never;
    }
  }

  /** A map waits, unless it has grown too large. */
  #wait(name: string, body: Scalar, inputs: readonly Value[], output: Value): void {
    this.#waiting.set(output, { type: output.type, body, name: this.#nameWith(name, inputs) });
    const cost = costOf(body);
    if (cost.operations > maximumOperations || cost.loads > maximumOperands) this.force(output);
  }

  /** A product with a sum of few terms, as an outer product has: the sum written out, a map like others. */
  #unrolled({ batch, m, n, k, lhs, rhs }: Extract<LoopForm, { form: "contract" }>, inputs: readonly Value[]): Scalar {
    const axes = (from: number, count: number): Affine[] =>
      Array.from({ length: count }, (_, i) => axisIndex(from + i));
    const [b, afterM] = [batch.length, batch.length + m.length];
    const side = (body: Scalar, free: readonly Affine[]) => {
      const view = this.#view(body, inputs);
      return (point: readonly number[]): Scalar =>
        withIndices(view, [...axes(0, b), ...free, ...point.map(constantIndex)]);
    };
    const [left, right] = [side(lhs, axes(b, m.length)), side(rhs, axes(afterM, n.length))];
    return Array.from(pointsOf(k), (point) => binary("multiply", left(point), right(point))).reduce((sum, term) =>
      binary("add", sum, term),
    );
  }

  /** A value with the bytes of another: a reshape, most often. Returns whether the two share memory from now on. */
  alias(operand: Value, output: Value): boolean {
    const waiting = this.#waiting.get(operand);
    if (!waiting || this.isStored(operand)) return true;
    const indices = splitIndices(operand.type.shape, output.type.shape);
    const same = operand.type.dtype === output.type.dtype;
    if (indices && same && this.#fits(operand, sizeOf(output.type.shape))) {
      const body = withIndices(waiting.body, indices);
      this.#waiting.set(output, { type: output.type, body, name: waiting.name });
      return false;
    }
    this.force(operand);
    return true;
  }

  /** Whether to compose a waiting value into a consumer of `size` points. */
  #fits(value: Value, size: number): boolean {
    const { body, type } = this.#waiting.get(value)!;
    const { operations, heavy } = costOf(body);
    if (operations === 0 || isUnpacking(body)) return true;
    const once = (this.#uses.get(value) ?? 0) <= 1 && size <= sizeOf(type.shape);
    if (once || (heavy === 0 && operations <= repeatedOperations)) return true;
    return heavy === 0 && operations <= spreadOperations && this.#isSpread(body, sizeOf(type.shape));
  }

  /** Whether a value is computed from ones that are much smaller: to load those again is cheaper than to store it. */
  #isSpread(body: Scalar, size: number): boolean {
    const small = ({ operand }: Load): boolean => 8 * sizeOf(this.#stored[operand]!.type.shape) <= size;
    return size >= leastSpread && loadsOf([body]).every(small);
  }

  /** A body whose loads count `inputs`, with loads that count stored values. */
  #resolve(body: Scalar, inputs: readonly Value[], size: number): Scalar {
    for (const value of new Set(inputs)) {
      if (
        !this.isStored(value) &&
        this.#waiting.has(value) &&
        !this.#fits(value, size) &&
        reads(body, inputs.indexOf(value))
      ) {
        this.force(value);
      }
    }
    // A value read twice at one place is one expression.
    const known = new Map<string, Scalar>();
    return mapLoads(body, ({ operand, index }) => {
      const key = index.every(isAffine) ? `${inputs.indexOf(inputs[operand]!)} ${JSON.stringify(index)}` : undefined;
      const before = key === undefined ? undefined : known.get(key);
      if (before) return before;
      const result = this.#loadOf(inputs[operand]!, index);
      if (key !== undefined) known.set(key, result);
      return result;
    });
  }

  #loadOf(value: Value, index: readonly Index[]): Scalar {
    const number = this.#numbers.get(value);
    if (number !== undefined) return load(number, index, value.type.dtype);
    return compose(this.#waiting.get(value)!.body, index, (operand, inner, node) => ({
      ...node,
      operand,
      index: inner,
    }));
  }

  /** One side of a product: a plain load, of the operand's memory or of what the operand is a view of, or of halves. */
  #view(body: Scalar, inputs: readonly Value[]): Scalar {
    const resolved = this.#resolve(body, inputs, Infinity);
    if (isUnpacking(resolved) || (resolved.kind === "load" && resolved.index.every(isAffine))) return resolved;
    if (body.kind === "load") this.force(inputs[body.operand]!);
    return this.#resolve(body, inputs, Infinity);
  }

  /** A kernel of what `form` reads (and `base`, as its operand 0). */
  #emit(name: string, form: Kernel["form"], outputs: readonly Value[], base?: Value): void {
    const operands: Value[] = base ? [base] : [];
    const renumber = (operand: number): number => {
      const value = this.#stored[operand]!;
      // The base's own place is the result's beginning: a read of it in the loops counts as another operand.
      const at = operands.indexOf(value, base ? 1 : 0);
      return at >= 0 ? at : operands.push(value) - 1;
    };
    this.#emitOn(name, contracted(renumbered(form, renumber)), operands, outputs);
  }

  #emitOn(name: string, form: Kernel["form"], operands: readonly Value[], outputs: readonly Value[]): void {
    const types = (values: readonly Value[]): readonly TensorType[] => values.map(({ type }) => type);
    this.#store({ name, form, operands: types(operands), results: types(outputs) }, operands, outputs);
    outputs.forEach((value) => this.stored(value));
  }

  #nameWith(name: string, inputs: readonly Value[]): string {
    const before = inputs.flatMap((value) =>
      this.isStored(value) ? [] : (this.#waiting.get(value)?.name.split(" ") ?? []),
    );
    return [...new Set([...before, name])].slice(-8).join(" ");
  }
}

/** Whether a value is what halves stand for: they were packed to be read as they lie, so floats are never stored for them. */
const isUnpacking = (body: Scalar): boolean => body.kind === "half" && costOf(body).operations <= spreadOperations;

const reads = (body: Scalar, operand: number): boolean => loadsOf([body]).some((load) => load.operand === operand);

/** Where each dimension of `from` lies in the axes of `to`, if `to` only splits dimensions of `from` (or adds and drops ones). */
function splitIndices(from: Shape, to: Shape): readonly Affine[] | null {
  const indices: Affine[] = [];
  let axis = to.length - 1;
  for (let d = from.length - 1; d >= 0; d--) {
    let size = from[d]!;
    if (size === 1) {
      indices.unshift({ offset: 0, coefficients: [] });
      continue;
    }
    const coefficients: number[] = new Array<number>(to.length).fill(0);
    let stride = 1;
    while (size > 1) {
      if (axis < 0) return null;
      const n = to[axis]!;
      if (n === 0 || size % n !== 0) return null;
      if (n > 1) coefficients[axis] = stride;
      stride *= n;
      size /= n;
      axis--;
    }
    indices.unshift({ offset: 0, coefficients });
  }
  return to.slice(0, axis + 1).every((n) => n === 1) ? indices : null;
}

/** The form with its sums of products marked: a target may round them once. Here, where it is settled which operations are
 *  one kernel's, so that it does not depend on what else the kernel shares a loop with. */
function contracted(form: Kernel["form"]): Kernel["form"] {
  const done = new Map<Scalar, Scalar>();
  const isProduct = (node: Scalar): boolean => node.kind === "binary" && node.fn === "multiply" && node.dtype === "float32"; // prettier-ignore
  const of = (node: Scalar): Scalar => {
    const known = done.get(node);
    if (known) return known;
    let result = mapArguments(node, of);
    if (result.kind === "binary" && (result.fn === "add" || result.fn === "subtract")) {
      if (isProduct(result.y)) result = { ...result, contract: true };
      else if (result.fn === "add" && isProduct(result.x))
        result = { ...result, x: result.y, y: result.x, contract: true };
    }
    done.set(node, result);
    return result;
  };
  switch (form.form) {
    case "map":
      return { ...form, body: of(form.body) };
    case "pieces":
      return { ...form, pieces: form.pieces.map((piece) => ({ ...piece, body: of(piece.body) })) };
    case "reduce": {
      const body = of(form.body);
      const product = form.combiner === "add" && body.kind === "binary" && isProduct(body);
      return { ...form, body: product ? { ...body, contract: true } : body };
    }
    default:
      return form;
  }
}

function renumbered(form: Kernel["form"], renumber: (operand: number) => number): Kernel["form"] {
  const of = (body: Scalar): Scalar => mapLoads(body, (load) => ({ ...load, operand: renumber(load.operand) }));
  switch (form.form) {
    case "map":
    case "reduce":
    case "running":
      return { ...form, body: of(form.body) };
    case "pieces":
      return { ...form, pieces: form.pieces.map((piece) => ({ ...piece, body: of(piece.body) })) };
    case "contract":
      return { ...form, lhs: of(form.lhs), rhs: of(form.rhs) };
    case "scatter":
      return {
        ...form,
        inRange: of(form.inRange),
        at: form.at.map((index) => (isAffine(index) ? index : of(index))),
        body: of(form.body),
      };
    case "sort":
    case "sweep": // made of fused kernels, later
      return form;
    default:
      return form satisfies never;
  }
}
