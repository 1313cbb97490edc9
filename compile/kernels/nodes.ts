// Scalar expressions made ready for emission: a directed graph in which equal expressions are one node (structurally, so
// that work is shared however the expression was built), functions that no instruction computes are expanded into those
// that do, and the index of a load is one affine function of the loop axes, in elements, plus run-time terms.

import { halfToFloat } from "./half.ts";
import { expansionOf } from "./math.ts";
import { isAffine, type Affine, type BinaryFunction, type Scalar, type UnaryFunction } from "./scalar.ts";
import type { Direction } from "../graph/graph.ts";
import { stridesOf, type DType, type TensorType } from "../type.ts";

/** What a node computes from its arguments; a comparison by its direction. */
export type NodeFunction =
  UnaryFunction | BinaryFunction | Direction | "select" | "convert" | "bitcast" | "half" | Selection | Contraction;

/** Selections that take one instruction: `select(y < x, y, x)`, `select(x < y, y, x)`; `x` where a mask is true, or is
 *  not, and zeros elsewhere (arguments: x, mask). */
type Selection = "lesser" | "greater" | "where" | "whereNot";

/** `z + x · y` and `z - x · y`, rounded once (arguments: x, y, z). */
type Contraction = "multiplyAdd" | "multiplySubtract";

export type Node =
  | {
      readonly kind: "load";
      readonly id: number;
      readonly dtype: DType;
      readonly operand: number;
      /** Position of the element, in elements. */
      readonly affine: Affine;
      /** Added to the position. */
      readonly terms: readonly Term[];
    }
  | { readonly kind: "number"; readonly id: number; readonly dtype: DType; readonly value: number }
  | { readonly kind: "index"; readonly id: number; readonly dtype: "int32"; readonly affine: Affine }
  | {
      readonly kind: "apply";
      readonly id: number;
      readonly dtype: DType;
      readonly fn: NodeFunction;
      readonly args: readonly Node[];
    };

/** `stride` times an int32 computed at run time. */
export interface Term {
  readonly node: Node;
  readonly stride: number;
}

type NewNode = Node extends infer N ? (N extends Node ? Omit<N, "id"> : never) : never;

export const argumentsOf = (node: Node): readonly Node[] =>
  node.kind === "apply" ? node.args : node.kind === "load" ? node.terms.map((term) => term.node) : [];

/** Coefficients without trailing zeros, so that equal functions look equal. */
export function trimmed({ offset, coefficients }: Affine): Affine {
  let length = coefficients.length;
  while (length > 0 && !coefficients[length - 1]) length--;
  return { offset, coefficients: coefficients.slice(0, length) };
}

/** `Σ factor · affine`. */
export function sumAffine(terms: readonly { readonly affine: Affine; readonly factor: number }[]): Affine {
  let offset = 0;
  const coefficients: number[] = [];
  for (const { affine, factor } of terms) {
    offset += factor * affine.offset;
    affine.coefficients.forEach((coefficient, axis) => {
      while (coefficients.length <= axis) coefficients.push(0);
      coefficients[axis] = coefficients[axis]! + factor * coefficient;
    });
  }
  return trimmed({ offset, coefficients });
}

/** Position in a row-major tensor of `shape`, in elements, of the element at `index`. */
export function flatten(
  index: readonly (Affine | Scalar)[],
  shape: readonly number[],
): { affine: Affine; terms: { scalar: Scalar; stride: number }[] } {
  const strides = stridesOf(shape);
  const affines: { affine: Affine; factor: number }[] = [];
  const terms: { scalar: Scalar; stride: number }[] = [];
  index.forEach((position, dimension) => {
    const stride = strides[dimension]!;
    if (isAffine(position)) affines.push({ affine: position, factor: stride });
    else if (position.kind === "index") affines.push({ affine: position.affine, factor: stride });
    else if (position.kind === "number")
      affines.push({ affine: { offset: position.value, coefficients: [] }, factor: stride });
    else if (shape[dimension] !== 1) terms.push({ scalar: position, stride }); // else the only index in range is 0
  });
  return { affine: sumAffine(affines), terms };
}

/** What a target has. */
interface Instructions {
  readonly fused?: boolean;
  readonly halves?: boolean;
}

export class Nodes {
  /** Every node after its arguments. */
  readonly all: Node[] = [];
  readonly #operands: readonly TensorType[];
  readonly #fused: boolean;
  readonly #halves: boolean;
  readonly #byScalar = new Map<Scalar, Node>();
  readonly #byKey = new Map<string, Node>();

  /** `fused`: whether multiplication and addition may be one, where an expression says so; `halves`: whether there is an
   *  instruction that makes a float of a half. */
  constructor(operands: readonly TensorType[], { fused = false, halves = false }: Instructions = {}) {
    this.#operands = operands;
    this.#fused = fused;
    this.#halves = halves;
  }

  intern(scalar: Scalar): Node {
    const known = this.#byScalar.get(scalar);
    if (known) return known;
    const node = this.#translate(scalar);
    this.#byScalar.set(scalar, node);
    return node;
  }

