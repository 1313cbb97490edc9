// Random kernels: shapes with sizes around the lane count, operands walked in any order of axes, shifted, strided,
// reversed, broadcast or gathered; expressions of all functions. For the comparison of emitters with the interpreter.

import fc from "fast-check";
import type { Combiner, Direction } from "../../../../compile/graph/graph.ts";
import type { Kernel, LoopForm } from "../../../../compile/kernels/kernel.ts";
import * as s from "../../../../compile/kernels/scalar.ts";
import type { Affine, BinaryFunction, Scalar, UnaryFunction } from "../../../../compile/kernels/scalar.ts";
import {
  sizeOf,
  tensorType,
  typedValues,
  type DType,
  type Shape,
  type TensorType,
  type TypedValues,
} from "../../../../compile/type.ts";

/** Operands collected while expressions are made. */
class Operands {
  readonly types: TensorType[] = [];
  add(type: TensorType): number {
    return this.types.push(type) - 1;
  }
}

/** A source of choices, so that one generator of plain code serves; shrinks towards the first of each. */
type Choose = <T>(options: readonly [T, ...T[]] | readonly T[]) => T;

const sizes = [1, 2, 3, 4, 5, 8, 9, 17] as const;

export const exactUnary: Record<DType, readonly UnaryFunction[]> = {
  float32: ["negate", "abs", "sign", "floor", "ceil", "round_nearest_even", "sqrt"],
  int32: ["negate", "abs", "sign", "not"],
  bool: ["not"],
};
export const exactBinary: Record<DType, readonly BinaryFunction[]> = {
  float32: ["add", "subtract", "multiply", "divide", "maximum", "minimum", "remainder"],
  int32: ["add", "subtract", "multiply", "maximum", "minimum", "divide", "remainder", "and", "or", "xor"],
  bool: ["and", "or", "xor"],
};
const directions: readonly Direction[] = ["EQ", "NE", "GE", "GT", "LE", "LT"];
const dtypes: readonly DType[] = ["float32", "int32", "bool"];

class Maker {
  readonly operands = new Operands();
  readonly #choose: Choose;
  readonly #shape: Shape;
  #gathers = 2; // how many more: an index may be gathered itself

  constructor(choose: Choose, shape: Shape) {
    this.#choose = choose;
    this.#shape = shape;
  }

  /** An element of a fresh operand that is as large as the loop over `shape` needs. */
  load(dtype: DType): Scalar {
    const choose = this.#choose;
    const dimensions: number[] = [];
    const index: (Affine | Scalar)[] = [];
    const axes = this.#shape.map((_, axis) => axis);
    if (choose([false, true])) axes.reverse();
    for (const axis of axes) {
      const size = this.#shape[axis]!;
      const chosen = choose([
        "plain",
        "plain",
        "plain",
        "broadcast",
        "shifted",
        "strided",
        "reversed",
        "gathered",
      ] as const);
      const kind = chosen === "gathered" && this.#gathers-- <= 0 ? "plain" : chosen;
      switch (kind) {
        case "plain":
          dimensions.push(size);
          index.push(s.axisIndex(axis));
          break;
        case "broadcast":
          if (choose([true, false])) {
            dimensions.push(3);
            index.push(s.constantIndex(1));
          }
          break;
        case "shifted":
          dimensions.push(size + 3);
          index.push(s.axisIndex(axis, 1, 2));
          break;
        case "strided":
          dimensions.push(2 * size);
          index.push(s.axisIndex(axis, 2, 1));
          break;
        case "reversed":
          dimensions.push(size);
          index.push(s.axisIndex(axis, -1, size - 1));
          break;
        case "gathered": {
          // (|x| rem 3) of some int32 expression; |smallest| is negative, hence the second clamp.
          const limit = s.number(3, "int32");
          const remainder = s.binary("remainder", s.unary("abs", this.expression("int32", 1)), limit);
          dimensions.push(3);
          index.push(s.binary("maximum", remainder, s.number(0, "int32")));
          break;
        }
        default:
          kind satisfies never;
      }
    }
    return s.load(this.operands.add(tensorType(dimensions, dtype)), index, dtype);
  }

