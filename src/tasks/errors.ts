/** The mistakes that tasks can meet, one function each: a code, what was found, and what to do. */

/** An error that a program may tell from others by its `code`. */
export class TaskError extends Error {
  override readonly name = "TaskError";
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export const badTaskConfig = (task: string, field: string, expected: string, got: unknown): TaskError =>
  new TaskError("bad-task-config", `${task}: ${field} must be ${expected}, got ${String(got)}`);

export const malformedBabi = (file: string, line: number, expected: string, came: string): TaskError =>
  new TaskError("malformed-babi", `${file}:${line}: expected ${expected}, got ${came}`);

export const noBabiFolder = (folder: string, cause: unknown): TaskError =>
  new TaskError(
    "no-babi-folder",
    `bAbI: cannot read the folder ${folder} (${cause instanceof Error ? cause.message : String(cause)}). ` +
      "Give the folder that holds files such as qa1_single-supporting-fact_train.txt.",
    { cause },
  );

export const noBabiFiles = (folder: string, inside: readonly string[]): TaskError =>
  new TaskError(
    "no-babi-files",
    `bAbI: ${folder} holds no files such as qa1_single-supporting-fact_train.txt` +
      (inside.length > 0 ? `; but its folders ${inside.join(", ")} do. Give one of them.` : "."),
  );

export const missingBabiFile = (
  folder: string,
  task: number,
  split: "train" | "test",
  present: readonly string[],
  others: readonly number[],
): TaskError =>
  new TaskError(
    "missing-babi-file",
    `bAbI task ${task}: ${folder} has no ${split} file for it` +
      (present.length > 0 ? ` (only ${present.join(", ")})` : "") +
      `. Leave the task out, or name a file for it; tasks with both files: ${others.join(", ") || "none"}.`,
  );

export const ambiguousBabiFiles = (task: number, split: string, files: readonly string[]): TaskError =>
  new TaskError(
    "ambiguous-babi-files",
    `bAbI task ${task}: expected one ${split} file, found ${files.join(" and ")}. Remove all but one.`,
  );

export const unknownBabiWord = (word: string, task: number): TaskError =>
  new TaskError(
    "unknown-babi-word",
    `bAbI task ${task}: the word "${word}" is not in the vocabulary. Make the vocabulary of all stories that are used.`,
  );
