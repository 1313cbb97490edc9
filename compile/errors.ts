// Every mistake a user can make, one function each: a stable `code`, and a message that says what was called,
// which argument, what was expected and what came, and what to do. A class only where someone would catch it. Those of targets
// are in targets/errors.ts.

import { coded, type CodedError } from "./codedError.ts";
import { showType, type Shape, type TensorType } from "./type.ts";

/** Operands or attributes that do not fit together: wrong shape, dtype, axis or count. */
export class TypeMismatchError extends Error implements CodedError {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = "TypeMismatchError";
    this.code = code;
  }
}

const showShape = (shape: Shape): string => `[${shape.join(",")}]`;

// Types of operands and attributes

export const wrongOperandCount = (op: string, expected: string, got: number): Error =>
  new TypeMismatchError("operand-count", `${op}: expected ${expected}, got ${got}.`);

export const wrongDType = (op: string, argument: string, expected: string, got: TensorType): Error =>
  new TypeMismatchError(
    "dtype",
    `${op}: ${argument} must be ${expected}, got ${showType(got)}. Convert it first (tf.cast, or b.convert in a rule).`,
  );

export const wrongRank = (op: string, argument: string, expected: string, got: TensorType): Error =>
  new TypeMismatchError("rank", `${op}: ${argument} must have ${expected}, got ${showType(got)}.`);

export const wrongShape = (op: string, argument: string, expected: string, got: TensorType): Error =>
  new TypeMismatchError("shape", `${op}: ${argument} must have shape ${expected}, got ${showType(got)}.`);

export const operandsDiffer = (op: string, types: readonly TensorType[]): Error =>
  new TypeMismatchError(
    "operands-differ",
    `${op}: operands must have one type, got ${types.map(showType).join(" and ")}.`,
  );

export const cannotBroadcast = (op: string, from: Shape, to: Shape): Error =>
  new TypeMismatchError(
    "broadcast",
    `${op}: shapes ${showShape(from)} and ${showShape(to)} do not broadcast together.`,
  );

export const wrongAttribute = (
  op: string,
  attribute: string,
  expected: string,
  got: string,
  type?: TensorType,
): Error =>
  new TypeMismatchError(
    "attribute",
    `${op}: ${attribute} must be ${expected}, got ${got}${type ? ` for an operand ${showType(type)}` : ""}.`,
  );

// Graphs

export const malformedGraph = (constraint: string, what: string, surroundings: string): Error =>
  coded("malformed-graph", `internal: graph breaks ${constraint}: ${what}. Please report this.\n${surroundings}`);

export const malformedText = (expected: string, got: string): Error =>
  coded(
    "malformed-text",
    `parseGraph: expected ${expected}, got ${JSON.stringify(got)}. Give it what printGraph printed.`,
  );

export const malformedBody = (
  op: string,
  operands: readonly TensorType[],
  inputs: readonly TensorType[],
  outputs: readonly TensorType[],
): Error =>
  new TypeMismatchError(
    "body",
    `internal: ${op}: a body (${inputs.map(showType).join(", ")}) -> (${outputs.map(showType).join(", ")}) ` +
      `does not fit operands ${operands.map(showType).join(", ")}. Please report this.`,
  );

// Trees

function describe(node: unknown): string {
  if (node === null) return "null";
  if (typeof node === "function") return "a function";
  if (typeof node !== "object")
    return `the ${typeof node} ${String(node as string | number | boolean | bigint | symbol | undefined)}`;
  if (Array.isArray(node)) return `an array of ${node.length}`;
  const name = (node.constructor as { name?: string } | undefined)?.name ?? "Object";
  return name === "Object" ? `a record of {${Object.keys(node).join(", ")}}` : `an object of class ${name}`;
}

export const notATree = (path: string, node: unknown): Error =>
  new TypeMismatchError(
    "tree",
    `${path}: expected a tensor, or a record or array of them, got ${describe(node)}. ` +
      `Wrap a number in tf.scalar; name an argument of jit that is not made of tensors in \`staticArgnums\`.`,
  );

export const structuresDiffer = (op: string, what: string, expected: string, got: string): Error =>
  new TypeMismatchError(
    "structure",
    `${op}: ${what} must have the structure ${expected}, got ${got} (* is a tensor, - is null).`,
  );

// Tracing

/** A tracer's numbers were asked for while its function was being traced.
 *
 *  Inside `jit`, `grad`, `scan` and the other transforms a function is run once with tensors that have a shape and a
 *  dtype but no numbers yet. What reads numbers (`dataSync`, `arraySync`, `array`, `print`, a JavaScript `if` on a value)
 *  cannot work there:
 *
 *      jit((x: tf.Tensor) => (tf.sum(x).dataSync()[0]! > 0 ? x : tf.neg(x)));                  // fails
 *      jit((x: tf.Tensor) => tf.where(tf.greater(tf.sum(x), 0), x, tf.neg(x)));                // select both ways
 *      jit((x: tf.Tensor) => cond(tf.greater(tf.sum(x), 0), (y: tf.Tensor) => y, tf.neg, x));  // or branch
 *
 *  Numbers that are known before tracing are made outside of it and closed over, or are static arguments. */
export class ConcretizationError extends Error implements CodedError {
  readonly code = "concretization";
  constructor(type: string, origin: string) {
    super(
      `The numbers of a traced ${type}${origin} were read (dataSync, arraySync, print, or an op that looks at values), ` +
        "but while a function is traced there are none yet. Use tf.where or cond in place of a JavaScript branch on a value; " +
        "return the value from the function to read it after the call; or name the argument in `staticArgnums` if it is known beforehand.",
    );
    this.name = "ConcretizationError";
  }
}

