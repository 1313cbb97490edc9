/** The panels of a drawing: heat maps, stacked shares and rows of bars over one axis of time. Positions are worked out here, in pixels. */
import type { Axis, GroupMark, Mark, Scale } from "vega";
import { drawingColours as colours, drawingFonts as fonts } from "./drawingStyle.ts";
import type { Rows } from "./memoryTrace.ts";

/** A rectangle at a step, from `top` to `bottom` pixels below the panel's top. */
interface Box {
  readonly step: number;
  readonly top: number;
  readonly bottom: number;
  /** A colour, or the value that a scale turns into one. */
  readonly fill: string | number;
}

export interface Panel {
  readonly title: string;
  readonly note: string;
  readonly height: number;
  readonly boxes: readonly Box[];
  /** The scale that turns values into colours; null where boxes bring their colour. */
  readonly scale: string | null;
  /** What the rows are, from the top, each of the same height. */
  readonly names: readonly string[];
  /** What a row is one of: stands beside the axis. */
  readonly unit: string;
  readonly legend: readonly { readonly name: string; readonly colour: string }[];
}

/** Rows of cells, dark where the value is large. */
export function heatPanel(
  title: string,
  note: string,
  rows: Rows,
  options: { readonly names: readonly string[]; readonly unit?: string; readonly scale: string },
): Panel {
  const { names, unit = "", scale } = options;
  // Words need room to be read; of numbers, some may be left out.
  const size = names.some(isWord) ? 11.5 : Math.max(4, Math.min(11, 190 / names.length));
  const boxes = rows.flatMap((row, step) =>
    row
      .map((value, i) => ({ step, top: i * size, bottom: (i + 1) * size, fill: Math.round(value * 1000) / 1000 }))
      .filter(({ fill }) => fill > 0.004),
  );
  return { title, note, height: size * names.length, boxes, scale, names, unit, legend: [] };
}

/** For each row and step, shares that add up to one, one upon the other. */
export function stackPanel(
  title: string,
  note: string,
  rows: readonly { readonly name: string; readonly shares: Rows }[],
  legend: Panel["legend"],
): Panel {
  const rowHeight = rows.length > 2 ? 30 : 44;
  const inside = rowHeight - 4;
  const boxes = rows.flatMap(({ shares }, row) =>
    shares.flatMap((parts, step) => {
      let bottom = (row + 1) * rowHeight - 2;
      return parts.map((share, part) => {
        const box = { step, top: bottom - share * inside, bottom, fill: legend[part]?.colour ?? colours.ink };
        bottom = box.top;
        return box;
      });
    }),
  );
  const names = rows.map(({ name }) => name);
  return { title, note, height: rowHeight * rows.length, boxes, scale: null, names, unit: "", legend };
}

/** For each row and step a bar, whose height is the value. */
export function barPanel(title: string, note: string, rows: readonly (readonly [string, readonly number[]])[]): Panel {
  const rowHeight = 24;
  const boxes = rows.flatMap(([, values], row) =>
    values.map((value, step) => {
      const bottom = (row + 1) * rowHeight - 2;
      return { step, top: bottom - value * (rowHeight - 4), bottom, fill: colours.bar };
    }),
  );
  const names = rows.map(([name]) => name);
  return { title, note, height: rowHeight * rows.length, boxes, scale: null, names, unit: "", legend: [] };
}

export interface Placement {
  readonly top: number;
  readonly width: number;
  readonly steps: number;
  /** Where an answer was asked for: marked above each panel. */
  readonly asked: readonly number[];
  /** The first panel says what the marks above the panels are. */
  readonly isFirst: boolean;
  /** The last panel says what the axis of time is. */
  readonly isLast: boolean;
}

/** A panel as marks of Vega. Expects a band scale `time` and the panel's scale around it. */
export function panelMarks(panel: Panel, placement: Placement): GroupMark {
  const { top, width, steps, asked, isFirst, isLast } = placement;
  const spacing = [1, 2, 5, 10, 20, 50, 100].find((every) => steps / every <= 24) ?? 200;
  const ticks = Array.from({ length: Math.ceil(steps / spacing) }, (_, i) => i * spacing);
  const data = `boxes ${top}`;
  return {
    type: "group",
    encode: {
      enter: {
        x: { value: 0 },
        y: { value: top },
        width: { value: width },
        height: { value: panel.height },
        fill: { value: colours.ground },
      },
    },
    data: [
      { name: data, values: [...panel.boxes] },
      { name: `asked ${top}`, values: asked.flatMap((ask, step) => (ask ? [{ step }] : [])) },
    ],
    scales: [rowScale(panel)],
    axes: [
      rowAxis(panel),
      {
        orient: "bottom",
        scale: "time",
        values: ticks,
        labelOverlap: false,
        tickSize: 3,
        labelPadding: 2,
        labels: isLast,
        ...(isLast && { title: "time step", titlePadding: 4 }),
        ...axisStyle,
      },
    ],
    marks: [
      {
        type: "rect",
        from: { data },
        encode: {
          enter: {
            x: { scale: "time", field: "step" },
            // A hair wider than a step, for no light must come through between two boxes.
            width: { scale: "time", band: 1, offset: panel.scale === null ? -1 : 0.15 },
            y: { field: "top" },
            y2: { field: "bottom" },
            fill: panel.scale === null ? { field: "fill" } : { scale: panel.scale, field: "fill" },
          },
        },
      },
      {
        type: "rect",
        from: { data: `asked ${top}` },
        encode: {
          enter: {
            x: { scale: "time", field: "step" },
            width: { scale: "time", band: 1, offset: 0.15 },
            y: { value: -4 },
            height: { value: 3 },
            fill: { value: colours.answer },
          },
        },
      },
      ...heading(panel, width),
      ...(isFirst && asked.some(Boolean) ? [askedLabel(asked, width / steps)] : []),
    ],
  };
}

