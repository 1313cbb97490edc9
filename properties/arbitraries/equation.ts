// Equations of every primitive, with operands to run them on. The table is total: a new operation without samples does
// not compile, and with them all laws of laws/primitive.ts hold it.

import fc from "fast-check";
import { GraphBuilder } from "../../compile/graph/build.ts";
import type { Attrs, Direction, Graph, Op } from "../../compile/graph/graph.ts";
import { sizeOf, tensorType, type DType, type Shape, type TensorType } from "../../compile/type.ts";
import { perAxis, permutationOf, someAxes, windowed } from "./window.ts";
import { bools, floats, floatsTogether, integers, operandOf, shapes, words, type Operand } from "./operand.ts";

/** One equation and its operands. */
export interface Sample<A = Attrs[Op]> {
  readonly attrs: A;
  readonly operands: readonly Operand[];
  /** How many times finite differences can check its derivative here: 0 where the values sit on kinks. */
  readonly smooth: 0 | 1 | 2;
}

export type Samples = { readonly [K in Op]: fc.Arbitrary<Sample<Attrs[K]>> };

type None = Attrs["add"];
const none: None = {};
const anyShape = shapes(0, 3, 0);

const sampleOf = <A>(operands: readonly Operand[], attrs: A, smooth: 0 | 1 | 2 = 2) => ({ attrs, operands, smooth });

// Elementwise

/** Values of [low, high], and as often of int32 as they are admitted. */
function unary(
  low: number,
  high: number,
  smooth: 0 | 1 | 2 = 2,
  others: readonly DType[] = [],
): fc.Arbitrary<Sample<None>> {
  return anyShape.chain((shape) =>
    fc.oneof(
      floats(shape, low, high).map((x) => sampleOf([x], none, smooth)),
      ...ofOtherDTypes(1, shape, others),
    ),
  );
}

function ofOtherDTypes(count: number, shape: Shape, dtypes: readonly DType[]) {
  return dtypes.map((dtype) =>
    fc
      .tuple(...Array.from({ length: count }, () => (dtype === "bool" ? bools(shape) : words(shape))))
      .map((operands) => sampleOf(operands, none, 0)),
  );
}

function binary(
  low: number,
  high: number,
  smooth: 0 | 1 | 2 = 2,
  others: readonly DType[] = [],
): fc.Arbitrary<Sample<None>> {
  return anyShape.chain((shape) =>
    fc.oneof(
      floatsTogether(2, shape, low, high).map((operands) => sampleOf(operands, none, smooth)),
      ...ofOtherDTypes(2, shape, others),
    ),
  );
}

const onlyWords = (count: number, others: readonly DType[]): fc.Arbitrary<Sample<None>> =>
  anyShape.chain((shape) => fc.oneof(...ofOtherDTypes(count, shape, others)));

/** Either sign, away from 0. */
const awayFromZero = (shape: Shape, low: number, high: number): fc.Arbitrary<Operand> =>
  fc
    .tuple(floats(shape, low, high), fc.array(fc.boolean(), { minLength: sizeOf(shape), maxLength: sizeOf(shape) }))
    .map(([{ values }, flipped]) =>
      operandOf(
        shape,
        "float32",
        Array.from(values, (value, i) => (flipped[i] ? -value : value)),
      ),
    );

const eitherSign = (low: number, high: number, smooth: 0 | 1 | 2 = 2): fc.Arbitrary<Sample<None>> =>
  anyShape.chain((shape) => awayFromZero(shape, low, high).map((x) => sampleOf([x], none, smooth)));

/** Between integers and halves: floor, ceil and rounding are flat there. */
const offGrid: fc.Arbitrary<Sample<None>> = anyShape.chain((shape) =>
  fc.tuple(integers(shape), floats(shape, 0.1, 0.4)).map(([{ values }, { values: fractions }]) =>
    sampleOf(
      [
        operandOf(
          shape,
          "float32",
          Array.from(values, (value, i) => value + fractions[i]!),
        ),
      ],
      none,
    ),
  ),
);

