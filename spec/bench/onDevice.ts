// What device.spec.ts reads: small steps on the device beside tfjs's own ops, an object a line. Run by tsx, as the bench is.

import "@tensorflow/tfjs-backend-cpu";
import { createWebGPU } from "../../compile/index.ts";
import type { Mode } from "../../bench/configurations.ts";
import { timeOnDevice } from "../../bench/device.ts";
import { prepare, type Subject } from "../../bench/dncStep.ts";
import { timeEagerly } from "../../bench/eager.ts";
import { jsonLine } from "../../bench/table.ts";

const gpu = await createWebGPU();
const sizes = { inputSize: 3, outputSize: 2, hidden: 4, locations: 5, wordSize: 4, readHeads: 2, batch: 2, steps: 3 };
const subject = (mode: Mode): Subject => ({ sizes, mode, target: "webgpu", threads: 1 });
const options = { seconds: 0, adapter: gpu.adapter, alone: false };

for (const mode of ["train", "forward"] as const) {
  console.log(jsonLine(await timeOnDevice("copy", subject(mode), options)));
}
console.log(jsonLine(await timeOnDevice("copy", subject("forward"), { ...options, alone: true })));

const numbers = await (await prepare(subject("forward"))).numbers();
const others = numbers.map((leaf) => Float32Array.from(leaf, (x) => 1.001 * x));
await timeEagerly(subject("forward"), others, 0).catch((error: Error) =>
  console.log(JSON.stringify({ refused: error.message })),
);
gpu.destroy();
