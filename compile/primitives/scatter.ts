// Updates combined into windows of the operand, one a start index. StableHLO `scatter`, `add` or `set`; a window that is
// not wholly inside the operand is dropped, as XLA drops it. `set` with a repeated index: the last update wins.

import { sizeOf, stridesOf } from "../type.ts";
import { wrongDType } from "../errors.ts";
import type { Attrs, GatherDimensions, Value } from "../graph/graph.ts";
import { binary, compare, loadHere, number, type Scalar } from "../kernels/scalar.ts";
import { allInFront } from "./batching.ts";
import { dtypeOf, elementsOf, tensorOf } from "./host.ts";
import { checkCount, checkDType, checkShape } from "./operands.ts";
import { simpleVjp, withBatchAxis, type Builder, type Primitive } from "./primitive.ts";
import { batchedDimensions, checkWindow, clampStarts, eachWindowed, startsInRange, windowScalars, windowedShape } from "./window.ts"; // prettier-ignore

const onlyDimensions = ({ combiner: _, ...dims }: Attrs["scatter"]): GatherDimensions => dims;

/** Which updates end up in the result of a `set`: those that an index written after them did not replace. Each update
 *  leaves its number where it was written; the one that finds its own number there has won. */
function winners(b: Builder, operand: Value, startIndices: Value, updates: Value, attrs: Attrs["scatter"]): Value {
  const { shape } = updates.type;
  const numbers = b.reshape(b.iota([sizeOf(shape)], 0), shape);
  const left = b.scatter(b.zeros({ shape: operand.type.shape, dtype: "int32" }), startIndices, numbers, attrs);
  return b.compare(b.gather(left, startIndices, onlyDimensions(attrs)), numbers, "EQ");
}

export const scatter: Primitive<Attrs["scatter"]> = {
  infer: (inputs, attrs) => {
    checkCount("scatter", inputs, ["operand", "startIndices", "updates"]);
    const [operand, startIndices, updates] = [inputs[0]!, inputs[1]!, inputs[2]!];
    checkWindow("scatter", operand, startIndices, attrs);
    if (attrs.combiner === "add") checkDType("scatter by add", "operand", operand, ["float32", "int32"]);
    if (updates.dtype !== operand.dtype) throw wrongDType("scatter", "updates", operand.dtype, updates);
    checkShape("scatter", "updates", updates, windowedShape(operand.shape, startIndices.shape, attrs));
    return [operand];
  },
  evaluate: ([operand, startIndices, updates], attrs) => {
    const { shape } = operand!;
    const strides = stridesOf(shape);
    const values = elementsOf(operand!).slice();
    const from = elementsOf(updates!);
    eachWindowed(shape, updates!.shape, elementsOf(startIndices!), attrs, (index, flat, inRange) => {
      if (!inRange) return;
      const at = index.reduce((sum, i, d) => sum + i * strides[d]!, 0);
      values[at] = attrs.combiner === "add" ? values[at]! + from[flat]! : from[flat]!;
    });
    return [tensorOf(values, shape, dtypeOf(operand!))];
  },
  vjp: simpleVjp("scatter", (b, ct, [operand, startIndices, updates], _y, attrs) => {
    const { shape } = updates!.type;
    const zero = b.fill(0, shape);
    const starts = clampStarts(b, operand!.type.shape, startIndices!, attrs);
    const inRange = startsInRange(b, startIndices!, starts, shape, attrs);
    const back = b.select(inRange, b.gather(ct, starts, onlyDimensions(attrs)), zero);
    if (attrs.combiner === "add") return [ct, null, back];
    const kept = b.scatter(ct, startIndices!, zero, attrs);
    const single = sizeOf(startIndices!.type.shape.slice(0, -1)) === 1;
    if (single) return [kept, null, back];
    return [kept, null, b.select(winners(b, operand!, startIndices!, updates!, attrs), back, zero)];
  }),
  batch: (b, inputs, batched, attrs, size) => {
    const [operand, startIndices, updates] = inputs;
    if (batched[1]) {
      const all = allInFront(b, inputs, batched, size);
      return b.emit("scatter", all, { ...attrs, ...batchedDimensions(attrs, true, true, size) });
    }
    // The indices are the same throughout: the batch is one more axis of every window.
    const whole = batchedDimensions(attrs, true, false, size);
    const front = (x: Value, has: boolean): Value => (has ? x : withBatchAxis(b, x, size));
    return [
      b.scatter(front(operand!, batched[0]!), startIndices!, front(updates!, batched[2]!), { ...attrs, ...whole }),
    ];
  },
  lower: ([operand, , updates], attrs) => {
    const { shape, dtype } = updates!;
    const { at, starts } = windowScalars(operand!.shape, shape, attrs, false);
    const inside = starts.flatMap(({ start, last }): Scalar[] => [
      compare("GE", start, number(0, "int32")),
      compare("LE", start, number(last, "int32")),
    ]);
    const inRange = inside.reduce((p, q) => binary("and", p, q), number(1, "bool"));
    return { form: "scatter", combiner: attrs.combiner, shape, inRange, at, body: loadHere(2, shape.length, dtype) };
  },
};
