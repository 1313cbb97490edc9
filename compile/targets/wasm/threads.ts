// Other threads: worker threads in Node, workers in a page. Each has every program's module over the shared memory and
// serves one run at a time (see emitServe). After a run it lingers for a moment, so that the next one need not wake it; then
// it sleeps in its event loop and burns nothing. They do not keep the process alive. While a worker is still starting, or
// where none can be had, the caller's thread does all parts.

import { alone, controls, helpedAsleep, helpedAwake } from "./memory.ts";

/** More threads than this are never asked for. */
const maximumThreads = 64;

/** A worker's error is told in up to this many characters. */
const maximumText = 512;

/** Words that the threads share beside the programs' memory. */
const words = {
  /** The length of a failed worker's message, 0 if none failed; its characters. */
  failed: 0,
  text: 1,
  /** Counts runs that workers ended. */
  ended: 1 + maximumText,
  /** The run that lingering workers are to serve: a program, and the generation that it begins with. */
  program: 2 + maximumText,
  generation: 3 + maximumText,
  /** From here on one a thread: the last program it has loaded; how many messages it has been sent; what it does. */
  loaded: 4 + maximumText,
  sent: 4 + maximumText + maximumThreads,
  doing: 4 + maximumText + 2 * maximumThreads,
  count: 4 + maximumText + 3 * maximumThreads,
} as const;

/** What a worker does: it is in its event loop or serves a run; it lingers; it is to serve the run that stands in `words`; it
 *  is to look at its messages. */
const [busy, lingers, toServe, toLook] = [0, 1, 2, 3];

/** For how long a worker lingers, in milliseconds: first awake, then asleep, from where it wakes faster than from its event loop. */
const [awake, asleep] = [0.1, 5];

/** For how long a run waits for workers that have not loaded its program, in milliseconds. */
const startUp = 150;

/** For how long runs go without help after one had to wait for it: the first time, and at most, after one in vain upon another;
 *  in milliseconds. */
const [shortest, longest] = [5, 500];