/** Dividends whose quotient is not near an integer. */
const remainders: fc.Arbitrary<Sample<None>> = anyShape.chain((shape) =>
  fc.oneof(
    fc.tuple(awayFromZero(shape, 1, 2), integers(shape, -3, 3), floats(shape, 0.3, 0.7)).map(([y, whole, part]) => {
      const x = Array.from(y.values, (value, i) => value * (whole.values[i]! + part.values[i]!));
      return sampleOf([operandOf(shape, "float32", x), y], none);
    }),
    ...ofOtherDTypes(2, shape, ["int32"]),
  ),
);

const shifts: fc.Arbitrary<Sample<None>> = anyShape.chain((shape) =>
  fc.tuple(words(shape), integers(shape, 0, 31)).map((operands) => sampleOf(operands, none, 0)),
);

const directions: readonly Direction[] = ["EQ", "NE", "GE", "GT", "LE", "LT"];

const anyDType = (shape: Shape): fc.Arbitrary<Operand> =>
  fc.oneof(
    { weight: 3, arbitrary: floats(shape) },
    { weight: 1, arbitrary: words(shape) },
    { weight: 1, arbitrary: bools(shape) },
  );

/** Operands of one dtype, any. */
const alike = (types: readonly Shape[]): fc.Arbitrary<Operand[]> =>
  fc.oneof(
    { weight: 3, arbitrary: fc.tuple(...types.map((shape) => floats(shape))) },
    { weight: 1, arbitrary: fc.tuple(...types.map((shape) => words(shape))) },
    { weight: 1, arbitrary: fc.tuple(...types.map((shape) => bools(shape))) },
  );

// Indexing and products

/** Start indices in range and out of it. */
const startIndices = (shape: Shape): fc.Arbitrary<Operand> => integers(shape, -2, 4);

const dots: fc.Arbitrary<Sample<Attrs["dot_general"]>> = fc
  .tuple(shapes(0, 1), shapes(0, 2), shapes(0, 2), shapes(0, 2, 0), fc.nat(1000), fc.boolean())
  .chain(([batch, m, n, k, seed, integer]) => {
    /** Axes of one side: where each of batch, free and contracting ones went, by a rotation. */
    const side = (free: Shape, turn: number) => {
      const parts = [...batch, ...free, ...k];
      const place = (i: number): number => (parts.length === 0 ? 0 : (i + turn) % parts.length);
      const shape = new Array<number>(parts.length);
      parts.forEach((size, i) => (shape[place(i)] = size));
      return {
        shape,
        batching: batch.map((_, i) => place(i)),
        contracting: k.map((_, i) => place(batch.length + free.length + i)),
      };
    };
    const lhs = side(m, seed % 5);
    const rhs = side(n, seed % 7);
    const attrs = {
      lhsBatchingDimensions: lhs.batching,
      rhsBatchingDimensions: rhs.batching,
      lhsContractingDimensions: lhs.contracting,
      rhsContractingDimensions: rhs.contracting,
    };
    const operands = integer
      ? fc.tuple(words(lhs.shape), words(rhs.shape))
      : fc.tuple(floats(lhs.shape), floats(rhs.shape));
    return operands.map((both) => sampleOf(both, attrs));
  });

const cumulatives: fc.Arbitrary<Sample<Attrs["cumulative"]>> = fc
  .tuple(
    shapes(1, 3, 0),
    fc.constantFrom("add" as const, "multiply" as const),
    fc.boolean(),
    fc.boolean(),
    fc.nat(2),
    fc.nat(3),
  )
  .chain(([shape, combiner, exclusive, reverse, axis, zeros]) =>
    fc
      .oneof(
        floats(shape).map((x) => withZeros(x, zeros)),
        words(shape),
      )
      .map((x) => sampleOf([x], { combiner, dimension: axis % shape.length, exclusive, reverse })),
  );

/** Exact zeros at every `every`-th place: products have a derivative there. */
const withZeros = (x: Operand, every: number): Operand =>
  every < 2 ? x : { ...x, values: x.values.map((value, i) => (i % every === 0 ? 0 : value)) };

const reduces: fc.Arbitrary<Sample<Attrs["reduce"]>> = fc
  .tuple(shapes(0, 3, 0), fc.constantFrom("add", "multiply", "maximum", "minimum", "and", "or"), fc.nat(3))
  .chain(([shape, combiner, zeros]) =>
    fc
      .tuple(
        someAxes(shape),
        combiner === "and" || combiner === "or"
          ? bools(shape)
          : fc.oneof(
              floats(shape).map((x) => (combiner === "multiply" ? withZeros(x, zeros) : x)),
              words(shape),
            ),
      )
      // The extremum of nothing is infinite.
      .map(([dimensions, x]) => sampleOf([x], { combiner, dimensions }, x.values.length === 0 ? 0 : 2)),
  );

