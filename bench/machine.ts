// What stands above every measurement: where it was made, and when.

import os from "node:os";

/** One line: processor, cores in use, system, date. */
export function describeMachine(threads: number): string {
  const model = os.cpus()[0]?.model.trim() ?? "unknown processor";
  const memory = `${Math.round(os.totalmem() / 2 ** 30)} GiB`;
  const date = new Date().toISOString().slice(0, 10);
  return `${model}, ${threads} of ${os.availableParallelism()} threads, ${memory}, ${os.type()} ${os.release()}, ${date}`;
}
