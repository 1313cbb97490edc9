import { describe, expect, it } from "vitest";
import { drawMemory } from "../../../src/inspect/drawMemory.ts";
import { rasterise } from "../../../src/inspect/rasterise.ts";
import { madeUpTrace } from "./madeUpTrace.ts";

const trace = madeUpTrace({ length: 4 });
const options = { title: "Copying 4 words <of> 8 bits", subtitle: "made up", inputNames: ["first bit"] };

describe("drawMemory", () => {
  it("draws every panel, titled, over one axis of time", async () => {
    const svg = await drawMemory(trace, options);
    expect(svg).toMatch(/^<svg .*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    const texts = [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text);
    for (const title of [
      "Copying 4 words &lt;of&gt; 8 bits",
      ...["Input", "Target", "Output", "Write weighting", "Read weighting", "Read modes", "Gates", "Usage"],
      ...["write", "allocate", "free", "forward along the links", "by content", "backward"],
      ...["first bit", "location", "time step", "an answer is asked for"],
    ]) {
      expect(texts, title).toContain(title);
    }
    expect(svg).not.toContain("NaN");
  });

  it("is the same picture each time", async () => {
    expect(await drawMemory(trace, options)).toBe(await drawMemory(trace, options));
  });

  it("names heads and says how many locations it leaves out", async () => {
    const many = { ...trace, readWeightings: [trace.readWeightings[0]!, trace.readWeightings[0]!] };
    const svg = await drawMemory(many, { ...options, locations: 8 });
    expect(svg).toContain(">Read weighting, head 2<");
    expect(svg).toContain(">location, 8 of 16<");
  });

  it("needs neither target nor question", async () => {
    const { target: _, asked: __, ...rest } = trace;
    const svg = await drawMemory(rest, options);
    expect(svg).not.toContain(">Target<");
    expect(svg).not.toContain("an answer is asked for");
  });
});

describe("rasterise", () => {
  it("makes a PNG with the text in it, of fonts that the package brings", async () => {
    const svg = await drawMemory(trace, options);
    const png = Buffer.from(await rasterise(svg, { scale: 1 }));
    expect(png.subarray(0, 8)).toEqual(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]));
    const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
    expect([width, height]).toEqual(/width="(\d+)" height="(\d+)"/.exec(svg)?.slice(1).map(Number));
    const wordless = await rasterise(svg.replaceAll(/<text[^>]*>[^<]*<\/text>/g, ""), { scale: 1 });
    expect(png.length).toBeGreaterThan(wordless.length * 1.3);
  });
});
