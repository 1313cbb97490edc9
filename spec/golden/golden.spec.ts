import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import "@tensorflow/tfjs-backend-cpu";
import { afterAll, describe, expect, it } from "vitest";
import { useTfjs } from "../../compile/index.ts";
import { readSafetensors, writeSafetensors, type StoredTensor } from "../../src/train/safetensors.ts";
import { isResult } from "./goldenFile.ts";
import { readGoldenFile } from "./readGoldenFile.ts";
import { difference, tolerance } from "./ledger.ts";
import { replayFile, targets } from "./replayFile.ts";
import { replayFolder } from "./replayFolder.ts";
import { inTheirOrder, matchSlots } from "./slotOrder.ts";

useTfjs(); // as ENGRAM_TFJS says

const own = fileURLToPath(new URL("./vectors/", import.meta.url));
/** The whole set, where it lies beside the checkout: a part of it takes part, `npm run golden` runs it all. */
const shared = fileURLToPath(new URL("../../../shared/golden/", import.meta.url));
const selected = ["access_writes2_paper", "dnc_paper", "long"].map((name) => `${shared}${name}.safetensors`);

const paths = [
  ...readdirSync(own)
    .filter((name) => name.endsWith(".safetensors"))
    .map((name) => join(own, name)),
  ...selected.filter(existsSync),
];

describe.each(targets)("golden vectors on %s", (target) => {
  it.each(paths)("%s", (path) => {
    const file = readGoldenFile(path);
    const report = replayFile(file, target);
    expect(report.failures).toEqual([]);
    expect(report.comparisons.length).toBe([...file.arrays.keys()].filter(isResult).length);
  });
});

