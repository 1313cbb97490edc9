// Devices made, in a page or in Node, with the limits that the adapter has; watched, since they go away; and replaced on demand.

import * as tf from "@tensorflow/tfjs-core";
import { deviceLost, noAdapter, noImplementation, unreadable } from "../errors.ts";
import { currentBackend, failures, knownDevice, reasons, webgpuBackendName, type DeviceBackend } from "./device.ts";

/** `GPUDevice`, where the project's TypeScript knows it. */
type Device = typeof globalThis extends { readonly GPUDevice: { readonly prototype: infer D } } ? D : object;

/** What devices should have: tfjs makes use of the first two. */
const features = ["timestamp-query", "bgra8unorm-storage", "subgroups"] as const;

/** A device, and what is known of it. */
export interface WebGPU {
  readonly device: Device;
  /** The adapter's own words for itself. */
  readonly adapter: string;
  /** Resolves when the device is lost, with the reason; also after `destroy`. */
  readonly lost: Promise<string>;
  /** Frees the device and all its tensors, and takes the backend from tfjs. A process that has done so can end. */
  readonly destroy: () => void;
}

function watch(device: GPUDevice): Promise<string> {
  return device.lost.then(({ reason, message }) => {
    const text = message === "" ? reason : message.split("\n", 1)[0]!;
    reasons.set(device, text);
    return text;
  });
}

/** Makes a device, and makes it tfjs's backend `webgpu`; an earlier one, with its tensors, is replaced. Where a page has initialised
 *  tfjs's own backend already, that one and its device are taken as they are.
 *  @throws NoWebGPUError where there is no WebGPU, or no adapter
 *  @example
 *  const gpu = await createWebGPU();
 *  const double = jit((x: tf.Tensor) => tf.add(x, x), { target: "webgpu" });
 *  await double(tf.tensor1d([1, 2])).data();
 *  gpu.destroy();
 */
export async function createWebGPU(
  options: { readonly powerPreference?: "low-power" | "high-performance" } = {},
): Promise<WebGPU> {
  if (knownDevice()) return handle(currentBackend(), "a device of tfjs's own");
  const gpu = await implementation();
  const adapter = await gpu.requestAdapter({ powerPreference: options.powerPreference ?? "high-performance" });
  if (!adapter) throw noAdapter();
  const { limits } = adapter;
  const device = await adapter.requestDevice({
    requiredFeatures: features.filter((name) => adapter.features.has(name)),
    requiredLimits: {
      maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
      maxComputeWorkgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
      maxBufferSize: limits.maxBufferSize,
      maxComputeWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
      maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
    },
  });
  const { WebGPUBackend } = await import("@tensorflow/tfjs-backend-webgpu").catch((error: unknown) => {
    device.destroy();
    throw noImplementation(`@tensorflow/tfjs-backend-webgpu cannot be loaded: ${String(error)}`);
  });
  /** tfjs's backend, whose readers are told of what went wrong. */
  class WatchedBackend extends WebGPUBackend {
    override readSync(dataId: object): tf.BackendValues {
      const { values } = backend.tensorMap.get(dataId);
      if ((values ?? null) === null && typeof OffscreenCanvas === "undefined") throw unreadable();
      return super.readSync(dataId);
    }
    override async read(dataId: object): Promise<tf.BackendValues> {
      const failed = await failures.get(dataId);
      if (failed) throw failed;
      try {
        return await super.read(dataId);
      } catch (error) {
        // A read that a loss ends may fail before the device says that it is lost.
        await Promise.race([device.lost, new Promise((resolve) => setTimeout(resolve, 500))]);
        const reason = reasons.get(device);
        throw reason === undefined ? error : deviceLost(reason);
      }
    }
  }
  if (tf.engine().registryFactory[webgpuBackendName]) tf.removeBackend(webgpuBackendName);
  const backend = new WatchedBackend(device, adapter.info as never) as unknown as DeviceBackend; // its type of adapter is older
  tf.registerBackend(webgpuBackendName, () => backend, 0);
  tf.findBackend(webgpuBackendName); // initialises it
  const { vendor, architecture, description } = adapter.info;
  return handle(backend, [vendor, architecture, description].filter((word) => word !== "").join(" "));
}

function handle(backend: DeviceBackend, adapter: string): WebGPU {
  const { device } = backend;
  return Object.freeze({
    device,
    adapter,
    lost: watch(device),
    destroy() {
      reasons.set(device, "it was destroyed");
      if (tf.engine().registry[webgpuBackendName] === (backend as unknown)) tf.removeBackend(webgpuBackendName);
      device.destroy();
    },
  });
}

/** The page's own WebGPU, or the package `webgpu`, which is then the process's. */
async function implementation(): Promise<GPU> {
  if (typeof navigator === "object" && navigator.gpu) return navigator.gpu;
  if (typeof process !== "object" || !process.versions?.node) throw noImplementation("navigator.gpu is missing");
  const name = "webgpu"; // a bundler need not find it
  const dawn = (await import(/* @vite-ignore */ name).catch((error: unknown) => {
    throw noImplementation(`the package webgpu cannot be loaded: ${String(error)}`);
  })) as { readonly create: (flags: string[]) => GPU; readonly globals: object };
  Object.assign(globalThis, dawn.globals);
  const gpu = dawn.create([]);
  // tfjs looks for it there.
  if (typeof navigator === "object") Object.defineProperty(navigator, "gpu", { value: gpu, configurable: true });
  else Object.defineProperty(globalThis, "navigator", { value: { gpu }, configurable: true });
  return gpu;
}
