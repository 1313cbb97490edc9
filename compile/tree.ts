// Values are trees: nested readonly records and arrays with tensors at the leaves. `null` and `undefined` are trees
// without leaves. A tree's structure is all of it but the tensors.

import { Tensor } from "@tensorflow/tfjs-core";
import { notATree, structuresDiffer } from "./errors.ts";

/** A tensor, or a record or array of trees. Interfaces are accepted wherever functions of this module take `T`. */
export type Tree = Tensor | null | undefined | readonly Tree[] | { readonly [name: string]: Tree };

/** A structure: `*` for a leaf, `null`, a list, or names with structures. Compared by `key`. */
export type TreeStructure =
  | { readonly kind: "leaf" }
  | { readonly kind: "none"; readonly value: null | undefined }
  | { readonly kind: "list"; readonly items: readonly TreeStructure[] }
  | { readonly kind: "record"; readonly entries: readonly (readonly [name: string, structure: TreeStructure])[] };

export interface Flattened {
  readonly leaves: Tensor[];
  readonly structure: TreeStructure;
}

const leaf: TreeStructure = { kind: "leaf" };

/** Leaves in order, records' by name; the structure puts them back (`treeUnflatten`).
 *  @param where what the tree is, for messages (`jit: argument 0`)
 *  @throws TypeMismatchError for anything but tensors, plain records, arrays and null */
export function treeFlatten(tree: unknown, where = "tree"): Flattened {
  const leaves: Tensor[] = [];
  const visit = (node: unknown, path: string): TreeStructure => {
    if (node instanceof Tensor) {
      leaves.push(node as Tensor);
      return leaf;
    }
    if (node === null || node === undefined) return { kind: "none", value: node };
    if (Array.isArray(node)) return { kind: "list", items: node.map((item, i) => visit(item, `${path}[${i}]`)) };
    if (!isRecord(node)) throw notATree(path, node);
    const names = Object.keys(node).sort();
    return { kind: "record", entries: names.map((name) => [name, visit(node[name], `${path}.${name}`)] as const) };
  };
  const structure = visit(tree, where);
  return { leaves, structure };
}

function isRecord(node: unknown): node is Record<string, unknown> {
  if (typeof node !== "object" || node === null) return false;
  const prototype: unknown = Object.getPrototypeOf(node);
  return prototype === Object.prototype || prototype === null;
}

/** The tree of `structure` with these leaves; its records and arrays are frozen. */
export function treeUnflatten(structure: TreeStructure, leaves: readonly Tensor[]): unknown {
  let next = 0;
  const build = (node: TreeStructure): unknown => {
    switch (node.kind) {
      case "leaf":
        return leaves[next++]!;
      case "none":
        return node.value;
      case "list":
        return Object.freeze(node.items.map(build));
      case "record":
        return Object.freeze(Object.fromEntries(node.entries.map(([name, inner]) => [name, build(inner)])));
      default:
        return node satisfies never;
    }
  };
  return build(structure);
}

/** A string that two structures share exactly when they are equal. */
export function structureKey(node: TreeStructure): string {
  switch (node.kind) {
    case "leaf":
      return "*";
    case "none":
      return node.value === null ? "-" : "undefined";
    case "list":
      return `[${node.items.map(structureKey).join(",")}]`;
    case "record":
      return `{${node.entries.map(([name, inner]) => `${JSON.stringify(name)}:${structureKey(inner)}`).join(",")}}`;
    default:
      return node satisfies never;
  }
}

export const treeStructure = (tree: unknown): TreeStructure => treeFlatten(tree).structure;

export const treeLeaves = (tree: unknown): Tensor[] => treeFlatten(tree).leaves;

/** `f` of every leaf, or of the corresponding leaves of several trees of one structure.
 *  @throws TypeMismatchError where structures differ */
export function treeMap<T>(f: (leaf: Tensor, ...others: Tensor[]) => Tensor, tree: T, ...others: readonly T[]): T {
  const { leaves, structure } = treeFlatten(tree);
  const rest = others.map((other, i) => {
    const flat = treeFlatten(other);
    if (structureKey(flat.structure) !== structureKey(structure)) {
      throw structuresDiffer("treeMap", `tree ${i + 1}`, structureKey(structure), structureKey(flat.structure));
    }
    return flat.leaves;
  });
  return treeUnflatten(structure, leaves.map((x, i) => f(x, ...rest.map((list) => list[i]!)))) as T; // prettier-ignore
}

/** Where each leaf is, in the leaves' order: `.controller.weights[0]`; the empty string for a tree that is a leaf. */
export function treePaths(structure: TreeStructure): string[] {
  const paths: string[] = [];
  const visit = (node: TreeStructure, path: string): void => {
    if (node.kind === "leaf") paths.push(path);
    else if (node.kind === "list") node.items.forEach((item, i) => visit(item, `${path}[${i}]`));
    else if (node.kind === "record") for (const [name, inner] of node.entries) visit(inner, `${path}.${name}`);
  };
  visit(structure, "");
  return paths;
}