describe("what a replay does not let pass", () => {
  const folder = mkdtempSync(join(tmpdir(), "golden-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  /** The pieces whose names begin so, altered, as the only file of a folder; what replaying it says. */
  async function replayed(
    alter: (tensors: Record<string, StoredTensor>) => void,
    metadata: Record<string, string> = { kind: "pieces" },
  ): Promise<readonly string[]> {
    const { tensors } = readSafetensors(readFileSync(join(own, "pieces.safetensors")));
    const few = Object.fromEntries(Object.entries(tensors).filter(([name]) => name.startsWith("links.")));
    alter(few);
    writeFileSync(join(folder, "altered.safetensors"), writeSafetensors(few, metadata));
    const said: string[] = [];
    const met = await replayFolder(folder, ["tfjs"], (line) => said.push(line));
    return [met ? "met" : "not met", ...said];
  }

  it("meets what was not altered", async () => {
    const [verdict, line, total] = await replayed(() => {});
    expect(verdict).toBe("met");
    expect(line).toMatch(
      /^altered.safetensors +tfjs +5 arrays {2}largest error: values .*e-\d+, gradients .*e-\d+ {2}ok$/,
    );
    expect(total).toBe("1 files, 5 arrays compared on tfjs: all within tolerance");
  });
  it("sees one number that is off by more than the tolerance", async () => {
    const [verdict, , failure] = await replayed((tensors) => {
      const link = tensors["links.out.link"];
      if (link) link.data[5] = Number(link.data[5] ?? 0) + 1e-4;
    });
    expect([verdict, failure]).toEqual(["not met", expect.stringMatching(/links.out.link: error .* exceeds 0.00001/)]);
  });
  it("sees a number that is NaN", async () => {
    expect((await replayed((tensors) => tensors["links.grad.prev_link"]?.data.fill(NaN as never)))[0]).toBe("not met");
  });
  it("sees an array it does not know", async () => {
    const [verdict, , failure] = await replayed((tensors) => {
      tensors["links.out.third"] = { dtype: "F64", shape: [1], data: Float64Array.of(0) };
    });
    expect([verdict, failure]).toEqual(["not met", expect.stringContaining('"third" is missing')]);
  });
  it("sees a piece it does not know", async () => {
    const [verdict, , failure] = await replayed((tensors) => {
      tensors["sharpen.out.x"] = { dtype: "F64", shape: [1], data: Float64Array.of(0) };
    });
    expect([verdict, failure]).toEqual(["not met", '  unknown piece "sharpen"']);
  });
  it("sees a file of a kind it does not know", async () => {
    const [verdict, line] = await replayed(() => {}, { kind: "sparse" });
    expect([verdict, line]).toEqual(["not met", expect.stringContaining('FAILED, skipped: unknown kind "sparse"')]);
  });
  it("sees a file that is no safetensors file, and a folder that is empty or not there", async () => {
    writeFileSync(join(folder, "broken.safetensors"), "no");
    expect(await replayFolder(folder, ["tfjs"], () => {})).toBe(false);
    const said: string[] = [];
    const empty = mkdtempSync(join(tmpdir(), "golden-empty-"));
    expect(await replayFolder(empty, ["tfjs"], (line) => said.push(line))).toBe(false);
    expect(said).toEqual([`${empty}: holds no .safetensors file`]);
    rmSync(empty, { recursive: true });
    expect(await replayFolder(empty, ["tfjs"], () => {})).toBe(false);
    expect(await replayFolder(own, ["gpu"], () => {})).toBe(false);
  });
});

describe("errors", () => {
  const numbers = (shape: number[], ...data: number[]) => ({ shape, data: Float64Array.from(data) });
  it("are relative to the largest magnitude, and absolute for a change", () => {
    expect(difference(numbers([2], 1, 10), numbers([2], 1.5, 10), "value")).toBe(0.05);
    expect(difference(numbers([2], 1, 10), numbers([2], 1.5, 10), "change")).toBe(0.5);
    expect(difference(numbers([2], 0, 0), numbers([2], 0, 0), "gradient")).toBe(0);
  });
  it("are infinite for another shape or a NaN", () => {
    expect(difference(numbers([2, 1], 1, 2), numbers([2], 1, 2), "value")).toBe(0);
    expect(difference(numbers([2, 3], 1, 2, 3, 4, 5, 6), numbers([3, 2], 1, 2, 3, 4, 5, 6), "value")).toBe(Infinity);
    expect(difference(numbers([1], NaN), numbers([1], 0), "value")).toBe(Infinity);
  });
  it("may be as large as the layout says", () => {
    const at = (fromZero: boolean): readonly number[] =>
      (["value", "gradient", "change"] as const).map((m) => tolerance({ fromZero }, m));
    expect([at(false), at(true)]).toEqual([[1e-5, 1e-4, 1e-6], [1e-4, 1e-4, 1e-6]]); // prettier-ignore
  });
});

describe("matching slots", () => {
  it("finds each batch row's permutation from the histories, and applies it along every slot axis", () => {
    // T 1, B 2, N 3: row 0 is turned by one, row 1 is as it was.
    const theirs = { shape: [1, 2, 3], data: Float64Array.of(1, 2, 3, 4, 5, 6) };
    const ours = { shape: [1, 2, 3], data: Float64Array.of(3.001, 1.001, 2.001, 4, 5, 6) };
    const orders = matchSlots([{ state: "usage", ours, theirs }]);
    expect(orders).toEqual([[1, 2, 0], [0, 1, 2]]); // prettier-ignore
    expect([...inTheirOrder(orders, "usage", ours, 1).data]).toEqual([1.001, 2.001, 3.001, 4, 5, 6]);
    const links = { shape: [2, 1, 3, 3], data: Float64Array.from({ length: 18 }, (_, i) => i) };
    expect([...inTheirOrder(orders, "link", links, 0).data].slice(0, 9)).toEqual([4, 5, 3, 7, 8, 6, 1, 2, 0]);
    expect(inTheirOrder(orders, "hidden", links, 0)).toBe(links);
  });
});
