// Which kernels share a sweep, by example; that numbers stay is a law (properties/targets.property.ts).

import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { jit, scan } from "../../../../compile/index.ts";
import { GraphBuilder } from "../../../../compile/graph/build.ts";
import type { Graph } from "../../../../compile/graph/graph.ts";
import { eachInstruction } from "../../../../compile/program/uses.ts";
import type { Program } from "../../../../compile/program/program.ts";
import { interpretProgram } from "../../../../compile/program/interpret.ts";
import { detectFeatures } from "../../../../compile/targets/wasm/features.ts";
import { lowerForWasm } from "../../../../compile/targets/wasm/lower.ts";
import type { Registers } from "../../../../compile/targets/wasm/productTile.ts";
import { compileWasm } from "../../../../compile/targets/wasm/wasm.ts";

const small = { sweepPoints: 1, packing: { leastBytes: Infinity, leastSteps: Infinity, columnBytes: Infinity } };

/** The kernels that a program calls, by form. */
function called(program: Program): string[] {
  const forms: string[] = [];
  eachInstruction(program.instructions, (instruction) => {
    if (instruction.kind === "call") forms.push(program.kernels[instruction.kernel]!.form.form);
  });
  return forms;
}

const graphOfProgram = <A extends readonly unknown[]>(f: (...args: A) => unknown, ...args: A): Graph => {
  const traced = jit(f as (...args: readonly unknown[]) => tf.Tensor, { target: "tfjs" });
  return traced.compile(...args).after;
};

describe("sweeps", () => {
  const update = (m: tf.Tensor2D, u: tf.Tensor2D, v: tf.Tensor2D) => {
    const next = tf.add(tf.mul(m, 0.5), tf.mul(u, v)) as tf.Tensor2D;
    return [next, tf.matMul(next, u), tf.matMul(v, next), tf.sum(next, 0)];
  };
  const args = [tf.ones<tf.Rank.R2>([64, 64]), tf.ones<tf.Rank.R2>([64, 1]), tf.ones<tf.Rank.R2>([1, 64])] as const;

  it("update a matrix and multiply it along both axes in one walk", () => {
    const graph = graphOfProgram(update, ...args);
    expect(called(lowerForWasm(graph, 1, small))).toEqual(["sweep"]);
    expect(called(lowerForWasm(graph))).toHaveLength(4); // small matrices stay in a cache between kernels
  });

  it("do not store what only they read", () => {
    const graph = graphOfProgram(((m: tf.Tensor2D, u: tf.Tensor2D, v: tf.Tensor2D) => update(m, u, v).slice(1)),...args); // prettier-ignore
    const { kernels } = lowerForWasm(graph, 1, small);
    expect(kernels).toHaveLength(1);
    expect(kernels[0]!.results.map(({ shape }) => shape.join())).not.toContain("64,64");
  });

  it("leave out what needs a sum that they have not finished", () => {
    const centred = (m: tf.Tensor2D): tf.Tensor[] => {
      const means = tf.mean(m, 1, true);
      return [means, tf.sum(tf.square(tf.sub(m, means)), 1)];
    };
    expect(called(lowerForWasm(graphOfProgram(centred, tf.ones<tf.Rank.R2>([64, 64])), 1, small))).not.toContain(
      "sweep",
    );
  });
});

const noise = (length: number): Float32Array => Float32Array.from({ length }, (_, i) => Math.sin(12.9898 * i));

