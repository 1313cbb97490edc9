// Kernels that contract axes of two operands: matMul, its fused form, einsum. One `dot_general` each, its dimension
// numbers saying which axes are shared; operands are never transposed, results only where no order of the two operands
// gives the order asked for. Where the contracted axes have one element (an outer product), it is a plain product.

import { backend_util } from "@tensorflow/tfjs-core";
import type {
  _FusedMatMulAttrs,
  BatchMatMulAttrs,
  BatchMatMulInputs,
  EinsumAttrs,
  EinsumInputs,
} from "@tensorflow/tfjs-core";
import { wrongAttribute, wrongShape } from "../../errors.ts";
import type { Value } from "../../graph/graph.ts";
import type { Builder } from "../../primitives/primitive.ts";
import { broadcastShapes, showType, type Shape } from "../../type.ts";
import { elu, leaky, leakyRelu, relu, relu6 } from "./math.ts";
import { lowering, upcast, type TfjsLowering } from "./lowering.ts";

/** An operand whose axes have names; no name twice. */
interface Named {
  readonly value: Value;
  readonly names: readonly string[];
}

const without = <T>(items: readonly T[], others: readonly T[]): T[] => items.filter((item) => !others.includes(item));
const common = <T>(items: readonly T[], others: readonly T[]): T[] => items.filter((item) => others.includes(item));
const sameOrder = (p: readonly string[], q: readonly string[]): boolean => p.every((name, i) => name === q[i]);

/** Axes named in `kept` stay, the others are summed away. */
function sumAway(b: Builder, { value, names }: Named, kept: readonly string[]): Named {
  const gone = without(names, kept).map((name) => names.indexOf(name));
  const { shape } = value.type;
  const single = gone.every((axis) => shape[axis] === 1);
  const left = single ? b.reshape(value, shape.filter((_, axis) => !gone.includes(axis))) : b.sum(value, gone); // prettier-ignore
  return { value: left, names: common(names, kept) };
}

/** `operand`'s axes brought into the order of `names`, which it has all of. */
const ordered = (b: Builder, { value, names }: Named, order: readonly string[]): Value =>
  b.transpose(value, order.map((name) => names.indexOf(name))); // prettier-ignore

/** `operand` spread over the axes `order`; those it lacks are new. */
function spread(b: Builder, { value, names }: Named, order: readonly string[], shape: Shape): Value {
  const present = common(order, names);
  return b.broadcastInDim(ordered(b, { value, names }, present), shape, present.map((name) => order.indexOf(name))); // prettier-ignore
}

/** Product of two operands, summed over the axes that `out` does not name, in the order of `out`. */
function contract(b: Builder, left: Named, right: Named, out: readonly string[]): Value {
  const x = sumAway(b, left, [...right.names, ...out]);
  const y = sumAway(b, right, [...left.names, ...out]);
  const sizes = new Map([...x.names.map((name, i) => [name, x.value.type.shape[i]!] as const), ...y.names.map((name, i) => [name, y.value.type.shape[i]!] as const)]); // prettier-ignore
  const shared = common(x.names, y.names);
  const summed = without(shared, out);
  if (summed.every((name) => sizes.get(name) === 1)) {
    const shape = out.map((name) => sizes.get(name)!);
    return b.multiply(spread(b, sumAway(b, x, out), out, shape), spread(b, sumAway(b, y, out), out, shape));
  }
  const batch = common(out, shared);
  const orderOf = (p: Named, q: Named): string[] => [
    ...batch,
    ...without(p.names, shared),
    ...without(q.names, shared),
  ];
  const [lhs, rhs] = !sameOrder(orderOf(x, y), out) && sameOrder(orderOf(y, x), out) ? [y, x] : [x, y];
  const value = b.dotGeneral(lhs.value, rhs.value, {
    lhsBatchingDimensions: batch.map((name) => lhs.names.indexOf(name)),
    rhsBatchingDimensions: batch.map((name) => rhs.names.indexOf(name)),
    lhsContractingDimensions: summed.map((name) => lhs.names.indexOf(name)),
    rhsContractingDimensions: summed.map((name) => rhs.names.indexOf(name)),
  });
  return ordered(b, { value, names: orderOf(lhs, rhs) }, out);
}

/** Products have no bool form: numbers are multiplied and added, and any but zero is true. */
function onNumbers(b: Builder, x: Value, y: Value, product: (x: Value, y: Value) => Value): Value {
  if (x.type.dtype !== "bool") return product(x, y);
  return b.convert(product(b.convert(x, "int32"), b.convert(y, "int32")), "bool");
}