/** What a worker runs, in Node and in a page. Plain JavaScript: it must load without a file of its own. */
const workerSource = `
const start = ({ memory, thread, state }) => {
  const programs = new Map();
  const words = new Int32Array(memory.buffer, 0, 16);
  const [loaded, sent, doing] = [${words.loaded} + thread, ${words.sent} + thread, ${words.doing} + thread];
  let received = 0;
  const serve = (id, generation) => {
    try {
      programs.get(id).exports.serve(thread, generation);
    } catch (error) {
      // The caller must not wait for ever: sections count as done, and the run fails when it has ended.
      const text = String(error).slice(0, ${maximumText});
      for (let i = 0; i < text.length; i++) state[${words.text} + i] = text.charCodeAt(i);
      Atomics.store(state, ${words.failed}, text.length);
      while (Atomics.load(words, ${controls.section / 4}) >= 0) {
        Atomics.add(words, ${controls.done / 4}, 1);
        Atomics.notify(words, ${controls.done / 4});
      }
    }
  };
  // True when there is another run to serve.
  const linger = () => {
    const end = performance.now() + ${awake};
    while (Atomics.load(state, doing) === ${lingers} && performance.now() < end);
    Atomics.wait(state, doing, ${lingers}, ${asleep});
    const next = Atomics.exchange(state, doing, ${busy});
    return next === ${toServe};
  };
  return (message) => {
    received++;
    if (message.kind === "load") {
      programs.set(message.id, new WebAssembly.Instance(message.module, { env: { memory } }));
      Atomics.store(state, loaded, message.id);
      Atomics.notify(state, loaded);
    } else if (message.kind === "drop") {
      programs.delete(message.id);
    } else {
      let { id, generation } = message;
      for (;;) {
        serve(id, generation);
        // Before the run counts as ended: whoever sees that it has must see, too, what the worker does.
        const stays = Atomics.load(state, sent) === received;
        if (stays) Atomics.store(state, doing, ${lingers});
        Atomics.add(state, ${words.ended}, 1);
        if (!stays || !linger()) return;
        id = Atomics.load(state, ${words.program});
        generation = Atomics.load(state, ${words.generation});
      }
    }
  };
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
  /** See `words`. */
  readonly #state = new Int32Array(new SharedArrayBuffer(4 * words.count));
  #programs = 0;
  #comeInTime = true;
  /** Until when runs go without help, since others keep the machine busy, and for how long they do the next time. */
  #aloneUntil = 0;
  #aloneFor = shortest;

  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory;
  }

  /** Starts as many workers as `threads` need. It takes them a while: whoever has something else to do before, calls it first. */
  start(threads: number): void {
    while (this.#workers.length < Math.min(threads, maximumThreads) - 1) {
      const worker = startWorker({ memory: this.#memory, thread: this.#workers.length + 1, state: this.#state });
      if (!worker) break;
      this.#workers.push(worker);
    }
  }

  /** Makes a program's module known to `threads - 1` workers. Returns the program's number. */
  load(module: WebAssembly.Module, threads: number): number {
    const id = ++this.#programs;
    this.start(threads);
    this.#workers.slice(0, threads - 1).forEach((_, i) => this.#send(i, { kind: "load", id, module }));
    return id;
  }

  drop(id: number): void {
    this.#workers.forEach((_, i) => this.#send(i, { kind: "drop", id }));
  }

  /** Runs `main` with the workers' help, or alone where they are not ready. */
  run(id: number, threads: number, main: (helped: number) => void): void {
    const state = this.#state;
    const helpers = this.#workers.slice(0, threads - 1);
    if (performance.now() < this.#aloneUntil) {
      main(alone);
      return;
    }
    if (helpers.length < threads - 1 || !helpers.every((_, i) => this.#hasLoaded(i, id))) {
      main(alone);
      return;
    }
    const control = new Int32Array(this.#memory.buffer, 0, 16);
    const generation = Atomics.load(control, controls.generation / 4);
    const ended = Atomics.load(state, words.ended);
    Atomics.store(control, controls.section / 4, 0);
    Atomics.store(control, controls.crowded / 4, 0);
    Atomics.store(state, words.program, id);
    Atomics.store(state, words.generation, generation);
    helpers.forEach((_, i) => {
      if (!this.#tell(i, toServe)) this.#send(i, { kind: "run", id, generation });
    });
    try {
      main(mayWait() ? helpedAsleep : helpedAwake);
    } finally {
      Atomics.store(control, controls.section / 4, -1);
      Atomics.add(control, controls.generation / 4, 1);
      Atomics.notify(control, controls.generation / 4);
      // The next run must not begin while a worker still looks at this one's words.
      while (Atomics.load(state, words.ended) - ended < helpers.length);
    }
    const crowded = Atomics.load(control, controls.crowded / 4) === 1;
    if (crowded) this.#aloneUntil = performance.now() + this.#aloneFor;
    this.#aloneFor = crowded ? Math.min(2 * this.#aloneFor, longest) : shortest;
    const length = Atomics.exchange(state, words.failed, 0);
    if (length > 0) {
      const text = String.fromCharCode(...state.subarray(words.text, words.text + length));
      throw new Error(
        `wasm: a thread failed while the program ran, and its results are lost (${text}). Please report this.`,
      );
    }
  }

  /** Whether worker `i` has a program; waits for it a moment, if that never was in vain. */
  #hasLoaded(i: number, id: number): boolean {
    const word = words.loaded + i + 1;
    const end = performance.now() + startUp;
    for (;;) {
      const loaded = Atomics.load(this.#state, word);
      if (loaded >= id) return true;
      const left = end - performance.now();
      if (!this.#comeInTime || !mayWait()) return false;
      if (left <= 0) this.#comeInTime = false;
      else Atomics.wait(this.#state, word, loaded, left);
    }
  }

  /** Tells worker `i` what to do if it lingers; whether it did. */
  #tell(i: number, what: number): boolean {
    const doing = words.doing + i + 1;
    if (Atomics.compareExchange(this.#state, doing, lingers, what) !== lingers) return false;
    Atomics.notify(this.#state, doing);
    return true;
  }

  #send(i: number, message: unknown): void {
    Atomics.add(this.#state, words.sent + i + 1, 1);
    this.#workers[i]!.postMessage(message);
    this.#tell(i, toLook);
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

let pool: ThreadPool | undefined;

/** The process's workers over its shared memory. */
export const threadPool = (memory: WebAssembly.Memory): ThreadPool => (pool ??= new ThreadPool(memory));