describe("packed weights", () => {
  const loop = (w: tf.Tensor2D, xs: tf.Tensor3D): tf.Tensor =>
    scan(
      (h: tf.Tensor, x: tf.Tensor) => ({ carry: tf.tanh(tf.add(tf.matMul(h as tf.Tensor2D, w), x)), y: null }),
      tf.zeros(xs.shape.slice(1)),
      xs as tf.Tensor,
    ).carry;
  const graph = (width = 20, steps = 6, rows = 4): Graph =>
    graphOfProgram(loop, tf.ones<tf.Rank.R2>([width, width]), tf.ones<tf.Rank.R3>([steps, rows, width]));
  const operandsOfProducts = ({ kernels }: Program): string[] =>
    kernels.flatMap(({ form, operands }) => form.form === "contract" ? operands.map(({ shape }) => shape.join()) : []); // prettier-ignore
  const shapes = ({ leastBytes, leastSteps }: { leastBytes: number; leastSteps: number }, wide = false): string[] =>
    operandsOfProducts(
      lowerForWasm(graph(), 1, {
        registers: { fused: true, wide, loadsFirst: false },
        sweepPoints: Infinity,
        packing: { leastBytes, leastSteps, columnBytes: Infinity },
      }),
    );

  it("lie in panels of columns, where a loop pays for it", () => {
    expect(shapes({ leastBytes: 0, leastSteps: 2 })).toContain("3,20,8");
    expect(shapes({ leastBytes: 0, leastSteps: 2 }, true)).toContain("2,20,16");
    expect(shapes({ leastBytes: 0, leastSteps: 7 })).toContain("20,20");
    expect(shapes({ leastBytes: 1e6, leastSteps: 2 })).toContain("20,20");
  });

  it("of one row lie in wide panels, where there are steps enough", () => {
    const one = (steps: number, registers: Registers): string[] => {
      const lowered = graph(70, steps, 1);
      const packing = { leastBytes: 0, leastSteps: 2, columnBytes: Infinity };
      const program = lowerForWasm(lowered, 1, { registers, sweepPoints: Infinity, packing });
      const inputs = [noise(70 * 70).map((x) => x / 10), noise(steps * 70)];
      const [packed, asItLies] = [program, lowerForWasm(lowered, 1, small)].map((each) => compileWasm(each, { ...detectFeatures(), wide: registers.wide }).run(inputs)); // prettier-ignore
      expect(packed).toEqual(asItLies);
      return operandsOfProducts(program);
    };
    const most = { fused: true, wide: true, loadsFirst: false };
    expect(one(8, most)).toContain("2,70,64");
    expect(one(8, { ...most, wide: false })).toContain("3,70,32");
    expect(one(8, { ...most, wide: false, loadsFirst: true })).toContain("3,70,24");
    expect(one(8, { ...most, wide: false, fused: false })).toContain("3,70,24");
    expect(one(7, most)).toContain("70,70");
  });

  it("are shared out among threads by panels, where rows are few", () => {
    const sizes = { leastWork: 0, leastBytes: Infinity, sharedBytes: Infinity, blockBytes: Infinity };
    const lowered = (threads: number, columnBytes: number) =>
      lowerForWasm(graph(), threads, {
        program: sizes,
        registers: { fused: true, wide: false, loadsFirst: false },
        sweepPoints: Infinity,
        packing: { leastBytes: 0, leastSteps: 2, columnBytes },
      });
    const panelsOf = (threads: number, columnBytes: number): number[][] =>
      lowered(threads, columnBytes).kernels.flatMap(({ form }) =>
        form.form === "contract" ? [[...form.batch, ...form.m]] : [],
      );
    // Of four rows and three panels: two threads take two rows each, three threads a panel each.
    const each = (threads: number, columnBytes: number) => new Set(panelsOf(threads, columnBytes).map(String));
    expect(each(2, 0)).toEqual(new Set(["2"]));
    expect(each(3, 0)).toEqual(new Set(["1,4"]));
    expect(each(3, 1e6)).toEqual(new Set(["1", "2"]));
    const inputs = [noise(20 * 20), noise(6 * 4 * 20)];
    const [alone, together] = [lowered(1, 0), lowered(3, 0)].map((program) => interpretProgram(program, inputs));
    expect(together).toEqual(alone);
  });
});

