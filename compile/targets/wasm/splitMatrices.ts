// Products of a few rows with a matrix that a loop changes, as they are where there is one example alone, leave threads no rows
// to share. These go by the matrix's own rows instead: blocks of them, each multiplied for itself; where rows are summed over,
// the blocks' sums are added up. A thread then has its blocks of the matrix in its own cache, from step to step. The blocks do
// not depend on the number of threads, so that results do not.

import type { GraphBuilder } from "../../graph/build.ts";
import type { EquationOf, Graph, Value } from "../../graph/graph.ts";
import { computedFrom, rewrite, rewriteLevel } from "../../graph/walk.ts";
import { otherAxes } from "../../primitives/operands.ts";
import { sizeOf } from "../../type.ts";

export interface SplittingRules {
  /** Elements of a matrix that is worth it. */
  readonly leastElements: number;
  /** Blocks a matrix, so many that threads find some each. */
  readonly blocks: number;
}

/** More rows than these are shared out themselves. */
const fewRows = 8;

export const splitMatrices = (graph: Graph, rules: SplittingRules): Graph =>
  rewrite(graph, (b, equation, inputs) => {
    if (equation.op !== "scan") return null;
    const { body, constants } = equation.attrs;
    const fixed = computedFrom(body.equations, body.inputs.slice(0, constants));
    let found = false;
    const split = rewriteLevel(body, (inner, product, operands) => {
      if (product.op !== "dot_general") return null;
      const way = splittable(product, fixed, rules);
      if (!way) return null;
      found = true;
      return [multiplied(inner, product, operands, way, rules.blocks)];
    });
    return found ? b.emit("scan", inputs, { ...equation.attrs, body: split }) : null;
  });

type Product = EquationOf<"dot_general">;

interface Way {
  /** Which operand is the matrix. */
  readonly matrix: 0 | 1;
  /** Whether its rows, its first axis, are summed over. */
  readonly summed: boolean;
}

/** How a product goes by rows of a matrix that changes, or null. */
function splittable(
  { attrs, inputs }: Product,
  fixed: ReadonlySet<Value>,
  { leastElements, blocks }: SplittingRules,
): Way | null {
  const { lhsBatchingDimensions, lhsContractingDimensions, rhsContractingDimensions } = attrs;
  if (lhsBatchingDimensions.length > 0 || lhsContractingDimensions.length !== 1) return null;
  const contracted = [lhsContractingDimensions[0]!, rhsContractingDimensions[0]!] as const;
  for (const matrix of [0, 1] as const) {
    const { shape, dtype } = inputs[matrix]!.type;
    const few = inputs[1 - matrix]!.type.shape;
    const rows = sizeOf(few) / few[contracted[1 - matrix]!]!;
    if (shape.length !== 2 || dtype !== "float32" || fixed.has(inputs[matrix]!) || rows > fewRows) continue;
    if (sizeOf(shape) < leastElements || shape[0]! % (4 * blocks) !== 0) continue;
    return { matrix, summed: contracted[matrix] === 0 };
  }
  return null;
}

function multiplied(
  b: GraphBuilder,
  product: Product,
  operands: readonly Value[],
  { matrix, summed }: Way,
  blocks: number,
): Value {
  const { lhsContractingDimensions, rhsContractingDimensions } = product.attrs;
  const whole = operands[matrix]!;
  const few = operands[1 - matrix]!;
  const [height, width] = whole.type.shape as [number, number];
  const k = (matrix === 0 ? rhsContractingDimensions : lhsContractingDimensions)[0]!;
  const axes = otherAxes(few.type.shape.length, [k]);
  const rows = sizeOf(few.type.shape) / few.type.shape[k]!;
  const inBlocks = b.reshape(whole, [blocks, height / blocks, width]);
  const flat = b.reshape(b.transpose(few, [...axes, k]), [rows, few.type.shape[k]!]);
  const fewInBlocks = summed
    ? b.transpose(b.reshape(flat, [rows, blocks, height / blocks]), [1, 0, 2])
    : b.broadcastTo(b.reshape(flat, [1, rows, width]), [blocks, rows, width]);
  const [fewK, matrixK] = [2, summed ? 1 : 2];
  const left = matrix === 0;
  const partial = b.dotGeneral(left ? inBlocks : fewInBlocks, left ? fewInBlocks : inBlocks, {
    lhsBatchingDimensions: [0],
    rhsBatchingDimensions: [0],
    lhsContractingDimensions: [left ? matrixK : fewK],
    rhsContractingDimensions: [left ? fewK : matrixK],
  });
  // [blocks, rows of the matrix or its columns, few], or the other way round.
  const result = summed ? b.reduce(partial, "add", [0]) : left ? partial : b.transpose(partial, [1, 0, 2]);
  return b.reshape(result, product.outputs[0]!.type.shape);
}
