// How often a kernel reads words of each operand, and writes words of each result, roughly: what is read again and again
// should be near.

import type { Kernel } from "../../kernels/kernel.ts";
import type { Scalar } from "../../kernels/scalar.ts";
import { sizeOf } from "../../type.ts";
import { nodesOf } from "./kernelCode.ts";

/** Words read of each operand, then words written of each result. */
export function trafficOf({ form, operands, results }: Kernel): readonly number[] {
  const read = operands.map(() => 0);
  const body = (expression: Scalar, points: number): void => {
    const nodes = nodesOf(operands);
    nodes.intern(expression);
    for (const node of nodes.all) if (node.kind === "load") read[node.operand]! += points;
  };
  switch (form.form) {
    case "map":
    case "running":
      body(form.body, sizeOf(form.shape));
      break;
    case "pieces":
      for (const piece of form.pieces) body(piece.body, sizeOf(piece.shape));
      break;
    case "reduce":
      body(form.body, sizeOf(form.shape) * sizeOf(form.reduced));
      break;
    case "contract": {
      const points = sizeOf(form.batch) * sizeOf(form.m) * sizeOf(form.n) * sizeOf(form.k);
      body(form.lhs, points);
      body(form.rhs, points);
      break;
    }
    case "sort":
      read[0] = sizeOf(form.shape) * (form.shape.at(-1) ?? 1);
      break;
    default: // what a workgroup meets rarely
      operands.forEach(({ shape }, i) => (read[i] = sizeOf(shape)));
  }
  return [...read, ...results.map(({ shape }) => sizeOf(shape))];
}
