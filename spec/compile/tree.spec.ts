import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { produce } from "immer";
import { beforeAll, describe, expect, it } from "vitest";
import {
  structureKey,
  treeFlatten,
  treeLeaves,
  treeMap,
  treePaths,
  treeStructure,
  treeUnflatten,
} from "../../compile/index.ts";
import { numbersOf } from "./expectNumbers.ts";

beforeAll(async () => {
  await tf.setBackend("cpu");
});

const tree = () => ({
  b: [tf.scalar(1), { c: tf.scalar(2) }],
  a: tf.scalar(3),
  none: null,
  missing: undefined,
  empty: {},
});

describe("treeFlatten", () => {
  it("lists leaves by name, whatever order they were written in", () => {
    const { b, a, ...rest } = tree();
    expect(treeLeaves({ b, a, ...rest }).map((x) => x.dataSync()[0])).toEqual([3, 1, 2]);
    expect(structureKey(treeStructure({ a, b, ...rest }))).toBe(structureKey(treeStructure({ ...rest, b, a })));
  });

  it("is undone by treeUnflatten, whose trees are frozen", () => {
    const { leaves, structure } = treeFlatten(tree());
    const again = treeUnflatten(structure, leaves) as ReturnType<typeof tree>;
    expect(numbersOf(again)).toEqual(numbersOf(tree()));
    for (const node of [again, again.b, again.b[1]]) expect(Object.isFrozen(node)).toBe(true);
    expect(again.b[0]).toBe(leaves[1]);
  });

  it("takes records without a prototype", () => {
    const bare = Object.assign(Object.create(null) as Record<string, tf.Tensor>, { x: tf.scalar(1) });
    expect(treeLeaves(bare)).toHaveLength(1);
  });
});

describe("treePaths", () => {
  it("says where each leaf is", () => {
    expect(treePaths(treeStructure(tree()))).toEqual([".a", ".b[0]", ".b[1].c"]);
    expect(treePaths(treeStructure(tf.scalar(1)))).toEqual([""]);
    expect(treePaths(treeStructure(null))).toEqual([]);
  });
});

describe("structureKey", () => {
  it("is equal exactly for equal structures", () => {
    const x = tf.scalar(1);
    const trees = [
      x,
      null,
      undefined,
      [],
      {},
      [x],
      [x, x],
      [[x], x],
      [[x, x]],
      { a: x },
      { b: x },
      { a: [x] },
      { a: x, b: x },
      { a: null },
      { "a:*": x },
      { '"a"': x },
    ];
    const keys = trees.map((t) => structureKey(treeStructure(t)));
    expect(new Set(keys).size).toBe(trees.length);
    expect(trees.map((t) => structureKey(treeStructure(t)))).toEqual(keys);
  });
});

describe("treeMap", () => {
  it("maps corresponding leaves of several trees", () => {
    const first = { a: tf.scalar(1), b: [tf.scalar(2)] };
    const second = { b: [tf.scalar(20)], a: tf.scalar(10) };
    const sum = treeMap((x, y) => tf.add(x, y!), first, second);
    expect(numbersOf(sum)).toEqual({ a: 11, b: [22] });
    expect(Object.isFrozen(sum.b)).toBe(true);
  });

  it("keeps interfaces' types", () => {
    interface Params {
      readonly w: tf.Tensor;
    }
    const params: Params = { w: tf.scalar(2) };
    const squared: Params = treeMap((x) => tf.square(x), params);
    expect(numbersOf(squared)).toEqual({ w: 4 });
  });

  it("leaves trees for immer to edit: tensors pass by reference", () => {
    const before = treeMap((x) => x, { layer: { w: tf.scalar(1), b: tf.scalar(2) } });
    const w = tf.scalar(5);
    const after = produce(before, (draft) => {
      draft.layer.w = w;
    });
    expect(after.layer.w).toBe(w);
    expect(after.layer.b).toBe(before.layer.b);
    expect(numbersOf(before)).toEqual({ layer: { b: 2, w: 1 } });
  });
});
