// coverage.ts as a page of Markdown: docs/traceable-ops.md. `npm run docs` writes it, a test holds it up to date.

import { isTraced, opGroups, whyNotTraceable, type OpGroup } from "./coverage.ts";

const code = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(", ");

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Names that share one text, in a table of two columns. */
function table(head: readonly [string, string], rows: Readonly<Record<string, string>>): string[] {
  const byText = new Map<string, string[]>();
  for (const [name, text] of Object.entries(rows)) byText.set(text, [...(byText.get(text) ?? []), name]);
  if (byText.size === 0) return [];
  const lines = [...byText].map(([text, names]) => `| ${code(names)} | ${sentence(text)} |`);
  return ["", `| ${head[0]} | ${head[1]} |`, "| --- | --- |", ...lines];
}

function section(group: OpGroup): string[] {
  const constants = Object.entries(group.constants ?? {});
  const plain = constants.filter(([, why]) => why === "").map(([name]) => name);
  const surprising = Object.fromEntries(constants.filter(([, why]) => why !== ""));
  return [
    "",
    `## ${group.name}`,
    ...(group.traces.length > 0 ? ["", `Traced: ${code(group.traces)}.`] : []),
    ...(plain.length > 0 ? ["", `Constants, from numbers known while tracing: ${code(plain)}.`] : []),
    ...table(["Constants", "Mind that"], surprising),
    ...table(["Differs from tfjs's CPU backend", "How"], group.notes ?? {}),
    ...table(["Not traced", "Why, and the way round"], group.untraced ?? {}),
  ];
}

/** The page. @param kernels the names of all kernels of tfjs-core */
export function coverageTable(kernels: readonly string[]): string {
  const traced = kernels.filter(isTraced);
  const untraced = kernels.filter((name) => !isTraced(name));
  const total = opGroups.reduce((sum, group) => sum + group.traces.length, 0);
  return [
    "<!-- Written by `npm run docs` from compile/trace/coverage.ts. Do not edit. -->",
    "",
    "# Which tfjs ops trace",
    "",
    `${total} ops of tfjs-core become part of a compiled program, on float32, int32 and bool tensors. They mean what tfjs's`,
    "CPU backend computes, up to rounding, but for the corners named below. An op that does not trace raises an error",
    "that names it and says what to do instead.",
    ...opGroups.flatMap(section),
    "",
    "## Kernels",
    "",
    "tfjs runs ops as kernels, and an error names the kernel.",
    "",
    `Traced (${traced.length}): ${code(traced)}.`,
    ...table(
      ["Not traced", "Why, and the way round"],
      Object.fromEntries(untraced.map((name) => [name, whyNotTraceable(name)])),
    ),
    "",
  ].join("\n");
}
