// The arrows between the rooms, the order inside the compiler, and that nothing imports in a circle.

import { describe, expect, it } from "vitest";
import { importGraph, specifiersIn } from "./modules.ts";

const graph = importGraph();

/** What a room's files may import: its own files, and what matches here. */
const arrows: Readonly<Record<string, RegExp>> = {
  compile: /^@tensorflow\/tfjs-(core|backend-cpu|backend-webgpu)$|^node:(worker_threads|v8)$/,
  src: /^compile\/index\.ts$|^@tensorflow\/tfjs-core$|^node:|^(immer|vega|cli-progress|write-file-atomic|@resvg\/resvg-js)$/,
  properties: /^(compile|src)\/|^@tensorflow\/tfjs-(core|backend-cpu)$|^(fast-check|vitest|immer)$|^node:v8$/,
  spec: /./,
  examples: /^engram(\/compile|\/properties)?$|^(?!compile\/|src\/|properties\/|spec\/|bench\/|docs\/|vitest)/,
  bench: /^engram(\/compile|\/properties)?$|^(?!compile\/|src\/|properties\/|spec\/|examples\/|docs\/|vitest)/,
  docs: /^compile\/|^node:|^@tensorflow\/tfjs-core$/,
};

/** The one order of the compiler: a file imports from its own layer and from those before it. `graph/graph.ts` is the
 *  vocabulary of the graph, which primitives speak; the rest of `graph/` applies their rules to whole graphs. */
const layers: readonly RegExp[] = [
  /^compile\/type\.ts$/,
  /^compile\/codedError\.ts$/,
  /^compile\/errors\.ts$/,
  /^compile\/targets\/errors\.ts$/,
  /^compile\/tree\.ts$/,
  /^compile\/graph\/graph\.ts$/,
  /^compile\/kernels\//,
  /^compile\/primitives\//,
  /^compile\/graph\//,
  /^compile\/trace\//,
  /^compile\/transforms\//,
  /^compile\/passes\//,
  /^compile\/program\//,
  /^compile\/targets\/(target|tfjs|tfjsNode)\.ts$/,
  /^compile\/targets\/wasm\//,
  /^compile\/targets\/webgpu\//,
  /^compile\/random\.ts$/,
  /^compile\/jit\.ts$/,
  /^compile\/index\.ts$/,
];

const layerOf = (path: string): number => layers.findIndex((layer) => layer.test(path));

const roomOf = (path: string): string => path.slice(0, path.indexOf("/"));

/** Circles, each from a file back to itself: one for every import that leads back to a file on the way to it. */
function circlesIn(edges: ReadonlyMap<string, readonly string[]>): readonly (readonly string[])[] {
  const circles: (readonly string[])[] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): void => {
    if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file]);
    else if (!done.has(file)) {
      path.push(file);
      for (const next of edges.get(file) ?? []) visit(next);
      path.pop();
      done.add(file);
    }
  };
  for (const file of edges.keys()) visit(file);
  return circles;
}

describe("specifiersIn", () => {
  it("finds every form of import and export", () => {
    const dynamic = "import"; // so that this file does not seem to import what it names
    const text = [
      `import * as tf from "a";`,
      `import { x, type Y } from "./b.ts";`,
      `import type { Z } from './c.ts';`,
      `import {`,
      `  long,`,
      `} from "./d.ts";`,
      `import "e";`,
      `export { x } from "./f.ts";`,
      `export * as names from "./g.ts";`,
      `export type { W } from "./h.ts";`,
      `const later = await ${dynamic}("./i.ts");`,
      `type T = ${dynamic}("./j.ts").T;`,
    ].join("\n");
    expect(specifiersIn(text)).toEqual([
      "a",
      "./b.ts",
      "./c.ts",
      "./d.ts",
      "e",
      "./f.ts",
      "./g.ts",
      "./h.ts",
      "./i.ts",
      "./j.ts",
    ]);
  });

  it("passes over comments, strings and exports of its own", () => {
    const text = [
      `// import "a";`,
      `/* import "b"; */`,
      `/** @example import { c } from "c"; */`,
      `export const name = "d";`,
      `export function f(x = "e") {}`,
      `const s = 'text from "f"';`,
    ].join("\n");
    expect(specifiersIn(text)).toEqual([]);
  });
});

describe("imports", () => {
  it("are found at all", () => {
    expect(graph.get("compile/index.ts")).toContain("compile/jit.ts");
    expect(graph.size).toBeGreaterThan(200);
  });

  it("name files that exist", () => {
    const missing = [...graph].flatMap(([file, imports]) =>
      imports
        .filter((to) => to in arrows || /^\.\.?\//.test(to) || (roomOf(to) in arrows && !graph.has(to)))
        .map((to) => `${file} -> ${to}`),
    );
    expect(missing).toEqual([]);
  });

  it("follow the arrows between the rooms", () => {
    const wrong = [...graph].flatMap(([file, imports]) => {
      const room = roomOf(file);
      return imports.filter((to) => roomOf(to) !== room && !arrows[room]!.test(to)).map((to) => `${file} -> ${to}`);
    });
    expect(wrong).toEqual([]);
  });

  it("follow the one order inside the compiler", () => {
    const compiler = [...graph.keys()].filter((file) => file.startsWith("compile/"));
    expect(compiler.filter((file) => layerOf(file) < 0)).toEqual([]);
    const backwards = compiler.flatMap((file) =>
      graph
        .get(file)!
        .filter((to) => to.startsWith("compile/") && layerOf(to) > layerOf(file))
        .map((to) => `${file} -> ${to}`),
    );
    expect(backwards).toEqual([]);
  });

  it("make no circle", () => {
    expect(circlesIn(graph)).toEqual([]);
    expect(
      circlesIn(
        new Map([
          ["a", ["b"]],
          ["b", ["c"]],
          ["c", ["b"]],
        ]),
      ),
    ).toEqual([["b", "c", "b"]]);
  });
});
