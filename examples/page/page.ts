/** `npm run page`: trains copy in the page, on WebGPU where there is one, else in WebAssembly, and says which. */
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { beginRun, copyDefaults, copyExperiment, decodeRun, encodeRun, fit, type CopyLesson, type DncParams, type Progress, type Run } from "engram"; // prettier-ignore
import { createWebGPU, DeviceError, NoWebGPUError } from "engram/compile";
import { drawCurve } from "./curve.ts";

tf.enableProdMode();

const element = <E extends HTMLElement>(id: string): E => document.getElementById(id) as E; // index.html has them
const [start, stop] = [element<HTMLButtonElement>("start"), element<HTMLButtonElement>("stop")];
const [targetLine, statusLine] = [element<HTMLOutputElement>("target"), element<HTMLOutputElement>("status")];
const canvas = element<HTMLCanvasElement>("curve");

const asked = new URLSearchParams(location.search);
const config = {
  ...copyDefaults,
  bits: 4,
  maxLength: 4,
  hidden: 32,
  locations: 8,
  wordSize: 8,
  batch: 8,
  seed: Number(asked.get("seed") ?? 0),
};

/** What runs here, in words, and the name of the target. `?target=wasm` passes over WebGPU. */
async function choose(): Promise<{ readonly target: "webgpu" | "wasm"; readonly words: string }> {
  let why = "as asked";
  if (asked.get("target") !== "wasm") {
    try {
      const { adapter } = await createWebGPU();
      return { target: "webgpu", words: `WebGPU (${adapter})` };
    } catch (error) {
      if (!(error instanceof NoWebGPUError)) throw error;
      why = "there is no WebGPU here";
    }
  }
  const threads = Math.min(navigator.hardwareConcurrency, 8); // what a program takes unless told
  // Browsers share memory with workers only in pages that are served with the two headers of vite.config.ts.
  if (typeof SharedArrayBuffer === "undefined") why += "; without cross-origin isolation there are no threads";
  const many = typeof SharedArrayBuffer !== "undefined" && threads > 1;
  return { target: "wasm", words: `WebAssembly, ${many ? `${threads} threads` : "one thread"} (${why})` };
}

type CopyRun = Run<DncParams, CopyLesson>;

async function train(): Promise<void> {
  start.disabled = true;
  stop.disabled = false;
  const stopping = new AbortController();
  stop.addEventListener("click", () => stopping.abort(), { once: true });
  const losses: number[] = [];
  let saved: Uint8Array | null = null;
  const store = { save: async (run: unknown) => void (saved = encodeRun(run as CopyRun)), log: () => {} };
  const show = ({ step, loss, error, lesson }: Progress): void => {
    losses.push(loss);
    statusLine.value = `step ${step} · loss ${loss.toFixed(3)} · ${(100 * error).toFixed(1)} % of bits wrong · ${lesson}`;
    Object.assign(statusLine.dataset, { step: String(step), loss: String(loss), first: String(losses[0]) });
    drawCurve(canvas, losses);
  };
  for (;;) {
    const { target, words } = await choose();
    targetLine.value = `Running on ${words}`;
    targetLine.dataset["target"] = target;
    const experiment = copyExperiment(config, { target });
    const begun: CopyRun = saved ? decodeRun<DncParams, CopyLesson>(saved) : beginRun(experiment);
    losses.length = begun.step; // what came after the last save is made again
    try {
      const { reason } = await fit(experiment, begun, {
        store,
        saveEvery: { seconds: 2 },
        onProgress: show,
        signal: stopping.signal,
        maxSteps: 5000,
      });
      statusLine.value += reason === "finished" ? " · learned" : " · stopped";
      break;
    } catch (error) {
      // A device may go away at any time: another one goes on from what was saved.
      if (!(error instanceof DeviceError) || error.code !== "device-lost") throw error;
    }
  }
  start.disabled = false;
  stop.disabled = true;
}

start.addEventListener("click", () => {
  train().catch((error: unknown) => {
    statusLine.value = error instanceof Error ? error.message : String(error);
    statusLine.dataset["failed"] = "yes";
  });
});
start.dataset["ready"] = "yes";
