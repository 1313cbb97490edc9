// The tables of coverage.ts are complete, agree with the lowerings and with the page in docs, and what they say of an
// op that does not trace is what its error says.

import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { hasReason, isTraced, opGroups, whyNotTraceable } from "../../../compile/trace/coverage.ts";
import { coverageTable } from "../../../compile/trace/coverageTable.ts";
import { tfjsLowerings } from "../../../compile/trace/lowerings/index.ts";
import { trace } from "../../../compile/trace/trace.ts";
import { registerTraceBackend } from "../../../compile/trace/traceBackend.ts";

const exported: Readonly<Record<string, unknown>> = tf;

/** tfjs-core exports each kernel's name under itself. */
const kernels = Object.keys(exported).filter((name) => exported[name] === name);

/** Functions made by tfjs-core's `op`, and those of its API that are plain functions. */
const isOp = (value: unknown): boolean => typeof value === "function" && value.name.endsWith("__op");
const plainOps =
  `booleanMaskAsync buffer fill inTopKAsync linspace lowerBound meshgrid ones print range scalar setdiff1dAsync
  tensor tensor1d tensor2d tensor3d tensor4d tensor5d tensor6d upperBound variable whereAsync zeros`.split(/\s+/);
const namespaces = ["fused", "image", "linalg", "losses", "math", "signal", "sparse", "spectral", "string"];

const ops = [
  ...Object.keys(exported).filter((name) => isOp(exported[name])),
  ...plainOps,
  ...namespaces.flatMap((space) => Object.keys(exported[space] as object).map((name) => `${space}.${name}`)),
].filter((name) => !["math.fill"].includes(name));

const listed = opGroups.flatMap(({ traces, constants, untraced }) => [
  ...traces,
  ...Object.keys(constants ?? {}),
  ...Object.keys(untraced ?? {}),
]);

describe("coverage of ops", () => {
  it("lists every op of tfjs-core once", () => {
    expect([...listed].sort()).toEqual([...ops].sort());
  });
  it("makes notes of ops that trace alone", () => {
    for (const { traces, notes } of opGroups) expect(traces).toEqual(expect.arrayContaining(Object.keys(notes ?? {})));
  });
});

describe("coverage of kernels", () => {
  it("lowers kernels of tfjs-core alone", () => {
    expect(Object.keys(tfjsLowerings).filter((name) => !kernels.includes(name))).toEqual([]);
  });
  it("has a reason for each kernel that does not trace, and for no other", () => {
    expect(kernels.filter((name) => isTraced(name) === hasReason(name))).toEqual([]);
  });
  it("has a way round for a kernel that it never heard of", () => {
    expect(whyNotTraceable("Frobnicate")).toContain("Compute it outside the traced function");
  });
});

describe("docs/traceable-ops.md", () => {
  it("is what `npm run docs` writes", () => {
    const page = readFileSync(new URL("../../../docs/traceable-ops.md", import.meta.url), "utf8");
    expect(page).toBe(coverageTable(kernels));
  });
});

describe("an op that does not trace", () => {
  const matrix = { shape: [3, 3], dtype: "float32" } as const;
  const image = { shape: [1, 4, 4, 1], dtype: "float32" } as const;
  const tracing = (f: (x: tf.Tensor) => tf.Tensor, type: typeof matrix | typeof image = matrix) => {
    registerTraceBackend();
    return () => trace("f", [type], ([x]) => [f(x!)]);
  };
  it("names its kernel, why, and the way round", () => {
    expect(tracing((x) => tf.unique(x).values)).toThrow(`Unique cannot be traced: ${whyNotTraceable("Unique")}`);
    expect(tracing((x) => tf.multinomial(x as tf.Tensor2D, 2))).toThrow("random.categorical(key, logits)");
    expect(tracing((x) => tf.avgPool(x as tf.Tensor4D, 2, 1, "valid"), image)).toThrow("convolutions and pooling");
    expect(tracing((x) => tf.image.resizeBilinear(x as tf.Tensor4D, [2, 2]), image)).toThrow("Do it before the call");
    expect(tracing((x) => tf.complex(x, x))).toThrow("as two float32 tensors");
  });
  it("says so of strings and complex numbers as dtypes", () => {
    expect(tracing((x) => tf.cast(x, "complex64"))).toThrow(
      "Cast: a traced function's tensors are float32, int32 or bool",
    );
    expect(tracing(() => tf.fill([2], "a"))).toThrow(
      "Fill: a traced function's tensors are float32, int32 or bool, got string",
    );
  });
});
