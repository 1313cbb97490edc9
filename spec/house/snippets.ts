// The code in the documentation: ```ts blocks of Markdown files, and what stands behind @example in docstrings.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { root, sourceFiles, textOf } from "./modules.ts";

export interface Snippet {
  /** `compile/jit.ts:62` */
  readonly place: string;
  /** The module that the docstring is in: its own exports are known to the code. */
  readonly module: string | null;
  readonly code: string;
}

const fence = /^```ts\n([\s\S]*?)^```$/gm;

const lineOf = (text: string, index: number): number => text.slice(0, index).split("\n").length;

export function snippetsInMarkdown(path: string, text: string): readonly Snippet[] {
  return [...text.matchAll(fence)].map((match) => ({
    place: `${path}:${lineOf(text, match.index)}`,
    module: null,
    code: match[1]!,
  }));
}

export function snippetsInDocstrings(path: string, text: string): readonly Snippet[] {
  return [...text.matchAll(/\/\*\*[\s\S]*?\*\//g)].flatMap((comment) => {
    const lines = comment[0]
      .replace(/^\/\*\*|\*\/$/g, "")
      .split("\n")
      .map((line) => line.replace(/^\s*\* {0,2}/, ""));
    return lines.flatMap((line, at) => {
      const [, same] = /^\s*@example\b(.*)$/.exec(line) ?? [];
      if (same === undefined) return [];
      const rest = lines.slice(at + 1);
      const end = rest.findIndex((other) => /^\s*@\w/.test(other));
      const body = [same.trim(), ...(end < 0 ? rest : rest.slice(0, end))].join("\n");
      const [, fenced] = /```ts\n([\s\S]*?)```/.exec(body) ?? [];
      return [{ place: `${path}:${lineOf(text, comment.index) + at}`, module: path, code: fenced ?? body }];
    });
  });
}

/** Names that a module exports, those of types with `type ` in front. */
export function exportsIn(text: string): readonly string[] {
  const declared = [...text.matchAll(/^export (?:async )?(function|const|class|interface|type) (\w+)/gm)].map(
    ([, kind, name]) => (kind === "interface" || kind === "type" ? `type ${name}` : name!),
  );
  const listed = [...text.matchAll(/^export (type )?\{([^}]*)\}/gm)].flatMap(([, type, names]) =>
    names!
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name !== "")
      .map((name) => (type && !name.startsWith("type ") ? `type ${name}` : name)),
  );
  const spaces = [...text.matchAll(/^export \* as (\w+)/gm)].map(([, name]) => name!);
  return [...new Set([...declared, ...listed, ...spaces])];
}

const documents = [
  "README.md",
  "ARCHITECTURE.md",
  "compile/README.md",
  "src/README.md",
  "properties/README.md",
  "examples/README.md",
  "docs/traceable-ops.md",
];

export function allSnippets(): readonly Snippet[] {
  return [
    ...documents
      .filter((path) => existsSync(join(root, path)))
      .flatMap((path) => snippetsInMarkdown(path, textOf(path))),
    ...sourceFiles()
      .filter((path) => /^(compile|src|properties)\//.test(path))
      .flatMap((path) => snippetsInDocstrings(path, textOf(path))),
  ];
}

/** The code of a snippet with what its comments claim made into checks: `x.shape; // [2, 3]` becomes a comparison. */
export function withClaims(code: string): { readonly code: string; readonly claims: number } {
  let claims = 0;
  const lines = code.split("\n").map((line) => {
    const [, expression, claim] =
      /^(?!\s*(?:const|let|return|import|export|\/\/|[}\])]))(.+?);\s*\/\/ (.+)$/.exec(line) ?? [];
    if (expression === undefined || claim === undefined || !isLiteral(claim)) return line;
    claims++;
    return `claim(${expression}, ${claim});`;
  });
  return { code: lines.join("\n"), claims };
}

/** Whether a comment is a number, a string, a list or a record of those, and not prose. */
function isLiteral(text: string): boolean {
  const json = text.replace(/([{,]\s*)(\w+):/g, '$1"$2":');
  try {
    JSON.parse(json);
    return true;
  } catch {
    return false;
  }
}
