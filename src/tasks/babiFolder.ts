/** The files of a bAbI folder, as published: `qa1_single-supporting-fact_train.txt` and so on. For Node alone. */
import { parseBabi, type Story } from "./babiStories.ts";
import { ambiguousBabiFiles, missingBabiFile, noBabiFiles, noBabiFolder } from "./errors.ts";

export const babiSplits = ["train", "valid", "test"] as const;
export type BabiSplit = (typeof babiSplits)[number];

/** The stories of one task. `valid` is empty where the folder has no file for it: hold some of `train` back then. */
export interface BabiTask {
  readonly task: number;
  readonly name: string;
  readonly stories: { readonly [S in BabiSplit]: readonly Story[] };
  /** Where the stories came from. */
  readonly files: { readonly [S in BabiSplit]: string | undefined };
}

export interface BabiFolderOptions {
  /** The tasks to read. Default: all that have a train and a test file. */
  readonly tasks?: readonly number[];
  /** Train files that lie elsewhere, by task. */
  readonly trainFiles?: { readonly [task: number]: string };
}

type Found = { readonly [S in BabiSplit]: readonly string[] };

/**
 * The stories of the tasks in a folder.
 *
 * @throws TaskError where the folder or a file is missing, or a file is malformed (`file:line: expected …, got …`)
 */
export async function readBabiFolder(folder: string, options: BabiFolderOptions = {}): Promise<readonly BabiTask[]> {
  const { readFile } = await import("node:fs/promises");
  const { basename, join } = await import("node:path");
  const found = await findFiles(folder);
  for (const [task, file] of Object.entries(options.trainFiles ?? {})) {
    const number = Number(task);
    found.set(number, { ...(found.get(number) ?? { valid: [], test: [] }), train: [file] });
  }
  const complete = [...found].filter(([, files]) => files.train.length > 0 && files.test.length > 0).map(([n]) => n);
  const tasks = [...new Set(options.tasks ?? complete)].sort((a, b) => a - b);

  // Everything is looked for before anything is read, so that a missing file is told at once.
  const chosen = tasks.map((task) => {
    const files = found.get(task) ?? { train: [], valid: [], test: [] };
    for (const split of babiSplits) if (files[split].length > 1) throw ambiguousBabiFiles(task, split, files[split]);
    for (const split of ["train", "test"] as const) {
      if (files[split].length > 0) continue;
      const present = babiSplits.flatMap((s) => files[s]);
      throw missingBabiFile(
        folder,
        task,
        split,
        present,
        [...complete].sort((a, b) => a - b),
      );
    }
    return { task, files };
  });
  return Promise.all(
    chosen.map(async ({ task, files }) => {
      const path = (split: BabiSplit): string | undefined => {
        const file = files[split][0];
        if (file === undefined) return undefined;
        return split === "train" && options.trainFiles?.[task] !== undefined ? file : join(folder, file);
      };
      const read = async (split: BabiSplit): Promise<readonly Story[]> => {
        const file = path(split);
        return file === undefined ? [] : parseBabi(await readFile(file, "utf8"), { file, task });
      };
      const name = /^qa\d+_(.+)_(?:train|valid|test)\.txt$/.exec(basename(files.test[0] ?? ""))?.[1] ?? `task ${task}`;
      return {
        task,
        name: name.replaceAll("-", " "),
        stories: { train: await read("train"), valid: await read("valid"), test: await read("test") },
        files: { train: path("train"), valid: path("valid"), test: path("test") },
      };
    }),
  );
}

async function findFiles(folder: string): Promise<Map<number, Found>> {
  const { readdir } = await import("node:fs/promises");
  const { join } = await import("node:path");
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    throw noBabiFolder(folder, error);
  });
  const found = new Map<number, Found>();
  for (const { name } of entries) {
    const match = babiFile.exec(name);
    if (!match) continue;
    const task = Number(match[1]);
    const split = match[2] as BabiSplit; // one of the three words that the expression allows
    const files = found.get(task) ?? { train: [], valid: [], test: [] };
    found.set(task, { ...files, [split]: [...files[split], name].sort() });
  }
  if (found.size > 0) return found;
  const inside: string[] = [];
  for (const entry of entries.filter((e) => e.isDirectory())) {
    const names = await readdir(join(folder, entry.name)).catch(() => []);
    if (names.some((name) => babiFile.test(name))) inside.push(entry.name);
  }
  throw noBabiFiles(folder, inside.sort());
}

const babiFile = /^qa(\d+)(?:_.+)?_(train|valid|test)\.txt$/;
