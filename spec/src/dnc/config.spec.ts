import { describe, expect, it } from "vitest";
import { checkDncConfig, interfaceSize, type DncConfig } from "../../../src/dnc/config.ts";

const small: DncConfig = {
  inputSize: 3,
  outputSize: 2,
  locations: 4,
  wordSize: 5,
  readHeads: 2,
  controller: { kind: "lstm", hidden: [6] },
};

describe("checkDncConfig", () => {
  it("fills in the paper's choices and freezes", () => {
    const config = checkDncConfig(small);
    expect(config).toEqual({
      ...small,
      writeHeads: 1,
      biases: false,
      clip: null,
      strength: "oneplus",
      usageGradient: "full",
      allocation: "compare",
      layerNorm: false,
      bypassDropout: 0,
      cosineEpsilon: 1e-6,
      usageEpsilon: 1e-6,
    });
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.controller.hidden)).toBe(true);
  });

  it("sorts the free list where there are many locations, unless told otherwise", () => {
    expect(checkDncConfig({ ...small, locations: 127 }).allocation).toBe("compare");
    expect(checkDncConfig({ ...small, locations: 128 }).allocation).toBe("sort");
    expect(checkDncConfig({ ...small, locations: 128, allocation: "compare" }).allocation).toBe("compare");
  });

  it("is plain data: what JSON gives back is the same configuration", () => {
    const config = checkDncConfig({ ...small, clip: 20, layerNorm: true });
    expect(checkDncConfig(JSON.parse(JSON.stringify(config)) as DncConfig)).toEqual(config);
  });

  it("does not keep the list it was given", () => {
    const hidden = [6];
    const config = checkDncConfig({ ...small, controller: { kind: "lstm", hidden } });
    hidden[0] = 7;
    expect(config.controller.hidden).toEqual([6]);
  });

  it("takes an option that is undefined for one that is not there", () => {
    const given = { ...small, clip: undefined } as unknown as DncConfig;
    expect(checkDncConfig(given).clip).toBe(null);
  });

  const wrong: readonly (readonly [Record<string, unknown>, string])[] = [
    [{ locations: 0 }, "dnc: locations: expected a whole number, 1 or more, got 0."],
    [{ wordSize: 2.5 }, "dnc: wordSize: expected a whole number, 1 or more, got 2.5."],
    [{ readHeads: undefined }, "dnc: readHeads: expected a whole number, 1 or more, got undefined."],
    [{ inputSize: "3" }, 'dnc: inputSize: expected a whole number, 1 or more, got "3".'],
    [{ clip: -1 }, "dnc: clip: expected a number above 0, or null for no clipping, got -1."],
    [{ strength: "exp" }, 'dnc: strength: expected "oneplus" or "softplus", got "exp".'],
    [{ biases: 1 }, "dnc: biases: expected false or true, got 1."],
    [{ bypassDropout: 1 }, "dnc: bypassDropout: expected a number from 0 up to but not including 1, got 1."],
    [{ cosineEpsilon: 0 }, "dnc: cosineEpsilon: expected a number above 0, got 0."],
    [
      { controller: { kind: "gru", hidden: [3] } },
      'dnc: controller.kind: expected "lstm" or "feedforward", got "gru".',
    ],
    [
      { controller: { kind: "lstm", hidden: [] } },
      "dnc: controller.hidden: expected the width of each layer in a list, such as [64], got [].",
    ],
    [
      { controller: { kind: "lstm", hidden: [4, NaN] } },
      "dnc: controller.hidden[1]: expected a whole number, 1 or more, got NaN.",
    ],
    [
      { controller: undefined },
      'dnc: controller: expected a record such as { kind: "lstm", hidden: [64] }, got undefined.',
    ],
  ];
  it.each(wrong)("says what is wrong with %j", (change, message) => {
    const config = { ...small, ...change } as unknown as DncConfig;
    expect(() => checkDncConfig(config)).toThrow(message);
  });

  it("knows its options, so that a misspelt one is not a silent default", () => {
    const config = { ...small, layernorm: true } as DncConfig;
    expect(() => checkDncConfig(config)).toThrow(
      /dnc: unknown option "layernorm". Known options: inputSize, .*layerNorm/,
    );
    const controller = { kind: "lstm", hidden: [3], activation: "relu" } as DncConfig["controller"];
    expect(() => checkDncConfig({ ...small, controller })).toThrow(/dnc: controller: unknown option "activation"/);
  });
});

describe("interfaceSize", () => {
  it("is W R + 3 W + 5 R + 3 for the paper's one write head", () => {
    const [W, R] = [5, 2];
    expect(interfaceSize(checkDncConfig(small))).toBe(W * R + 3 * W + 5 * R + 3);
  });
});
