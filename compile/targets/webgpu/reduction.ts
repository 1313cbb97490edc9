// What all ways of reducing have in common.

import { mergeAxes, type Level } from "../../kernels/axes.ts";
import { affinesOf, type Node, type Nodes } from "../../kernels/nodes.ts";
import type { Combiner } from "../../graph/graph.ts";
import type { Kernel, LoopForm } from "../../kernels/kernel.ts";
import type { DType, Shape } from "../../type.ts";
import { nodesOf, rowMajor } from "./kernelCode.ts";
import { applyText } from "./wgslScalar.ts";

export type Reduce = Extract<LoopForm, { form: "reduce" }>;

/** A reduction's expression, and its loops: over elements, and over the terms of each. */
export interface Parts {
  readonly nodes: Nodes;
  readonly root: Node;
  readonly outer: readonly Level[];
  readonly inner: readonly Level[];
}

/** Whether terms that follow one another lie side by side, in some operand. */
export function besides({ nodes, inner }: Parts): boolean {
  const innermost = inner.at(-1)?.axis ?? -1;
  return affinesOf(nodes).some(({ coefficients }) => Math.abs(coefficients[innermost] ?? 0) === 1);
}

export function partsOf(kernel: Kernel, { shape, reduced, body }: Reduce): Parts {
  const nodes = nodesOf(kernel.operands);
  const root = nodes.intern(body);
  const affines = [...affinesOf(nodes), rowMajor(shape)];
  const sizes: Shape = [...shape, ...reduced];
  return {
    nodes,
    root,
    outer: mergeAxes(sizes, 0, shape.length, affines),
    inner: mergeAxes(sizes, shape.length, sizes.length, affines),
  };
}

export const combined = (combiner: Combiner, dtype: DType, x: string, y: string): string =>
  applyText(combiner, dtype, dtype, [x, y]);
