// What was read and what was compared while one file was replayed: nothing in the file may be passed over in silence.
import * as tf from "@tensorflow/tfjs-core";
import { isResult, numbersOf, type Group, type GoldenFile } from "./goldenFile.ts";

export type Measure = "value" | "gradient" | "change";

/** One array: how far off it is and how far it may be. */
export interface Comparison {
  readonly array: string;
  readonly measure: Measure;
  /** Largest difference divided by the largest magnitude expected; for `change` the largest difference itself. */
  readonly error: number;
  readonly tolerance: number;
}

export interface Ledger {
  /** The given arrays under `prefix`, as float32 tensors, by the rest of their names. */
  readonly given: (prefix: string) => Group;
  /** The given array of that name. */
  readonly one: (name: string) => tf.Tensor;
  /** Names, without `prefix`, of the results under it. */
  readonly results: (prefix: string) => readonly string[];
  /** Shape and numbers expected. */
  readonly expected: (array: string) => Numbers;
  /** Holds what was computed against the result of that name. */
  readonly compare: (array: string, actual: Numbers, measure?: Measure) => void;
  readonly comparisons: () => readonly Comparison[];
  /** Arrays neither read nor compared. */
  readonly leftOver: () => readonly string[];
  /** Frees the tensors handed out. */
  readonly dispose: () => void;
}

export interface Numbers {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export function openLedger(file: GoldenFile): Ledger {
  const seen = new Set<string>();
  const comparisons = new Map<string, Comparison>();
  const tensors = new Map<string, tf.Tensor>();

  const stored = (name: string): Numbers => {
    const array = file.arrays.get(name);
    if (array === undefined) throw new Error(`array "${name}" is missing`);
    seen.add(name);
    return { shape: array.shape, data: numbersOf(array) };
  };
  const one = (name: string): tf.Tensor => {
    const known = tensors.get(name);
    if (known) return known;
    const { shape, data } = stored(name);
    const tensor = tf.tensor(Float32Array.from(data), [...shape]);
    tensors.set(name, tensor);
    return tensor;
  };
  const under = (prefix: string, result: boolean): readonly string[] =>
    [...file.arrays.keys()]
      .filter((name) => name.startsWith(prefix) && isResult(name) === result)
      .map((name) => name.slice(prefix.length));

  return {
    one,
    given: (prefix) => Object.fromEntries(under(prefix, false).map((name) => [name, one(prefix + name)])),
    results: (prefix) => under(prefix, true),
    expected: stored,
    compare: (array, actual, measure = "value") => {
      const error = difference(actual, stored(array), measure);
      const known = comparisons.get(array);
      if (known && known.error >= error) return; // Compared by another way before: the worst counts.
      comparisons.set(array, { array, measure, error, tolerance: tolerance(file, measure) });
    },
    comparisons: () => [...comparisons.values()],
    leftOver: () =>
      [...file.arrays.keys()].filter((name) => !seen.has(name) || (isResult(name) && !comparisons.has(name))),
    dispose: () => tensors.forEach((tensor) => tensor.dispose()),
  };
}

/** As the vectors' README has it: 1e-5 and 1e-4, from a zero state 1e-4 for all; a parameter's change 1e-6 absolutely. */
export function tolerance(file: Pick<GoldenFile, "fromZero">, measure: Measure): number {
  if (measure === "change") return 1e-6;
  return measure === "gradient" || file.fromZero ? 1e-4 : 1e-5;
}

/** Infinite where shapes differ or a number is missing. */
export function difference(actual: Numbers, expected: Numbers, measure: Measure): number {
  const sizes = ({ shape }: Numbers): string => shape.filter((size) => size !== 1).join();
  if (sizes(actual) !== sizes(expected)) return Infinity;
  let [worst, largest] = [0, 0];
  expected.data.forEach((x, i) => {
    const off = Math.abs((actual.data[i] ?? NaN) - x);
    worst = Number.isNaN(off) ? Infinity : Math.max(worst, off);
    largest = Math.max(largest, Math.abs(x));
  });
  return measure === "change" || largest === 0 ? worst : worst / largest;
}

/** What a tensor holds; the tensor is disposed of. */
export function numbersFrom(tensor: tf.Tensor): Numbers {
  const numbers = { shape: tensor.shape, data: Float64Array.from(tensor.dataSync()) };
  tensor.dispose();
  return numbers;
}
