// From timings to what is printed: quartiles, ratios, tables for a terminal and for a page.

import { describe, expect, it } from "vitest";
import { scaled, spreadOf, timed } from "../../bench/statistics.ts";
import { configurations } from "../../bench/configurations.ts";
import { peakColumns, peakRows, productColumns } from "../../bench/roofline.ts";
import { digits, jsonLine, markdownTable, textTable } from "../../bench/table.ts";
import { rowsOf, versusColumns } from "../../bench/versus.ts";

describe("statistics", () => {
  it("median and quartiles lie between neighbours", () => {
    expect(spreadOf([4, 1, 3, 2])).toEqual({ n: 4, median: 2.5, quartiles: [1.75, 3.25] });
    expect(spreadOf([5])).toEqual({ n: 1, median: 5, quartiles: [5, 5] });
    expect(() => spreadOf([])).toThrow("no timing");
  });

  it("scale as a whole", () => {
    expect(scaled({ n: 3, median: 2, quartiles: [1, 4] }, 10)).toEqual({ n: 3, median: 20, quartiles: [10, 40] });
  });

  it("are of three runs at least, and of no more than asked", () => {
    let runs = 0;
    expect(timed(() => void runs++, 0)).toHaveLength(3);
    expect(runs).toBe(3);
    expect(timed(() => void runs++, 60, { most: 10, warmUp: 0.01 })).toHaveLength(10);
    expect(runs).toBeGreaterThan(13); // others before
  });
});

it("three digits", () => {
  expect([0, 0.01234, 1.234, 12.34, 123.4, 1234, NaN].map(digits)).toEqual(["0.00", "0.01", "1.23", "12.3", "123", "1234", "-"]); // prettier-ignore
});

const rows = rowsOf({ config: "copy", mode: "train", sizes: configurations.copy }, [
  { ready: { version: "engram, Node 20.0.0", compileMs: 500 }, form: "", tried: {}, samples: [6.4, 3.2, 12.8], peakMb: 99.6 },
  { ready: { version: "jax 0.10.2", compileMs: 4000 }, form: "sort", tried: { sort: 13, compare: 20 }, samples: [12.8, 12.8, 16], peakMb: 512 },
]); // prettier-ignore

describe("ours and the peers", () => {
  it("are compared by the medians, with the first", () => {
    expect(rows.map(({ ratio }) => ratio)).toEqual([1, 2]);
    const { n, median, quartiles } = rows[0]!.usPerStepRow; // 40 steps, 16 rows
    expect([n, median, ...quartiles].map(digits)).toEqual(["3.00", "10.0", "7.50", "15.0"]);
    expect(rows[1]!.tried).toEqual({ sort: 13, compare: 20 });
  });

  it("stand in a table", () => {
    expect(textTable(versusColumns, rows)).toBe(
      [
        "config  mode   by                   us a step and row     quartiles  n  ratio  compile s  peak MB",
        "copy    train  engram, Node 20.0.0               10.0  7.50 to 15.0  3   1.00       0.50      100",
        "copy    train  jax 0.10.2 (sort)                 20.0  20.0 to 22.5  3   2.00       4.00      512",
      ].join("\n"),
    );
  });

  it("and in one for a page", () => {
    expect(markdownTable(versusColumns.slice(2, 5), rows)).toBe(
      [
        "| by | us a step and row | quartiles |",
        "| --- | ---: | ---: |",
        "| engram, Node 20.0.0 | 10.0 | 7.50 to 15.0 |",
        "| jax 0.10.2 (sort) | 20.0 | 20.0 to 22.5 |",
      ].join("\n"),
    );
    const odd = markdownTable([{ title: "a", of: (x: string) => x }], ["x|y"]);
    expect(odd.split("\n")[2]).toBe("| x\\|y |");
  });
});

it("a row in JSON is flat, in the names of the field", () => {
  const row = {
    config: "copy",
    usPerStepRow: { n: 3, median: 2, quartiles: [1, 4] },
    peakMb: 99.5,
    tried: { "sort remat": 1 },
  };
  expect(JSON.parse(jsonLine(row))).toEqual({
    config: "copy",
    n: 3,
    us_per_step_row: 2,
    us_per_step_row_quartiles: [1, 4],
    peak_mb: 99.5,
    tried: { "sort remat": 1 },
  });
});

describe("the roofline", () => {
  const peaks = { multiplyAdd: 40, fusedMultiplyAdd: null, streams: [{ bytes: 2 ** 14, read: 100, update: 80 }] };

  it("says what an engine lacks", () => {
    expect(peakRows(peaks).map(({ rate }) => rate)).toEqual(["40.0 GFLOP/s", "this engine has none", "100 GB/s", "80.0 GB/s"]); // prettier-ignore
    expect(textTable(peakColumns, peakRows(peaks))).toContain("reading 16 KiB");
  });

  it("gives a product's share of the peak, and how many times as long others take", () => {
    const product = { name: "square", m: 100, k: 100, n: 100 };
    const times = [{ product, ours: 0.1, tfjsWasm: 0.3, jaxJs: null }];
    expect(textTable(productColumns(peaks), times).split("\n")[1]).toMatch(/^square +100 × 100 × 100 +100 +20\.0 +50 +1\.20 +3\.00 +-$/); // prettier-ignore
    expect(textTable(productColumns({ ...peaks, fusedMultiplyAdd: 80 }), times)).toMatch(/ 25 /);
  });
});
