// Running sums and products. Where other axes lie inside the running one, lanes run along them; else four neighbours are
// combined in two steps within a vector, and what came before is carried in all lanes.

import { axisIndex } from "../../kernels/scalar.ts";
import { sizeOf } from "../../type.ts";
import { mergeAxes } from "../../kernels/axes.ts";
import type { Lanes } from "./code.ts";
import type { KernelOf } from "./emitMap.ts";
import { emitCombine, emitIdentity, emitMaskLanes } from "./accumulate.ts";
import type { ScalarContext } from "./emitScalar.ts";
import { Nest, type Stream } from "./nest.ts";
import { affinesOf, flatten, Nodes, type Node } from "../../kernels/nodes.ts";

export function emitRunning(context: ScalarContext, kernel: KernelOf<"running">): void {
  const { shape, dimension, body } = kernel.form;
  if (sizeOf(shape) === 0) return;
  const nodes = new Nodes(kernel.operands, { fused: context.fused });
  const root = nodes.intern(body);
  const target = flatten(shape.map((_, axis) => axisIndex(axis)), kernel.results[0]!.shape).affine; // prettier-ignore
  const affines = [...affinesOf(nodes), target];
  const outer = mergeAxes(shape, 0, dimension, affines);
  const inner = mergeAxes(shape, dimension + 1, shape.length, affines);
  const running = { axis: dimension, size: shape[dimension]! };
  const levels = [...outer, ...inner, running];
  const along = inner.length === 0;
  const nest = new Nest(context, nodes, levels, along ? levels.length - 1 : levels.length - 2, [
    { node: root, level: levels.length - 1 },
  ]);
  const stream = nest.stream(kernel.operands.length, target);
  nest.start();
  if (along) runAlong(nest, kernel, root, stream);
  else runAcross(nest, kernel, root, stream);
}

function runAcross(nest: Nest, { form, results }: KernelOf<"running">, root: Node, stream: Stream): void {
  const { code } = nest;
  const { combiner, exclusive, reverse } = form;
  const { dtype } = results[0]!;
  nest.loops(nest.vector - 1, () =>
    nest.blocks(2, (vectors) => {
      const sums = Array.from({ length: vectors }, () => code.local("v128"));
      for (const sum of sums) {
        emitIdentity(code, combiner, dtype);
        code.set(sum);
      }
      const step = (): void =>
        sums.forEach((sum, u) => {
          // Before the store: the result may lie where the operand does.
          const next = code.local("v128");
          code.get(sum);
          nest.value(root, u);
          emitCombine(code, combiner, dtype);
          code.set(next);
          nest.store(stream, u, dtype === "bool", () => code.get(exclusive ? sum : next));
          code.get(next).set(sum);
        });
      nest.loops(nest.levels.length - 1, step, reverse);
    }),
  );
}

function runAlong(nest: Nest, { form, results }: KernelOf<"running">, root: Node, stream: Stream): void {
  const { code } = nest;
  const { combiner, exclusive, reverse } = form;
  const { dtype } = results[0]!;
  const { size } = nest.levels[nest.vector]!;
  const [carry, before, sum] = [code.local("v128"), code.local("v128"), code.local("v128")];
  /** `sum` combined with itself moved by one or two lanes, identities moved in. */
  const spread = (by: 1 | 2): void => {
    code.get(sum).get(sum);
    emitIdentity(code, combiner, dtype);
    const lanes: Lanes = reverse ? (by === 1 ? [1, 2, 3, 4] : [2, 3, 4, 4]) : by === 1 ? [4, 0, 1, 2] : [4, 4, 0, 1];
    code.shuffle(...lanes);
    emitCombine(code, combiner, dtype);
    code.set(sum);
  };
  const block = (lanes: number): void => {
    nest.value(root, 0);
    if (reverse) emitMaskLanes(code, combiner, dtype, lanes);
    code.set(sum);
    spread(1);
    spread(2);
    code.get(carry).get(sum);
    emitCombine(code, combiner, dtype);
    code.set(sum);
    code.get(carry).set(before);
    code.get(sum).get(sum);
    if (reverse) code.shuffle(0, 0, 0, 0);
    else code.shuffle(3, 3, 3, 3);
    code.set(carry);
    nest.store(stream, 0, dtype === "bool", () => {
      if (!exclusive) code.get(sum);
      else if (reverse) code.get(sum).get(before).shuffle(1, 2, 3, 4);
      else code.get(before).get(sum).shuffle(0, 4, 5, 6);
    });
  };
  const full = Math.floor(size / 4);
  const tail = (): void => {
    if (size % 4 === 0) return;
    nest.enter({ constant: 4 * full }, 1, size % 4);
    block(size % 4);
    nest.leave();
  };
  const vectors = (): void => {
    if (full === 0) return;
    const local = code.local("i32");
    const [from, to, step] = reverse ? [4 * (full - 1), -4, -4] : [0, 4 * full, 4];
    code.for(local, from, to, step, () => {
      nest.enter({ local });
      block(4);
      nest.leave();
    });
  };
  nest.loops(nest.vector - 1, () => {
    emitIdentity(code, combiner, dtype);
    code.set(carry);
    if (reverse) tail();
    vectors();
    if (!reverse) tail();
  });
}
