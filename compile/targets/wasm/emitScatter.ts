// Scatter: the result starts as operand 0 and is updated in row-major order of the updates, since indices may repeat.
// Lanes run along the innermost axis where that walks neighbouring elements of the result, which then are distinct.

import { sizeOf } from "../../type.ts";
import { mergeAxes } from "../../kernels/axes.ts";
import type { KernelOf } from "./emitMap.ts";
import { emitCombine } from "./accumulate.ts";
import type { ScalarContext } from "./emitScalar.ts";
import { Nest } from "./nest.ts";
import { affinesOf, argumentsOf, flatten, Nodes, type Node } from "../../kernels/nodes.ts";

export function emitScatter(context: ScalarContext, kernel: KernelOf<"scatter">): void {
  const { code } = context;
  const { combiner, shape, inRange, at, body } = kernel.form;
  const result = kernel.results[0]!;
  const pointer = kernel.operands.length;
  if (sizeOf(result.shape) === 0) return;
  code.get(0).get(pointer).op("i32.ne").op("if"); // they may be one
  code
    .get(pointer)
    .get(0)
    .i32(4 * sizeOf(result.shape))
    .op("memory.copy")
    .op("end");
  if (sizeOf(shape) === 0) return;

  const nodes = new Nodes(kernel.operands, { fused: context.fused });
  const guard = nodes.intern(inRange);
  const root = nodes.intern(body);
  const { affine, terms: scalars } = flatten(at, result.shape);
  const terms = scalars.map(({ scalar, stride }) => ({ node: nodes.intern(scalar), stride }));
  const levels = mergeAxes(shape, 0, shape.length, [...affinesOf(nodes), affine]);
  const last = levels.length - 1;
  const axis = levels[last]?.axis;
  const contiguous =
    axis !== undefined &&
    affine.coefficients[axis] === 1 &&
    !dependsOn(guard, axis) &&
    !terms.some((term) => dependsOn(term.node, axis));
  const vector = contiguous ? last : -1;
  const uses = [guard, root, ...terms.map((term) => term.node)];
  const nest = new Nest(
    context,
    nodes,
    levels,
    vector,
    uses.map((node) => ({ node, level: last })),
  );
  const stream = nest.stream(pointer, affine);
  nest.start();

  const update = (u: number): void => {
    const position = nest.position(stream, terms, u);
    const stride = contiguous ? 1 : 0;
    nest.storeLanes(stride, position, () => {
      if (combiner === "add") nest.load(stride, position);
      if (combiner === "add" && result.dtype === "bool") code.i32Splat(0).op("i32x4.ne");
      nest.value(root, u);
      if (combiner === "add") emitCombine(code, "add", result.dtype);
      if (result.dtype === "bool") code.i32Splat(1).op("v128.and");
    });
  };
  const guarded = (write: () => void): void => {
    if (guard.kind === "number" && guard.value) return write();
    nest.value(guard, 0);
    code.op("i32x4.extract_lane", 0).op("if");
    write();
    code.op("end");
  };
  if (contiguous) {
    nest.loops(last - 1, () =>
      guarded(() =>
        nest.blocks(1, (vectors) => {
          for (let u = 0; u < vectors; u++) update(u);
        }),
      ),
    );
  } else nest.loops(last, () => guarded(() => update(0)));
}

function dependsOn(node: Node, axis: number): boolean {
  if (node.kind === "load" || node.kind === "index") {
    if ((node.affine.coefficients[axis] ?? 0) !== 0) return true;
  }
  return argumentsOf(node).some((arg) => dependsOn(arg, axis));
}
