// Every error of the compiler's catalogue is either raised by a test through the public door, or says why it cannot be;
// and what users meet stands in a catalogue.

import { describe, expect, it } from "vitest";
import * as ofFunctions from "../../compile/errors.ts";
import * as ofTargets from "../../compile/targets/errors.ts";
import { mistakes, unreachable } from "../compile/mistakes/index.ts";
import { sourceFiles, textOf } from "./modules.ts";

const names = [ofFunctions, ofTargets].flatMap((catalogue) => Object.keys(catalogue));

describe("an error of a catalogue", () => {
  it.each(names)("%s is raised, or says why it cannot be", (name) => {
    const raised = mistakes.some(({ error }) => error === name);
    expect(raised !== name in unreachable, raised ? "both raised and called unreachable" : "neither").toBe(true);
  });

  it("is thrown somewhere", () => {
    const text = sourceFiles()
      .filter((path) => path.startsWith("compile/") && !path.endsWith("/errors.ts"))
      .map(textOf)
      .join("\n");
    expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(text))).toEqual([]);
  });
});

it("tests name errors that exist", () => {
  const known = new Set(names);
  expect(
    [...mistakes.map(({ error }) => error), ...Object.keys(unreachable)].filter((name) => !known.has(name)),
  ).toEqual([]);
});

it("errors made on the spot are the authors' own mistakes", () => {
  const made = sourceFiles()
    .filter((path) => /^(compile|src)\//.test(path) && !/(^|\/)errors\.ts$/.test(path))
    .flatMap((path) =>
      [...textOf(path).matchAll(/throw new (?:Error|TypeError|RangeError)\([^;]*;/g)]
        .filter(([statement]) => !/["'`]internal: |please report/i.test(statement))
        .map(([statement]) => `${path}: ${statement}`),
    );
  expect(made).toEqual([]);
});
