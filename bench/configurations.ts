// The sizes that all implementations are measured at.

export interface Sizes {
  readonly inputSize: number;
  readonly outputSize: number;
  readonly hidden: number;
  readonly locations: number;
  readonly wordSize: number;
  readonly readHeads: number;
  readonly batch: number;
  readonly steps: number;
}

const of = (
  inputSize: number,
  outputSize: number,
  hidden: number,
  locations: number,
  wordSize: number,
  readHeads: number,
  batch: number,
  steps: number,
): Sizes => ({ inputSize, outputSize, hidden, locations, wordSize, readHeads, batch, steps });

export const configurations = {
  copy: of(10, 8, 64, 16, 16, 4, 16, 40),
  babi: of(160, 160, 256, 256, 64, 4, 16, 100),
  babi1: of(160, 160, 256, 256, 64, 4, 1, 100),
  graph: of(92, 92, 256, 128, 50, 5, 2, 150),
  wide: of(64, 64, 256, 512, 64, 4, 4, 50),
} as const satisfies Record<string, Sizes>;

export type ConfigurationName = keyof typeof configurations;

export const configurationNames = Object.keys(configurations) as readonly ConfigurationName[];

/** `training`: T time steps forward and back, clipping, RMSProp. `forward`: the outputs alone. */
export const modes = ["train", "forward"] as const;
export type Mode = (typeof modes)[number];
