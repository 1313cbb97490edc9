// Reference values: jax 0.10.2 on a CPU, default configuration; keys' words and bits read as int32.

import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { beforeAll, describe, expect, test } from "vitest";
import { jit, treeLeaves, vmap } from "../../compile/index.ts";
import * as random from "../../compile/random.ts";

beforeAll(async () => {
  await tf.setBackend("cpu");
});

const numbers = (x: tf.Tensor): number[] => Array.from(x.dataSync());

function expectClose(x: tf.Tensor, expected: readonly number[]): void {
  const got = numbers(x);
  expect(got.length).toBe(expected.length);
  got.forEach((value, i) => expect(Math.abs(value - expected[i]!)).toBeLessThanOrEqual(3e-7 * (1 + Math.abs(value))));
}

const key = (): tf.Tensor1D => random.key(42);

describe("keys are jax.random's", () => {
  test.each([
    [0, [0, 0]],
    [42, [0, 42]],
    [-1, [0, -1]],
    [2147483647, [0, 2147483647]],
    [-2147483648, [0, -2147483648]],
    [2 ** 32 + 5, [1, 5]],
  ])("key(%i)", (seed, words) => {
    expect(numbers(random.key(seed))).toEqual(words);
  });

  test("a seed that is no integer is refused", () => {
    expect(() => random.key(0.5)).toThrow("random.key: seed must be an integer in -2^31 .. 2^53-1, got 0.5.");
  });

  test("split", () => {
    expect(random.split(key()).map(numbers)).toEqual([
      [1832780943, 270669613],
      [64467757, -1378843660],
    ]);
    expect(random.split(random.key(7), 5).map(numbers)).toEqual([
      [-669555573, 1954958720],
      [195045567, -232761665],
      [966301609, 1948237315],
      [276534068, 1641862660],
      [51277378, -1206579772],
    ]);
  });

  test("foldIn", () => {
    expect(numbers(random.foldIn(key(), 0))).toEqual([1832780943, 270669613]);
    expect(numbers(random.foldIn(key(), 7))).toEqual([-1747954385, 1371500959]);
    expect(numbers(random.foldIn(key(), tf.scalar(-3, "int32")))).toEqual([-424716662, -19285194]);
  });

  test("what is no key is refused", () => {
    expect(() => random.normal(tf.tensor1d([1, 2]), [3])).toThrow(/rng_bit_generator: key must be int32, got f32\[2\]/);
    expect(() => random.normal(tf.scalar(1, "int32"), [3])).toThrow(/key must have a last axis of size 2/);
  });
});

