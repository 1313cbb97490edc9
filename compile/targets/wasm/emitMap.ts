// Loops of independent elements: `map`, and `pieces`, which are several of them after a fill.

import type { Kernel } from "../../kernels/kernel.ts";
import type { Affine, Scalar } from "../../kernels/scalar.ts";
import { axisIndex } from "../../kernels/scalar.ts";
import { sizeOf, type Shape, type TensorType } from "../../type.ts";
import { mergeAxes, type Level } from "../../kernels/axes.ts";
import type { ScalarContext } from "./emitScalar.ts";
import { Nest } from "./nest.ts";
import { affinesOf, flatten, Nodes } from "../../kernels/nodes.ts";

type FormOf<F extends Kernel["form"]["form"]> = Extract<Kernel["form"], { readonly form: F }>;
/** A kernel known to be of one form. */
export type KernelOf<F extends Kernel["form"]["form"]> = Kernel & { readonly form: FormOf<F> };

/** How many vectors to compute in one round: enough to fill the pipeline, few enough to stay small. */
export function unrollFor(cost: number, wide: boolean): number {
  if (wide) return cost <= 24 ? 4 : 2;
  return cost <= 6 ? 4 : cost <= 24 ? 2 : 1;
}

export function emitMap(context: ScalarContext, kernel: KernelOf<"map">): void {
  const { shape, body } = kernel.form;
  const here = shape.map((_, axis) => axisIndex(axis));
  emitBlock(context, kernel.operands, shape, body, here, kernel.results[0]!);
}

/** `result[at(i)] = body(i)` for i in `shape`. */
export function emitBlock(
  context: ScalarContext,
  operands: readonly TensorType[],
  shape: Shape,
  body: Scalar,
  at: readonly Affine[],
  result: TensorType,
): void {
  if (sizeOf(shape) === 0) return;
  const nodes = new Nodes(operands, { fused: context.fused });
  const root = nodes.intern(body);
  const target = flatten(at, result.shape).affine;
  const merged = mergeAxes(shape, 0, shape.length, [...affinesOf(nodes), target]);
  const turned = transposedLevel(merged, nodes);
  // Turned: columns of a few vectors, so that the cache lines which one row reads across serve the next rows too.
  const levels = turned === undefined ? merged : [...merged.filter((level) => level !== turned), turned];
  const last = levels.length - 1;
  const vector = turned === undefined ? last : last - 1;
  const nest = new Nest(context, nodes, levels, vector, [{ node: root, level: last }]);
  const stream = nest.stream(operands.length, target);
  nest.start();
  const store = (vectors: number): void => nest.storeBlock(stream, vectors, result.dtype === "bool", root);
  if (last < 0) return store(1);
  const unroll = turned === undefined ? unrollFor(nest.innerCost(last), context.wide) : 4;
  nest.loops(vector - 1, () => nest.blocks(unroll, (vectors) => nest.loops(last, () => store(vectors))));
}

/** An outer loop along which some operand's elements are neighbours, while the innermost loop leaps from line to line. */
function transposedLevel(levels: readonly Level[], nodes: Nodes): Level | undefined {
  const inner = levels.at(-1);
  if (!inner || inner.size < 4) return undefined;
  const strides = (axis: number): number[] => nodes.all.map((node) => (node.kind === "load" ? Math.abs(node.affine.coefficients[axis] ?? 0) : 0)); // prettier-ignore
  const leaps = strides(inner.axis).map((stride) => stride >= 16);
  return levels.findLast(({ axis, size }) => size >= 4 && strides(axis).some((stride, i) => stride === 1 && leaps[i]));
}

export function emitPieces(context: ScalarContext, kernel: KernelOf<"pieces">): void {
  const { fill, pieces } = kernel.form;
  const result = kernel.results[0]!;
  if (fill !== null) emitFill(context, kernel.operands.length, result, fill);
  for (const piece of pieces) emitBlock(context, kernel.operands, piece.shape, piece.body, piece.at, result);
}

/** Sets every element of the tensor that parameter `pointer` points at. */
export function emitFill({ code }: ScalarContext, pointer: number, { shape, dtype }: TensorType, value: number): void {
  const size = sizeOf(shape);
  if (size === 0) return;
  const bytes = new Uint8Array((dtype === "float32" ? Float32Array.of(value) : Int32Array.of(value)).buffer);
  if (bytes.every((byte) => byte === bytes[0])) {
    code
      .get(pointer)
      .i32(bytes[0]!)
      .i32(4 * size)
      .op("memory.fill");
    return;
  }
  const nodes = new Nodes([]);
  const node = nodes.intern({ kind: "number", value, dtype });
  const nest = new Nest({ code, helper: () => 0, fused: false, wide: false }, nodes, [{ axis: 0, size }], 0, [
    { node, level: 0 },
  ]);
  const stream = nest.stream(pointer, axisIndex(0));
  nest.start();
  nest.blocks(4, (vectors) => {
    for (let u = 0; u < vectors; u++) nest.store(stream, u, dtype === "bool", () => nest.value(node, u));
  });
}
