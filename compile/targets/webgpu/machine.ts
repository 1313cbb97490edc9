// What a device has that shaders are written for.

export interface Machine {
  /** Invocations of a workgroup. */
  readonly lanes: number;
  /** Bytes of memory that a workgroup has. */
  readonly memory: number;
  /** Whether that memory is nearer than the arena. */
  readonly near: boolean;
}

/** A processor without a GPU that plays the device has small subgroups. It goes through them one after the other, at every
 *  barrier anew, so two of them make a workgroup; and it has no memory that is nearer, but clears a workgroup's by an
 *  instruction a word, which takes long to compile. */
export function machineOf({ limits, adapterInfo }: GPUDevice): Machine {
  const most = Math.min(limits.maxComputeInvocationsPerWorkgroup, limits.maxComputeWorkgroupSizeX, 256);
  const subgroup = adapterInfo?.subgroupMaxSize ?? 0; // older browsers do not say
  const processor = subgroup > 0 && subgroup <= 8;
  return {
    lanes: 2 ** Math.floor(Math.log2(processor ? 2 * subgroup : most)),
    memory: limits.maxComputeWorkgroupStorageSize,
    near: !processor,
  };
}
