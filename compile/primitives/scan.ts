// A body graph run `length` times. Body: (constants, carry, x) -> (carry, y); the primitive: (constants, initial carry,
// xs) -> (final carry, ys), with the time axis in front of xs and ys. Its vjp is a scan in reverse.

import * as tf from "@tensorflow/tfjs-core";
import { malformedBody } from "../errors.ts";
import type { Attrs, Graph, Value } from "../graph/graph.ts";
import { sameType, sizeOf, type TensorType } from "../type.ts";
import { orZeros, typesOf, withBatchAxis, type Builder, type Linearised, type Primitive } from "./primitive.ts"; // prettier-ignore
import { bytesOfAll, bytesOfLifted, chooseSplit, segmented } from "./segments.ts";
import { differentiateBothWays } from "./twoWays.ts";

type ScanAttrs = Attrs["scan"];

/** The parts of a list laid out as a scan's operands, or as its body's inputs. */
const parts = <T>(all: readonly T[], { constants, carry }: ScanAttrs) => ({
  constants: all.slice(0, constants),
  carry: all.slice(constants, constants + carry),
  xs: all.slice(constants + carry),
});

const stacked = (length: number, { shape, dtype }: TensorType): TensorType => ({ shape: [length, ...shape], dtype });
/** The type of the number of steps, where it is known only when the loop runs. */
const stepCount: TensorType = { shape: [], dtype: "int32" };
const unstacked = ({ shape, dtype }: TensorType): TensorType => ({ shape: shape.slice(1), dtype });

export const scan: Primitive<ScanAttrs> = {
  infer(inputs, attrs) {
    const { body, carry, length, per } = attrs;
    const { constants, carry: initial, xs } = parts(inputs, attrs);
    const expected = [...constants, ...initial, ...xs.map(unstacked)];
    const fits =
      body.inputs.length === expected.length &&
      body.inputs.every((value, i) => sameType(value.type, expected[i]!)) &&
      xs.every(({ shape }) => shape[0] === length) &&
      body.outputs.length >= carry &&
      (per === undefined || (per >= 1 && attrs.constants > 0 && sameType(constants[0]!, stepCount))) &&
      initial.every((type, i) => sameType(type, body.outputs[i]!.type));
    if (!fits) throw malformedBody("scan", expected, typesOf(body.inputs), typesOf(body.outputs));
    return body.outputs.map(({ type }, i) => (i < carry ? type : stacked(length, type)));
  },

  evaluate(inputs, attrs, run) {
    const { body, carry, length, reverse, per } = attrs;
    const { constants, carry: initial, xs } = parts(inputs, attrs);
    const steps = per ? Math.min(Math.max(Math.ceil(constants[0]!.dataSync()[0]! / per), 0), length) : length;
    let state: readonly tf.Tensor[] = initial;
    const ys: tf.Tensor[][] = body.outputs.slice(carry).map(() => []);
    const slices = xs.map((x) => (length === 0 ? [] : tf.unstack(x)));
    for (let step = 0; step < steps; step++) {
      const t = reverse ? steps - 1 - step : step;
      const results = run(body, [...constants, ...state, ...slices.map((x) => x[t]!)]);
      state = results.slice(0, carry);
      results.slice(carry).forEach((y, i) => (ys[i]![t] = y));
    }
    return [
      ...state.map((s) => tf.clone(s)),
      ...ys.map((list, i) => {
        // tfjs's stack of tensors without elements is one that its slice refuses.
        const type = stacked(length, body.outputs[carry + i]!.type);
        if (sizeOf(type.shape) === 0 || steps === 0) return tf.zeros([...type.shape], type.dtype);
        const stack = tf.stack(list);
        return steps === length
          ? stack
          : tf.pad(
              stack,
              type.shape.map((_, d) => [0, d === 0 ? length - steps : 0]),
            );
      }),
    ];
  },

  vjp: (b, inputs, attrs, wanted) => differentiate(b, inputs, attrs, wanted),

  batch(b, inputs, batched, attrs, size) {
    if (attrs.per && batched[0]) return batchLengths(b, inputs, batched, attrs, attrs.per, size);
    const { body, constants, carry } = attrs;
    const types = typesOf(body.inputs);
    const flags = [...batched];
    // A carry carries the batch axis if it enters with it, or if the step gives it one: repeat until nothing changes.
    const batchBody = (): { graph: Graph; outputs: readonly boolean[] } => {
      let outputs: readonly boolean[] = [];
      const graph = b.subgraph(
        types.map((type, i) => (flags[i] ? { shape: [size, ...type.shape], dtype: type.dtype } : type)),
        (inner, values) => {
          const result = inner.batch(body, values, flags, size);
          outputs = result.batched.map((flag, i) => flag || i >= carry || flags[constants + i]!);
          return result.outputs.map((value, i) =>
            outputs[i] && !result.batched[i] ? withBatchAxis(inner, value, size) : value,
          );
        },
      );
      return { graph, outputs };
    };
    let batchedBody = batchBody();
    for (;;) {
      const missing = batchedBody.outputs.findIndex((flag, i) => i < carry && flag && !flags[constants + i]);
      if (missing < 0) break;
      batchedBody.outputs.forEach((flag, i) => {
        if (i < carry && flag) flags[constants + i] = true;
      });
      batchedBody = batchBody();
    }
    const swap = (x: Value): Value => b.transpose(x, [1, 0, ...x.type.shape.slice(2).map((_, i) => i + 2)]);
    const operands = inputs.map((x, i) => {
      if (i >= constants + carry) return batched[i] ? swap(x) : x;
      return flags[i] && !batched[i] ? withBatchAxis(b, x, size) : x;
    });
    const outputs = b.emit("scan", operands, { ...attrs, body: batchedBody.graph });
    return outputs.map((value, i) => {
      if (i >= carry) return swap(value);
      return batchedBody.outputs[i] ? value : withBatchAxis(b, value, size);
    });
  },

  lower: null,
};

