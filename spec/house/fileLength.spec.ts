// A file holds one idea. Above 400 lines it is time to look for the second one: that is said, not forbidden.

import { expect, it } from "vitest";
import { sourceFiles, textOf } from "./modules.ts";

const lookAgain = 400;
const tooLong = 600;

it(`no file is longer than ${tooLong} lines`, () => {
  const lengths = sourceFiles().map((path) => ({ path, lines: textOf(path).split("\n").length - 1 }));
  const long = lengths.filter(({ lines }) => lines > lookAgain);
  if (long.length > 0) {
    const list = long.map(({ path, lines }) => `  ${path} ${lines}\n`).join("");
    process.stderr.write(`Over ${lookAgain} lines; is there a natural seam?\n${list}`); // past vitest, which keeps passing tests quiet
  }
  expect(long.filter(({ lines }) => lines > tooLong)).toEqual([]);
});
