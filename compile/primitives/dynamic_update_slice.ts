// The operand with a window at starts known at run time replaced, clamped so that it lies inside.
// StableHLO `dynamic_update_slice`.

import { wrongDType, wrongOperandCount, wrongShape } from "../errors.ts";
import type { Attrs } from "../graph/graph.ts";
import { axisIndex, binary, compare, index, load, loadHere, number, select, type Affine, type Scalar } from "../kernels/scalar.ts"; // prettier-ignore
import { stridesOf } from "../type.ts";
import { allInFront, axesUpTo, shifted } from "./batching.ts";
import { checkStarts, stackStarts, startNumbers, startScalar } from "./dynamic_slice.ts";
import { dtypeOf, eachIndex, elementsOf, tensorOf } from "./host.ts";
import { simpleVjp, type Primitive } from "./primitive.ts";
import { clampStarts } from "./window.ts";

const op = "dynamic_update_slice";

export const dynamicUpdateSlice: Primitive<Attrs["dynamic_update_slice"]> = {
  infer: ([operand, update, ...starts]) => {
    if (!operand || !update) throw wrongOperandCount(op, "operand, update and starts", operand ? 1 : 0);
    if (update.dtype !== operand.dtype) throw wrongDType(op, "update", operand.dtype, update);
    const { shape } = operand;
    if (update.shape.length !== shape.length || !update.shape.every((n, d) => n <= shape[d]!)) {
      throw wrongShape(op, "update", `at most [${shape.join(",")}], the operand's,`, update);
    }
    checkStarts(op, operand, starts);
    return [operand];
  },
  evaluate: ([operand, update, ...starts]) => {
    const { shape } = operand!;
    const from = startNumbers(shape, update!.shape, starts);
    const strides = stridesOf(shape);
    const values = elementsOf(operand!).slice();
    const updates = elementsOf(update!);
    eachIndex(update!.shape, (position, flat) => {
      values[position.reduce((sum, i, d) => sum + (from[d]! + i) * strides[d]!, 0)] = updates[flat]!;
    });
    return [tensorOf(values, shape, dtypeOf(operand!))];
  },
  vjp: simpleVjp(op, (b, ct, [, update, ...starts]) => [
    b.one(op, [ct, b.zeros(update!.type), ...starts], {}),
    b.one("dynamic_slice", [ct, ...starts], { sliceSizes: update!.type.shape }),
    ...starts.map(() => null),
  ]),
  batch: (b, inputs, batched, attrs, size) => {
    const [operand, update] = allInFront(b, inputs.slice(0, 2), batched, size);
    const starts = inputs.slice(2);
    if (!batched.slice(2).some(Boolean)) {
      return b.emit(op, [operand!, update!, b.fill(0, [], "int32"), ...starts], attrs);
    }
    const axes = axesUpTo(starts.length);
    const dims = {
      offsetDims: shifted(axes),
      collapsedSliceDims: [],
      operandBatchingDims: [0],
      startIndicesBatchingDims: [0],
      startIndexMap: shifted(axes),
      sliceSizes: [1, ...update!.type.shape.slice(1)],
    };
    const stacked = clampStarts(b, operand!.type.shape, stackStarts(b, starts, batched.slice(2), size), dims);
    return [b.scatter(operand!, stacked, update!, { ...dims, combiner: "set" })];
  },
  // One sweep over the result: inside the window from the update, at an index kept in range outside of it too.
  lower: ([operand, update]) => {
    const { shape, dtype } = operand!;
    const inside: Scalar[] = [];
    const at = update!.shape.map((n, d): Affine | Scalar => {
      const start = startScalar(2, d, shape[d]! - n);
      if (!start) return axisIndex(d);
      const offset = binary("subtract", index(axisIndex(d)), start);
      const [first, last] = [number(0, "int32"), number(n - 1, "int32")];
      inside.push(compare("GE", offset, first), compare("LE", offset, last));
      return binary("maximum", binary("minimum", offset, last), first);
    });
    if (update!.shape.includes(0)) return { form: "alias", operand: 0 };
    const updated = load(1, at, dtype);
    if (inside.length === 0) return { form: "map", shape, body: updated };
    const here = inside.reduce((p, q) => binary("and", p, q));
    return { form: "map", shape, body: select(here, updated, loadHere(0, shape.length, dtype)) };
  },
};