/** A batch in which each has steps of its own number: the loop takes as many as the longest, and holds the others still. */
function batchLengths(
  b: Builder,
  inputs: readonly Value[],
  batched: readonly boolean[],
  attrs: ScanAttrs,
  per: number,
  size: number,
): readonly Value[] {
  const { body, constants, carry, length } = attrs;
  const types = typesOf(body.inputs);
  // The number itself is one more constant, and time one more x.
  const held = b.subgraph([...types.slice(0, 1), ...types, stepCount], (inner, [, ...values]) => {
    const given = values.slice(0, -1);
    const isOn = inner.compare(values.at(-1)!, values[0]!, "LT");
    return inner.inline(body, given).map((value, i) => {
      const still = i < carry ? given[constants + i]! : inner.zeros(value.type);
      return inner.select(isOn, value, still);
    });
  });
  const longest = b.reduce(inputs[0]!, "maximum", [0]);
  const time = b.multiply(b.iota([length], 0, "int32"), b.fill(per, [], "int32"));
  return scan.batch(
    b,
    [longest, ...inputs, time],
    [false, ...batched, false],
    { ...attrs, body: held, constants: constants + 1 },
    size,
  );
}

/** Forward: the same scan, with what the way back needs stacked beside ys. Back: a scan in the other direction that
 *  carries the carry's cotangents and the sums of the constants'. */