const axisStyle = {
  labelFont: fonts,
  titleFont: fonts,
  labelFontSize: 11,
  titleFontSize: 12,
  titleFontWeight: 400,
  labelColor: colours.ink,
  titleColor: colours.faint,
  tickColor: colours.line,
  domainColor: colours.line,
} as const satisfies Partial<Axis>;

function rowScale({ names, height }: Panel): Scale {
  return { name: "rows", type: "band", domain: names.map((_, i) => i), range: [0, height] };
}

const isWord = (name: string): boolean => Number.isNaN(Number(name));

/** Names the rows: all where there is room, else every second, fifth, ... */
function rowAxis({ names, height, unit }: Panel): Axis {
  const room = Math.max(1, Math.floor(height / 12));
  const every = [1, 2, 4, 5, 8, 10, 16, 20].find((n) => names.length / n <= room) ?? 32;
  // Numbers may be left out, words may not.
  const values = names.map((_, i) => i).filter((i) => i % every === 0 || isWord(names[i] ?? ""));
  return {
    orient: "left",
    scale: "rows",
    values,
    ticks: false,
    domain: false,
    labelPadding: 5,
    labelOverlap: false,
    encode: { labels: { update: { text: { signal: `${JSON.stringify(names)}[datum.value]` } } } },
    ...(unit !== "" && { title: unit, titlePadding: 8 }),
    ...axisStyle,
  };
}

/** Title, note, and the names of colours, above the panel. */
function heading({ title, note, legend, scale }: Panel, width: number): readonly Mark[] {
  const text = (x: number, content: string, style: object): Mark => ({
    type: "text",
    encode: {
      enter: {
        x: { value: x },
        y: { value: -9 },
        text: { value: content },
        font: { value: fonts },
        baseline: { value: "alphabetic" },
        fontSize: { value: 13 },
        ...style,
      },
    },
  });
  const marks = [
    text(0, title, { fontSize: { value: 14.5 }, fontWeight: { value: 600 }, fill: { value: colours.ink } }),
    text(textWidth(title, 15.5) + 12, note, { fill: { value: colours.faint } }),
  ];
  if (scale !== null) marks.push(...ramp(scale, width, text));
  let right = width;
  for (const { name, colour } of legend.toReversed()) {
    right -= textWidth(name, 13);
    marks.push(text(right, name, { fill: { value: colours.ink } }));
    right -= 15;
    marks.push({
      type: "rect",
      encode: {
        enter: {
          x: { value: right },
          y: { value: -19 },
          width: { value: 11 },
          height: { value: 11 },
          fill: { value: colour },
        },
      },
    });
    right -= 16;
  }
  return marks;
}

/** Says what the marks above each panel are. */
function askedLabel(asked: readonly number[], stepWidth: number): Mark {
  return {
    type: "text",
    encode: {
      enter: {
        x: { value: asked.findIndex(Boolean) * stepWidth },
        y: { value: -9 },
        text: { value: "an answer is asked for" },
        font: { value: fonts },
        fontSize: { value: 13 },
        fill: { value: colours.answer },
      },
    },
  };
}

/** What the colours of a heat map mean: a bar from 0 to 1. */
function ramp(
  scale: string,
  width: number,
  text: (x: number, content: string, style: object) => Mark,
): readonly Mark[] {
  const [shades, shade] = [12, 5];
  const left = width - 12 - shades * shade;
  const boxes = Array.from({ length: shades }, (_, i): Mark => ({
    type: "rect",
    encode: {
      enter: {
        x: { value: left + i * shade },
        y: { value: -18 },
        width: { value: shade + 0.2 },
        height: { value: 9 },
        fill: { scale, value: i / (shades - 1) },
      },
    },
  }));
  const style = { fontSize: { value: 11 }, fill: { value: colours.faint }, align: { value: "right" } };
  return [...boxes, text(left - 4, "0", style), text(width, "1", style)];
}

/** About how wide a text is in the drawing's font: narrow letters half as wide as others. */
function textWidth(text: string, fontSize: number): number {
  const units = [...text].reduce((sum, letter) => sum + (/[iljtfr.,;: 1]/.test(letter) ? 0.29 : 0.52), 0);
  return units * fontSize;
}
