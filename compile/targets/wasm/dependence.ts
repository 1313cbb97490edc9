// What each expression of a loop nest depends on, and what needs it: where it can be computed, and whether to keep it.

import type { Affine } from "../../kernels/scalar.ts";
import type { Level } from "../../kernels/axes.ts";
import { argumentsOf, type Node, type Nodes } from "../../kernels/nodes.ts";

/** An expression that the code computes: used inside level `level` (-1: outside all loops). */
export interface Root {
  readonly node: Node;
  readonly level: number;
}

/** An affine function's coefficients on the loops, outermost first. */
export const coefficientsOn = (levels: readonly Level[], affine: Affine): number[] =>
  levels.map(({ axis }) => affine.coefficients[axis] ?? 0);

export class Dependence {
  /** Those in use, each after its arguments. */
  readonly needed: readonly Node[];
  readonly #level: Int32Array;
  readonly #uses: Int32Array;
  readonly #deeper: Uint8Array;
  readonly #varies: Uint8Array;

  constructor(nodes: Nodes, levels: readonly Level[], vector: number, roots: readonly Root[]) {
    const count = nodes.all.length;
    this.#level = new Int32Array(count).fill(-1);
    this.#uses = new Int32Array(count);
    this.#deeper = new Uint8Array(count);
    this.#varies = new Uint8Array(count);
    for (const node of nodes.all) {
      if (node.kind === "load" || node.kind === "index") {
        const coefficients = coefficientsOn(levels, node.affine);
        this.#level[node.id] = coefficients.findLastIndex((coefficient) => coefficient !== 0);
        this.#varies[node.id] = coefficients[vector] ? 1 : 0;
      }
      for (const arg of argumentsOf(node)) {
        this.#level[node.id] = Math.max(this.#level[node.id]!, this.#level[arg.id]!);
        if (this.#varies[arg.id]) this.#varies[node.id] = 1;
      }
    }
    for (const { node, level } of roots) this.#use(node, level);
    const needed: Node[] = [];
    for (const node of nodes.all.toReversed()) {
      if (this.#uses[node.id] === 0) continue;
      needed.push(node);
      for (const arg of argumentsOf(node)) this.#use(arg, this.#level[node.id]!);
    }
    this.needed = needed.reverse();
  }

  #use(node: Node, level: number): void {
    this.#uses[node.id]!++;
    if (level > this.#level[node.id]!) this.#deeper[node.id] = 1;
  }

  /** The innermost loop that changes it; -1 if none does. */
  level(node: Node): number {
    return this.#level[node.id]!;
  }

  uses(node: Node): number {
    return this.#uses[node.id]!;
  }

  /** Whether a loop inside its own level uses it. */
  usedDeeper(node: Node): boolean {
    return this.#deeper[node.id] === 1;
  }

  /** Whether it differs from lane to lane. */
  varies(node: Node): boolean {
    return this.#varies[node.id] === 1;
  }
}
