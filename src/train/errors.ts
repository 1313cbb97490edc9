/** The mistakes that training can meet, one function each: a code, what was found, and what to do. */

/** An error that a program may tell from others by its `code`. */
export class TrainingError extends Error {
  override readonly name = "TrainingError";
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export const malformedSafetensors = (what: string): TrainingError =>
  new TrainingError("malformed-safetensors", `not a safetensors file: ${what}`);

export const badTrainingOption = (what: string, option: string, expected: string, got: string): TrainingError =>
  new TrainingError("bad-training-option", `${what}: ${option} must be ${expected}, got ${got}`);

export const brokenCheckpoint = (what: string, options?: ErrorOptions): TrainingError =>
  new TrainingError("broken-checkpoint", `not a saved run of this version: ${what}`, options);

export const noSavedRun = (folder: string): TrainingError =>
  new TrainingError(
    "no-saved-run",
    `nothing to resume: ${folder} holds no checkpoint.safetensors. Name the folder that the run printed.`,
  );

export const folderInUse = (folder: string): TrainingError =>
  new TrainingError(
    "folder-in-use",
    `${folder} already holds a run. Resume it, or choose another folder for a new run.`,
  );

export const diverged = (step: number, loss: number, gradientNorm: number): TrainingError =>
  new TrainingError(
    "diverged",
    `the loss is ${loss} and the gradient's norm ${gradientNorm} at step ${step}: training has diverged. ` +
      "The checkpoint before it is kept. Lower the learning rate, clip the gradient, or bound the cell with `clip`.",
  );
