// The one place that appends equations: `emit` infers the results' types with the primitive's own rule, so a graph
// under construction is well typed at every moment. The sugar broadcasts operands NumPy's way, and returns the
// operand itself where an operation would do nothing.

import { cannotBroadcast } from "../errors.ts";
import { primitives } from "../primitives/index.ts";
import type { Batched, Builder, Linearised } from "../primitives/primitive.ts";
import {
  broadcastShapes,
  sameShape,
  typedValues,
  type DType,
  type Shape,
  type TensorType,
  type TypedValues,
} from "../type.ts";
import { batch } from "./batch.ts";
import { linearise } from "./linearise.ts";
import type { Attrs, Combiner, Direction, Equation, GatherDimensions, Graph, Op, Value } from "./graph.ts";

const none = {} as const;

export class GraphBuilder implements Builder {
  readonly #equations: Equation[] = [];

  /** Written on the equations that are appended from now on. */
  source: string | undefined;

  constructor(source?: string) {
    this.source = source;
  }

  /** What has been appended so far. */
  get equations(): readonly Equation[] {
    return this.#equations;
  }

  /** A new value for use as a graph's input. */
  input(type: TensorType): Value {
    return { type };
  }

  /** The graph from `inputs` to `outputs` of all that has been appended. */
  graph(inputs: readonly Value[], outputs: readonly Value[]): Graph {
    return { inputs: [...inputs], equations: [...this.#equations], outputs: [...outputs] };
  }

  emit<K extends Op>(op: K, inputs: readonly Value[], attrs: Attrs[K]): readonly Value[] {
    const types = primitives[op].infer(
      inputs.map((value) => value.type),
      attrs,
    );
    const outputs = types.map((type): Value => ({ type }));
    const source = this.source;
    // `op` and `attrs` are of one K: the member of the union that K names.
    this.#equations.push({
      op,
      inputs: [...inputs],
      attrs,
      outputs,
      ...(source === undefined ? {} : { source }),
    } as unknown as Equation);
    return outputs;
  }

  one<K extends Op>(op: K, inputs: readonly Value[], attrs: Attrs[K]): Value {
    return this.emit(op, inputs, attrs)[0]!;
  }

  inline(graph: Graph, inputs: readonly Value[]): readonly Value[] {
    const replaced = new Map<Value, Value>();
    graph.inputs.forEach((value, i) => replaced.set(value, inputs[i]!));
    const find = (value: Value): Value => replaced.get(value)!;
    for (const equation of graph.equations) {
      const operands = equation.inputs.map(find);
      const outputs = this.within(equation.source, () => this.emit<Op>(equation.op, operands, equation.attrs));
      equation.outputs.forEach((value, i) => replaced.set(value, outputs[i]!));
    }
    return graph.outputs.map(find);
  }

  linearise(graph: Graph, inputs: readonly Value[], wanted: readonly boolean[]): Linearised {
    return linearise(this, graph, inputs, wanted);
  }

  batch(graph: Graph, inputs: readonly Value[], batched: readonly boolean[], size: number): Batched {
    return batch(this, graph, inputs, batched, size);
  }

  within<T>(source: string | undefined, append: () => T): T {
    const outer = this.source;
    this.source = source ?? outer;
    try {
      return append();
    } finally {
      this.source = outer;
    }
  }

  subgraph(types: readonly TensorType[], build: (b: Builder, inputs: readonly Value[]) => readonly Value[]): Graph {
    const b = new GraphBuilder(this.source);
    const inputs = types.map((type) => b.input(type));
    return b.graph(inputs, build(b, inputs));
  }

