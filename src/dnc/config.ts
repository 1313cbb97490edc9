// Sizes and options of a DNC: plain data, no tensors, fit for JSON. Checked once, completed with the defaults, frozen.
// Defaults follow the paper, but for the epsilons that float32 needs.
import { invalidOption, unknownOption } from "./errors.ts";

/** The network that reads the input and the last read vectors, and steers the memory. */
export type ControllerConfig =
  | {
      /** The paper's deep LSTM with skip connections (Methods, "Controller network"). */
      readonly kind: "lstm";
      /** Width of each layer, lowest first. */
      readonly hidden: readonly number[];
    }
  | {
      /** Layers without a state: memory alone carries the past (the paper's copy experiments). Same skip connections. */
      readonly kind: "feedforward";
      readonly hidden: readonly number[];
      /** Default "tanh". */
      readonly activation?: "tanh" | "relu";
    };

/** Sizes and options of a DNC, as the user gives them. Symbols are the paper's. */
export interface DncConfig {
  /** X, width of the input. */
  readonly inputSize: number;
  /** Y, width of the output. */
  readonly outputSize: number;
  /** N, number of memory locations. Parameters do not depend on it: a trained network runs with another N. */
  readonly locations: number;
  /** W, width of a location. */
  readonly wordSize: number;
  /** R, number of read heads. */
  readonly readHeads: number;
  /** Number of write heads, each with a link matrix of its own and two read modes more. The paper has 1, the default. */
  readonly writeHeads?: number;
  readonly controller: ControllerConfig;
  /** Whether the interface and output layers have biases. Default false, as in the paper; released code has them. */
  readonly biases?: boolean;
  /** Bound on the controller's hidden state and cell and on the output, ±clip; null for none. Default null; released code 20. */
  readonly clip?: number | null;
  /** How a look-up's strength is made ≥ 0: `oneplus(x) = 1 + log(1 + eˣ)` (paper, default) or `softplus(x)` (released code). */
  readonly strength?: "oneplus" | "softplus";
  /** Whether the gradient flows from usage into the last write weightings ("full", the true one, default) or not ("stopped", released code). */
  readonly usageGradient?: "full" | "stopped";
  /** How the free list is worked out: by comparing all pairs, N² independent steps, or by sorting. The result is the same. Default "compare"
   *  below 128 locations, "sort" from there on, where it is faster. */
  readonly allocation?: "compare" | "sort";
  /** Whether the controller's output is normalised, with learnt gain and offset, before interface and output see it. Default false. */
  readonly layerNorm?: boolean;
  /** Rate at which the output layer's input from the controller is dropped, one mask a sequence, so that answers must come from memory. Default 0. */
  readonly bypassDropout?: number;
  /** Added inside a norm's root and to the product of norms in the cosine. Default 1e-6. */
  readonly cosineEpsilon?: number;
  /** Allocation sees usage as `e + (1 - e) u`, so that zero usage has a logarithm. 0 gives the paper's plain product, by a slower form. Default 1e-6. */
  readonly usageEpsilon?: number;
}

/** The same with every option said. */
export type CompleteDncConfig = Required<Omit<DncConfig, "controller">> & {
  readonly controller: Required<ControllerConfig>;
};

const defaults = {
  writeHeads: 1,
  biases: false,
  clip: null,
  strength: "oneplus",
  usageGradient: "full",
  layerNorm: false,
  bypassDropout: 0,
  cosineEpsilon: 1e-6,
  usageEpsilon: 1e-6,
} as const satisfies Partial<DncConfig>;

/** From so many locations on sorting takes less time than comparing all pairs (measured: bench/README.md). */
const sortFrom = 128;

const sizes = ["inputSize", "outputSize", "locations", "wordSize", "readHeads", "writeHeads"] as const;
const choices = {
  biases: [false, true],
  strength: ["oneplus", "softplus"],
  usageGradient: ["full", "stopped"],
  allocation: ["compare", "sort"],
  layerNorm: [false, true],
} as const satisfies Partial<{ readonly [K in keyof DncConfig]: readonly DncConfig[K][] }>;

/**
 * The configuration with every default filled in, frozen.
 *
 * @throws RangeError that names the option, what was expected and what was given
 * @example
 * ```ts
 * const config = checkDncConfig({
 *   inputSize: 10, outputSize: 8, locations: 16, wordSize: 16, readHeads: 4, controller: { kind: "lstm", hidden: [64] },
 * });
 * config.strength; // "oneplus"
 * ```
 */
