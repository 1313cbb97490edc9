/** One sequence's memory as plain numbers: what pictures and descriptions are made of. */
import * as tf from "@tensorflow/tfjs-core";
import type { Unrolled } from "./unroll.ts";

/** Rows of numbers: time, then what is counted. */
export type Rows = readonly (readonly number[])[];

/** One sequence of T steps. Heads first, then time. */
export interface MemoryTrace {
  /** `[T][X]` */
  readonly input: Rows;
  /** `[T][Y]`, as the task reads it: probabilities in [0, 1] */
  readonly output: Rows;
  /** `[T][Y]`; absent where nothing was asked for */
  readonly target?: Rows;
  /** `[T]`, one where an answer was asked for */
  readonly asked?: readonly number[];
  /** w^w of each write head, `[H][T][N]` */
  readonly writeWeightings: readonly Rows[];
  /** w^r of each read head, `[R][T][N]` */
  readonly readWeightings: readonly Rows[];
  /** π of each read head, `[R][T]` */
  readonly readModes: readonly (readonly ReadMode[])[];
  /** g_a, `[H][T]` */
  readonly allocationGates: Rows;
  /** g_w, `[H][T]` */
  readonly writeGates: Rows;
  /** f, `[R][T]` */
  readonly freeGates: Rows;
  /** u, `[T][N]` */
  readonly usage: Rows;
}

/** How one head read at one step; the three sum to one. Links of several write heads are taken together. */
export interface ReadMode {
  readonly backward: number;
  readonly content: number;
  readonly forward: number;
}

export interface TraceOptions {
  /** Which sequence of the batch. */
  readonly row: number;
  /** `[T, B, X]` */
  readonly input: tf.Tensor3D;
  /** `[T, B, Y]` */
  readonly target?: tf.Tensor3D;
  /** `[T, B]` */
  readonly mask?: tf.Tensor2D;
  /** How outputs are read: as logits of bits, of one label, or as they are. Default "bits". */
  readonly outputs?: "bits" | "label" | "plain";
  /** How many steps to keep. Default all: a sequence shorter than its batch ends with padding. */
  readonly steps?: number;
}

/** The numbers of one row of a batch. */
export function memoryTrace(unrolled: Unrolled, options: TraceOptions): MemoryTrace {
  const { row, target, mask, outputs = "bits" } = options;
  const steps = options.steps ?? options.input.shape[0];
  /** `[T, B, …]` without B, and with time cut to `steps`. */
  const take = (x: tf.Tensor): unknown =>
    tf.tidy(() => {
      const begin = x.shape.map((_, axis) => (axis === 1 ? row : 0));
      const size = x.shape.map((length, axis) => (axis === 0 ? steps : axis === 1 ? 1 : length));
      return tf.squeeze(tf.slice(x, begin, size), [1]).arraySync();
    });
  // The ranks of `Unrolled` say how deep the arrays are.
  const rows = (x: tf.Tensor): number[][] => take(x) as number[][];
  const heads = (x: tf.Tensor): number[][][] => turn(take(x) as number[][][]);
  const read = (x: tf.Tensor3D): number[][] =>
    tf.tidy(() => rows(outputs === "bits" ? tf.sigmoid(x) : outputs === "label" ? tf.softmax(x) : x));
  const { backward, content, forward } = unrolled.readModes;
  const [back, ahead, alike] = [heads(backward), heads(forward), turn(rows(content))];
  const sum = (numbers: readonly number[] | undefined): number => (numbers ?? []).reduce((a, b) => a + b, 0);
  return {
    input: rows(options.input),
    output: read(unrolled.output),
    ...(target && { target: rows(target) }),
    ...(mask && { asked: (take(mask) as number[]).slice(0, steps) }),
    writeWeightings: heads(unrolled.writeWeightings),
    readWeightings: heads(unrolled.readWeightings),
    readModes: alike.map((head, r) =>
      head.map((content, t) => ({ backward: sum(back[r]?.[t]), content, forward: sum(ahead[r]?.[t]) })),
    ),
    allocationGates: turn(rows(unrolled.allocationGates)),
    writeGates: turn(rows(unrolled.writeGates)),
    freeGates: turn(rows(unrolled.freeGates)),
    usage: rows(unrolled.usage),
  };
}

/** `[a][b]` as `[b][a]`. */
function turn<T>(table: readonly (readonly T[])[]): T[][] {
  return (table[0] ?? []).map((_, column) => table.map((line) => line[column] as T));
}
