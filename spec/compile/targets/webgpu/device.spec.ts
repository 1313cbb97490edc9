// The device: tensors in and out without the CPU, in the order of submission; what is said when something goes wrong; loss
// and replacement; a process that ends.

import { spawnSync } from "node:child_process";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { afterEach, describe, expect, it } from "vitest";
import { createWebGPU, DeviceError, grad, jit, NoWebGPUError, scan } from "../../../../compile/index.ts";
import { programFailed } from "../../../../compile/targets/errors.ts";
import { currentBackend } from "../../../../compile/targets/webgpu/device.ts";
import { WebGPUProgram } from "../../../../compile/targets/webgpu/webgpu.ts";
import { kernelProgram } from "../wasm/kernelProgram.ts";
import { root } from "../../../house/modules.ts";
import { gpu, titled } from "./device.ts";

const double = jit((x: tf.Tensor) => tf.add(x, x), { target: "webgpu" });

afterEach(async () => {
  await tf.setBackend("cpu");
});

describe.skipIf(!gpu)(titled("tensors"), () => {
  it("interleave with tfjs's own ops on the device, in order, and share its memory", async () => {
    await tf.setBackend("webgpu");
    const x = tf.tensor1d([1, 2, 3]);
    const y = double(tf.square(x)); // tfjs, then ours
    const z = tf.sub(y, 1); // ours, then tfjs
    const both = double(z);
    expect([...(await both.data())]).toEqual([2, 14, 34]);
    expect([...(await double(tf.cast(tf.tensor1d([true, false], "bool"), "int32")).data())]).toEqual([2, 0]);
  });

  it("go in from a GPUBuffer, and out as one, with no copy by the CPU", async () => {
    await tf.setBackend("webgpu");
    const { device } = currentBackend();
    const buffer = device.createBuffer({ size: 12, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC, mappedAtCreation: true }); // prettier-ignore
    new Float32Array(buffer.getMappedRange()).set([1, 2, 3]);
    buffer.unmap();
    const result = double(tf.tensor({ buffer, zeroCopy: true }, [3], "float32"));
    const { tensorRef, buffer: out } = result.dataToGPU() as tf.GPUData & { readonly buffer: GPUBuffer };
    expect(out.size).toBe(12);
    expect([...(await tensorRef.data())]).toEqual([2, 4, 6]);
  });

  it("may be of other backends, and of every dtype", async () => {
    await tf.setBackend("engram-wasm");
    const both = jit((x: tf.Tensor, b: tf.Tensor) => [tf.add(x, x), tf.logicalNot(b)], { target: "webgpu" });
    const [x, b] = both(tf.tensor1d([1, -5], "int32"), tf.tensor1d([true, false], "bool")) as [tf.Tensor, tf.Tensor];
    expect([x.dtype, ...(await x.data())]).toEqual(["int32", 2, -10]);
    expect([b.dtype, ...(await b.data())]).toEqual(["bool", 0, 1]);
  });

  it("are not left behind", async () => {
    const before = tf.memory().numTensors;
    const x = tf.tensor1d([1]);
    const y = double(x);
    await y.data();
    tf.dispose([x, y]);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe.skipIf(!gpu)(titled("dispatches"), () => {
  const walk = (length: number): WebGPUProgram["submitted"] => {
    const loss = (xs: tf.Tensor): tf.Tensor => {
      const step = (c: tf.Tensor, x: tf.Tensor) => {
        const carry = tf.tanh(tf.add(tf.mul(c, 0.5), tf.softmax(x)));
        return { carry, y: carry };
      };
      return tf.sum(scan(step, tf.zeros([3, 8]) as tf.Tensor, xs).ys as tf.Tensor);
    };
    const f = jit(grad(loss), { target: "webgpu" });
    const xs = tf.ones([length, 3, 8]);
    f(xs);
    return f.compile(xs).submitted()!;
  };

  it("do not grow with the length of a loop", () => {
    const [short, long] = [walk(150), walk(300)];
    expect(long.dispatches).toBe(short.dispatches);
    expect(long.dispatches).toBeLessThan(10);
  });
});

describe.skipIf(!gpu)(titled("what goes wrong"), () => {
  it("a program that does not compile: reading its results says so, and so does the next call", async () => {
    const kernel = {
      name: "broken",
      form: { form: "map", shape: [1], body: { kind: "unary", fn: "tan", x: { kind: "number", value: 0, dtype: "int32" }, dtype: "int32" } }, // prettier-ignore
      operands: [],
      results: [{ shape: [1], dtype: "int32" }],
    } as const;
    const program = kernelProgram(kernel);
    const whole = { ...program, buffers: program.buffers.map(({ bytes }) => ({ bytes, loop: -1 })) };
    expect(() => new WebGPUProgram(whole).run([])).toThrow("internal: no WGSL for tan of int32");
    expect(programFailed("a program does not compile", "why").message).toMatch(
      /^webgpu: a program does not compile: why\./,
    );
  });

  it("numbers that are not here yet cannot be read at once", async () => {
    const y = double(tf.tensor1d([1]));
    expect(() => y.dataSync()).toThrow(/^webgpu: a tensor's numbers cannot be read at once here/);
    await y.data();
    expect([...y.dataSync()]).toEqual([2]);
  });

  it("a program that is too large for the device", () => {
    const n = 1 << 15;
    const large = jit((x: tf.Tensor) => tf.sum(tf.softmax(tf.add(tf.reshape(x, [n, 1]), x))), { target: "webgpu" });
    expect(() => large(tf.ones([n]))).toThrow(
      /^webgpu: the program needs \d+ MiB in one buffer, and the device gives \d+/,
    );
  });

  it("no adapter, no WebGPU", () => {
    const script = `
      import { createWebGPU } from "engram/compile";
      import "@tensorflow/tfjs-backend-cpu";
      await createWebGPU().catch((error) => console.log(error.code, error.message));`;
    const { stdout } = run(script, { VK_ICD_FILENAMES: "/nowhere.json" });
    expect(stdout).toContain("no-webgpu createWebGPU: WebGPU is here, but offers no adapter.");
  });
});

const run = (script: string, env: Readonly<Record<string, string>> = {}) =>
  spawnSync(process.execPath, ["--import", "tsx", "-C", "engram-source", "--input-type=module", "-e", script], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, ...env },
  });

describe.skipIf(!gpu)(titled("a device"), () => {
  it("lets its process end when it is destroyed", () => {
    const { status, stdout, stderr } = run(`
      import * as tf from "@tensorflow/tfjs-core";
      import "@tensorflow/tfjs-backend-cpu";
      import { createWebGPU, jit } from "engram/compile";
      const gpu = await createWebGPU();
      console.log(...(await jit((x) => tf.add(x, x), { target: "webgpu" })(tf.tensor1d([1, 2])).data()));
      gpu.destroy();`);
    expect([status, stdout.trim().split("\n").at(-1)], stderr).toEqual([0, "2 4"]);
  });

  it("that is lost says so, and can be replaced: compiled functions go on", async () => {
    const x = tf.tensor1d([3]);
    const old = double(x);
    await old.data();
    const late = double(old);
    currentBackend().device.destroy();
    await expect(late.data()).rejects.toThrow(/^webgpu: the device is lost \(/);
    expect(() => double(x)).toThrow(DeviceError);
    const again = await createWebGPU();
    expect([...(await double(x).data())]).toEqual([6]);
    again.destroy();
    expect(() => double(x)).toThrow(NoWebGPUError);
  });
});