  /** An operation of operands that are broadcast to one shape first. */
  #broadcast<K extends Op>(op: K, operands: readonly Value[], attrs: Attrs[K]): Value {
    const shape = operands
      .map((value) => value.type.shape)
      .reduce((a, b) => {
        const both = broadcastShapes(a, b);
        if (!both) throw cannotBroadcast(op, a, b);
        return both;
      });
    return this.one(
      op,
      operands.map((value) => this.broadcastTo(value, shape)),
      attrs,
    );
  }

  negate(x: Value): Value {
    return this.one("negate", [x], none);
  }
  abs(x: Value): Value {
    return this.one("abs", [x], none);
  }
  sign(x: Value): Value {
    return this.one("sign", [x], none);
  }
  floor(x: Value): Value {
    return this.one("floor", [x], none);
  }
  sqrt(x: Value): Value {
    return this.one("sqrt", [x], none);
  }
  rsqrt(x: Value): Value {
    return this.one("rsqrt", [x], none);
  }
  exponential(x: Value): Value {
    return this.one("exponential", [x], none);
  }
  log(x: Value): Value {
    return this.one("log", [x], none);
  }
  logistic(x: Value): Value {
    return this.one("logistic", [x], none);
  }
  tanh(x: Value): Value {
    return this.one("tanh", [x], none);
  }
  sine(x: Value): Value {
    return this.one("sine", [x], none);
  }
  cosine(x: Value): Value {
    return this.one("cosine", [x], none);
  }
  not(x: Value): Value {
    return this.one("not", [x], none);
  }
  add(x: Value, y: Value): Value {
    return this.#broadcast("add", [x, y], none);
  }
  subtract(x: Value, y: Value): Value {
    return this.#broadcast("subtract", [x, y], none);
  }
  multiply(x: Value, y: Value): Value {
    return this.#broadcast("multiply", [x, y], none);
  }
  divide(x: Value, y: Value): Value {
    return this.#broadcast("divide", [x, y], none);
  }
  maximum(x: Value, y: Value): Value {
    return this.#broadcast("maximum", [x, y], none);
  }
  minimum(x: Value, y: Value): Value {
    return this.#broadcast("minimum", [x, y], none);
  }
  power(x: Value, y: Value): Value {
    return this.#broadcast("power", [x, y], none);
  }
  and(x: Value, y: Value): Value {
    return this.#broadcast("and", [x, y], none);
  }
  or(x: Value, y: Value): Value {
    return this.#broadcast("or", [x, y], none);
  }
  compare(x: Value, y: Value, direction: Direction): Value {
    return this.#broadcast("compare", [x, y], { direction });
  }
  select(predicate: Value, onTrue: Value, onFalse: Value): Value {
    return this.#broadcast("select", [predicate, onTrue, onFalse], none);
  }
  convert(x: Value, dtype: DType): Value {
    return x.type.dtype === dtype ? x : this.one("convert", [x], { dtype });
  }
  stopGradient(x: Value): Value {
    return this.one("stop_gradient", [x], none);
  }

  constant(values: TypedValues, type: TensorType): Value {
    return this.one("constant", [], { values, type });
  }
  fill(value: number, shape: Shape, dtype: DType = "float32"): Value {
    const values = typedValues(dtype, 1);
    values[0] = value;
    return this.broadcastTo(this.constant(values, { shape: [], dtype }), shape);
  }
  zeros(type: TensorType): Value {
    return this.fill(0, type.shape, type.dtype);
  }
  iota(shape: Shape, dimension: number, dtype: DType = "int32"): Value {
    return this.one("iota", [], { shape, dimension, dtype });
  }

  broadcastInDim(x: Value, shape: Shape, broadcastDimensions: readonly number[]): Value {
    const same = sameShape(x.type.shape, shape) && broadcastDimensions.every((d, i) => d === i);
    return same ? x : this.one("broadcast_in_dim", [x], { shape, broadcastDimensions });
  }
  broadcastTo(x: Value, shape: Shape): Value {
    const both = broadcastShapes(x.type.shape, shape);
    if (!both || !sameShape(both, shape)) throw cannotBroadcast("broadcast_in_dim", x.type.shape, shape);
    const missing = shape.length - x.type.shape.length;
    return this.broadcastInDim(x, shape, x.type.shape.map((_, i) => i + missing)); // prettier-ignore
  }
  reshape(x: Value, shape: Shape): Value {
    return sameShape(x.type.shape, shape) ? x : this.one("reshape", [x], { shape });
  }
  transpose(x: Value, permutation: readonly number[]): Value {
    const same = permutation.length === x.type.shape.length && permutation.every((d, i) => d === i);
    return same ? x : this.one("transpose", [x], { permutation });
  }
  slice(
    x: Value,
    start: readonly number[],
    limit: readonly number[],
    strides: readonly number[] = start.map(() => 1),
  ): Value {
    const whole = start.every((s) => s === 0) && sameShape(limit, x.type.shape) && strides.every((s) => s === 1);
    return whole ? x : this.one("slice", [x], { start, limit, strides });
  }
  pad(
    x: Value,
    low: readonly number[],
    high: readonly number[],
    interior: readonly number[] = low.map(() => 0),
    value = 0,
  ): Value {
    const nothing = low.length === x.type.shape.length && [low, high, interior].every((ns) => ns.every((n) => n === 0));
    return nothing ? x : this.one("pad", [x], { low, high, interior, value });
  }
  concatenate(xs: readonly Value[], dimension: number): Value {
    return xs.length === 1 ? xs[0]! : this.one("concatenate", xs, { dimension });
  }
  reverse(x: Value, dimensions: readonly number[]): Value {
    return dimensions.length === 0 ? x : this.one("reverse", [x], { dimensions });
  }

  reduce(x: Value, combiner: Combiner, dimensions: readonly number[]): Value {
    return dimensions.length === 0 ? x : this.one("reduce", [x], { combiner, dimensions });
  }
  sum(x: Value, dimensions: readonly number[]): Value {
    return this.reduce(x, "add", dimensions);
  }
  dotGeneral(x: Value, y: Value, dimensions: Attrs["dot_general"]): Value {
    return this.one("dot_general", [x, y], dimensions);
  }
  cumulative(x: Value, attrs: Attrs["cumulative"]): Value {
    return this.one("cumulative", [x], attrs);
  }
  sort(x: Value, descending: boolean): readonly [Value, Value] {
    const [values, positions] = this.emit("sort", [x], { descending });
    return [values!, positions!];
  }
  gather(x: Value, startIndices: Value, dimensions: GatherDimensions): Value {
    return this.one("gather", [x, startIndices], dimensions);
  }
  scatter(x: Value, startIndices: Value, updates: Value, attrs: Attrs["scatter"]): Value {
    return this.one("scatter", [x, startIndices, updates], attrs);
  }
}
