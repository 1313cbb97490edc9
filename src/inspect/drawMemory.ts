/**
 * What a memory did, as one picture: what came in, what was answered and what was asked for; which locations were
 * written and read at each step, and how; the gates; and how full each location was. Time runs from left to right
 * through all panels. Drawn by Vega without a browser. Locations stand in the order in which they were first written, so
 * that writing in turn and reading in turn are straight lines.
 */
import type { Spec } from "vega";
import type { MemoryTrace, ReadMode, Rows } from "./memoryTrace.ts";
import { barPanel, heatPanel, panelMarks, stackPanel, type Panel } from "./panels.ts";
import { drawingColours as colours, drawingFonts as fonts } from "./drawingStyle.ts";

export interface DrawingOptions {
  /** Stands above all. */
  readonly title: string;
  /** A line under the title. */
  readonly subtitle?: string;
  /** Names of the input's rows, from the first. Unnamed rows are numbered. */
  readonly inputNames?: readonly string[];
  /** Names of the output's rows. */
  readonly outputNames?: readonly string[];
  /** How many locations to show at most: those used most. Default 48. */
  readonly locations?: number;
}

const plotWidth = 760;
const gap = 40;

/** Picture of one sequence as SVG text. */
export async function drawMemory(trace: MemoryTrace, options: DrawingOptions): Promise<string> {
  const vega = await import("vega");
  const view = new vega.View(vega.parse(memorySpec(trace, options)), { renderer: "none" });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

/** The picture as a Vega specification, for whoever wants to change it. */
export function memorySpec(trace: MemoryTrace, options: DrawingOptions): Spec {
  const steps = trace.input.length;
  const panels = panelsOf(trace, options);
  const tops: number[] = [];
  let height = 0;
  for (const panel of panels) {
    tops.push(height);
    height += panel.height + gap;
  }
  return {
    $schema: "https://vega.github.io/schema/vega/v5.json",
    background: colours.paper,
    padding: { left: 20, right: 28, top: 20, bottom: 16 },
    width: plotWidth,
    height: height - gap,
    title: {
      text: options.title,
      subtitle: options.subtitle ?? "",
      anchor: "start",
      frame: "group",
      offset: 34,
      font: fonts,
      subtitleFont: fonts,
      fontSize: 20,
      fontWeight: 600,
      subtitleFontSize: 14,
      subtitlePadding: 5,
      subtitleColor: colours.faint,
      color: colours.ink,
    },
    scales: [
      { name: "time", type: "band", domain: range(steps), range: [0, plotWidth] },
      { name: "value", type: "linear", domain: [0, 1], range: [colours.ground, colours.ink], clamp: true },
      { name: "answer", type: "linear", domain: [0, 1], range: [colours.ground, "#3b2f7d"], clamp: true },
      {
        name: "weight",
        type: "linear",
        domain: [0, 0.15, 1],
        range: [colours.ground, "#a9cdf0", "#08306b"],
        clamp: true,
      },
      { name: "usage", type: "linear", domain: [0, 1], range: [colours.ground, "#a4490f"], clamp: true },
    ],
    marks: panels.map((panel, index) =>
      panelMarks(panel, {
        top: tops[index] as number,
        width: plotWidth,
        steps,
        asked: trace.asked ?? [],
        isFirst: index === 0,
        isLast: index === panels.length - 1,
      }),
    ),
  };
}

function panelsOf(trace: MemoryTrace, options: DrawingOptions): readonly Panel[] {
  const { inputNames = [], outputNames = [], locations = 48 } = options;
  const order = chooseLocations(trace, locations);
  const total = trace.usage[0]?.length ?? 0;
  const chosen = (rows: Rows): Rows => rows.map((row) => order.map((location) => row[location] ?? 0));
  const perLocation = {
    names: order.map(String),
    unit: order.length < total ? `location, ${order.length} of ${total}` : "location",
  };
  const named = (rows: Rows, names: readonly string[]): { readonly names: readonly string[] } => ({
    names: (rows[0] ?? []).map((_, i) => names[i] ?? String(i + 1)),
  });
  const perHead = (title: string, note: string, heads: readonly Rows[]): readonly Panel[] =>
    heads.map((rows, head) =>
      heatPanel(heads.length === 1 ? title : `${title}, head ${head + 1}`, note, chosen(rows), {
        ...perLocation,
        scale: "weight",
      }),
    );
  const gates = (name: string, rows: Rows): readonly (readonly [string, readonly number[]])[] =>
    rows.map((gate, i) => [rows.length === 1 ? name : `${name} ${i + 1}`, gate]);
  return [
    heatPanel("Input", "", trace.input, { ...named(trace.input, inputNames), scale: "value" }),
    ...(trace.target
      ? [
          heatPanel("Target", "what is asked for", trace.target, {
            ...named(trace.target, outputNames),
            scale: "answer",
          }),
        ]
      : []),
    heatPanel("Output", "the network's answer; left blank where nobody asks", whereAsked(trace.output, trace.asked), {
      ...named(trace.output, outputNames),
      scale: "answer",
    }),
    ...perHead("Write weighting", "where each step writes", trace.writeWeightings),
    ...perHead("Read weighting", "where each step reads", trace.readWeightings),
    stackPanel(
      "Read modes",
      "how a place to read is found",
      trace.readModes.map((head, r) => ({
        name: trace.readModes.length === 1 ? "" : `head ${r + 1}`,
        shares: head.map((mode) => modeOrder.map((name) => mode[name])),
      })),
      modeOrder.map((name) => ({ name: modeNames[name], colour: colours.modes[name] })),
    ),
    barPanel("Gates", "how far each is open; a full bar is 1", [
      ...gates("write", trace.writeGates),
      ...gates("allocate", trace.allocationGates),
      ...gates("free", trace.freeGates),
    ]),
    heatPanel("Usage", "how much of each location is taken", chosen(trace.usage), { ...perLocation, scale: "usage" }),
  ];
}

const modeOrder = ["forward", "content", "backward"] as const satisfies readonly (keyof ReadMode)[];
const modeNames = { forward: "forward along the links", content: "by content", backward: "backward" } as const;

/** The locations most written to and read from, at most `count`, in the order in which they were first written clearly. */
function chooseLocations(trace: MemoryTrace, count: number): readonly number[] {
  const total = trace.usage[0]?.length ?? 0;
  const rows = [...trace.writeWeightings, ...trace.readWeightings].flat();
  const peaks = range(total).map((location) => Math.max(0, ...rows.map((row) => row[location] ?? 0)));
  const first = range(total).map((location) => {
    const writes = trace.usage.map((_, t) =>
      Math.max(...trace.writeWeightings.map((head) => head[t]?.[location] ?? 0)),
    );
    const most = Math.max(0, ...writes);
    return most < 0.1 ? Infinity : writes.findIndex((weight) => weight >= most / 2);
  });
  const byUse = range(total).sort((a, b) => (peaks[b] as number) - (peaks[a] as number) || a - b);
  const when = (location: number): number => first[location] as number;
  return byUse.slice(0, count).sort((a, b) => (when(a) === when(b) ? a - b : when(a) - when(b)));
}

function whereAsked(rows: Rows, asked: readonly number[] | undefined): Rows {
  return asked ? rows.map((row, t) => row.map((value) => (asked[t] ? value : 0))) : rows;
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
