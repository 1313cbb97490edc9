// A device for tests, or the reason why there is none. Where a machine has no Vulkan driver but Chromium's software one,
// that one is taken.

import { existsSync, readdirSync } from "node:fs";
import { createWebGPU, NoWebGPUError, type WebGPU } from "../../../../compile/index.ts";

const software = "/usr/lib/chromium/vk_swiftshader_icd.json";
const folders = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d"];

/** Chooses the software driver where there is no other. */
export function chooseDriver(): void {
  const others = folders.some((folder) => existsSync(folder) && readdirSync(folder).some((name) => name.endsWith(".json"))); // prettier-ignore
  if (!others && existsSync(software)) process.env.VK_ICD_FILENAMES ??= software;
}

export async function deviceOrReason(): Promise<WebGPU | string> {
  chooseDriver();
  try {
    return await createWebGPU();
  } catch (error) {
    if (!(error instanceof NoWebGPUError)) throw error;
    return error.message;
  }
}
