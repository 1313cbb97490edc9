// Ours, asked in the same way as the peers: see serve.py. Run by whichever Node is to be measured.

import { createInterface } from "node:readline";
import "@tensorflow/tfjs-backend-cpu";
import { useWideVectors } from "engram/compile";
import type { Request } from "../contender.ts";
import { prepare } from "../dncStep.ts";
import { timed } from "../statistics.ts";

const say = (answer: object): void => console.log(JSON.stringify(answer));

const { sizes, mode, threads } = JSON.parse(process.argv[2]!) as Request; // as contender.ts writes it
if (mode === "check") throw new Error("bench: what is checked against the peers runs in the bench itself.");
const wide = process.env.ENGRAM_WIDE_VECTORS === "1" && useWideVectors();
const { compileMs, planned, run } = await prepare({ sizes, mode, target: "wasm", threads });
const vectors = wide ? ", wide vectors" : "";
say({ version: `engram, Node ${process.versions.node}${vectors}`, compileMs, plannedMb: planned / 2 ** 20 });
for await (const seconds of createInterface({ input: process.stdin })) {
  say({ ms: timed(run, Number(seconds)), peakMb: process.resourceUsage().maxRSS / 1024 });
}
