// Other threads: worker threads in Node, workers in a page. Each has every program's module over the shared memory and
// serves one run at a time (see emitServe); between runs it sleeps in its event loop and burns nothing. They do not keep
// the process alive. While a worker is still starting, or where none can be had, the caller's thread does all parts.

import { alone, controls, helpedAsleep, helpedAwake } from "./memory.ts";

/** A worker's error is told in up to this many characters. */
const maximumText = 512;

/** What a worker runs, in Node and in a page. Plain JavaScript: it must load without a file of its own. */
const workerSource = `
const start = ({ memory, thread, state }) => {
  const programs = new Map();
  const words = new Int32Array(memory.buffer, 0, 16);
  const receive = (message) => {
    if (message.kind === "load") {
      programs.set(message.id, new WebAssembly.Instance(message.module, { env: { memory } }));
      Atomics.store(state, thread, message.id);
    } else if (message.kind === "drop") {
      programs.delete(message.id);
    } else {
      try {
        programs.get(message.id).exports.serve(thread, message.generation);
      } catch (error) {
        // The caller must not wait for ever: sections count as done, and the run fails when it has ended.
        const text = String(error).slice(0, ${maximumText});
        for (let i = 0; i < text.length; i++) state[state.length - 2 - i] = text.charCodeAt(i);
        Atomics.store(state, 0, text.length);
        while (Atomics.load(words, ${controls.section / 4}) >= 0) {
          Atomics.add(words, ${controls.done / 4}, 1);
          Atomics.notify(words, ${controls.done / 4});
        }
      }
      Atomics.add(state, state.length - 1, 1);
    }
  };
  return receive;
};
if (typeof process === "object" && process.versions && process.versions.node) {
  const { parentPort, workerData } = require("node:worker_threads");
  parentPort.on("message", start(workerData));
} else {
  self.onmessage = ({ data }) => {
    const receive = start(data);
    self.onmessage = ({ data }) => receive(data);
  };
}
`;

interface WorkerLike {
  postMessage(message: unknown): void;
}

/** The workers of a process: as many threads as programs ask for, less the caller's own. */
export class ThreadPool {
  readonly #memory: WebAssembly.Memory;
  readonly #workers: WorkerLike[] = [];
  /** [0] the length of a failed worker's message, 0 if none failed; [thread] the last program it has loaded; the last word
   *  counts runs that workers ended, and before it, backwards, stands the message. */
  readonly #state: Int32Array;
  #programs = 0;

  constructor(memory: WebAssembly.Memory, maximum: number) {
    this.#memory = memory;
    this.#state = new Int32Array(new SharedArrayBuffer(4 * (maximum + 2 + maximumText)));
  }

  /** Makes a program's module known to `threads - 1` workers. Returns the program's number. */
  load(module: WebAssembly.Module, threads: number): number {
    const id = ++this.#programs;
    while (this.#workers.length < threads - 1) {
      const worker = startWorker({ memory: this.#memory, thread: this.#workers.length + 1, state: this.#state });
      if (!worker) break;
      this.#workers.push(worker);
    }
    for (const worker of this.#workers.slice(0, threads - 1)) worker.postMessage({ kind: "load", id, module });
    return id;
  }

  drop(id: number): void {
    for (const worker of this.#workers) worker.postMessage({ kind: "drop", id });
  }

  /** Runs `main` with the workers' help, or alone where they are not ready. */
  run(id: number, threads: number, main: (helped: number) => void): void {
    const helpers = this.#workers.slice(0, threads - 1);
    const ready = helpers.length === threads - 1 && helpers.every((_, i) => Atomics.load(this.#state, i + 1) >= id);
    if (!ready) {
      main(alone);
      return;
    }
    const words = new Int32Array(this.#memory.buffer, 0, 16);
    const generation = Atomics.load(words, controls.generation / 4);
    const counter = this.#state.length - 1;
    const ended = Atomics.load(this.#state, counter);
    Atomics.store(words, controls.section / 4, 0);
    for (const worker of helpers) worker.postMessage({ kind: "run", id, generation });
    try {
      main(mayWait() ? helpedAsleep : helpedAwake);
    } finally {
      Atomics.store(words, controls.section / 4, -1);
      Atomics.add(words, controls.generation / 4, 1);
      Atomics.notify(words, controls.generation / 4);
      // The next run must not begin while a worker still looks at this one's words.
      while (Atomics.load(this.#state, counter) - ended < helpers.length);
    }
    const length = Atomics.exchange(this.#state, 0, 0);
    if (length > 0) {
      const text = String.fromCharCode(...Array.from({ length }, (_, i) => this.#state[counter - 1 - i]!));
      throw new Error(
        `wasm: a thread failed while the program ran, and its results are lost (${text}). Please report this.`,
      );
    }
  }
}

function startWorker(data: { memory: WebAssembly.Memory; thread: number; state: Int32Array }): WorkerLike | undefined {
  try {
    const node = nodeWorkers();
    if (node) {
      const worker = new node.Worker(workerSource, { eval: true, workerData: data, execArgv: [] });
      worker.unref();
      return worker;
    }
    if (typeof Worker === "undefined") return undefined;
    const worker = new Worker(URL.createObjectURL(new Blob([workerSource], { type: "text/javascript" })));
    worker.postMessage(data);
    return worker;
  } catch {
    return undefined; // a sandbox without workers: the caller's thread does all
  }
}

/** A page's own thread may not sleep. */
const mayWait = (): boolean => typeof window === "undefined";

type NodeWorkers = typeof import("node:worker_threads");

/** Node's module, had without an import that a browser's bundler would have to resolve. */
const nodeWorkers = (): NodeWorkers | undefined =>
  typeof process === "object" && typeof process.getBuiltinModule === "function"
    ? process.getBuiltinModule("node:worker_threads")
    : undefined;

/** How many threads the machine offers. */
export const availableThreads = (): number => {
  if (typeof navigator === "object" && navigator.hardwareConcurrency > 0) return navigator.hardwareConcurrency;
  const os =
    typeof process === "object" && typeof process.getBuiltinModule === "function"
      ? process.getBuiltinModule("node:os")
      : undefined;
  return os?.availableParallelism() ?? 1;
};

/** More threads than this are never asked for. */
const maximumThreads = 64;

let pool: ThreadPool | undefined;

/** The process's workers over its shared memory. */
export const threadPool = (memory: WebAssembly.Memory): ThreadPool => (pool ??= new ThreadPool(memory, maximumThreads));
