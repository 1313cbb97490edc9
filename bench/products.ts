// Matrix products inside a compiled program, on the sizes of a DNC's training step; and the same by other libraries in
// WebAssembly. One thread.
//
// A program runs each product many times in a scan; a sum of the result feeds the next round, so that none is left out.
// Times are CPU time, the least of many runs: other processes on the machine then disturb little.

import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { numpy as np } from "@jax-js/jax";
import * as tf from "@tensorflow/tfjs-core";
import { jit, scan } from "engram/compile";

export interface Product {
  readonly name: string;
  readonly batch?: number;
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

export const products: readonly Product[] = [
  { name: "LSTM gates", m: 16, k: 672, n: 1024 },
  { name: "LSTM gates, one row", m: 1, k: 672, n: 1024 },
  { name: "gradient of inputs", m: 16, k: 1024, n: 672, transposeB: true },
  { name: "gradient of inputs, one row", m: 1, k: 1024, n: 672, transposeB: true },
  { name: "gradient of weights", m: 672, k: 1600, n: 1024, transposeA: true },
  { name: "square", m: 512, k: 512, n: 512 },
  { name: "similarity to keys", batch: 16, m: 4, k: 64, n: 256, transposeB: true },
  { name: "reading", batch: 16, m: 4, k: 256, n: 64 },
  { name: "links forward", batch: 16, m: 4, k: 256, n: 256, transposeB: true },
  { name: "links backward", batch: 16, m: 4, k: 256, n: 256 },
  { name: "reading, small", batch: 16, m: 4, k: 16, n: 16 },
];

export const flopOf = ({ batch = 1, m, k, n }: Product): number => 2 * batch * m * n * k;

/** Of both operands and the result, once each. */
export const bytesOf = ({ batch = 1, m, k, n }: Product): number => 4 * batch * (m * k + k * n + m * n);

export const sizesOf = ({ batch, m, k, n, transposeA, transposeB }: Product): string =>
  `${batch === undefined ? "" : `${batch} of `}${m} × ${k}${transposeA ? "ᵀ" : ""} × ${n}${transposeB ? "ᵀ" : ""}`;

/** Milliseconds of one product by each; a rival is null where it was not asked. */
export interface ProductTimes {
  readonly product: Product;
  readonly ours: number;
  readonly tfjsWasm: number | null;
  readonly jaxJs: number | null;
}

/** CPU time of each run in milliseconds: the least of many. They take turns, so that all have their share of a machine's better moments. */
function leastOf(...runs: readonly (() => void)[]): readonly number[] {
  for (let start = performance.now(), i = 0; i < 3 || performance.now() - start < 300; i++)
    for (const run of runs) run();
  const best = runs.map(() => Infinity);
  for (let start = performance.now(), i = 0; i < 9 || performance.now() - start < 700 * runs.length; i++) {
    for (const [r, run] of runs.entries()) {
      const before = process.cpuUsage();
      run();
      const { user, system } = process.cpuUsage(before);
      best[r] = Math.min(best[r]!, (user + system) / 1000);
    }
  }
  return best;
}

const least = (run: () => void): number => leastOf(run)[0]!;

type Shape3 = readonly [number, number, number];
const shapesOf = ({ batch = 1, m, k, n, transposeA, transposeB }: Product): readonly [Shape3, Shape3] => [
  transposeA ? [batch, k, m] : [batch, m, k],
  transposeB ? [batch, n, k] : [batch, k, n],
];
const randomOf = (shape: Shape3): tf.Tensor3D => tf.randomUniform<tf.Rank.R3>([...shape], -1, 1);

function ours(product: Product): number {
  // A loop of fewer steps does not pay for packing weights, and would be another program.
  const rounds = Math.max(8, Math.round(5e7 / flopOf(product)));
  const [x, y] = shapesOf(product).map(randomOf) as [tf.Tensor3D, tf.Tensor3D];
  const repeated = (count: number) =>
    jit(
      (a: tf.Tensor3D, b: tf.Tensor3D) =>
        scan(
          (carry: tf.Scalar) => {
            const result = tf.matMul(tf.add(a, carry), b, product.transposeA, product.transposeB);
            return { carry: tf.mul(tf.sum(result), 1e-20) as tf.Scalar, y: [] };
          },
          tf.scalar(0),
          null,
          { length: count },
        ).carry,
      { threads: 1 },
    );
  const [few, many] = [repeated(rounds), repeated(2 * rounds)];
  // What a call costs besides its rounds falls out of the difference.
  const [whole, half] = leastOf(
    () => many(x, y).dispose(),
    () => few(x, y).dispose(),
  );
  tf.dispose([x, y]);
  return (whole! - half!) / rounds;
}

/** Several calls in one timing, so that short ones are long enough for the clock. */
function repeatedly(product: Product, call: () => void): number {
  const calls = Math.max(1, Math.round(5e6 / flopOf(product)));
  return (
    least(() => {
      for (let i = 0; i < calls; i++) call();
    }) / calls
  );
}

/** tfjs's own backend in WebAssembly; one thread, since it has several only in a page. */
async function byTfjsWasm(): Promise<readonly number[]> {
  const { setWasmPaths } = await import("@tensorflow/tfjs-backend-wasm");
  const home = dirname(createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm/package.json"));
  setWasmPaths(join(home, "dist/"));
  const before = tf.getBackend();
  await tf.setBackend("wasm");
  const times = products.map((product) => {
    const [x, y] = shapesOf(product).map(randomOf) as [tf.Tensor3D, tf.Tensor3D];
    const ms = repeatedly(product, () => tf.matMul(x, y, product.transposeA, product.transposeB).dispose());
    tf.dispose([x, y]);
    return ms;
  });
  await tf.setBackend(before);
  return times;
}

/** jax-js, each result read, since it computes when read. */
function byJaxJs(): readonly number[] {
  return products.map((product) => {
    const [x, y] = shapesOf(product).map((shape) => {
      const numbers = Float32Array.from({ length: shape[0] * shape[1] * shape[2] }, () => 2 * Math.random() - 1);
      return np.array(numbers, { shape: [...shape] });
    }) as [np.Array, np.Array];
    const turned = (array: np.Array, turn = false): np.Array => (turn ? np.matrixTranspose(array.ref) : array.ref);
    const ms = repeatedly(product, () => {
      np.matmul(turned(x, product.transposeA), turned(y, product.transposeB)).dataSync(); // which gives it back, too
    });
    x.dispose();
    y.dispose();
    return ms;
  });
}

export async function measureProducts(withRivals: boolean, tell: (news: string) => void): Promise<ProductTimes[]> {
  const mine = products.map((product) => {
    tell(product.name);
    return ours(product);
  });
  if (withRivals) tell("the same by tfjs's wasm backend, and by jax-js");
  const tfjsWasm = withRivals ? await byTfjsWasm() : [];
  const jaxJs = withRivals ? byJaxJs() : [];
  return products.map((product, i) => ({
    product,
    ours: mine[i]!,
    tfjsWasm: tfjsWasm[i] ?? null,
    jaxJs: jaxJs[i] ?? null,
  }));
}
