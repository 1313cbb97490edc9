// Wrong equations, one for each of the paper's and for each mistake that implementations make. A mutant is named with the
// law that must fail on it; others may as well.

import * as tf from "@tensorflow/tfjs-core";
import { accessMemory, checkDncConfig, paperEquations, type DncEquations, type Interface } from "../../src/index.ts";
import type { Access } from "../invariants/probe.ts";

/** The memory that is mutated. */
export const config = checkDncConfig({
  inputSize: 2,
  outputSize: 2,
  locations: 5,
  wordSize: 3,
  readHeads: 2,
  controller: { kind: "lstm", hidden: [3] },
});

export const accessWith =
  (equations: Partial<DncEquations>): Access =>
  (last, xi) =>
    accessMemory(config, last, xi, { ...paperEquations, ...equations });

const {
  contentWeighting,
  allocationWeightings,
  nextLinks,
  nextUsage,
  retention,
  parseInterface: parse,
} = paperEquations;

/** `a[φ_j] = (1 - u[φ_j]) Π u[φ_k]` over the k that `precedes` says, in plain numbers. */
function allocation(
  usage: tf.Tensor2D,
  precedes: (k: number, i: number, u: readonly number[]) => boolean,
  free = (u: number): number => 1 - u,
): tf.Tensor3D {
  const rows = usage
    .arraySync()
    .map((u) =>
      u.map((own, i) => u.reduce((a, other, k) => (k !== i && precedes(k, i, u) ? a * other : a), free(own))),
    );
  return tf.expandDims(tf.tensor2d(rows), 1);
}

/** Weightings by `exp(score)`, normalised. */
const chosen = (score: tf.Tensor3D): tf.Tensor3D => tf.softmax(score);
const products = (memory: tf.Tensor3D, keys: tf.Tensor3D): tf.Tensor3D => tf.matMul(keys, memory, false, true);
const lengths = (x: tf.Tensor3D): tf.Tensor2D => tf.sqrt(tf.add(tf.sum<tf.Tensor2D>(tf.square(x), 2), 1e-6));

export interface Mutant {
  readonly name: string;
  readonly law: string;
  readonly equations?: Partial<DncEquations>;
  readonly access?: Access;
}

/** The read vectors of the memory before the write. */
const readsFromOldMemory: Access = (last, xi) => {
  const { state } = accessMemory(config, last, xi);
  return { state, readVectors: paperEquations.readVectors(last.memory, state.readWeightings) };
};

/** Looks for what to read in the memory before the write. */
const looksInOldMemory: Access = (last, xi) => {
  const shut = accessMemory(config, last, { ...xi, writeGates: tf.zerosLike(xi.writeGates) });
  const { state, addressing } = accessMemory(config, last, xi);
  const readWeightings = paperEquations.readWeighting(
    xi.readModes,
    addressing.backward,
    shut.addressing.readContent,
    addressing.forward,
  );
  return { state: { ...state, readWeightings }, readVectors: paperEquations.readVectors(state.memory, readWeightings) };
};

/** Links made of the precedence after the write. */
const linksFromNewPrecedence: Access = (last, xi) => {
  const { state, readVectors } = accessMemory(config, last, xi);
  return { state: { ...state, links: nextLinks(last.links, state.precedence, state.writeWeightings) }, readVectors };
};

const split = ({ readModes }: Interface): readonly [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D] => [
  readModes.backward,
  tf.expandDims(readModes.content, 2),
  readModes.forward,
];