  /** An index along axis 0 .. of the loop as int32. */
  index(): Scalar {
    const coefficients = this.#shape.map(() => this.#choose([0, 1, -2]));
    return s.index({ offset: this.#choose([0, 5, -7]), coefficients });
  }

  expression(dtype: DType, depth: number): Scalar {
    const choose = this.#choose;
    if (depth === 0) {
      if (dtype === "int32" && choose([false, false, true])) return this.index();
      if (choose([false, false, false, true]))
        return s.number(dtype === "bool" ? choose([0, 1]) : choose([0, 1, -2, 3]), dtype);
      return this.load(dtype);
    }
    const kind = choose([
      "leaf",
      "unary",
      "binary",
      "binary",
      "select",
      "convert",
      "shared",
      dtype === "bool" ? "compare" : "shift",
    ] as const);
    switch (kind) {
      case "leaf":
        return this.expression(dtype, 0);
      case "unary":
        return s.unary(choose(exactUnary[dtype]), this.expression(dtype, depth - 1));
      case "binary":
        return s.binary(
          choose(exactBinary[dtype]),
          this.expression(dtype, depth - 1),
          this.expression(dtype, depth - 1),
        );
      case "select":
        return s.select(
          this.expression("bool", depth - 1),
          this.expression(dtype, depth - 1),
          this.expression(dtype, depth - 1),
        );
      case "convert":
        return s.convert(this.expression(choose(dtypes), depth - 1), dtype);
      case "shared": {
        const x = this.expression(dtype, depth - 1);
        return dtype === "bool"
          ? s.binary("or", x, s.unary("not", x))
          : s.binary("add", x, s.binary("multiply", x, s.unary("abs", x)));
      }
      case "compare": {
        const from = choose(dtypes);
        return s.compare(choose(directions), this.expression(from, depth - 1), this.expression(from, depth - 1));
      }
      case "shift": {
        if (dtype === "float32")
          return s.bitcast(
            s.binary("and", s.bitcast(this.expression("float32", depth - 1), "int32"), s.number(-8, "int32")),
            "float32",
          );
        const count = choose([true, false])
          ? s.number(choose([0, 3, 31]), "int32")
          : s.binary("and", this.expression("int32", depth - 1), s.number(31, "int32"));
        return s.binary(
          choose(["shift_left", "shift_right_logical"] as const),
          this.expression("int32", depth - 1),
          count,
        );
      }
      default:
        return kind satisfies never;
    }
  }
}

export interface KernelCase {
  readonly kernel: Kernel;
  readonly inputs: readonly TypedValues[];
}

type Make = (choose: Choose) => { form: LoopForm; operands: readonly TensorType[]; results: readonly TensorType[] };

/** Values of all kinds: small integers mostly, so that sums are exact; specials where `special`. */
function values(type: TensorType, choose: Choose, special: boolean): TypedValues {
  const out = typedValues(type.dtype, sizeOf(type.shape));
  const floats = special
    ? [0, 1, -1, 2.5, -0, NaN, Infinity, -Infinity, 3e9, 1e-40, 7, -3]
    : [0, 1, -1, 2, 3, -4, 5, 0.5];
  const ints = special ? [0, 1, -1, 5, -2147483648, 2147483647, 17, -6] : [0, 1, -1, 2, 3, -4];
  for (let i = 0; i < out.length; i++)
    out[i] = type.dtype === "bool" ? choose([0, 1]) : choose(type.dtype === "float32" ? floats : ints);
  return out;
}

function caseOf(name: string, special: boolean, make: Make): fc.Arbitrary<KernelCase> {
  return fc.array(fc.nat(5039), { minLength: 40, maxLength: 400 }).map((numbers) => {
    let position = 0;
    const choose: Choose = (options) => options[numbers[position++ % numbers.length]! % options.length]!;
    const { form, operands, results } = make(choose);
    if (form.form === "alias") throw new Error("not a kernel");
    return { kernel: { name, form, operands, results }, inputs: operands.map((type) => values(type, choose, special)) };
  });
}

const shapeOf = (choose: Choose, ranks: readonly number[]): number[] =>
  Array.from({ length: choose(ranks) }, () => choose(sizes));

/** One axis of any size, or two small ones, or none. */
const groupOf = (choose: Choose): number[] =>
  choose([() => [choose(sizes)], () => [], () => [choose([2, 3, 5]), choose([3, 1, 4])]] as const)();

export const mapCase = caseOf("map", true, (choose) => {
  const shape = shapeOf(choose, [1, 2, 3, 0, 4]);
  const dtype = choose(dtypes);
  const maker = new Maker(choose, shape);
  const body = maker.expression(dtype, choose([1, 2, 3, 0]));
  return { form: { form: "map", shape, body }, operands: maker.operands.types, results: [tensorType(shape, dtype)] };
});

export const piecesCase = caseOf("pieces", true, (choose) => {
  const dtype = choose(dtypes);
  const [rows, columns] = [choose(sizes), choose(sizes)];
  const first = new Maker(choose, [rows, columns]);
  const body = first.expression(dtype, 1);
  const fill = dtype === "bool" ? 1 : choose([0, 2, -3]);
  const at = [s.axisIndex(0, choose([1, 2]), 1), s.axisIndex(1, 1, choose([0, 3]))];
  const shape = [2 * rows + 2, columns + 4];
  const reversed = [s.constantIndex(0), s.axisIndex(0, -1, columns + 3)];
  const pieces = [
    { shape: [rows, columns], body, at },
    { shape: [columns + 4], body: s.number(1, dtype), at: reversed },
  ];
  return {
    form: { form: "pieces", fill, pieces },
    operands: first.operands.types,
    results: [tensorType(shape, dtype)],
  };
});

export const reduceCase = caseOf("reduce", false, (choose) => {
  const shape = shapeOf(choose, [1, 2, 0, 3]);
  const reduced = shapeOf(choose, [1, 2, 0]);
  const dtype = choose(dtypes);
  const combiner: Combiner =
    dtype === "bool" ? choose(["and", "or"]) : choose(["add", "maximum", "minimum", "multiply"]);
  const maker = new Maker(choose, [...shape, ...reduced]);
  const body = maker.expression(dtype, combiner === "multiply" ? 0 : choose([0, 1]));
  return {
    form: { form: "reduce", shape, reduced, combiner, body },
    operands: maker.operands.types,
    results: [tensorType(shape, dtype)],
  };
});

export const contractCase = caseOf("contract", false, (choose) => {
  const [batch, m, n, k] = [choose([[], [2], [3, 2], [1]]), groupOf(choose), groupOf(choose), groupOf(choose)];
  const dtype = choose(["float32", "int32"] as const);
  const left = new Maker(choose, [...batch, ...m, ...k]);
  const lhs = left.expression(dtype, choose([0, 0, 1]));
  const right = new Maker(choose, [...batch, ...n, ...k]);
  for (const type of left.operands.types) right.operands.add(type);
  const rhs = right.expression(dtype, choose([0, 0, 1]));
  const results = [tensorType([...batch, ...m, ...n], dtype)];
  return { form: { form: "contract", batch, m, n, k, lhs, rhs }, operands: right.operands.types, results };
});

export const runningCase = caseOf("running", false, (choose) => {
  const shape = shapeOf(choose, [1, 2, 3]);
  const dtype = choose(["float32", "int32"] as const);
  const maker = new Maker(choose, shape);
  const body = maker.expression(dtype, choose([0, 1]));
  const dimension = choose(shape.map((_, axis) => axis));
  const form = {
    form: "running",
    shape,
    dimension,
    combiner: choose(["add", "multiply"] as const),
    exclusive: choose([false, true]),
    reverse: choose([false, true]),
    body,
  } as const;
  return { form, operands: maker.operands.types, results: [tensorType(shape, dtype)] };
});

export const sortCase = caseOf("sort", true, (choose) => {
  const shape = [...shapeOf(choose, [0, 1]), choose([1, 2, 3, 4, 5, 7, 8, 13, 16, 31, 64, 100])];
  const type = tensorType(shape, choose(dtypes));
  return {
    form: { form: "sort", shape, descending: choose([false, true]) },
    operands: [type],
    results: [type, tensorType(shape, "int32")],
  };
});

export const scatterCase = caseOf("scatter", false, (choose) => {
  const [updates, window, rows] = [choose(sizes), choose(sizes), 5];
  const shape = [updates, window];
  const dtype = choose(dtypes);
  const maker = new Maker(choose, shape);
  maker.operands.add(tensorType([rows, window + 1], dtype));
  const indices = maker.operands.add(tensorType([updates], "int32"));
  const row = s.load(indices, [s.axisIndex(0)], "int32");
  const inRange = s.binary(
    "and",
    s.compare("GE", row, s.number(0, "int32")),
    s.compare("LT", row, s.number(rows, "int32")),
  );
  const at = [row, s.axisIndex(1, 1, choose([0, 1]))];
  const body = maker.expression(dtype, choose([0, 1]));
  const combiner = dtype === "bool" ? "set" : choose(["add", "set"] as const);
  return {
    form: { form: "scatter", combiner, shape, inRange, at, body },
    operands: maker.operands.types,
    results: [tensorType([rows, window + 1], dtype)],
  };
});

/** A scatter of rows, each within itself. */
export const scatterRowsCase = caseOf("scatter", false, (choose) => {
  const shape = [choose([2, 3, 5]), choose(sizes)];
  const [width, dtype] = [6, choose(dtypes)];
  const maker = new Maker(choose, shape);
  maker.operands.add(tensorType([shape[0]!, width], dtype));
  const indices = maker.operands.add(tensorType(shape, "int32"));
  const column = s.load(indices, [s.axisIndex(0), s.axisIndex(1)], "int32");
  const inRange = s.binary(
    "and",
    s.compare("GE", column, s.number(0, "int32")),
    s.compare("LT", column, s.number(width, "int32")),
  );
  const body = maker.expression(dtype, choose([0, 1]));
  const combiner = dtype === "bool" ? "set" : choose(["add", "set"] as const);
  return {
    form: { form: "scatter", combiner, shape, inRange, at: [s.axisIndex(0), column], body },
    operands: maker.operands.types,
    results: [tensorType([shape[0]!, width], dtype)],
  };
});

/** All of them, by form. */
export const kernelCases = {
  map: mapCase,
  pieces: piecesCase,
  reduce: reduceCase,
  contract: contractCase,
  running: runningCase,
  sort: sortCase,
  scatter: scatterCase,
  scatterRows: scatterRowsCase,
};
