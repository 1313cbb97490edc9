/** Ctrl-C as a signal that a run can end well on. For Node alone. */

/** A process that starts another may hand it the signal that the terminal gave it already: that is no second one. */
const echoMilliseconds = 1000;

/**
 * A signal that is raised by the first SIGINT or SIGTERM. A second one, a second later or more, ends the process at once.
 *
 * @returns the signal, and a function that puts things back as they were
 */
export function interruptSignal(): { readonly signal: AbortSignal; readonly release: () => void } {
  const controller = new AbortController();
  let first = 0;
  const stop = (name: NodeJS.Signals): void => {
    if (!controller.signal.aborted) {
      first = performance.now();
      controller.abort(name);
    } else if (performance.now() - first > echoMilliseconds) {
      process.exit(name === "SIGINT" ? 130 : 143);
    }
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  const release = (): void => {
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
  };
  return { signal: controller.signal, release };
}
