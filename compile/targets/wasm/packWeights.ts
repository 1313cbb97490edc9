// Weights that a loop multiplies by at every step are brought, before the loop, into the order in which products read
// them: panels of a few columns, one after another. The products' results have whole panels, too; what reads them reads
// only the columns that there are. Where threads share a product out by panels, panels are what its results lie by.

import type { GraphBuilder } from "../../graph/build.ts";
import type { Equation, EquationOf, Graph, Value } from "../../graph/graph.ts";
import { prepareConstants, type Preparation } from "../../graph/prepareConstants.ts";
import { rewrite } from "../../graph/walk.ts";
import { otherAxes } from "../../primitives/operands.ts";
import { sizeOf } from "../../type.ts";
import { panelFor } from "./productPacked.ts";
import type { Registers } from "./productTile.ts";

export interface PackingRules {
  /** Smaller weights stay in the first cache as they lie. */
  readonly leastBytes: number;
  /** Fewer steps do not pay for the packing; of one row it takes four times as many, which read weights as they lie almost
   *  as fast. */
  readonly leastSteps: number;
  /** Products with fewer rows than this, and of `columnBytes` or more, are shared out among threads by panels: a thread that
   *  took some of the rows would read all the weights for them. */
  readonly rowsForThreads: number;
  readonly columnBytes: number;
  readonly registers: Registers;
}

export const packWeights = (graph: Graph, rules: PackingRules): Graph =>
  rewrite(graph, (b, scan, inputs) =>
    scan.op === "scan"
      ? prepareConstants(b, scan, inputs, (equation, fixed) => packing(equation, fixed, scan.attrs.length, rules))
      : null,
  );

type Product = EquationOf<"dot_general">;

function packing(
  equation: Equation,
  fixed: ReadonlySet<Value>,
  steps: number,
  rules: PackingRules,
): Preparation | null {
  if (equation.op !== "dot_general" || !isPackable(equation, fixed, steps, rules)) return null;
  const [lhs, weights] = equation.inputs;
  const panel = panelFor(rowsOf(lhs!), rules.registers);
  const [axis] = equation.attrs.rhsContractingDimensions;
  return {
    value: weights!,
    form: `panels of ${panel} along ${axis}`,
    make: (b, value) => inPanels(b, value, axis!, panel),
    read: (b, panels) => multiply(b, equation, panels, rules),
  };
}

/** Whether a product is one of rows and a fixed matrix. */
function isPackable(
  { attrs, inputs: [lhs, rhs] }: Product,
  fixed: ReadonlySet<Value>,
  steps: number,
  { leastBytes, leastSteps, registers }: PackingRules,
): boolean {
  const { lhsBatchingDimensions, lhsContractingDimensions: k } = attrs;
  const rows = rowsOf(lhs!);
  return (
    rows > 0 &&
    steps >= (rows === 1 ? 4 : 1) * leastSteps &&
    4 * sizeOf(rhs!.type.shape) >= leastBytes &&
    fixed.has(rhs!) &&
    !fixed.has(lhs!) &&
    rhs!.type.dtype === "float32" &&
    lhsBatchingDimensions.length === 0 &&
    k.length === 1 &&
    k[0] === lhs!.type.shape.length - 1 &&
    sizeOf(rhs!.type.shape) / rhs!.type.shape[attrs.rhsContractingDimensions[0]!]! > panelFor(rows, registers)
  );
}

/** Rows of the left operand, whose last axis is contracted. */
const rowsOf = ({ type }: Value): number => sizeOf(type.shape.slice(0, -1));

/** `[⌈n / panel⌉, k, panel]`, zeros in the columns that are too many. */
function inPanels(b: GraphBuilder, weights: Value, axis: number, panel: number): Value {
  const { shape } = weights.type;
  const k = shape[axis]!;
  const n = sizeOf(shape) / k;
  const count = Math.ceil(n / panel);
  const rows = b.reshape(b.transpose(weights, [axis, ...otherAxes(shape.length, [axis])]), [k, n]);
  const whole = b.reshape(b.pad(rows, [0, 0], [0, count * panel - n]), [k, count, panel]);
  return b.transpose(whole, [1, 0, 2]);
}

/** Emits the product with the panels, its result in the shape that it had. */
function multiply(
  b: GraphBuilder,
  { attrs, inputs: [lhs], outputs }: Product,
  panels: Value,
  { rowsForThreads, columnBytes }: PackingRules,
): void {
  const [result] = outputs;
  const rows = rowsOf(lhs!);
  const n = sizeOf(result!.type.shape) / rows;
  const [count, k, panel] = panels.type.shape as [number, number, number];
  const byPanels = rows < rowsForThreads && 4 * sizeOf(panels.type.shape) >= columnBytes;
  const product = byPanels
    ? b.transpose(
        b.dotGeneral(b.broadcastTo(b.reshape(lhs!, [rows, k]), [count, rows, k]), panels, {
          lhsBatchingDimensions: [0],
          rhsBatchingDimensions: [0],
          lhsContractingDimensions: [2],
          rhsContractingDimensions: [1],
        }),
        [1, 0, 2],
      )
    : b.dotGeneral(lhs!, panels, { ...attrs, rhsContractingDimensions: [1] });
  const columns = b.reshape(product, [rows, count * panel]);
  b.one("reshape", [b.slice(columns, [0, 0], [rows, n])], { shape: result!.type.shape });
}