  #translate(scalar: Scalar): Node {
    const expansion = expansionOf(scalar);
    if (expansion) return this.intern(expansion);
    switch (scalar.kind) {
      case "load": {
        const { affine, terms } = flatten(scalar.index, this.#operands[scalar.operand]!.shape);
        const nodes = terms.map((term) => ({ node: this.intern(term.scalar), stride: term.stride }));
        const key = `load ${scalar.operand} ${showAffine(affine)} ${nodes.map((t) => `${t.node.id}*${t.stride}`).join()}`;
        return this.#node(key, { kind: "load", dtype: scalar.dtype, operand: scalar.operand, affine, terms: nodes });
      }
      case "number":
        return this.number(scalar.value, scalar.dtype);
      case "index": {
        const affine = trimmed(scalar.affine);
        if (affine.coefficients.length === 0) return this.number(affine.offset, "int32");
        return this.#node(`index ${showAffine(affine)}`, { kind: "index", dtype: "int32", affine });
      }
      case "unary":
        return this.#apply(scalar.fn, scalar.dtype, [scalar.x]);
      case "binary":
        if (
          this.#fused &&
          scalar.contract &&
          scalar.y.kind === "binary" &&
          scalar.y.fn === "multiply" &&
          scalar.fn !== "multiply"
        ) {
          const { x, y } = scalar.y;
          return this.#apply(scalar.fn === "add" ? "multiplyAdd" : "multiplySubtract", scalar.dtype, [x, y, scalar.x]);
        }
        return this.#apply(scalar.fn, scalar.dtype, [scalar.x, scalar.y]);
      case "compare":
        return this.#apply(scalar.direction, "bool", [scalar.x, scalar.y]);
      case "select":
        return this.#select(this.intern(scalar.predicate), this.intern(scalar.x), this.intern(scalar.y));
      case "convert": {
        const x = this.intern(scalar.x);
        if (x.dtype === scalar.dtype) return x;
        if (x.kind === "number") return this.number(convertNumber(x.value, scalar.dtype), scalar.dtype);
        return this.#apply("convert", scalar.dtype, [scalar.x]);
      }
      case "bitcast": {
        const x = this.intern(scalar.x);
        return x.dtype === scalar.dtype ? x : this.#apply("bitcast", scalar.dtype, [scalar.x]);
      }
      case "half":
        return this.#halves ? this.#apply("half", "float32", [scalar.x]) : this.intern(halfToFloat(scalar.x));
      default:
        return scalar satisfies never;
    }
  }

  number(value: number, dtype: DType): Node {
    // Object.is: -0 is a number of its own.
    const key = `number ${dtype} ${Object.is(value, -0) ? "-0" : String(value)}`;
    return this.#node(key, { kind: "number", dtype, value });
  }

  #select(mask: Node, x: Node, y: Node): Node {
    const { dtype } = x;
    if (mask.kind === "number") return mask.value ? x : y;
    if (x === y) return x;
    if (dtype === "float32" && mask.kind === "apply" && (mask.fn === "LT" || mask.fn === "GT")) {
      const [a, b] = mask.fn === "LT" ? mask.args : [mask.args[1], mask.args[0]]; // a < b
      if (a === y && b === x) return this.#applyTo("greater", dtype, [y, x]);
      if (a === x && b === y) return this.#applyTo("lesser", dtype, [y, x]);
    }
    if (isZero(y)) return this.#applyTo("where", dtype, [x, mask]);
    if (isZero(x)) return this.#applyTo("whereNot", dtype, [y, mask]);
    return this.#applyTo("select", dtype, [mask, x, y]);
  }

  #apply(fn: NodeFunction, dtype: DType, scalars: readonly Scalar[]): Node {
    return this.#applyTo(fn, dtype, scalars.map((scalar) => this.intern(scalar))); // prettier-ignore
  }

  #applyTo(fn: NodeFunction, dtype: DType, args: readonly Node[]): Node {
    if (dtype === "bool" && (fn === "and" || fn === "or")) {
      const simpler = this.#simplerBool(fn, args[0]!, args[1]!);
      if (simpler) return simpler;
    }
    return this.#node(`${fn} ${dtype} ${args.map((arg) => arg.id).join()}`, { kind: "apply", dtype, fn, args });
  }

  /** With a truth value that is known; less, or equal. */
  #simplerBool(fn: "and" | "or", x: Node, y: Node): Node | undefined {
    const decides = fn === "and" ? 0 : 1; // whatever the other one is
    for (const [one, other] of [
      [x, y],
      [y, x],
    ] as const)
      // prettier-ignore
      if (one.kind === "number") return one.value === decides ? one : other;
    if (fn === "or" && x.kind === "apply" && y.kind === "apply" && x.fn === "LT" && y.fn === "EQ") {
      const [a, b] = x.args;
      if (y.args.includes(a!) && y.args.includes(b!) && a !== b) return this.#applyTo("LE", "bool", [a!, b!]);
    }
    return undefined;
  }

  #node(key: string, fresh: NewNode): Node {
    const known = this.#byKey.get(key);
    if (known) return known;
    const node: Node = { ...fresh, id: this.all.length };
    this.all.push(node);
    this.#byKey.set(key, node);
    return node;
  }
}

/** All affine functions among expressions. */
export const affinesOf = (nodes: Nodes): Affine[] =>
  nodes.all.flatMap((node) => (node.kind === "load" || node.kind === "index" ? [node.affine] : []));

/** +0: all bits zero. */
const isZero = (node: Node): boolean => node.kind === "number" && Object.is(node.value, 0);

const showAffine = ({ offset, coefficients }: Affine): string => `${offset}+${coefficients.join()}`;

/** The value of `convert` to `dtype`: truncating, saturating, NaN to 0; to bool, whether it is not 0. */
export function convertNumber(value: number, dtype: DType): number {
  switch (dtype) {
    case "float32":
      return Math.fround(value);
    case "int32":
      return Number.isNaN(value) ? 0 : Math.min(Math.max(Math.trunc(value), -2147483648), 2147483647) + 0;
    case "bool":
      return value === 0 ? 0 : 1;
    default:
      return dtype satisfies never;
  }
}
