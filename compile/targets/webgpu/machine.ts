// What a device has that shaders are written for.

import { powerOfTwoBelow } from "./kernelCode.ts";
import type { Subgroups } from "./subgroups.ts";

export interface Machine {
  /** Invocations of a workgroup, usually; and at most. */
  readonly lanes: number;
  readonly widest: number;
  /** Bytes of memory that a workgroup has. */
  readonly memory: number;
  /** Whether a processor plays the device. */
  readonly processor: boolean;
  /** Whether a workgroup's memory is nearer than the arena. */
  readonly near: boolean;
  /** Null where the device was made without. */
  readonly subgroups: Subgroups | null;
}

/** A processor without a GPU that plays the device has small subgroups. It goes through them one after the other, at every
 *  barrier anew, so two of them make a workgroup; and it has no memory that is nearer, but clears a workgroup's by an
 *  instruction a word, which takes long to compile. */
export function machineOf({ features, limits, adapterInfo }: GPUDevice): Machine {
  const widest = powerOfTwoBelow(Math.min(limits.maxComputeInvocationsPerWorkgroup, limits.maxComputeWorkgroupSizeX));
  const subgroup = adapterInfo?.subgroupMaxSize ?? 0; // older browsers do not say
  const processor = subgroup > 0 && subgroup <= 8;
  const lanes = Math.min(widest, processor ? 2 * subgroup : 256);
  return {
    lanes,
    widest: processor ? lanes : Math.min(widest, 1024),
    memory: limits.maxComputeWorkgroupStorageSize,
    processor,
    near: !processor,
    // Those that any device may have, where it does not say.
    subgroups: features.has("subgroups") ? { least: adapterInfo?.subgroupMinSize ?? 4, usual: subgroup || 32 } : null,
  };
}
