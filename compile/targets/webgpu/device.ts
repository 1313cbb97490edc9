// The device in use: that of tfjs's own WebGPU backend, so that tensors are shared; and what became of it.

import * as tf from "@tensorflow/tfjs-core";
import { deviceLost, noDevice } from "../errors.ts";

/** What tfjs keeps of a tensor. */
interface TensorData {
  values: tf.BackendValues | null;
  resource: unknown;
}

/** The parts of tfjs's `WebGPUBackend` that are used here. */
export interface DeviceBackend extends tf.KernelBackend {
  readonly device: GPUDevice;
  readonly tensorMap: { readonly get: (dataId: tf.DataId) => TensorData; readonly has: (dataId: tf.DataId) => boolean };
  readonly bufferManager: { readonly acquireBuffer: (size: number, usage: number) => GPUBuffer };
  readonly commandEncoder: GPUCommandEncoder | null;
  ensureCommandEncoderReady(): void;
  endComputePassEncoder(): void;
  submitQueue(): void;
  write(values: tf.BackendValues | null, shape: number[], dtype: tf.DataType): tf.DataId;
  read(dataId: tf.DataId): Promise<tf.BackendValues>;
}

export const webgpuBackendName = "webgpu";

/** Errors of work under way, by tensor: reading a tensor waits for them. */
export const failures = new WeakMap<object, Promise<Error | null>>();

/** Why devices were lost. */
export const reasons = new WeakMap<GPUDevice, string>();

/** The device in use, if there is one that is not lost. */
export function knownDevice(): GPUDevice | null {
  const backend = tf.engine().registry[webgpuBackendName] as DeviceBackend | undefined;
  return backend && "device" in backend && !reasons.has(backend.device) ? backend.device : null;
}

/** The backend in use, which has a device that is not lost.
 *  @throws NoWebGPUError where there is none yet; DeviceError where it is lost */
export function currentBackend(): DeviceBackend {
  const backend = tf.engine().registry[webgpuBackendName] as DeviceBackend | undefined;
  if (!backend || !("device" in backend)) throw noDevice();
  const reason = reasons.get(backend.device);
  if (reason !== undefined) throw deviceLost(reason);
  return backend;
}