/** A tensor of a finished trace was used: it was stored somewhere by a traced function, in place of being returned. */
export class LeakedTracerError extends Error implements CodedError {
  readonly code = "leaked-tracer";
  constructor(type: string, origin: string, traced: string) {
    super(
      `A tracer ${type}${origin} of ${traced} was used after that trace had ended. A traced function must return what it ` +
        "computes, not keep it in a variable outside: its tensors stand for values of a program, not for numbers.",
    );
    this.name = "LeakedTracerError";
  }
}

export const untraceableKernel = (kernel: string, why: string): Error =>
  coded("untraceable", `tf kernel ${kernel} cannot be traced: ${why}`);

export const untraceableDType = (where: string, dtype: string): Error =>
  new TypeMismatchError(
    "untraceable-dtype",
    `${where}: a traced function's tensors are float32, int32 or bool, got ${dtype}. Compute it outside the function and pass the numbers in.`,
  );

export const traceBackendSelected = (backend: string): Error =>
  coded("trace-backend", `The backend ${backend} is for tracing only: do not select it yourself.`);

export const disposedTensor = (where: string, type: string): Error =>
  coded("disposed", `${where}: tensor ${type} has been disposed. Keep it (tf.keep) or dispose it after the call.`);

export const notAFunction = (where: string, got: unknown): Error =>
  coded("not-a-function", `${where}: expected a function, got ${describe(got)}.`);

// Transforms

export const notScalar = (where: string, got: string): Error =>
  new TypeMismatchError(
    "not-scalar",
    `${where}: the function must return a float32 scalar to be differentiated, got ${got}. Reduce it first (sum, mean), or use vjp.`,
  );

export const wrongArgnum = (where: string, argnum: number, count: number, option = "argnums"): Error =>
  new TypeMismatchError("argnums", `${where}: ${option} names argument ${argnum}, but ${count} came (0 is the first).`);

export const notDifferentiableArgument = (where: string, argument: number, path: string, got: string): Error =>
  new TypeMismatchError(
    "not-float",
    `${where}: argument ${argument}${path} is ${got}; only float32 is differentiated by. Leave it out of argnums, or cast it.`,
  );

export const tangentDiffers = (where: string, what: string, expected: string, got: string): Error =>
  new TypeMismatchError("tangent", `${where}: ${what} must be ${expected}, got ${got}.`);

export const cotangentCount = (where: string, expected: number, got: unknown): Error =>
  new TypeMismatchError(
    "cotangents",
    `${where}: backward must return an array of ${expected} cotangents, one an argument, got ` +
      `${Array.isArray(got) ? `${got.length} of them` : describe(got)}.`,
  );

export const notARecord = (where: string, what: string, expected: string, got: unknown): Error =>
  new TypeMismatchError("result", `${where}: ${what} must return ${expected}, got ${describe(got)}.`);

export const carryChanges = (where: string, path: string, enters: string, leaves: string): Error =>
  new TypeMismatchError(
    "carry",
    `${where}: carry${path} changes: ${enters}, leaves as ${leaves}. The step must return a carry of the structure, shapes and dtypes it was given.`,
  );

export const noLength = (where: string, got: number | undefined): Error =>
  new TypeMismatchError(
    "length",
    `${where}: ${got === undefined ? "xs has no leaves: say how many steps with { length }" : `length must be a whole number, 0 or more, got ${got}`}.`,
  );

export const noBound = (where: string): Error =>
  new TypeMismatchError(
    "length",
    `${where}: with a tensor for length, xs must have leaves, whose leading size is the most steps there can be. Take tf.range(0, most).`,
  );

export const wrongStepCount = (where: string, got: string): Error =>
  new TypeMismatchError("length", `${where}: length must be a whole number or a tensor i32[], got ${got}.`);

export const wrongMemory = (where: string, got: number): Error =>
  new TypeMismatchError("memory-budget", `${where}: memory must be a number of bytes, 0 or more, got ${got}.`);

export const xsScalar = (where: string, what: string): Error =>
  new TypeMismatchError("xs", `${where}: ${what} is a scalar; expected a leading axis to run over.`);

export const xsLengthsDiffer = (where: string, first: string, length: number, other: string, got: number): Error =>
  new TypeMismatchError("xs", `${where}: ${other} has ${got} steps along its leading axis, ${first} says ${length}.`);

export const notAPredicate = (got: string): Error =>
  new TypeMismatchError(
    "predicate",
    `cond: the predicate must be bool[], got ${got}. Compare (greater, equal, ...) or reduce it (any, all).`,
  );

export const branchesDiffer = (path: string, onTrue: string, onFalse: string): Error =>
  new TypeMismatchError(
    "branches",
    `cond: result${path} of onTrue is ${onTrue}, of onFalse ${onFalse}; both must be the same.`,
  );

export const nothingToMap = (where: string): Error =>
  new TypeMismatchError("axes", `${where}: no argument has a mapped axis; give at least one a number in inAxes.`);

export const wrongAxes = (where: string, what: string, expected: string, got: unknown): Error =>
  new TypeMismatchError("axes", `${where}: ${what} must be ${expected}, got ${JSON.stringify(got)}.`);

export const wrongAxis = (where: string, what: string, axis: number, type: string): Error =>
  new TypeMismatchError("axes", `${where}: axis ${axis} of ${what} is out of range for ${type}.`);

export const batchSizesDiffer = (where: string, first: string, size: number, other: string, got: number): Error =>
  new TypeMismatchError(
    "axes",
    `${where}: ${first} maps an axis of size ${size}, ${other} one of ${got}; they must be equal.`,
  );