// Bodies

const vector = tensorType([2]);
const build = (types: readonly TensorType[], body: Parameters<GraphBuilder["subgraph"]>[1]): Graph =>
  new GraphBuilder().subgraph(types, body);

const scanBody = build([vector, vector, tensorType([], "int32"), vector], (b, [w, carry, count, x]) => {
  const next = b.tanh(b.add(b.multiply(w!, carry!), x!));
  const step = b.add(count!, b.fill(1, [], "int32"));
  return [next, step, b.multiply(next, x!), step];
});

const staticScans: fc.Arbitrary<Sample<Attrs["scan"]>> = fc
  .tuple(fc.integer({ min: 0, max: 4 }), fc.boolean())
  .chain(([length, reverse]) =>
    fc
      .tuple(floats([2]), floats([2]), integers([]), floats([length, 2]))
      .map((operands) => sampleOf(operands, { body: scanBody, constants: 1, carry: 2, length, reverse })),
  );

/** The same body behind a number of steps, which it reads as well. */
const dynamicBody = build(
  [tensorType([], "int32"), ...scanBody.inputs.map(({ type }) => type)],
  (b, [n, ...values]) => {
    const [next, step, y, count] = b.inline(scanBody, values);
    return [next!, step!, y!, b.add(count!, n!)];
  },
);

const dynamicScans: fc.Arbitrary<Sample<Attrs["scan"]>> = fc
  .tuple(fc.integer({ min: 0, max: 4 }), fc.boolean(), fc.constantFrom(1, 2))
  .chain(([length, reverse, per]) =>
    fc
      .tuple(fc.integer({ min: -1, max: 5 }), floats([2]), floats([2]), integers([]), floats([length, 2]))
      .map(([n, ...operands]) =>
        sampleOf([operandOf([], "int32", [n]), ...operands], {
          body: dynamicBody,
          constants: 2,
          carry: 2,
          length,
          reverse,
          per,
        }),
      ),
  );

const scans = fc.oneof(staticScans, dynamicScans);

const conds: fc.Arbitrary<Sample<Attrs["cond"]>> = fc.tuple(bools([]), floats([2]), floats([2])).map((operands) =>
  sampleOf(operands, {
    onTrue: build([vector, vector], (b, [x, y]) => [b.multiply(x!, b.tanh(y!)), b.compare(x!, y!, "LT")]),
    onFalse: build([vector, vector], (b, [x, y]) => [b.add(x!, b.multiply(y!, y!)), b.compare(y!, x!, "LT")]),
  }),
);

const product = build([vector, vector], (b, [x, y]) => [b.multiply(b.tanh(x!), y!)]);
const pair = fc.tuple(floats([2]), floats([2]));

const customs: fc.Arbitrary<Sample<Attrs["custom_vjp"]>> = pair.map((operands) =>
  sampleOf(operands, {
    body: build([vector, vector], (b, [x, y]) => [b.multiply(x!, y!)]),
    forward: build([vector, vector], (b, [x, y]) => [b.multiply(x!, y!), x!, y!]),
    backward: build([vector, vector, vector], (b, [x, y, ct]) => [b.multiply(ct!, y!), b.multiply(ct!, x!)]),
  }),
);

