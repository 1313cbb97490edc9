/** How a run shows what it does: a live line in a terminal, a plain line a minute elsewhere, JSON lines for machines. */
import type { SingleBar } from "cli-progress";

/** A run at one moment. */
export interface Progress {
  readonly step: number;
  /** Since this call of `fit` began. */
  readonly seconds: number;
  readonly loss: number;
  /** The task's own measure, in [0, 1]. */
  readonly error: number;
  readonly gradientNorm: number;
  readonly lesson: string;
  readonly examplesPerSecond: number;
  /** How much of what is allowed, steps or time, is used up, in [0, 1]; 0 where nothing limits the run. */
  readonly share: number;
}

export type ProgressMode = "live" | "lines" | "json";

export interface ProgressDisplay {
  /** Shows a step, or does not, as the mode has it. */
  readonly show: (progress: Progress) => void;
  /** A remark between the steps. */
  readonly say: (text: string) => void;
  /** The last step, and no more. */
  readonly end: () => void;
}

export interface ProgressOptions {
  readonly mode: ProgressMode;
  /** What the task's error is called: "wrong bits". */
  readonly errorName: string;
  /** Default: standard output. */
  readonly stream?: NodeJS.WritableStream;
}

/** A terminal gets a live line, all else plain lines. */
export function progressMode({
  json,
  stream,
}: {
  readonly json: boolean;
  readonly stream?: { isTTY?: boolean };
}): ProgressMode {
  return json ? "json" : (stream ?? process.stdout).isTTY ? "live" : "lines";
}

/** A display of one run. */
export async function progressDisplay({
  mode,
  errorName,
  stream = process.stdout,
}: ProgressOptions): Promise<ProgressDisplay> {
  const write = (line: string): void => void stream.write(`${line}\n`);
  switch (mode) {
    case "live":
      return liveDisplay(errorName, stream);
    case "lines":
      return spacedDisplay(plainTimes, (progress) => write(progressLine(progress, errorName)), write);
    case "json":
      return spacedDisplay(
        () => 1,
        ({ share, ...progress }) =>
          write(JSON.stringify({ kind: "progress", ...progress, secondsLeft: left({ share, ...progress }) })),
        (text) => write(JSON.stringify({ kind: "note", text })),
      );
    default:
      return mode satisfies never;
  }
}

/** Seconds until the next plain line: a minute, but sooner at first, when a person still watches. */
const plainTimes = (seconds: number): number => (seconds < 20 ? 5 : seconds < 60 ? 20 : 60);

/** Shows the first step, then one when enough seconds have passed, then the last. */
function spacedDisplay(
  pause: (seconds: number) => number,
  show: (progress: Progress) => void,
  say: (text: string) => void,
): ProgressDisplay {
  let due = 0;
  let unseen: Progress | undefined;
  return {
    show: (progress) => {
      unseen = progress;
      if (progress.seconds < due) return;
      show(progress);
      unseen = undefined;
      due = progress.seconds + pause(progress.seconds);
    },
    say,
    end: () => {
      if (unseen) show(unseen);
      unseen = undefined;
    },
  };
}

async function liveDisplay(errorName: string, stream: NodeJS.WritableStream): Promise<ProgressDisplay> {
  const { MultiBar } = await import("cli-progress");
  const bars = new MultiBar({
    stream,
    format: " {bar} {text}",
    barsize: 16,
    barCompleteChar: "━",
    barIncompleteChar: "╌",
    hideCursor: true,
    fps: 8,
    clearOnComplete: false,
    // Bars redraw by a timer of their own; ours are drawn when there is something to see.
    noTTYOutput: false,
  });
  let bar: SingleBar | undefined;
  return {
    show: (progress) => {
      bar ??= bars.create(1000, 0, { text: "" });
      const text = progressLine(progress, errorName);
      bar.update(Math.min(1000, Math.round(progress.share * 1000)), { text });
    },
    say: (text) => {
      if (bar) bars.log(`${text}\n`);
      else stream.write(`${text}\n`);
    },
    end: () => {
      bars.stop();
      bar = undefined; // What is said from now on stands below.
    },
  };
}

/** `step 1,200 · loss 0.412 · wrong bits 1.93 % · to length 8 · 812 examples/s · 0:31, at most 1:29 left` */
export function progressLine(progress: Progress, errorName: string): string {
  const remaining = left(progress);
  return [
    `step ${progress.step.toLocaleString("en")}`,
    `loss ${significant(progress.loss)}`,
    `${errorName} ${significant(progress.error * 100)} %`,
    progress.lesson,
    `${Math.round(progress.examplesPerSecond).toLocaleString("en")} examples/s`,
    remaining === undefined ? clock(progress.seconds) : `${clock(progress.seconds)}, at most ${clock(remaining)} left`,
  ]
    .filter((part) => part !== "")
    .join(" · ");
}

/** Seconds until the limit, at this pace. Unknown where there is no limit or nothing to go by. */
function left({ share, seconds }: Pick<Progress, "share" | "seconds">): number | undefined {
  return share > 0 ? Math.round((seconds / share) * (1 - share)) : undefined;
}

/** Three digits. */
const significant = (x: number): string => (x === 0 ? "0" : Math.abs(x) >= 100 ? x.toFixed(0) : x.toPrecision(3));

/** `1:05`, `2:00:00` */
function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n: number): string => String(n).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}