/** Matrix products of the last two axes; leading axes broadcast. */
function matMul(b: Builder, x: Value, y: Value, transposeX: boolean, transposeY: boolean): Value {
  const batch = broadcastShapes(x.type.shape.slice(0, -2), y.type.shape.slice(0, -2));
  if (!batch) {
    throw wrongShape("matMul", "b", `one whose leading axes broadcast with those of a, ${showType(x.type)}`, y.type);
  }
  // Leading axes are named by their place counted from the matrix. One of size 1 that is spread has no part in the
  // product: it is dropped, and stands in the result by the other operand's axis of that place.
  const drop = (operand: Value, matrix: readonly string[]): Named => {
    const leading = operand.type.shape.slice(0, -2);
    const place = (axis: number): number => batch.length - leading.length + axis;
    const kept = leading.flatMap((size, axis) => (size === 1 ? [] : [axis]));
    return {
      value: b.reshape(operand, [...kept.map((axis) => leading[axis]!), ...operand.type.shape.slice(-2)]),
      names: [...kept.map((axis) => String(place(axis))), ...matrix],
    };
  };
  const left = drop(x, transposeX ? ["k", "i"] : ["i", "k"]);
  const right = drop(y, transposeY ? ["j", "k"] : ["k", "j"]);
  const places = batch.flatMap((size, place) => (size === 1 ? [] : [String(place)]));
  const product = onNumbers(b, left.value, right.value, (p, q) =>
    contract(b, { value: p, names: left.names }, { value: q, names: right.names }, [...places, "i", "j"]),
  );
  return b.reshape(product, [...batch, ...product.type.shape.slice(-2)]);
}

/** Einstein sums of one or two operands with an arrow and no repeated index in one operand, as tfjs admits them. */
function einsum(b: Builder, equation: string, operands: readonly Value[]): Value {
  const { allDims, idDims } = backend_util.decodeEinsumEquation(equation, operands.length);
  const out = [...equation.replace(/\s/g, "").split("->")[1]!];
  if (new Set(out).size !== out.length) {
    throw wrongAttribute("einsum", "equation", "one that names each axis of the result once", `"${equation}"`);
  }
  const sizes = new Map<string, number>();
  const named = operands.map((value, i): Named => {
    const names = idDims[i]!.map((id) => allDims[id]!);
    if (names.length !== value.type.shape.length) {
      throw wrongShape("einsum", `operand ${i}`, `of ${names.length} axes for "${equation}"`, value.type);
    }
    names.forEach((name, axis) => {
      const size = value.type.shape[axis]!;
      if ((sizes.get(name) ?? size) !== size) {
        throw wrongShape(
          "einsum",
          `operand ${i}`,
          `with ${sizes.get(name)} for "${name}" of "${equation}"`,
          value.type,
        );
      }
      sizes.set(name, size);
    });
    return { value, names };
  });
  const dtype = operands.map((value) => value.type.dtype).reduce(upcast);
  const numbers = named.map(({ value, names }) => ({
    value: b.convert(value, dtype === "bool" ? "int32" : dtype),
    names,
  }));
  const [x, y] = numbers;
  const result = y ? contract(b, x!, y, out) : ordered(b, sumAway(b, x!, out), out);
  // Of bools tfjs makes counts where it sums, and bools where it only multiplies.
  return dtype === "bool" && out.length === allDims.length ? b.convert(result, "bool") : result;
}

type FusedInputs = BatchMatMulInputs & {
  readonly bias?: BatchMatMulInputs["a"];
  readonly preluActivationWeights?: BatchMatMulInputs["a"];
};

export const products = {
  BatchMatMul: lowering<BatchMatMulInputs, BatchMatMulAttrs>((b, { a: x, b: y }, { transposeA, transposeB }) =>
    matMul(b, x, y, transposeA, transposeB),
  ),

  _FusedMatMul: lowering<FusedInputs, _FusedMatMulAttrs>((b, inputs, attrs) => {
    const product = matMul(b, inputs.a, inputs.b, attrs.transposeA, attrs.transposeB);
    const sum = inputs.bias ? b.add(product, inputs.bias) : product;
    switch (attrs.activation) {
      case "linear":
        return sum;
      case "relu":
        return relu(b, sum);
      case "relu6":
        return relu6(b, sum);
      case "elu":
        return elu(b, sum);
      case "sigmoid":
        return b.logistic(sum);
      case "leakyrelu":
        return leakyRelu(b, sum, attrs.leakyreluAlpha!);
      case "prelu":
        return leaky(b, sum, inputs.preluActivationWeights!);
      default:
        return attrs.activation satisfies never;
    }
  }),

  Einsum: lowering<EinsumInputs, EinsumAttrs>((b, operands, { equation }) => einsum(b, equation, operands)),
} satisfies Readonly<Record<string, TfjsLowering>>;
