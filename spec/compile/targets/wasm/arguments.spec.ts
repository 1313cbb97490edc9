// An argument that is the same as in the run before is not copied again, where it is still in its place.

import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { jit } from "../../../../compile/index.ts";
import { GraphBuilder } from "../../../../compile/graph/build.ts";
import { lowerGraph } from "../../../../compile/program/lower.ts";
import { compileWasm } from "../../../../compile/targets/wasm/wasm.ts";

const type = { shape: [4], dtype: "float32" } as const;

function doubled() {
  const b = new GraphBuilder();
  const [x, y] = [b.input(type), b.input(type)];
  return compileWasm(lowerGraph(b.graph([x, y], [b.add(b.add(x, x), y)])));
}

it("what has the identity of the last run is taken from where it is", () => {
  const { run, executable } = doubled();
  expect(executable.keepsInputs).toEqual([true, true]);
  const [x, y, first, second] = [Float32Array.of(1, 2, 3, 4), new Float32Array(4), {}, {}];
  const results = (identities?: readonly object[]): number[] => [...(run([x, y], identities)[0] as Float32Array)];
  expect(results([first, second])).toEqual([2, 4, 6, 8]);
  x.fill(5); // against the agreement, to see that it is not looked at
  expect(results([first, second])).toEqual([2, 4, 6, 8]);
  expect(results([{}, second])).toEqual([10, 10, 10, 10]);
  x.fill(6);
  expect(results()).toEqual([12, 12, 12, 12]);
  expect(results([first, second])).toEqual([12, 12, 12, 12]);
});

it("but not after another program has run, or a call that failed", () => {
  const [{ run }, other] = [doubled(), doubled()];
  const [x, y, identities] = [Float32Array.of(1, 2, 3, 4), new Float32Array(4), [{}, {}]];
  run([x, y], identities);
  other.run([y, y]);
  x.fill(7);
  expect([...run([x, y], identities)[0]!]).toEqual([14, 14, 14, 14]);
  expect(() => run([Float32Array.of(9, 9, 9, 9), new Int32Array(4)], [{}, {}])).toThrow(/input 1/);
  x.fill(8);
  expect([...run([x, y], identities)[0]!]).toEqual([16, 16, 16, 16]);
});

it("tensors are told apart, and their copies are new", () => {
  const f = jit((x: tf.Tensor) => tf.add(x, 1));
  const [a, b] = [tf.tensor1d([1, 2]), tf.tensor1d([3, 4])];
  for (const [x, expected] of [
    [a, [2, 3]],
    [a, [2, 3]],
    [b, [4, 5]],
    [a, [2, 3]],
  ] as const)
    // prettier-ignore
    expect([...f(x).dataSync()]).toEqual(expected);
});