export function checkDncConfig(config: DncConfig): CompleteDncConfig {
  const known = [...sizes, ...Object.keys(defaults), "allocation", "controller"];
  checkKnown("dnc", config, [...new Set(known)]);
  // `undefined` where an option may be left out means the default.
  const given = Object.fromEntries(
    Object.entries(config).filter(([, value]) => value !== undefined),
  ) as unknown as DncConfig;
  const allocation: DncConfig["allocation"] = given.locations >= sortFrom ? "sort" : "compare";
  const complete = {
    ...defaults,
    allocation,
    ...given,
    controller: checkControllerConfig("dnc: controller", given.controller),
  };
  for (const name of sizes) checkSize(`dnc: ${name}`, complete[name]);
  for (const [name, allowed] of Object.entries(choices)) {
    checkChoice(`dnc: ${name}`, complete[name as keyof typeof choices], allowed);
  }
  checkClip("dnc: clip", complete.clip);
  checkRate("dnc: bypassDropout", complete.bypassDropout);
  if (!isPositive(complete.cosineEpsilon))
    throw invalidOption("dnc: cosineEpsilon", "a number above 0", complete.cosineEpsilon);
  checkRate("dnc: usageEpsilon", complete.usageEpsilon);
  return Object.freeze(complete);
}

/** A controller's configuration, complete and frozen. `path` names it in messages. */
export function checkControllerConfig(path: string, config: ControllerConfig | undefined): Required<ControllerConfig> {
  if (typeof config !== "object" || config === null) {
    throw invalidOption(path, `a record such as { kind: "lstm", hidden: [64] }`, config);
  }
  checkChoice(`${path}.kind`, config.kind, ["lstm", "feedforward"]);
  const hidden = checkHidden(`${path}.hidden`, config.hidden);
  if (config.kind === "lstm") {
    checkKnown(path, config, ["kind", "hidden"]);
    return Object.freeze({ kind: "lstm", hidden });
  }
  checkKnown(path, config, ["kind", "hidden", "activation"]);
  const activation = config.activation ?? "tanh";
  checkChoice(`${path}.activation`, activation, ["tanh", "relu"]);
  return Object.freeze({ kind: "feedforward", hidden, activation });
}

/** One width a layer, at least one layer. */
export function checkHidden(path: string, hidden: readonly number[]): readonly number[] {
  if (!Array.isArray(hidden) || hidden.length === 0) {
    throw invalidOption(path, "the width of each layer in a list, such as [64]", hidden);
  }
  hidden.forEach((size, layer) => checkSize(`${path}[${layer}]`, size));
  return Object.freeze(Array.from<number>(hidden));
}

export function checkSize(path: string, size: unknown): void {
  if (!Number.isSafeInteger(size) || Number(size) < 1) throw invalidOption(path, "a whole number, 1 or more", size);
}

export function checkClip(path: string, clip: unknown): void {
  if (clip !== null && !isPositive(clip)) throw invalidOption(path, "a number above 0, or null for no clipping", clip);
}

export function checkChoice(path: string, value: unknown, allowed: readonly unknown[]): void {
  if (!allowed.includes(value))
    throw invalidOption(path, allowed.map((choice) => JSON.stringify(choice)).join(" or "), value);
}

export function checkKnown(where: string, config: object, known: readonly string[]): void {
  const stranger = Object.keys(config).find((name) => !known.includes(name));
  if (stranger !== undefined) throw unknownOption(where, stranger, known);
}

function checkRate(path: string, rate: unknown): void {
  if (typeof rate !== "number" || !(rate >= 0 && rate < 1))
    throw invalidOption(path, "a number from 0 up to but not including 1", rate);
}

const isPositive = (value: unknown): value is number =>
  typeof value === "number" && value > 0 && Number.isFinite(value);

/** Read modes of one head: backward and forward along each write head's links, and content. */
export const readModes = (config: Pick<CompleteDncConfig, "writeHeads">): number => 1 + 2 * config.writeHeads;

/** Length of the interface vector ξ: `W R + 3 W + 5 R + 3` for one write head. */
export function interfaceSize({ wordSize: W, readHeads: R, writeHeads: H }: CompleteDncConfig): number {
  return R * W + R + H * W + H + 2 * H * W + R + 2 * H + R * (1 + 2 * H);
}
