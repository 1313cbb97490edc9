// Dynamic memory allocation (paper, Methods, "Dynamic memory allocation"): which locations are free?
import * as tf from "@tensorflow/tfjs-core";
import { stopGradient } from "../../compile/index.ts";
import { eachHead, productOverHeads, stackHeads } from "./heads.ts";

/**
 * `ψ[i] = Π_r (1 - f^r w^r[i])`: how much of each location the free gates leave as it is.
 *
 * @param freeGates f `[B, R]`, in [0, 1]
 * @param readWeightings w of the last step `[B, R, N]`
 * @returns `[B, N]`, in [0, 1]
 */
export function retention(freeGates: tf.Tensor2D, readWeightings: tf.Tensor3D): tf.Tensor2D {
  return productOverHeads<tf.Tensor2D>(tf.sub(1, tf.mul(tf.expandDims(freeGates, 2), readWeightings)), 1);
}

/**
 * `u = (u' + w - u' ∘ w) ∘ ψ`, with u' and w of the last step, ψ of this one.
 * With several write heads, `u' + w - u' ∘ w` is applied for one after the other, which is `1 - (1 - u') Π_h (1 - w_h)`.
 *
 * @param usage u' `[B, N]`, in [0, 1]
 * @param writeWeightings w `[B, H, N]`
 * @param psi ψ `[B, N]`, see {@link retention}
 * @param gradient "stopped": no gradient into w, as in DeepMind's released code, which does not say why; "full" is the true derivative
 * @returns `[B, N]`, in [0, 1]
 */
export function nextUsage(
  usage: tf.Tensor2D,
  writeWeightings: tf.Tensor3D,
  psi: tf.Tensor2D,
  gradient: "full" | "stopped" = "full",
): tf.Tensor2D {
  const written = gradient === "stopped" ? stopGradient(writeWeightings) : writeWeightings;
  // u + (1 - u) w is the same sum, and never above 1 by rounding.
  const used = eachHead<tf.Tensor2D>(written, 1).reduce(
    (u, w) => tf.add<tf.Tensor2D>(u, tf.mul(tf.sub(1, u), w)),
    usage,
  );
  return tf.mul(used, psi);
}

/** How {@link allocationWeighting} is worked out. */
export interface AllocationOptions {
  /** e: the product is taken of `e + (1 - e) u`. 0 gives the paper's plain product. Default 1e-6. */
  readonly epsilon?: number;
  /** "compare": every pair of locations at once; "sort": the free list itself. Default "compare". */
  readonly form?: "compare" | "sort";
}

/**
 * `a[φ_j] = (1 - u[φ_j]) Π_{k<j} u[φ_k]`, φ the free list: locations by ascending usage, equal ones by index.
 *
 * The order is a constant for the gradient (the paper ignores its jumps), the values are not. u stands for `e + (1 - e) u`:
 * a map and not a clamp, so that the gradient at zero usage is the product's and not 0.
 *
 * @param usage u `[B, N]`, in [0, 1]
 * @returns `[B, N]`, non-negative with sum at most 1
 */
export function allocationWeighting(
  usage: tf.Tensor2D,
  { epsilon = 1e-6, form = "compare" }: AllocationOptions = {},
): tf.Tensor2D {
  const free = tf.sub<tf.Tensor2D>(1, usage);
  const mapped = tf.add<tf.Tensor2D>(usage, tf.mul(free, epsilon)); // e + (1 - e) u, exactly 1 where u is
  const scaledFree = epsilon === 0 ? free : tf.mul<tf.Tensor2D>(free, 1 - epsilon); // 1 - (e + (1 - e) u), never below 0
  const order = stopGradient(usage);
  if (form === "sort") return sortedAllocation(order, mapped, scaledFree);
  const before = precedes(order);
  const row = (x: tf.Tensor2D): tf.Tensor3D => tf.expandDims(x, 1);
  const product =
    epsilon === 0
      ? productAlongRows(tf.where(before, row(mapped), 1))
      : tf.exp(tf.sum<tf.Tensor2D>(tf.where(before, row(tf.log(mapped)), 0), 2));
  return tf.mul(scaledFree, product);
}

/** Whether k stands before i in the free list: `bool [B, i, k]`. */
function precedes(usage: tf.Tensor2D): tf.Tensor3D {
  const N = usage.shape[1];
  const index = tf.range(0, N, 1, "int32");
  const lower = tf.less(tf.expandDims(index, 0), tf.expandDims(index, 1)); // [i, k]: k < i
  const [ofK, ofI] = [tf.expandDims(usage, 1), tf.expandDims(usage, 2)];
  return tf.logicalOr(tf.less(ofK, ofI), tf.logicalAnd(tf.equal(ofK, ofI), lower));
}

/** The product along the last axis by halving, with nothing but multiplications: its gradient is right where factors are exactly zero. */
function productAlongRows(x: tf.Tensor3D): tf.Tensor2D {
  const [B, N, K] = x.shape;
  if (K === 1) return tf.reshape(x, [B, N]);
  const half = Math.floor(K / 2);
  const part = (begin: number, size: number): tf.Tensor3D => tf.slice(x, [0, 0, begin], [B, N, size]);
  const pairs = tf.mul<tf.Tensor3D>(part(0, half), part(half, half));
  return productAlongRows(K % 2 === 0 ? pairs : tf.concat([pairs, part(K - 1, 1)], 2));
}

/** The paper's own form: sort, running product, and back to where each location was. */
function sortedAllocation(usage: tf.Tensor2D, mapped: tf.Tensor2D, scaledFree: tf.Tensor2D): tf.Tensor2D {
  const N = usage.shape[1];
  const freeList = ascending(usage, N); // φ
  const products = tf.cumprod<tf.Tensor2D>(tf.gather(mapped, freeList, 1, 1), 1, true);
  return tf.gather(tf.mul<tf.Tensor2D>(tf.gather(scaledFree, freeList, 1, 1), products), ascending(freeList, N), 1, 1);
}

/** Positions by ascending value, equal ones by index. `topk` gives the lower index first among equals. */
function ascending(x: tf.Tensor2D, N: number): tf.Tensor2D {
  return tf.topk<tf.Tensor2D>(tf.neg(x), N, true).indices;
}

/**
 * Allocation for several write heads, one after the other: in between, usage is raised by what the head before will write,
 * `u ← u + (1 - u) g a`, and gradients flow through it. The paper has one head, so that this is {@link allocationWeighting}.
 *
 * @param usage u `[B, N]`, in [0, 1]
 * @param gates g, write gate times allocation gate `[B, H]`
 * @returns `[B, H, N]`
 */
export function allocationWeightings(
  usage: tf.Tensor2D,
  gates: tf.Tensor2D,
  options: AllocationOptions = {},
): tf.Tensor3D {
  const H = gates.shape[1];
  const allocations: tf.Tensor2D[] = [];
  let u = usage;
  for (let h = 0; h < H; h++) {
    const a = allocationWeighting(u, options);
    allocations.push(a);
    if (h + 1 === H) break;
    const g = tf.slice(gates, [0, h], [-1, 1]); // [B, 1]
    u = tf.add(u, tf.mul(tf.mul(tf.sub(1, u), g), a));
  }
  return stackHeads(allocations, 1);
}
