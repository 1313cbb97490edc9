// The memory that all programs of a device share: programs run one after the other. It grows on demand and never shrinks.

import { outOfDeviceMemory } from "../errors.ts";

export class DeviceArena {
  readonly #device: GPUDevice;
  #buffer: GPUBuffer | undefined;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** A buffer of `bytes` or more; another one than before if that was too small. */
  ensure(bytes: number): GPUBuffer {
    if (this.#buffer && this.#buffer.size >= bytes) return this.#buffer;
    const { maxStorageBufferBindingSize, maxBufferSize } = this.#device.limits;
    const limit = Math.min(maxStorageBufferBindingSize, maxBufferSize);
    if (bytes > limit) throw outOfDeviceMemory(bytes, limit);
    // What was submitted keeps the old one until it is done.
    this.#buffer?.destroy();
    const size = Math.min(limit, Math.max(1 << 20, 2 ** Math.ceil(Math.log2(bytes))));
    this.#buffer = this.#device.createBuffer({
      label: "engram arena",
      size,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
    return this.#buffer;
  }
}

const arenas = new WeakMap<GPUDevice, DeviceArena>();

export function arenaOf(device: GPUDevice): DeviceArena {
  let arena = arenas.get(device);
  if (!arena) arenas.set(device, (arena = new DeviceArena(device)));
  return arena;
}
