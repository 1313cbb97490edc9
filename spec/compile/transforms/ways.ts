import { jit, targetNames } from "../../../compile/index.ts";

/** A function called as it is, or compiled first. */
export type Way = <A extends readonly unknown[], R>(f: (...args: A) => R) => (...args: A) => R;

/** The function itself, and compiled for each target. */
export const ways: readonly (readonly [name: string, way: Way])[] = [
  ["eagerly", (f) => f],
  ...targetNames.map((target): readonly [string, Way] => [`compiled for ${target}`, (f) => jit(f, { target })]),
];
