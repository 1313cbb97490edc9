// The project's TypeScript files and what each imports, found in its text: enough for one formatter's output.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's root. */
export const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

export const rooms = ["compile", "src", "properties", "spec", "examples", "bench", "docs"] as const;

/** Paths below the root, with `/`, of all TypeScript files of the rooms but hidden ones. */
export function sourceFiles(): readonly string[] {
  return rooms
    .filter((room) => existsSync(join(root, room)))
    .flatMap((room) =>
      readdirSync(join(root, room), { recursive: true, encoding: "utf8" })
        .filter((path) => path.endsWith(".ts") && !/(^|[/\\])\./.test(path))
        .map((path) => `${room}/${path.replaceAll("\\", "/")}`),
    )
    .sort();
}

export const textOf = (path: string): string => readFileSync(join(root, path), "utf8");

/** Specifiers in a file's text: of imports and exports (types as well), and of `import()`. */
export function specifiersIn(text: string): readonly string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
  const statements = code.matchAll(/^\s*(?:import|export)\b(?:[\w$*{},\s]*\bfrom)?\s*["']([^"'\n]+)["']/gm);
  const calls = code.matchAll(/\bimport\(\s*["']([^"'\n]+)["']\s*\)/g);
  return [...statements, ...calls].map((match) => match[1]!);
}

/** A relative specifier as a path below the root; others as they are. */
export const resolveFrom = (path: string, specifier: string): string =>
  specifier.startsWith(".") ? posix.normalize(posix.join(posix.dirname(path), specifier)) : specifier;

/** For each file what it imports: paths below the root, and names of packages. */
export function importGraph(): ReadonlyMap<string, readonly string[]> {
  return new Map(
    sourceFiles().map((path) => [path, specifiersIn(textOf(path)).map((specifier) => resolveFrom(path, specifier))]),
  );
}
