// The text of one loop nest. Every expression is computed in the outermost scope that knows the axes it depends on, once;
// a position in memory is a sum whose outer parts are computed outside.

import { argumentsOf, type Node, type Nodes, type Term } from "../../kernels/nodes.ts";
import type { Affine } from "../../kernels/scalar.ts";
import type { Memory } from "./memory.ts";
import { applyText, fromWord, literal, wgslTypes } from "./wgslScalar.ts";

/** A loop axis with a variable (an i32) that holds it in scopes from `scope` on. */
export interface AxisVariable {
  readonly axis: number;
  readonly name: string;
  readonly scope: number;
}

interface Place {
  readonly text: string;
  readonly scope: number;
}

export class NestCode {
  /** Lines of each scope, the outermost first: to be put at the beginning of its loop's body. */
  readonly scopes: readonly string[][];
  readonly #nodes: Nodes;
  readonly #axes: readonly AxisVariable[];
  readonly #prefix: string;
  /** The memory that operand `i` is in; it begins at word `p<i>`. */
  readonly #memories: readonly Memory[];
  readonly #known = new Map<Node, Place>();
  readonly #sums = new Map<string, Place>();
  #count = 0;

  constructor(nodes: Nodes, axes: readonly AxisVariable[], scopes: number, memories: readonly Memory[], prefix = "") {
    this.#nodes = nodes;
    this.#axes = axes;
    this.#prefix = prefix;
    this.#memories = memories;
    this.scopes = Array.from({ length: scopes }, () => []);
  }

  /** The node's value, an expression valid in the innermost scope. */
  value(node: Node): string {
    return this.#place(node).text;
  }

  /** `start + affine + Σ stride · term`, in words. */
  position(start: string, affine: Affine, terms: readonly Term[] = []): string {
    return this.#position(start, affine, terms).text;
  }

  #position(start: string, { offset, coefficients }: Affine, terms: readonly Term[]): Place {
    const parts = this.scopes.map((): string[] => []);
    for (const { axis, name, scope } of this.#axes) {
      const coefficient = coefficients[axis] ?? 0;
      if (coefficient !== 0) parts[scope]!.push(product(name, coefficient));
    }
    for (const { node, stride } of terms) {
      const { text, scope } = this.#place(node);
      parts[scope]!.push(product(text, stride));
    }
    let text = offset === 0 ? start : start === "" ? `${offset}i` : `${start} + ${offset}i`;
    let scope = 0;
    parts.forEach((terms, s) => {
      if (terms.length === 0) return;
      // What an outer scope knows is summed there.
      if (s > 0 && /[+*]/.test(text)) text = this.#sum(text, scope);
      text = [...(text === "" ? [] : [text]), ...terms].join(" + ");
      scope = s;
    });
    return { text: text === "" ? "0i" : text, scope };
  }

  #sum(text: string, scope: number): string {
    const known = this.#sums.get(text);
    if (known) return known.text;
    const place = this.#let(text, scope);
    this.#sums.set(text, place);
    return place.text;
  }

  #let(text: string, scope: number): Place {
    const name = `${this.#prefix}v${this.#count++}`;
    this.scopes[scope]!.push(`let ${name} = ${text};`);
    return { text: name, scope };
  }

  #place(node: Node): Place {
    // In the order of the nodes, so that no expression is deeper than the stack.
    const known = this.#known.get(node);
    if (known) return known;
    for (const other of this.#nodes.all.slice(0, node.id + 1)) {
      if (!this.#known.has(other) && this.#isUsedBy(node, other)) this.#known.set(other, this.#compute(other));
    }
    return this.#known.get(node)!;
  }

  #isUsedBy(root: Node, node: Node): boolean {
    let used = this.#usedBy.get(root);
    if (!used) {
      used = new Set<Node>([root]);
      for (const each of this.#nodes.all.slice(0, root.id + 1).reverse()) {
        if (used.has(each)) for (const arg of argumentsOf(each)) used.add(arg);
      }
      this.#usedBy.set(root, used);
    }
    return used.has(node);
  }
  readonly #usedBy = new Map<Node, Set<Node>>();

  #compute(node: Node): Place {
    switch (node.kind) {
      case "number":
        return { text: literal(node.value, node.dtype), scope: 0 };
      case "index": {
        const { text, scope } = this.#position("", node.affine, []);
        return this.#let(text, scope);
      }
      case "load": {
        const { text, scope } = this.#position(`p${node.operand}`, node.affine, node.terms);
        return this.#let(fromWord(`${this.#memories[node.operand]}[${text}]`, node.dtype), scope);
      }
      case "apply": {
        const rounded = roundingTrick(node);
        if (rounded) {
          const sum = this.#place(rounded.sum);
          return this.#let(`f32(bitcast<i32>(${sum.text}) - ${rounded.bits})`, sum.scope);
        }
        const args = node.args.map((arg) => this.#known.get(arg)!);
        // An expression of literals alone would be evaluated by the compiler, which refuses infinities.
        if (node.args.every(({ kind }) => kind === "number")) args[0] = this.#let(args[0]!.text, 0);
        const scope = Math.max(...args.map((arg) => arg.scope));
        const from = node.fn === "select" ? node.args[1]!.dtype : node.args[0]!.dtype;
        const text = applyText(node.fn, from, node.dtype, args.map((arg) => arg.text)); // prettier-ignore
        return this.#let(text, scope);
      }
      default:
        return node satisfies never;
    }
  }

  /** A variable to accumulate in. */
  declare(name: string, node: Node | { readonly dtype: Node["dtype"] }, value: string, scope: number): void {
    this.scopes[scope]!.push(`var ${name}: ${wgslTypes[node.dtype]} = ${value};`);
  }
}

/** `(x + m) - m`, m = 1.5 · 2^23 and a small integer, rounds x to an integer, which then stands in the low bits of x + m. A
 *  compiler that may reassociate would make it x: so it is read off the bits of the sum, which others read, too. */
function roundingTrick(node: Node): { readonly sum: Node; readonly bits: number } | undefined {
  if (node.kind !== "apply" || node.fn !== "subtract" || node.dtype !== "float32") return undefined;
  const [sum, m] = node.args;
  if (m?.kind !== "number" || sum?.kind !== "apply" || sum.fn !== "add" || !sum.args.includes(m)) return undefined;
  const bias = m.value - 12582912;
  return Number.isInteger(bias) && bias >= 0 && bias < 512 ? { sum, bits: 0x4b400000 + bias } : undefined;
}

const product = (text: string, factor: number): string =>
  factor === 1 ? text : `${text} * ${literal(factor, "int32")}`;
