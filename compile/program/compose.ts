// Scalar expressions put together: the body of a producer, seen from where a consumer reads it.

import type { LoopForm } from "../kernels/kernel.ts";
import { axisIndex, binary, index as indexOf, isAffine, mapArguments, number, type Affine, type Scalar } from "../kernels/scalar.ts"; // prettier-ignore

export type Index = Affine | Scalar;

const add = (a: Affine, b: Affine, factor: number): Affine => ({
  offset: a.offset + factor * b.offset,
  coefficients: Array.from({ length: Math.max(a.coefficients.length, b.coefficients.length) }, (_, axis) => (a.coefficients[axis] ?? 0) + factor * (b.coefficients[axis] ?? 0)), // prettier-ignore
});

const asScalar = (index: Index): Scalar => (isAffine(index) ? indexOf(index) : index);

/** `affine` of axes that are themselves `indices` of other axes. */
export function composeIndex(affine: Affine, indices: readonly Affine[]): Affine;
export function composeIndex(affine: Affine, indices: readonly Index[]): Index;
export function composeIndex(affine: Affine, indices: readonly Index[]): Index {
  let fixed: Affine = { offset: affine.offset, coefficients: [] };
  let moving: Scalar | undefined;
  affine.coefficients.forEach((coefficient, axis) => {
    if (coefficient === 0) return;
    const inner = indices[axis]!;
    if (isAffine(inner)) {
      fixed = add(fixed, inner, coefficient);
      return;
    }
    const term = coefficient === 1 ? inner : binary("multiply", inner, number(coefficient, "int32"));
    moving = moving ? binary("add", moving, term) : term;
  });
  if (!moving) return fixed;
  const none = fixed.offset === 0 && fixed.coefficients.every((c) => c === 0);
  return none ? moving : binary("add", moving, indexOf(fixed));
}

export type Load = Extract<Scalar, { readonly kind: "load" }>;

export type LoadOf = (operand: number, index: readonly Index[], load: Load) => Scalar;

/** `body` with its loop axes replaced by `indices` and its loads by `loadOf` (which sees the new indices). Shared
 *  sub-expressions stay shared. */
export function compose(body: Scalar, indices: readonly Index[], loadOf: LoadOf): Scalar {
  const done = new Map<Scalar, Scalar>();
  const visitIndex = (index: Index): Index => (isAffine(index) ? composeIndex(index, indices) : visit(index));
  const visit = (node: Scalar): Scalar => {
    const known = done.get(node);
    if (known) return known;
    const result = build(node);
    done.set(node, result);
    return result;
  };
  const build = (node: Scalar): Scalar => {
    switch (node.kind) {
      case "load":
        return loadOf(node.operand, node.index.map(visitIndex), node);
      case "number":
        return node;
      case "index":
        return asScalar(composeIndex(node.affine, indices));
      default:
        return mapArguments(node, visit);
    }
  };
  return visit(body);
}

/** `body` with its loop axes replaced by `indices`. */
export const withIndices = (body: Scalar, indices: readonly Index[]): Scalar =>
  compose(body, indices, (operand, index, node) => ({ ...node, operand, index }));

/** As many identity indices as any expression has axes. */
const identities: readonly Affine[] = Array.from({ length: 32 }, (_, axis) => axisIndex(axis));

/** `body` with its loads replaced. */
export const mapLoads = (body: Scalar, loadOf: (load: Load) => Scalar): Scalar =>
  compose(body, identities, (operand, index, node) => loadOf({ ...node, operand, index }));

/** All loads of the expressions. */
export function loadsOf(bodies: readonly Scalar[]): readonly Load[] {
  const found: Load[] = [];
  for (const body of bodies) {
    mapLoads(body, (load) => {
      found.push(load);
      return load;
    });
  }
  return found;
}

type FormOf<F extends LoopForm["form"]> = Extract<LoopForm, { readonly form: F }>;

/** A product as a reduction of products: axes batch, m, n, then k. */
export function asReduce({ batch, m, n, k, lhs, rhs }: FormOf<"contract">): FormOf<"reduce"> {
  const b = batch.length;
  const axes = (first: number, count: number): readonly Affine[] => Array.from({ length: count }, (_, i) => axisIndex(first + i)); // prettier-ignore
  const [atM, atN, atK] = [b, b + m.length, b + m.length + n.length];
  const x = withIndices(lhs, [...axes(0, b), ...axes(atM, m.length), ...axes(atK, k.length)]);
  const y = withIndices(rhs, [...axes(0, b), ...axes(atN, n.length), ...axes(atK, k.length)]);
  const combiner = x.dtype === "bool" ? "or" : "add";
  const body = binary(x.dtype === "bool" ? "and" : "multiply", x, y);
  return { form: "reduce", shape: [...batch, ...m, ...n], reduced: k, combiner, body };
}

const heavyUnary: ReadonlySet<string> = new Set([
  "sqrt", "rsqrt", "exponential", "exponential_minus_one", "log", "log_plus_one", "logistic", "tanh", "sine", "cosine", "tan",
  "asin", "acos", "atan", "sinh", "cosh", "asinh", "acosh", "atanh", "erf",
]); // prettier-ignore
const heavyBinary: ReadonlySet<string> = new Set(["divide", "remainder", "power", "atan2"]);

export interface Cost {
  /** Operations other than loads, numbers and indices, shared ones counted once. */
  readonly operations: number;
  /** Of these, how many take many instructions. */
  readonly heavy: number;
  readonly loads: number;
}

/** Of several expressions, what they share counts once. */
export function costOf(...bodies: readonly Scalar[]): Cost {
  const seen = new Set<Scalar>();
  let [operations, heavy, loads] = [0, 0, 0];
  const visit = (node: Scalar): void => {
    if (seen.has(node)) return;
    seen.add(node);
    switch (node.kind) {
      case "load":
        loads++;
        for (const index of node.index) if (!isAffine(index)) visit(index);
        return;
      case "number":
      case "index":
        return;
      case "unary":
        operations++;
        if (heavyUnary.has(node.fn)) heavy++;
        visit(node.x);
        return;
      case "convert":
      case "bitcast":
      case "half":
        operations++;
        visit(node.x);
        return;
      case "binary":
        operations++;
        if (heavyBinary.has(node.fn)) heavy++;
        visit(node.x);
        visit(node.y);
        return;
      case "compare":
        operations++;
        visit(node.x);
        visit(node.y);
        return;
      case "select":
        operations++;
        visit(node.predicate);
        visit(node.x);
        visit(node.y);
        return;
      default:
        node satisfies never;
    }
  };
  bodies.forEach(visit);
  return { operations, heavy, loads };
}