describe("draws are jax.random's", () => {
  test("bits", () => {
    const expected = [2098992034, -1375260455, -1648100871, -1885421097, 1935504149, -1778692392];
    const drawn = random.bits(key(), [2, 3]);
    expect(drawn.shape).toEqual([2, 3]);
    expect(numbers(drawn)).toEqual(expected);
    expect(numbers(random.bits(key()))).toEqual([2098992034]);
    expect(numbers(random.bits(random.key(-7), [5]))).toEqual([
      1285792243, -235963818, 1961769395, -2026083618, -1641960185,
    ]);
    const all = numbers(random.bits(random.key(3), [1000, 7]));
    expect(all.reduce((sum, x) => (sum + (x >>> 0)) % 2 ** 32, 0)).toBe(1942359459);
    expect(all.reduce((sum, x) => sum ^ x, 0)).toBe(139760919);
  });

  test("uniform", () => {
    expect(numbers(random.uniform(key(), [8]))).toEqual([
      0.48870956897735596, 0.6797971725463867, 0.6162714958190918, 0.5610160827636719, 0.4506446123123169,
      0.58586585521698, 0.07480943202972412, 0.7751333713531494,
    ]);
    expectClose(
      random.uniform(key(), [8], -2, 5),
      [
        1.4209669828414917, 2.758580207824707, 2.3139004707336426, 1.9271125793457031, 1.1545122861862183,
        2.1010608673095703, -1.4763339757919312, 3.425933599472046,
      ],
    );
  });

  test("normal", () => {
    expectClose(
      random.normal(key(), [2, 8]),
      [
        -0.02830461598932743, 0.4671318531036377, 0.2957029640674591, 0.15354591608047485, -0.12403281778097153,
        0.21692314743995667, -1.440878987312317, 0.755859911441803, 0.5214096307754517, 0.9101703763008118,
        -0.3844965994358063, 1.139823317527771, 1.4457862377166748, 1.080906629562378, -0.05629321187734604,
        0.9095944762229919,
      ],
    );
    const many = random.normal(random.key(5), [4096]);
    expectClose(tf.min(many), [-3.701991081237793]);
    expectClose(tf.max(many), [3.4569151401519775]);
    expectClose(tf.sum(tf.abs(many)), [3344.215087890625]);
  });

  test("truncatedNormal", () => {
    expectClose(
      random.truncatedNormal(key(), [8]),
      [
        -0.027016498148441315, 0.44438081979751587, 0.2818770706653595, 0.14650805294513702, -0.11836230009794235,
        0.2069074809551239, -1.3155908584594727, 0.7147386074066162,
      ],
    );
    expectClose(
      random.truncatedNormal(key(), [8], 0.5, 3),
      [
        1.0010056495666504, 1.2831929922103882, 1.1788620948791504, 1.0975507497787476, 0.95374995470047,
        1.1331920623779297, 0.5664116740226746, 1.472624659538269,
      ],
    );
  });

  test("gumbel", () => {
    expectClose(
      random.gumbel(key(), [6]),
      [
        0.3340933918952942, 0.952019453048706, 0.7255305647850037, 0.5481715202331543, 0.2268049567937851,
        0.6261159181594849,
      ],
    );
  });

  test("bernoulli", () => {
    const expected = [0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    const drawn = random.bernoulli(key(), [16], 0.3);
    expect(drawn.dtype).toBe("bool");
    expect(numbers(drawn)).toEqual(expected);
    expect(numbers(random.bernoulli(key(), [16], tf.fill([16], 0.3)))).toEqual(expected);
  });

  test("categorical", () => {
    const logits = tf.div(tf.reshape(tf.range(0, 12), [3, 4]), 5);
    expect(numbers(random.categorical(key(), logits))).toEqual([1, 3, 3]);
    expect(numbers(random.categorical(key(), logits, 0))).toEqual([2, 2, 2, 2]);
    const repeated = tf.tile(tf.log(tf.tensor2d([[0.1, 0.2, 0.3, 0.4]])), [16, 1]);
    expect(numbers(random.categorical(key(), repeated))).toEqual([3, 3, 3, 3, 3, 3, 1, 1, 1, 1, 3, 3, 2, 1, 3, 2]);
    expect(() => random.categorical(key(), logits, 2)).toThrow(/axis must be an axis, got 2/);
  });

  test.each([
    [0, 10, [4, 4, 1, 9, 9, 9, 7, 7]],
    [-5, 7, [-5, 1, -2, -4, 0, -2, 0, -2]],
    [0, 1000003, [284901, 855213, 368787, 985036, 577596, 290233, 457861, 419992]],
    [3, 3, [3, 3, 3, 3, 3, 3, 3, 3]],
    [0, 2147483647, [977810629, 1236381715, 780371127, 1127988417, 475579021, 870292843, 1364461953, 453421351]],
    [
      -2147483648,
      5,
      [-1169673025, -911101939, -1367112521, -1019495231, -1671904627, -1277190805, -783021695, -1694062297],
    ],
    [
      -2147483648,
      2147483647,
      [977810628, 1236381714, -1367112521, -1019495231, -1671904627, -1277190805, -783021695, -1694062297],
    ],
  ])("randint in [%i, %i)", (low, high, expected) => {
    expect(numbers(random.randint(key(), [8], low, high))).toEqual(expected);
    const bounds = [tf.scalar(low, "int32"), tf.scalar(high, "int32")] as const;
    expect(numbers(random.randint(key(), [8], ...bounds))).toEqual(expected);
  });

  test("permutation", () => {
    expect(numbers(random.permutation(key(), 10))).toEqual([7, 4, 2, 5, 3, 6, 8, 9, 0, 1]);
    expect(numbers(random.permutation(key(), 2000)).slice(0, 10)).toEqual(
      [1474, 815, 539, 874, 1693, 84, 995, 1191, 1713, 508], // prettier-ignore
    );
    const rows = tf.reshape(tf.range(0, 20), [10, 2]);
    expect(numbers(random.permutation(key(), rows)).slice(0, 4)).toEqual([14, 15, 8, 9]);
  });
});

test("draws leave nothing behind but their result", () => {
  const of = key();
  random.normal(of, [3]).dispose();
  const before = tf.memory().numTensors;
  tf.dispose([random.normal(of, [3]), random.randint(of, [3], 0, 9), random.split(of, 3), random.foldIn(of, 4)]);
  expect(tf.memory().numTensors).toBe(before);
});

describe("inside a trace", () => {
  const all = (of: tf.Tensor) => ({
    keys: random.split(of, 3),
    folded: random.foldIn(of, tf.scalar(7, "int32")),
    bits: random.bits(of, [5]),
    normal: random.normal(of, [4, 3]),
    truncated: random.truncatedNormal(of, [4]),
    bernoulli: random.bernoulli(of, [8], 0.3),
    categorical: random.categorical(of, tf.reshape(tf.range(0, 12), [3, 4])),
    integers: random.randint(of, [8], -5, 7),
    wide: random.randint(of, [8], -2147483648, 2147483647),
    order: random.permutation(of, 10),
  });

  test.each(["tfjs", "wasm"] as const)("the same draws on %s", (target) => {
    const [eager, compiled] = [all(key()), jit(all, { target })(key())];
    treeLeaves(compiled).forEach((leaf, i) => {
      const expected = treeLeaves(eager)[i]!;
      expect(leaf.dtype).toBe(expected.dtype);
      if (leaf.dtype === "float32") expectClose(leaf, numbers(expected));
      else expect(numbers(leaf)).toEqual(numbers(expected));
    });
  });

  test("a key for each row under vmap", () => {
    const keys = random.split(key(), 4);
    const rows = vmap((of: tf.Tensor) => random.normal(of, [3]))(tf.stack(keys));
    expect(rows.shape).toEqual([4, 3]);
    expectClose(
      rows,
      keys.flatMap((of) => numbers(random.normal(of, [3]))),
    );
  });
});
