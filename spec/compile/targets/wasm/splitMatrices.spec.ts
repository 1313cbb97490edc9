// A matrix that a loop changes, and one example alone: threads take blocks of its rows through the whole step.

import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { jit, scan } from "../../../../compile/index.ts";
import type { Graph } from "../../../../compile/graph/graph.ts";
import { interpretProgram } from "../../../../compile/program/interpret.ts";
import type { Program } from "../../../../compile/program/program.ts";
import { eachInstruction } from "../../../../compile/program/uses.ts";
import { lowerForWasm } from "../../../../compile/targets/wasm/lower.ts";
import { compileWasm } from "../../../../compile/targets/wasm/wasm.ts";
import { expectNear } from "./expectNear.ts";

const [size, few, steps] = [16, 3, 5];
const splitting = { leastElements: 64, blocks: 4 };
const program = { leastWork: 0, leastBytes: Infinity, sharedBytes: Infinity, blockBytes: Infinity };

type Carry = { readonly m: tf.Tensor; readonly w: tf.Tensor };

/** A matrix updated and multiplied along both axes at each step, by rows that the last step left. */
const loop = (w: tf.Tensor, xs: tf.Tensor): Carry =>
  scan(
    ({ m, w }: Carry, x: tf.Tensor) => {
      const next = tf.add(tf.mul(m, 0.5), tf.matMul(tf.reshape(x, [size, 1]), tf.reshape(x, [1, size])));
      const along = tf.matMul(w as tf.Tensor2D, next as tf.Tensor2D, false, true);
      const across = tf.matMul(w as tf.Tensor2D, next as tf.Tensor2D);
      const onTheLeft = tf.transpose(tf.matMul(next as tf.Tensor2D, tf.transpose(w as tf.Tensor2D)));
      return { carry: { m: next, w: tf.tanh(tf.mul(tf.addN([along, tf.mul(across, 2), onTheLeft]), 0.1)) }, y: null };
    },
    { m: tf.zeros([size, size]), w } as Carry,
    xs,
  ).carry;

const graph = (): Graph =>
  jit(loop, { target: "tfjs" }).compile(tf.zeros([few, size]) as tf.Tensor, tf.zeros([steps, size]) as tf.Tensor).after;
const inputs = [few * size, steps * size].map((n) =>
  Float32Array.from({ length: n }, (_, i) => 0.3 * Math.sin(12.9898 * i)),
);
const lowered = (threads: number, blocks = splitting): Program =>
  lowerForWasm(graph(), threads, { program, sweepPoints: 1, splitting: blocks });

/** How many parts each section has, and the forms of the kernels in its first. */
function sections({ instructions, kernels }: Program): string[] {
  const found: string[] = [];
  eachInstruction(instructions, (instruction) => {
    if (instruction.kind !== "parallel") return;
    const forms = instruction.parts[0]!.flatMap((it) => (it.kind === "call" ? [kernels[it.kernel]!.form.form] : []));
    found.push(`${instruction.parts.length}: ${forms.join(" ")}`);
  });
  return found;
}

describe("matrices in blocks of rows", () => {
  it("mean what they meant", () => {
    const expected = interpretProgram(lowered(1, { leastElements: Infinity, blocks: 4 }), inputs);
    for (const threads of [1, 2, 3, 4]) {
      const actual = compileWasm(lowered(threads)).run(inputs);
      actual.forEach((values, i) => expectNear(values, expected[i]!, 1e-5));
    }
  });

  it("give the same bits for every number of threads", () => {
    const alone = compileWasm(lowered(1)).run(inputs);
    for (const threads of [2, 4]) expect(compileWasm(lowered(threads)).run(inputs)).toEqual(alone);
  });

  it("let threads update and multiply their own rows in one sweep", () => {
    expect(sections(lowered(1))).toEqual([]);
    expect(sections(lowered(2)).some((section) => /^2: .*sweep/.test(section))).toBe(true);
  });

  it("are left alone where they are small, or weights", () => {
    const products = ({ kernels }: Program): string[] =>
      kernels.flatMap(({ form }) => (form.form === "contract" ? [form.batch.join()] : []));
    expect(products(lowered(1, { leastElements: 1000, blocks: 4 }))).not.toContain("4");
    const weights = (w: tf.Tensor, xs: tf.Tensor): tf.Tensor =>
      scan((h: tf.Tensor, x: tf.Tensor) => ({ carry: tf.tanh(tf.add(tf.matMul(h as tf.Tensor2D, w as tf.Tensor2D), x)), y: null }), tf.zeros([1, size]) as tf.Tensor, xs).carry; // prettier-ignore
    const fixed = jit(weights, { target: "tfjs" }).compile(tf.zeros([size, size]) as tf.Tensor, tf.zeros([steps, 1, size]) as tf.Tensor).after; // prettier-ignore
    expect(products(lowerForWasm(fixed, 1, { splitting }))).not.toContain("4");
  });
});
