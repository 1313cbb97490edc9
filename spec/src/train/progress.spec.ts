import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { progressDisplay, progressLine, progressMode, type Progress } from "../../../src/train/progress.ts";

const at = (seconds: number, share = 0): Progress => ({
  step: Math.round(seconds * 10) + 1,
  seconds,
  loss: 0.41234,
  error: 0.0193,
  gradientNorm: 1.5,
  lesson: "to length 8",
  examplesPerSecond: 1234.5,
  share,
});

/** A stream, and what was written to it. */
function sink(extra: object = {}): { readonly stream: NodeJS.WritableStream; readonly text: () => string } {
  const stream = Object.assign(new PassThrough(), extra);
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  return { stream, text: () => Buffer.concat(chunks).toString() };
}

describe("progressLine", () => {
  it("says step, loss, error, lesson, speed, time and time left", () => {
    expect(progressLine(at(30, 0.25), "wrong bits")).toBe(
      "step 301 · loss 0.412 · wrong bits 1.93 % · to length 8 · 1,235 examples/s · 0:30, at most 1:30 left",
    );
    expect(progressLine({ ...at(3700), lesson: "", error: 0 }, "wrong bits")).toBe(
      "step 37,001 · loss 0.412 · wrong bits 0 % · 1,235 examples/s · 1:01:40",
    );
  });
});

describe("progressMode", () => {
  it("is live in a terminal, plain elsewhere, JSON where asked for", () => {
    expect(progressMode({ json: false, stream: { isTTY: true } })).toBe("live");
    expect(progressMode({ json: false, stream: {} })).toBe("lines");
    expect(progressMode({ json: true, stream: { isTTY: true } })).toBe("json");
  });
});

describe("progressDisplay", () => {
  it("writes a plain line a minute, more at first, and the last step", async () => {
    const { stream, text } = sink();
    const display = await progressDisplay({ mode: "lines", errorName: "wrong bits", stream });
    for (let seconds = 0; seconds <= 200; seconds++) display.show(at(seconds));
    display.say("solved");
    display.end();
    const lines = text().trimEnd().split("\n");
    expect(lines.map((line) => / (\d+:\d\d)$/.exec(line)?.[1] ?? line)).toEqual([
      ...["0:00", "0:05", "0:10", "0:15", "0:20", "0:40", "1:00", "2:00", "3:00"],
      "solved",
      "3:20",
    ]);
  });

  it("writes JSON a line for machines", async () => {
    const { stream, text } = sink();
    const display = await progressDisplay({ mode: "json", errorName: "wrong bits", stream });
    for (const seconds of [0, 0.5, 1, 1.2]) display.show(at(seconds, seconds / 10));
    display.say("solved");
    display.end();
    const lines = text()
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { kind: string; seconds?: number });
    expect(lines.map(({ kind, seconds }) => [kind, seconds])).toEqual([
      ["progress", 0],
      ["progress", 1],
      ["note", undefined],
      ["progress", 1.2],
    ]);
    expect(lines[1]).toEqual({
      kind: "progress",
      step: 11,
      seconds: 1,
      loss: 0.41234,
      error: 0.0193,
      gradientNorm: 1.5,
      lesson: "to length 8",
      examplesPerSecond: 1234.5,
      secondsLeft: 9,
    });
  });

  it("draws a live line in a terminal", async () => {
    const { stream, text } = sink({
      isTTY: true,
      columns: 200,
      cursorTo: () => true,
      clearLine: () => true,
      moveCursor: () => true,
      clearScreenDown: () => true,
    });
    const display = await progressDisplay({ mode: "live", errorName: "wrong bits", stream });
    display.show(at(1, 0.5));
    display.show(at(2, 1));
    display.end();
    display.say("solved");
    expect(text().trimEnd().endsWith("solved")).toBe(true);
    expect(text()).toContain("━━━━━━━━━━━━━━━━ step 21 · loss 0.412 · wrong bits 1.93 % · to length 8");
  });
});
