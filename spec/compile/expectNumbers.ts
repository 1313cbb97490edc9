// Comparing trees of tensors with nested arrays of numbers.

import { Tensor } from "@tensorflow/tfjs-core";
import { expect } from "vitest";

/** The numbers of a tree: nested arrays in place of tensors. */
export function numbersOf(tree: unknown): unknown {
  if (tree instanceof Tensor) return tree.arraySync();
  if (Array.isArray(tree)) return tree.map(numbersOf);
  if (typeof tree === "object" && tree !== null) {
    return Object.fromEntries(Object.entries(tree).map(([name, inner]) => [name, numbersOf(inner)]));
  }
  return tree;
}

/** Expects structures to be equal and numbers to agree within `tolerance`, relative to the larger of 1 and the number. */
export function expectNumbers(tree: unknown, expected: unknown, tolerance = 1e-5): void {
  compare(numbersOf(tree), numbersOf(expected), "result", tolerance);
}

function compare(got: unknown, expected: unknown, path: string, tolerance: number): void {
  if (typeof expected === "number" && typeof got === "number") {
    const near = Object.is(got, expected) || Math.abs(got - expected) <= tolerance * Math.max(1, Math.abs(expected));
    if (!near) expect.fail(`${path}: expected ${expected}, got ${got}`);
    return;
  }
  if (typeof expected !== "object" || expected === null || typeof got !== "object" || got === null) {
    expect(got, path).toEqual(expected);
    return;
  }
  expect(Object.keys(got).sort(), path).toEqual(Object.keys(expected).sort());
  for (const [key, inner] of Object.entries(expected)) {
    compare((got as Record<string, unknown>)[key], inner, `${path}.${key}`, tolerance);
  }
}