function differentiate(b: Builder, inputs: readonly Value[], attrs: ScanAttrs, wanted: readonly boolean[]): Linearised {
  const { body, constants, carry, length, reverse } = attrs;
  const flags = body.inputs.map(({ type }, i) => wanted[i]! && type.dtype === "float32");
  const { inputs: wants, outputs: activeOutputs } = spreadActivity(b, attrs, flags);
  const isConstant = (i: number): boolean => i < constants;
  const isX = (i: number): boolean => i >= constants + carry;
  const ways = differentiateBothWays(b, body, wants, (i) => isConstant(i) || isX(i), isConstant, activeOutputs);
  const { kept, active, backward } = ways;
  const wantedConstants = wants.slice(0, constants).filter(Boolean).length;

  const { memory, per } = attrs;
  const ofSteps = per === undefined ? {} : { per };
  let left: { readonly memory?: number } = {};
  if (memory !== undefined) {
    const each = bytesOfAll(kept) + bytesOfLifted(backward, wantedConstants);
    const ofCarry = bytesOfAll(body.inputs.slice(constants, constants + carry));
    const split = chooseSplit({ length, carry: ofCarry, kept: each, memory });
    if (split) return b.linearise(segmented(b, typesOf(inputs), attrs, split), inputs, wanted);
    left = { memory: Math.max(0, memory - length * bytesOfAll(kept)) };
  }

  // Forward. What is kept and given out anyway is stacked once.
  const ys = ways.outputs.slice(carry);
  const extra = kept.filter((value) => !ys.includes(value));
  const forward: Graph = { inputs: ways.inputs, equations: ways.forward, outputs: [...ways.outputs, ...extra] };
  const results = b.emit("scan", inputs, { ...attrs, body: forward });
  const stackOf = (value: Value): Value => {
    const y = ys.indexOf(value);
    return results[carry + (y >= 0 ? y : ys.length + extra.indexOf(value))]!;
  };

  return {
    outputs: results.slice(0, body.outputs.length),
    active,
    pullback(cotangents) {
      const operands = parts(inputs, attrs);
      const cotangentOf = (i: number): Value => {
        const type = body.outputs[i]!.type;
        return orZeros(b, cotangents[i], i < carry ? type : stacked(length, type));
      };
      const activeIndices = active.flatMap((flag, i) => (flag ? [i] : []));
      const carryCts = activeIndices.filter((i) => i < carry);
      const yCts = activeIndices.filter((i) => i >= carry);
      const wantedTypes = (from: number, to: number): readonly TensorType[] =>
        typesOf(body.inputs.slice(from, to).filter((_, i) => wants[from + i]));
      const sums = wantedTypes(0, constants);

      // The body of the way back: (constants; carry's cotangents, sums; xs, kept values, ys' cotangents)
      // -> (carry's cotangents, sums; xs' cotangents).
      const types = typesOf(body.inputs);
      const layout: readonly (readonly TensorType[])[] = [
        types.slice(0, constants),
        carryCts.map((i) => body.outputs[i]!.type),
        sums,
        types.slice(constants + carry),
        typesOf(kept),
        yCts.map((i) => body.outputs[i]!.type),
      ];
      const backwardBody = b.subgraph(layout.flat(), (inner, values) => {
        let at = 0;
        const [fixed, cts, sumsSoFar, xs, stacks, ctsOfYs] = layout.map((list) =>
          values.slice(at, (at += list.length)),
        );
        // Where the carry itself is needed it is among the kept values: its own place is never read.
        const unread = body.inputs.slice(constants, constants + carry).map(({ type }) => inner.zeros(type));
        const given = [...fixed!, ...unread, ...xs!, ...stacks!, ...cts!, ...ctsOfYs!];
        const out = inner.inline(backward, given);
        const sum = sumsSoFar!.map((value, i) => inner.add(value, out[i]!));
        return [
          ...out.slice(sums.length, sums.length + carryCts.length),
          ...sum,
          ...out.slice(sums.length + carryCts.length),
        ];
      });
      const out = b.emit(
        "scan",
        [
          ...operands.constants,
          ...carryCts.map(cotangentOf),
          ...sums.map((type) => b.zeros(type)),
          ...operands.xs,
          ...kept.map(stackOf),
          ...yCts.map(cotangentOf),
        ],
        {
          body: backwardBody,
          constants,
          carry: carryCts.length + sums.length,
          length,
          reverse: !reverse,
          ...ofSteps,
          ...left,
        },
      );
      let [nextCarry, nextSum, nextX] = [0, carryCts.length, carryCts.length + sums.length];
      return inputs.map((_, i) => {
        if (isConstant(i)) return wants[i] ? out[nextSum++]! : null;
        if (isX(i)) return wants[i] ? out[nextX++]! : null;
        return wants[i] ? out[nextCarry++]! : null;
      });
    },
  };
}

/** Which inputs and outputs of the body matter to differentiation: a carry does if it enters so, or if the step makes it
 *  so; then it does on both sides. */
function spreadActivity(
  b: Builder,
  { body, constants, carry }: ScanAttrs,
  flags: readonly boolean[],
): { readonly inputs: readonly boolean[]; readonly outputs: readonly boolean[] } {
  let inputs = flags;
  for (;;) {
    let outputs: readonly boolean[] = [];
    b.subgraph(typesOf(body.inputs), (inner, values) => {
      const linear = inner.linearise(body, values, inputs);
      outputs = linear.active!;
      return linear.outputs;
    });
    const next = inputs.map((flag, i) => flag || (i >= constants && i < constants + carry && outputs[i - constants]!));
    if (next.every((flag, i) => flag === inputs[i])) {
      return { inputs, outputs: outputs.map((flag, i) => flag || (i < carry && inputs[constants + i]!)) };
    }
    inputs = next;
  }
}