export const samples: Samples = {
  negate: unary(-2, 2, 2, ["int32"]),
  abs: fc.oneof(eitherSign(0.1, 2), unary(0.1, 2, 2, ["int32"])),
  sign: fc.oneof(eitherSign(0.1, 2), unary(0.1, 2, 2, ["int32"])),
  floor: offGrid,
  ceil: offGrid,
  round_nearest_even: offGrid,
  sqrt: unary(0.3, 3),
  rsqrt: unary(0.4, 3),
  exponential: unary(-2, 2),
  exponential_minus_one: unary(-2, 2),
  log: unary(0.3, 3),
  log_plus_one: unary(-0.6, 3),
  logistic: unary(-3, 3),
  tanh: unary(-2, 2),
  sine: unary(-3, 3),
  cosine: unary(-3, 3),
  tan: unary(-1, 1),
  asin: unary(-0.7, 0.7),
  acos: unary(-0.7, 0.7),
  atan: unary(-2, 2),
  sinh: unary(-2, 2),
  cosh: unary(-2, 2),
  asinh: unary(-2, 2),
  acosh: unary(1.5, 3),
  atanh: unary(-0.7, 0.7),
  erf: unary(-2, 2),
  not: onlyWords(1, ["int32", "bool"]),
  add: binary(-2, 2, 2, ["int32"]),
  subtract: binary(-2, 2, 2, ["int32"]),
  multiply: binary(-2, 2, 2, ["int32"]),
  divide: fc.oneof(
    anyShape.chain((shape) =>
      fc.tuple(floats(shape), awayFromZero(shape, 0.5, 2)).map((operands) => sampleOf(operands, none)),
    ),
    anyShape.chain((shape) => fc.oneof(...ofOtherDTypes(2, shape, ["int32"]))),
  ),
  remainder: remainders,
  maximum: binary(-2, 2, 2, ["int32"]),
  minimum: binary(-2, 2, 2, ["int32"]),
  power: fc.oneof(
    binary(0.4, 2.5),
    anyShape.chain((shape) =>
      fc.tuple(floats(shape, 0.4, 2.5), floats(shape)).map((operands) => sampleOf(operands, none)),
    ),
  ),
  atan2: anyShape.chain((shape) =>
    fc.tuple(floats(shape), awayFromZero(shape, 0.5, 2)).map((operands) => sampleOf(operands, none)),
  ),
  and: onlyWords(2, ["int32", "bool"]),
  or: onlyWords(2, ["int32", "bool"]),
  xor: onlyWords(2, ["int32", "bool"]),
  shift_left: shifts,
  shift_right_logical: shifts,
  compare: fc
    .tuple(anyShape, fc.constantFrom(...directions))
    .chain(([shape, direction]) => alike([shape, shape]).map((operands) => sampleOf(operands, { direction }))),
  select: anyShape.chain((shape) =>
    fc.tuple(bools(shape), alike([shape, shape])).map(([predicate, rest]) => sampleOf([predicate, ...rest], none)),
  ),
  convert: fc
    .tuple(anyShape, fc.constantFrom("float32" as const, "int32" as const, "bool" as const))
    .chain(([shape, dtype]) =>
      fc
        .oneof(
          offGrid.map(({ operands }) => operands[0]!),
          integers(shape),
          bools(shape),
        ) // prettier-ignore
        .map((x) => sampleOf([x], { dtype }, dtype === "float32" ? 2 : 0)),
    ),
  bitcast_convert: fc
    .tuple(anyShape, fc.constantFrom("float32" as const, "int32" as const))
    .chain(([shape, dtype]) =>
      fc.oneof(floats(shape), integers(shape, 0, 2 ** 30)).map((x) => sampleOf([x], { dtype }, 0)),
    ),
  half_to_float: anyShape.chain((shape) => integers(shape, 0, 0x7bff)).map((x) => sampleOf([x], {}, 0)),
  constant: anyShape.chain(anyDType).map(({ type, values }) => sampleOf([], { values, type })),
  iota: fc
    .tuple(shapes(1, 3, 0), fc.nat(2), fc.constantFrom("float32" as const, "int32" as const))
    .map(([shape, axis, dtype]) => sampleOf([], { shape, dimension: axis % shape.length, dtype })),
  rng_bit_generator: fc
    .tuple(shapes(0, 2), anyShape)
    .chain(([keys, shape]) => words([...keys, 2]).map((key) => sampleOf([key], { shape }))),
  rng_split: fc
    .tuple(shapes(0, 2), fc.integer({ min: 0, max: 3 }))
    .chain(([keys, count]) => words([...keys, 2]).map((key) => sampleOf([key], { count }))),
  rng_fold_in: shapes(0, 2).chain((keys) =>
    fc.tuple(words([...keys, 2]), words(keys)).map((operands) => sampleOf(operands, none)),
  ),
  broadcast_in_dim: shapes(0, 4, 0).chain((shape) =>
    fc
      .tuple(someAxes(shape), fc.nat(15))
      .chain(([broadcastDimensions, ones]) =>
        anyDType(broadcastDimensions.map((d, i) => ((ones >> i) & 1 ? 1 : shape[d]!))).map((x) =>
          sampleOf([x], { shape, broadcastDimensions }),
        ),
      ),
  ),
  reshape: shapes(0, 3, 0).chain((shape) =>
    fc
      .tuple(anyDType(shape), permutationOf(shape), fc.boolean())
      .map(([x, order, flat]) =>
        sampleOf([x], { shape: flat ? [sizeOf(shape)] : [1, ...order.map((d) => shape[d]!)] }),
      ),
  ),
  transpose: anyShape.chain((shape) =>
    fc.tuple(anyDType(shape), permutationOf(shape)).map(([x, permutation]) => sampleOf([x], { permutation })),
  ),
  slice: shapes(0, 3).chain((shape) =>
    fc
      .tuple(
        anyDType(shape),
        perAxis(shape, 0, (d) => shape[d]!),
        perAxis(shape, 0, (d) => shape[d]!),
        perAxis(shape, 1, () => 3),
      ) // prettier-ignore
      .map(([x, some, others, strides]) => {
        const start = some.map((n, d) => Math.min(n, others[d]!));
        const limit = some.map((n, d) => Math.max(n, others[d]!));
        return sampleOf([x], { start, limit, strides });
      }),
  ),
  pad: anyShape.chain((shape) => {
    const counts = perAxis(shape, 0, () => 2);
    return fc
      .tuple(anyDType(shape), counts, counts, counts, fc.constantFrom(0, 1))
      .map(([x, low, high, interior, value]) => sampleOf([x], { low, high, interior, value }));
  }),
  concatenate: fc
    .tuple(shapes(1, 3), fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 3 }), fc.nat(2))
    .chain(([shape, sizes, axis]) => {
      const dimension = axis % shape.length;
      return alike(sizes.map((size) => shape.map((n, d) => (d === dimension ? size : n)))).map((operands) =>
        sampleOf(operands, { dimension }),
      );
    }),
  reverse: anyShape.chain((shape) =>
    fc.tuple(anyDType(shape), someAxes(shape)).map(([x, dimensions]) => sampleOf([x], { dimensions })),
  ),
  reduce: reduces,
  dot_general: dots,
  cumulative: cumulatives,
  sort: fc
    .tuple(shapes(1, 3, 0), fc.boolean())
    .chain(([shape, descending]) =>
      fc.oneof(floats(shape), integers(shape, -2, 2)).map((x) => sampleOf([x], { descending })),
    ),
  gather: windowed.chain(({ operand, starts, dims }) =>
    fc.tuple(anyDType(operand), startIndices(starts)).map((operands) => sampleOf(operands, dims)),
  ),
  scatter: fc
    .tuple(windowed, fc.constantFrom("add" as const, "set" as const))
    .chain(([{ operand, starts, result, dims }, combiner]) =>
      fc
        .tuple(
          fc.oneof(fc.tuple(floats(operand), floats(result)), fc.tuple(words(operand), words(result))),
          startIndices(starts),
        )
        .map(([[x, updates], indices]) => sampleOf([x, indices, updates], { ...dims, combiner })),
    ),
  dynamic_slice: shapes(0, 3).chain((shape) =>
    fc
      .tuple(
        anyDType(shape),
        perAxis(shape, 1, (d) => shape[d]!),
        fc.tuple(...shape.map(() => startIndices([]))),
      )
      .map(([x, sliceSizes, starts]) => sampleOf([x, ...starts], { sliceSizes })),
  ),
  dynamic_update_slice: shapes(0, 3).chain((shape) =>
    perAxis(shape, 1, (d) => shape[d]!).chain((sizes) =>
      fc
        .tuple(alike([shape, sizes]), fc.tuple(...shape.map(() => startIndices([]))))
        .map(([both, starts]) => sampleOf([...both, ...starts], none)),
    ),
  ),
  stop_gradient: anyShape.chain((shape) => floats(shape).map((x) => sampleOf([x], none, 0))),
  optimization_barrier: fc
    .tuple(anyShape, anyShape)
    .chain(([p, q]) => fc.tuple(floats(p), anyDType(q)).map((operands) => sampleOf(operands, none))),
  scan: scans,
  cond: conds,
  checkpoint: pair.map((operands) => sampleOf(operands, { body: product })),
  custom_vjp: customs,
  fused: pair.map((operands) => sampleOf(operands, { name: "product", body: product })),
};
