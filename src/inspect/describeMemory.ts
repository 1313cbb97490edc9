/** What a memory did, in words: which locations were written, read and freed at which step, and how they were found. */
import type { MemoryTrace, ReadMode, Rows } from "./memoryTrace.ts";

/** Something that the memory did clearly: with more than half of a weighting, or of a gate. */
export type MemoryEvent =
  | {
      readonly kind: "write";
      readonly step: number;
      readonly head: number;
      readonly location: number;
      /** The weighting at the location. */
      readonly weight: number;
      /** Whether the location was the next free one, or was looked for by its content. */
      readonly by: "allocation" | "content";
    }
  | {
      readonly kind: "read";
      readonly step: number;
      readonly head: number;
      readonly location: number;
      readonly weight: number;
      /** Along the links, in the order of writing or against it, or by content. */
      readonly by: keyof ReadMode;
    }
  | {
      /** A free gate gave up what its head had read the step before. */
      readonly kind: "free";
      readonly step: number;
      readonly head: number;
      readonly location: number;
      /** How much of the usage went. */
      readonly weight: number;
    };

const clear = 0.5;

/** The clear events of a sequence, in the order of time. Blurred weightings, of no more than a half anywhere, are not among them. */
export function memoryEvents(trace: MemoryTrace): readonly MemoryEvent[] {
  const events: MemoryEvent[] = [];
  for (let step = 0; step < trace.usage.length; step++) {
    trace.freeGates.forEach((gates, head) => {
      const { location, weight } = peak(trace.readWeightings[head], step - 1);
      const freed = (gates[step] ?? 0) * weight;
      if (freed > clear) events.push({ kind: "free", step, head, location, weight: freed });
    });
    trace.writeWeightings.forEach((rows, head) => {
      const { location, weight } = peak(rows, step);
      const by = (trace.allocationGates[head]?.[step] ?? 0) > 0.5 ? "allocation" : "content";
      if (weight > clear) events.push({ kind: "write", step, head, location, weight, by });
    });
    trace.readWeightings.forEach((rows, head) => {
      const { location, weight } = peak(rows, step);
      const mode = trace.readModes[head]?.[step];
      if (weight > clear && mode) events.push({ kind: "read", step, head, location, weight, by: chief(mode) });
    });
  }
  return events;
}

/**
 * The events as text, a line a step, with a summary first.
 *
 * @example
 * ```ts
 * describeMemory(trace);
 * // step  1: wrote location 4 (0.98, newly allocated)
 * // step 12: read location 4 (0.97, by content)
 * ```
 */
export function describeMemory(trace: MemoryTrace): string {
  const events = memoryEvents(trace);
  const steps = trace.usage.length;
  const lines: string[] = [];
  for (let step = 0; step < steps; step++) {
    const here = events.filter((event) => event.step === step);
    if (here.length === 0) continue;
    lines.push(`step ${String(step).padStart(String(steps).length)}: ${here.map((e) => phrase(e, trace)).join("; ")}`);
  }
  return [summary(trace, events), ...lines].join("\n");
}

function summary(trace: MemoryTrace, events: readonly MemoryEvent[]): string {
  const of = (kind: MemoryEvent["kind"]): readonly MemoryEvent[] => events.filter((event) => event.kind === kind);
  const places = new Set(of("write").map(({ location }) => location)).size;
  const written = new Set<number>();
  let again = 0;
  for (const { location } of of("write")) {
    if (written.has(location)) again++;
    written.add(location);
  }
  const fullest = Math.max(...trace.usage.map((row) => row.reduce((a, b) => a + b, 0)));
  const locations = trace.usage[0]?.length ?? 0;
  return (
    `In ${trace.usage.length} steps ${count(of("write").length, "clear write")} to ${count(places, "location")}` +
    `${again > 0 ? ` (${again} to one written before)` : ""}, ` +
    `${count(of("read").length, "clear read")}, ${of("free").length} freed. ` +
    `At its fullest, ${fullest.toFixed(1)} of ${locations} locations were in use.`
  );
}

function phrase(event: MemoryEvent, trace: MemoryTrace): string {
  const heads = event.kind === "write" ? trace.writeWeightings.length : trace.readWeightings.length;
  const who = heads > 1 ? `${event.kind === "write" ? "write" : "read"} head ${event.head + 1} ` : "";
  const weight = event.weight.toFixed(2);
  switch (event.kind) {
    case "write":
      return `${who}wrote location ${event.location} (${weight}, ${event.by === "allocation" ? "newly allocated" : "found by content"})`;
    case "read":
      return `${who}read location ${event.location} (${weight}, ${ways[event.by]})`;
    case "free":
      return `${who}freed location ${event.location} (${weight})`;
    default:
      return event satisfies never;
  }
}

const ways = {
  backward: "the one written before the last read",
  content: "by content",
  forward: "the one written after the last read",
} as const satisfies { readonly [M in keyof ReadMode]: string };

const count = (n: number, thing: string): string => `${n} ${thing}${n === 1 ? "" : "s"}`;

function peak(rows: Rows | undefined, step: number): { readonly location: number; readonly weight: number } {
  const weights = rows?.[step] ?? [];
  const weight = Math.max(0, ...weights);
  return { location: Math.max(0, weights.indexOf(weight)), weight };
}

function chief(mode: ReadMode): keyof ReadMode {
  if (mode.content >= mode.backward && mode.content >= mode.forward) return "content";
  return mode.forward >= mode.backward ? "forward" : "backward";
}
