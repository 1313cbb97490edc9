import { describe, expect, it } from "vitest";
import { describeMemory, memoryEvents } from "../../../src/inspect/describeMemory.ts";
import { madeUpTrace } from "./madeUpTrace.ts";

describe("describeMemory", () => {
  it("says what was written, read and freed, and how the place was found", () => {
    const text = describeMemory(madeUpTrace({ length: 3 }));
    expect(text.split("\n")).toEqual([
      "In 8 steps 3 clear writes to 3 locations, 3 clear reads, 2 freed. At its fullest, 2.8 of 16 locations were in use.",
      "step 1: wrote location 3 (0.94, newly allocated)",
      "step 2: wrote location 10 (0.92, newly allocated)",
      "step 3: wrote location 1 (0.94, newly allocated)",
      "step 5: read location 3 (0.92, by content)",
      "step 6: freed location 3 (0.90); read location 10 (0.94, the one written after the last read)",
      "step 7: freed location 10 (0.91); read location 1 (0.95, the one written after the last read)",
    ]);
  });

  it("keeps silent about what is blurred", () => {
    const trace = madeUpTrace({ length: 2 });
    const blurred = trace.writeWeightings.map((rows) => rows.map((row) => row.map((weight) => weight / 2)));
    expect(memoryEvents({ ...trace, writeWeightings: blurred }).filter(({ kind }) => kind === "write")).toEqual([]);
  });

  it("names heads where there are several", () => {
    const trace = madeUpTrace({ length: 1 });
    const twice = {
      ...trace,
      readWeightings: [trace.readWeightings[0]!, trace.readWeightings[0]!],
      readModes: [trace.readModes[0]!, trace.readModes[0]!],
    };
    expect(describeMemory(twice)).toContain(
      "read head 1 read location 3 (0.95, by content); read head 2 read location 3",
    );
  });
});
