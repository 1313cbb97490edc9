// TensorFlow under the target `tfjs`: loading and choosing, with a package that stands in for the one for GPUs; and, where
// ENGRAM_TFJS names one that is installed, that it is what computes. With it the specs of golden vectors, of
// primitives and programs run on it as well (`.ci/run`).

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { jit, useTfjs, valueAndGrad } from "../../../compile/index.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const given = process.env.ENGRAM_TFJS ?? "cpu";

describe("choosing what the target tfjs runs on", () => {
  afterEach(() => {
    vi.unstubAllEnvs();
    useTfjs("cpu");
  });

  it("is tfjs's own backend unless told", () => {
    vi.stubEnv("ENGRAM_TFJS", undefined);
    expect(useTfjs()).toMatchObject({ name: "cpu", backend: "cpu" });
    vi.stubEnv("ENGRAM_TFJS", "");
    expect(useTfjs().name).toBe("cpu");
    expect(tf.getBackend()).toBe("cpu");
  });

  it("refuses a name that it does not know, and says whose it is", () => {
    vi.stubEnv("ENGRAM_TFJS", "gpu");
    expect(() => useTfjs()).toThrow(/expected one of cpu, node, node-gpu \(argument, or ENGRAM_TFJS\), got "gpu"/);
    expect(() => useTfjs("toString")).toThrow('got "toString"');
  });

  it("says which package is missing, and what to do", () => {
    expect(() => useTfjs("node-gpu")).toThrow(
      /@tensorflow\/tfjs-node-gpu cannot be loaded \(Cannot find module.*npm install/,
    );
    expect(tf.getBackend()).toBe("cpu");
  });
});

/** What a process says of the target tfjs with these packages in reach. */
function elsewhere(folder: string, name: string): Readonly<Record<string, unknown>> {
  const program = `
    import * as tf from "@tensorflow/tfjs-core";
    import "@tensorflow/tfjs-backend-cpu";
    import { jit, useTfjs } from "engram/compile";
    try {
      const used = useTfjs();
      const y = jit((x) => tf.add(tf.exp(x), 1), { target: "tfjs" })(tf.tensor1d([0, 0]));
      console.log(JSON.stringify({ used, result: [...y.dataSync()], calls: globalThis.standInCalls ?? 0 }));
    } catch (error) {
      console.log(JSON.stringify({ name: error.name, message: error.message }));
    }`;
  const flags = ["--import", "tsx", "-C", "engram-source", "--input-type=module", "-e", program];
  const out = execFileSync(process.execPath, flags, {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, ENGRAM_TFJS: name, NODE_PATH: [folder, join(root, "node_modules")].join(delimiter) },
    stdio: ["ignore", "pipe", "ignore"],
  });
  return JSON.parse(out.trim().split("\n").at(-1)!) as Readonly<Record<string, unknown>>;
}

describe("node-gpu, by a package that stands in for it", () => {
  const folder = mkdtempSync(join(tmpdir(), "stand-in-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const place = (source: string): void => {
    const home = join(folder, "@tensorflow", "tfjs-node-gpu");
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, "package.json"), JSON.stringify({ name: "@tensorflow/tfjs-node-gpu", version: "4.22.0", main: "index.js" })); // prettier-ignore
    writeFileSync(join(home, "index.js"), source);
  };

  it("is loaded, and computes", () => {
    place(`
      const tf = require("@tensorflow/tfjs-core");
      const { MathBackendCPU } = require("@tensorflow/tfjs-backend-cpu");
      tf.registerBackend("tensorflow", () => new MathBackendCPU(), 3);
      globalThis.standInCalls = 0;
      const counted = (kernelFunc) => (args) => (globalThis.standInCalls++, kernelFunc(args));
      for (const kernel of tf.getKernelsForBackend("cpu"))
        tf.registerKernel({ ...kernel, backendName: "tensorflow", kernelFunc: counted(kernel.kernelFunc) });
      tf.setBackend("tensorflow");
      exports.version_core = tf.version_core;`);
    const told = elsewhere(folder, "node-gpu");
    expect(told.used).toEqual({ name: "node-gpu", backend: "tensorflow", version: "@tensorflow/tfjs-node-gpu 4.22.0" });
    expect(told.result).toEqual([2, 2]);
    expect(told.calls).toBeGreaterThan(0);
  });

  it("that does not load is told with what it says", () => {
    place(`throw new Error("libcudart.so.11.0: cannot open shared object file\\nand more");`);
    const { name, message } = elsewhere(folder, "node-gpu");
    expect(name).toBe("NoTfjsError");
    expect(message).toContain("tfjs-node-gpu cannot be loaded (libcudart.so.11.0: cannot open shared object file)");
  });

  it("that finds a tfjs-core of its own is told apart", () => {
    place(`exports.version_core = "3.0.0";`);
    const { name, message } = elsewhere(folder, "node-gpu");
    expect(name).toBe("NoTfjsError");
    expect(message).toContain("another tfjs-core (3.0.0)");
  });
});

const skipped = given === "cpu" ? " (skipped: ENGRAM_TFJS names no package)" : "";

describe.skipIf(given === "cpu")(`TensorFlow itself${skipped}`, () => {
  it("computes what the target tfjs is asked for", () => {
    expect(useTfjs()).toMatchObject({ name: given, backend: "tensorflow" });
    expect(tf.backend().constructor.name).toBe("NodeJSKernelBackend");
    const loss = (x: tf.Tensor2D): tf.Scalar => tf.sum(tf.logSoftmax(tf.matMul(x, x, false, true)));
    const x = tf.tensor2d([[0.5, -1, 2], [3, 0.25, -0.75]]); // prettier-ignore
    const [there, here] = (["tfjs", "wasm"] as const).map((target) => jit(valueAndGrad(loss), { target })(x));
    expect(there!.value.dataSync()[0]).toBeCloseTo(here!.value.dataSync()[0]!, 4);
    const expected = here!.grad.dataSync();
    there!.grad.dataSync().forEach((g, i) => expect(g).toBeCloseTo(expected[i]!, 4));
  });
});
