// What the machine allows, and how much of it our products reach, in one run.

import { measurePeaks, type Peaks } from "engram/compile";
import { bytesOf, flopOf, measureProducts, sizesOf, type ProductTimes } from "./products.ts";
import { digits, type Column } from "./table.ts";

export interface Roofline {
  readonly peaks: Peaks;
  readonly products: readonly ProductTimes[];
}

export async function roofline(withRivals: boolean, tell: (news: string) => void): Promise<Roofline> {
  tell("peaks of arithmetic and memory");
  const peaks = measurePeaks();
  return { peaks, products: await measureProducts(withRivals, tell) };
}

interface Peak {
  readonly what: string;
  readonly rate: string;
}

export function peakRows({ multiplyAdd, fusedMultiplyAdd, streams }: Peaks): readonly Peak[] {
  const size = (bytes: number): string => (bytes >= 2 ** 20 ? `${bytes / 2 ** 20} MiB` : `${bytes / 2 ** 10} KiB`);
  return [
    { what: "multiply and add", rate: `${digits(multiplyAdd)} GFLOP/s` },
    {
      what: "fused multiply-add",
      rate: fusedMultiplyAdd === null ? "this engine has none" : `${digits(fusedMultiplyAdd)} GFLOP/s`,
    },
    ...streams.flatMap(({ bytes, read, update }) => [
      { what: `reading ${size(bytes)}`, rate: `${digits(read)} GB/s` },
      { what: `reading and writing ${size(bytes)}`, rate: `${digits(update)} GB/s` },
    ]),
  ];
}

export const peakColumns: readonly Column<Peak>[] = [
  { title: "one thread of WebAssembly", of: ({ what }) => what, words: true },
  { title: "at most", of: ({ rate }) => rate },
];

/** GFLOP/s, share of the arithmetic's peak, and how many times as long others take. */
export function productColumns({ multiplyAdd, fusedMultiplyAdd }: Peaks): readonly Column<ProductTimes>[] {
  const peak = fusedMultiplyAdd ?? multiplyAdd;
  const rate = ({ product, ours }: ProductTimes): number => flopOf(product) / ours / 1e6;
  const times = (theirs: number | null, ours: number): string => (theirs === null ? "-" : digits(theirs / ours));
  return [
    { title: "product", of: ({ product }) => product.name, words: true },
    { title: "sizes", of: ({ product }) => sizesOf(product), words: true },
    { title: "us", of: ({ ours }) => digits(1000 * ours) },
    { title: "GFLOP/s", of: (row) => digits(rate(row)) },
    { title: "% of peak", of: (row) => ((100 * rate(row)) / peak).toFixed(0) },
    { title: "GB/s", of: ({ product, ours }) => digits(bytesOf(product) / ours / 1e6) },
    { title: "tfjs wasm takes", of: ({ tfjsWasm, ours }) => times(tfjsWasm, ours) },
    { title: "jax-js takes", of: ({ jaxJs, ours }) => times(jaxJs, ours) },
  ];
}