export const mutants: readonly Mutant[] = [
  // Content
  {
    name: "content without strength",
    law: "C2",
    equations: { contentWeighting: (M, k, beta, e) => contentWeighting(M, k, tf.onesLike(beta), e) },
  },
  {
    name: "content with strength added",
    law: "C2",
    equations: { contentWeighting: (M, k, beta, e) => contentWeighting(M, k, tf.add(beta, 1), e) },
  },
  {
    name: "dot product in place of cosine",
    law: "C3",
    equations: { contentWeighting: (M, k, beta) => chosen(tf.mul(products(M, k), tf.expandDims(beta, 2))) },
  },
  {
    name: "cosine without the memory's norm",
    law: "C3",
    equations: {
      contentWeighting: (M, k, beta) =>
        chosen(tf.mul(tf.div(products(M, k), tf.expandDims(lengths(k), 2)), tf.expandDims(beta, 2))),
    },
  },
  {
    name: "cosine without the key's norm",
    law: "C3",
    equations: {
      contentWeighting: (M, k, beta) =>
        chosen(tf.mul(tf.div(products(M, k), tf.expandDims(lengths(M), 1)), tf.expandDims(beta, 2))),
    },
  },
  {
    name: "the least similar found",
    law: "C4",
    equations: { contentWeighting: (M, k, beta, e) => contentWeighting(M, tf.neg(k), beta, e) },
  },
  {
    name: "content not normalised",
    law: "C1",
    equations: { contentWeighting: (M, k, beta, e) => tf.mul(contentWeighting(M, k, beta, e), 0.9) },
  },
  // Interface
  {
    name: "softplus in place of oneplus",
    law: "I1",
    equations: { parseInterface: (c, xi) => parse({ ...c, strength: "softplus" }, xi) },
  },
  {
    name: "erase vector without sigmoid",
    law: "I1",
    equations: { parseInterface: (c, xi) => ({ ...parse(c, xi), eraseVectors: parse(c, xi).writeVectors }) },
  },
  {
    name: "gates by tanh",
    law: "I1",
    equations: {
      parseInterface: (c, xi) => ({ ...parse(c, xi), writeGates: tf.sub(tf.mul(parse(c, xi).writeGates, 2), 1) }),
    },
  },
  {
    name: "read modes backward, forward, content",
    law: "I3",
    equations: {
      parseInterface: (c, xi) => {
        const [backward, content, forward] = split(parse(c, xi));
        return {
          ...parse(c, xi),
          readModes: { backward, content: tf.squeeze<tf.Tensor2D>(forward, [2]), forward: content },
        };
      },
    },
  },
  {
    name: "erase and write vectors exchanged",
    law: "I3",
    equations: {
      parseInterface: (c, xi) => ({
        ...parse(c, xi),
        eraseVectors: tf.sigmoid(parse(c, xi).writeVectors),
        writeVectors: parse(c, xi).eraseVectors,
      }),
    },
  },
  {
    name: "read modes not a softmax",
    law: "I1",
    equations: {
      parseInterface: (c, xi) => ({
        ...parse(c, xi),
        readModes: { ...parse(c, xi).readModes, content: tf.onesLike(parse(c, xi).readModes.content) },
      }),
    },
  },
  // Usage
  {
    name: "retention of the first head only",
    law: "U3",
    equations: { retention: (f, w) => retention(tf.slice(f, [0, 0], [-1, 1]), tf.slice(w, [0, 0, 0], [-1, 1, -1])) },
  },
  { name: "retention Π f w", law: "U3", equations: { retention: (f, w) => tf.sub(1, retention(f, w)) } },
  {
    name: "retention without the weighting",
    law: "U3",
    equations: { retention: (f, w) => retention(f, tf.onesLike(w)) },
  },
  {
    name: "usage without w ∘ u",
    law: "U2",
    equations: { nextUsage: (u, w, psi) => tf.mul(tf.add(u, tf.squeeze<tf.Tensor2D>(w, [1])), psi) },
  },
  {
    name: "usage without the last write",
    law: "U2",
    equations: { nextUsage: (u, w, psi, g) => nextUsage(u, tf.zerosLike(w), psi, g) },
  },
  {
    name: "usage that is never freed",
    law: "U3",
    equations: { nextUsage: (u, w, psi, g) => nextUsage(u, w, tf.onesLike(psi), g) },
  },
  {
    name: "usage freed before the last write",
    law: "U3",
    equations: { nextUsage: (u, w, psi, g) => nextUsage(tf.mul(u, psi), w, tf.onesLike(psi), g) },
  },
  // Allocation
  {
    name: "free list reversed",
    law: "A2",
    equations: {
      allocationWeightings: (u) => allocation(u, (k, i, us) => us[k]! > us[i]! || (us[k] === us[i] && k > i)),
    },
  },
  {
    name: "equally used ones all first",
    law: "A1",
    equations: { allocationWeightings: (u) => allocation(u, (k, i, us) => us[k]! < us[i]!) },
  },
  {
    name: "equally used ones from the last",
    law: "A2",
    equations: {
      allocationWeightings: (u) => allocation(u, (k, i, us) => us[k]! < us[i]! || (us[k] === us[i] && k > i)),
    },
  },
  {
    name: "allocation without 1 - u",
    law: "A1",
    equations: {
      allocationWeightings: (u) =>
        allocation(
          u,
          (k, i, us) => us[k]! < us[i]! || (us[k] === us[i] && k < i),
          () => 1,
        ),
    },
  },
  {
    name: "allocation 1 - u, no product",
    law: "A1",
    equations: { allocationWeightings: (u) => allocation(u, () => false) },
  },
  {
    name: "allocation by slot, not by usage",
    law: "A3",
    equations: { allocationWeightings: (u) => allocation(u, (k, i) => k < i) },
  },
  {
    name: "allocation of the usage before",
    law: "A1",
    equations: { allocationWeightings: (u, g, o) => allocationWeightings(tf.mul(u, 0.9), g, o) },
  },
  // Writing
  {
    name: "write gate ignored",
    law: "G1",
    equations: { writeWeighting: (a, c, ga, gw) => paperEquations.writeWeighting(a, c, ga, tf.onesLike(gw)) },
  },
  {
    name: "allocation gate ignored",
    law: "G3",
    equations: {
      writeWeighting: (a, c, ga, gw) => paperEquations.writeWeighting(a, c, tf.cast(tf.greater(ga, 0), "float32"), gw),
    },
  },
  {
    name: "allocation gate the wrong way round",
    law: "A1",
    equations: { writeWeighting: (a, c, ga, gw) => paperEquations.writeWeighting(c, a, ga, gw) },
  },
  {
    name: "write gate on the allocation alone",
    law: "G1",
    equations: {
      writeWeighting: (a, c, ga, gw) =>
        tf.add(
          paperEquations.writeWeighting(a, tf.zerosLike(c), ga, gw),
          paperEquations.writeWeighting(tf.zerosLike(a), c, ga, tf.onesLike(gw)),
        ),
    },
  },
  {
    name: "erasing omitted",
    law: "M1",
    equations: { writeMemory: (M, w, e, v) => paperEquations.writeMemory(M, w, tf.zerosLike(e), v) },
  },
  {
    name: "everything erased",
    law: "M2",
    equations: { writeMemory: (M, w, e, v) => paperEquations.writeMemory(M, w, tf.onesLike(e), v) },
  },
  {
    name: "added before it is erased",
    law: "M1",
    equations: {
      writeMemory: (M, w, e, v) =>
        paperEquations.writeMemory(paperEquations.writeMemory(M, w, tf.zerosLike(e), v), w, e, tf.zerosLike(v)),
    },
  },
  {
    name: "write vector added everywhere",
    law: "M1",
    equations: { writeMemory: (M, w, e, v) => tf.add(paperEquations.writeMemory(M, w, e, tf.zerosLike(v)), v) },
  },
  {
    name: "whole word erased, weighting ignored",
    law: "M3",
    equations: {
      writeMemory: (M, w, e, v) =>
        tf.add(
          paperEquations.writeMemory(M, tf.cast(tf.greater(w, 0), "float32"), e, tf.zerosLike(v)),
          paperEquations.writeMemory(tf.zerosLike(M), w, e, v),
        ),
    },
  },
  // Links
  {
    name: "diagonal of the links kept",
    law: "L1",
    equations: {
      nextLinks: (L, p, w) => {
        const [i, j] = [tf.expandDims(w, 3), tf.expandDims(w, 2)];
        return tf.add(tf.mul(tf.sub(tf.sub(1, i), j), L), tf.mul(i, tf.expandDims(p, 2)));
      },
    },
  },
  {
    name: "links transposed",
    law: "N1",
    equations: { nextLinks: (L, p, w) => tf.transpose(nextLinks(tf.transpose(L, [0, 1, 3, 2]), p, w), [0, 1, 3, 2]) },
  },
  {
    name: "links without decay",
    law: "N1",
    equations: { nextLinks: (L, p, w) => tf.add(L, nextLinks(tf.zerosLike(L), p, w)) },
  },
  {
    name: "links decaying by 1 - w[i] alone",
    law: "N1",
    equations: {
      nextLinks: (L, p, w) => tf.add(tf.mul(tf.sub(1, tf.expandDims(w, 3)), L), nextLinks(tf.zerosLike(L), p, w)),
    },
  },
  { name: "links from the precedence after the write", law: "N1", access: linksFromNewPrecedence },
  { name: "precedence without decay", law: "N3", equations: { nextPrecedence: (p, w) => tf.add(p, w) } },
  { name: "precedence that is the write", law: "N3", equations: { nextPrecedence: (_p, w) => w } },
  {
    name: "precedence decaying slot by slot",
    law: "N3",
    equations: { nextPrecedence: (p, w) => tf.add(tf.mul(tf.sub(1, w), p), w) },
  },
  // Reading
  {
    name: "forward and backward exchanged",
    law: "R1",
    equations: {
      forwardWeightings: paperEquations.backwardWeightings,
      backwardWeightings: paperEquations.forwardWeightings,
    },
  },
  { name: "backward read forward", law: "R2", equations: { backwardWeightings: paperEquations.forwardWeightings } },
  {
    name: "content read in place of forward",
    law: "R1",
    equations: {
      readWeighting: ({ backward, content, forward }, b, c, f) =>
        paperEquations.readWeighting(
          { backward, content: tf.squeeze<tf.Tensor2D>(forward, [2]), forward: tf.expandDims(content, 2) },
          b,
          c,
          f,
        ),
    },
  },
  {
    name: "read weightings normalised",
    law: "R1",
    equations: {
      readWeighting: (modes, b, c, f) => {
        const w = paperEquations.readWeighting(modes, b, c, f);
        return tf.div(w, tf.add(tf.sum(w, 2, true), 1e-9));
      },
    },
  },
  { name: "reads from the memory before", law: "R3", access: readsFromOldMemory },
  { name: "reads look in the memory before", law: "R4", access: looksInOldMemory },
  {
    name: "reads not weighted",
    law: "R3",
    equations: { readVectors: (M, w) => paperEquations.readVectors(M, tf.onesLike(w)) },
  },
  // What rounding, edges and symmetries ask
  {
    name: "softplus that overflows",
    law: "I2",
    equations: {
      parseInterface: (c, xi) => ({
        ...parse(c, xi),
        readStrengths: tf.add(tf.log(tf.add(tf.exp(tf.slice(xi, [0, 6], [-1, 2])), 1)), 1),
      }),
    },
  },
  {
    name: "cosine without an epsilon",
    law: "S1",
    equations: {
      contentWeighting: (M, k, beta) => {
        const length = (x: tf.Tensor3D): tf.Tensor2D => tf.sqrt(tf.sum<tf.Tensor2D>(tf.square(x), 2));
        const norms = tf.mul(tf.expandDims(length(k), 2), tf.expandDims(length(M), 1));
        return chosen(tf.mul(tf.div<tf.Tensor3D>(products(M, k), norms), tf.expandDims(beta, 2)));
      },
    },
  },
  {
    name: "a look-up that prefers early slots",
    law: "E1",
    equations: {
      contentWeighting: (M, k, beta, e) => {
        const bias = tf.exp(tf.neg(tf.range(0, M.shape[1])));
        const w = tf.mul<tf.Tensor3D>(contentWeighting(M, k, beta, e), bias);
        return tf.div(w, tf.sum(w, 2, true));
      },
    },
  },
  {
    name: "read vectors that leave out the first slot",
    law: "R3",
    equations: {
      readVectors: (M, w) => paperEquations.readVectors(M, tf.mul<tf.Tensor3D>(w, tf.sub(1, tf.oneHot(0, M.shape[1])))),
    },
  },
  {
    name: "reads look up without strength, writes with",
    law: "C5",
    equations: {
      contentWeighting: (M, k, beta, e) => contentWeighting(M, k, k.shape[1] === 2 ? tf.onesLike(beta) : beta, e),
    },
  },
  {
    name: "a write above its gate",
    law: "G2",
    equations: { writeWeighting: (a, c, ga, gw) => paperEquations.writeWeighting(a, c, ga, tf.sqrt(gw)) },
  },
  {
    name: "a write below zero",
    law: "W1",
    equations: { writeWeighting: (a, c, ga, gw) => tf.sub(paperEquations.writeWeighting(a, c, ga, gw), 0.01) },
  },
  {
    name: "allocation mixed with content whatever its gate",
    law: "A4",
    equations: { writeWeighting: (a, c, ga, gw) => paperEquations.writeWeighting(a, c, tf.mul(ga, 0.5), gw) },
  },
  {
    name: "links decaying by squares",
    law: "N2",
    equations: {
      nextLinks: (L, p, w) => {
        const square = tf.square(w);
        const kept = tf.mul(tf.sub(tf.sub(1, tf.expandDims(square, 3)), tf.expandDims(square, 2)), L);
        return tf.add(kept, nextLinks(tf.zerosLike(L), p, w));
      },
    },
  },
];