describe("products in sweeps", () => {
  /** The program's numbers with everything in sweeps, and with nothing. */
  const bothWays = (graph: Graph, inputs: readonly Float32Array[]): readonly Float32Array[][] =>
    [1, Infinity].map(
      (sweepPoints) => compileWasm(lowerForWasm(graph, 1, { ...small, sweepPoints })).run(inputs) as Float32Array[],
    );
  it("of rows that do not lie as one axis", () => {
    const b = new GraphBuilder();
    const matrix = b.input({ shape: [16, 32], dtype: "float32" });
    const rows = b.input({ shape: [2, 16, 3], dtype: "float32" });
    const product = b.dotGeneral(rows, matrix, {
      lhsBatchingDimensions: [],
      rhsBatchingDimensions: [],
      lhsContractingDimensions: [1],
      rhsContractingDimensions: [0],
    });
    const graph = b.graph([matrix, rows], [product, b.sum(matrix, [1])]);
    const [swept, apart] = bothWays(graph, [noise(16 * 32), noise(2 * 16 * 3)]);
    expect(swept).toEqual(apart);
  });

  it("along an axis outside of those that strips have", () => {
    const b = new GraphBuilder();
    const cube = b.input({ shape: [16, 4, 8], dtype: "float32" });
    const rows = b.input({ shape: [3, 16], dtype: "float32" });
    const product = b.dotGeneral(rows, cube, {
      lhsBatchingDimensions: [],
      rhsBatchingDimensions: [],
      lhsContractingDimensions: [1],
      rhsContractingDimensions: [0],
    });
    const graph = b.graph([cube, rows], [product, b.multiply(cube, cube), b.sum(cube, [2])]);
    const [swept, apart] = bothWays(graph, [noise(16 * 4 * 8), noise(3 * 16)]);
    expect(swept).toEqual(apart);
  });
});

describe("sweeps over diagonals and triangles", () => {
  const sizes = [[40, 56], [21, 37], [16, 16]] as const; // prettier-ignore
  const places: Record<string, (i: tf.Tensor, j: tf.Tensor) => tf.Tensor> = {
    "the diagonal": (i, j) => tf.equal(i, j),
    "all but the diagonal": (i, j) => tf.notEqual(i, j),
    "a diagonal that leaves the matrix": (i, j) => tf.equal(tf.add(i, 30), j),
    "a triangle": (i, j) => tf.less(j, i),
    "its other side, turned": (i, j) => tf.greaterEqual(j, tf.sub(20, i)),
    "two diagonals": (i, j) => tf.logicalOr(tf.equal(i, j), tf.equal(tf.add(i, 1), j)),
  };
  it.each(Object.keys(places))("%s", (name) => {
    for (const [rows, columns] of sizes) {
      const swept = (m: tf.Tensor2D, u: tf.Tensor2D, v: tf.Tensor2D): tf.Tensor[] => {
        const axis = (n: number, at: number): tf.Tensor => tf.expandDims(tf.range(0, n, 1, "int32"), at);
        const there = tf.broadcastTo(places[name]!(axis(rows, 1), axis(columns, 0)) as tf.Tensor2D, [rows, columns]);
        const next = tf.where(there, tf.mul(m, 3), tf.mul(tf.add(m, u), v)) as tf.Tensor2D;
        return [next, tf.matMul(v, next, false, true), tf.matMul(u, next, true), tf.sum(next, 0), tf.max(next, 1)];
      };
      const given = [tf.ones<tf.Rank.R2>([rows, columns]), tf.ones<tf.Rank.R2>([rows, 1]), tf.ones<tf.Rank.R2>([1, columns])] as const; // prettier-ignore
      const graph = graphOfProgram(swept, ...given);
      const inputs = [noise(rows * columns), noise(rows), noise(columns)];
      const program = lowerForWasm(graph, 1, small);
      expect(called(program)).toContain("sweep");
      const apart = compileWasm(lowerForWasm(graph, 1, { ...small, sweepPoints: Infinity })).run(inputs);
      for (const wide of [false, true])
        expect(
          compileWasm(program, { ...detectFeatures(), wide })
            .run(inputs)
            .slice(0, 1),
        ).toEqual(apart.slice(0, 1));
      expect(compileWasm(program).run(inputs)).toEqual(apart);
    }
  });
});
