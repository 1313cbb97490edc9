// What the documentation shows compiles, runs, and gives what it says it gives.

import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root, textOf } from "./modules.ts";
import { chooseDriver } from "../compile/targets/webgpu/adapter.ts";
import { allSnippets, exportsIn, snippetsInDocstrings, snippetsInMarkdown, withClaims } from "./snippets.ts";

describe("snippets", () => {
  it("are found in Markdown and in docstrings", () => {
    expect(
      snippetsInMarkdown("a.md", "text\n```ts\nf();\n```\n```sh\nls\n```\n").map(({ place, code }) => [place, code]),
    ).toEqual([["a.md:2", "f();\n"]]);
    const text =
      "/** One.\n *  @example f(1)\n *  @throws never */\nx;\n/**\n * @example\n * ```ts\n * g(2);\n * ```\n */";
    expect(snippetsInDocstrings("b.ts", text).map(({ place, code }) => [place, code.trim()])).toEqual([
      ["b.ts:2", "f(1)"],
      ["b.ts:6", "g(2);"],
    ]);
  });

  it("claim what stands in a comment behind an expression", () => {
    expect(
      withClaims('f(1); // [2, 3]\nx.y; // "a"\nf(2); // a remark\nconst z = 1; // 1\ng(); // { a: 1, b: [2] }'),
    ).toEqual({
      code: 'claim(f(1), [2, 3]);\nclaim(x.y, "a");\nf(2); // a remark\nconst z = 1; // 1\nclaim(g(), { a: 1, b: [2] });',
      claims: 3,
    });
  });
});

/** What a reader of the documentation has at hand: names that the entries export. */
const entries = { "engram/properties": "properties", "engram/compile": "compile", engram: "src" } as const;

const snippets = allSnippets();
const fileOf = (at: number): string => `snippet${at}.ts`;

/** The snippet as a module. What it uses of the entries is imported, as a reader would; claims are checked. */
function moduleOf({ module, code }: (typeof snippets)[number]): string {
  const body = withClaims(code).code;
  const always = ['import "@tensorflow/tfjs-backend-cpu";', 'import { claim } from "./claim.ts";', "void claim;"];
  if (/^import /m.test(code)) return [...always, body].join("\n");
  const origins = new Map<string, string>();
  if (module) for (const name of exportsIn(textOf(module))) origins.set(name, `../../${module}`);
  for (const [entry, room] of Object.entries(entries)) {
    const index = `${room}/index.ts`;
    if (existsSync(join(root, index))) for (const name of exportsIn(textOf(index))) origins.set(name, entry);
  }
  const uses = (name: string): boolean => new RegExp(`(?<![\\w.])${name.replace("type ", "")}\\b`).test(code);
  const imports = [...origins]
    .filter(([name]) => uses(name))
    .map(([name, from]) => `import { ${name} } from "${from}";`);
  return ['import * as tf from "@tensorflow/tfjs-core";', ...always, ...imports, "void tf;", `{\n${body}\n}`].join(
    "\n",
  );
}

const claimModule = `
import { Tensor } from "@tensorflow/tfjs-core";
import { isDeepStrictEqual } from "node:util";
const plain = (value: unknown): unknown => {
  if (value instanceof Tensor) return plain(value.arraySync());
  if (typeof value === "number") return Number(value.toPrecision(5));
  if (ArrayBuffer.isView(value)) return plain([...(value as Float32Array)]);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "object" && value !== null) return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, plain(v)]).sort());
  return value;
};
export function claim(got: unknown, said: unknown): void {
  if (!isDeepStrictEqual(plain(got), plain(said))) throw new Error(\`it says \${JSON.stringify(said)}, and is \${JSON.stringify(plain(got))}\`);
}`;

const runner = `
const failures: Record<string, string> = {};
for (const file of process.argv.slice(2)) {
  try { await import("./" + file); } catch (error) { failures[file] = error instanceof Error ? error.message : String(error); }
}
console.log("failures:" + JSON.stringify(failures));`;

/** Errors of the type checker by file, and of running. */
let typeErrors: Record<string, string[]> = {};
let failures: Record<string, string> = {};
let folder = "";

/** A name that the code does not define: the snippet is a piece of a larger program. */
const isFragment = (errors: readonly string[]): boolean =>
  errors.length > 0 && errors.every((error) => /error TS(2304|2552|18004)/.test(error));

const execute = promisify(execFile);

/** Output of a tool, whether it succeeds or not. */
async function tool(args: readonly string[]): Promise<string> {
  try {
    return (await execute(process.execPath, args, { cwd: root, encoding: "utf8" })).stdout;
  } catch (error) {
    return (error as { readonly stdout: string }).stdout;
  }
}

chooseDriver();

beforeAll(async () => {
  // In the project's own folder, where its name leads to its sources; `runs/` is no part of the repository.
  mkdirSync(join(root, "runs"), { recursive: true });
  folder = mkdtempSync(join(root, "runs", "docs-"));
  snippets.forEach((snippet, at) => writeFileSync(join(folder, fileOf(at)), moduleOf(snippet)));
  writeFileSync(join(folder, "claim.ts"), claimModule);
  writeFileSync(join(folder, "run.ts"), runner);
  const options = {
    extends: "../../tsconfig.json",
    compilerOptions: { noUnusedLocals: false, noUnusedParameters: false },
    include: ["."],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(options));
  const output = await tool(["node_modules/typescript/lib/tsc.js", "-p", folder]);
  typeErrors = {};
  for (const line of output.split("\n")) {
    const [, file] = /(snippet\d+\.ts)\(\d+,\d+\): error/.exec(line) ?? [];
    if (file) (typeErrors[file] ??= []).push(line);
  }
  const files = snippets.map((_, at) => fileOf(at)).filter((file) => !typeErrors[file]);
  const ran = await tool(["--import", "tsx", "-C", "engram-source", join(folder, "run.ts"), ...files]);
  const [, json] = /^failures:(.*)$/m.exec(ran) ?? [];
  failures =
    json === undefined
      ? Object.fromEntries(files.map((file) => [file, `did not run: ${ran}`]))
      : (JSON.parse(json) as Record<string, string>);
}, 300_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a snippet", () => {
  it.each(snippets.map((snippet, at) => [snippet.place, at] as const))("%s compiles and runs", (_place, at) => {
    const errors = typeErrors[fileOf(at)] ?? [];
    if (!isFragment(errors)) expect(errors).toEqual([]);
    // Where there is no adapter, code for WebGPU can say only that.
    if (failures[fileOf(at)]?.startsWith("createWebGPU: WebGPU is here, but offers no adapter")) return;
    expect(failures[fileOf(at)]).toBeUndefined();
  });

  it("is whole wherever it is shown to newcomers, and of the compiler", () => {
    const pieces = snippets.filter((_, at) => isFragment(typeErrors[fileOf(at)] ?? [])).map(({ place }) => place);
    expect(pieces.filter((place) => !place.startsWith("src/"))).toEqual([]);
  });

  it("makes claims that are checked", () => {
    expect(snippets.reduce((sum, { code }) => sum + withClaims(code).claims, 0)).toBeGreaterThan(8);
  });
});
