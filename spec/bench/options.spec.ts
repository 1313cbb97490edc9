// The command line of the bench: what it understands, and what it says of mistakes.

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { parseOptions } from "../../bench/options.ts";

const options = (line: string) => parseOptions(line.split(" ").filter(Boolean));

describe("options", () => {
  it("time the training step of copy where nothing is said", () => {
    expect(options("")).toMatchObject({
      config: ["copy"],
      mode: ["train"],
      target: ["wasm"],
      seconds: 5,
      output: "text",
      question: { kind: "time" },
    });
  });

  it("are lists by comma", () => {
    expect(options("--config copy,babi1 --mode train,forward --target wasm,tfjs --threads 1 --json")).toMatchObject({
      config: ["copy", "babi1"],
      mode: ["train", "forward"],
      target: ["wasm", "tfjs"],
      threads: 1,
      output: "json",
    });
  });

  it("set ours and peers against each other", () => {
    const { node, venv, seconds, rounds, question } = options(
      "--versus jax,torch --node a --node b --venv v --rounds 3",
    );
    expect({ node, venv, seconds, rounds, question }).toEqual({
      node: ["a", "b"],
      venv: "v",
      seconds: 2,
      rounds: 3,
      question: { kind: "versus", peers: ["jax", "torch"], check: false },
    });
    expect(options("--versus jax --check").question).toEqual({ kind: "versus", peers: ["jax"], check: true });
    expect(options("--versus jax").node).toEqual([process.execPath]);
  });

  it("ask for vectors of 256 bits", () => {
    expect(options("").wide).toBe(false);
    expect(options("--wide --versus jax").wide).toBe(true);
  });

  it("leave tfjs's own ops out on a device", () => {
    expect(options("--target webgpu").alone).toBe(false);
    expect(options("--target webgpu --alone").alone).toBe(true);
  });

  it("ask other questions", () => {
    expect(options("--profile").question).toEqual({ kind: "profile" });
    expect(options("--sweep N,threads --markdown")).toMatchObject({
      config: ["babi"],
      output: "markdown",
      question: { kind: "sweep", names: ["N", "threads"] },
    });
    expect(options("--roofline").question).toEqual({ kind: "roofline" });
  });
});

describe("a mistake", () => {
  let said = "";
  beforeEach(() => {
    said = "";
    vi.spyOn(process.stderr, "write").mockImplementation((text) => {
      said += String(text);
      return true;
    });
  });
  afterEach(() => void vi.restoreAllMocks());

  it.each([
    ["--config mnist", "error: option '--config <names>' argument 'mnist' is invalid. expected one of copy, babi, babi1, graph, wide."],
    ["--mode train,sleep", "error: option '--mode <modes>' argument 'train,sleep' is invalid. expected one of train, forward."],
    ["--versus mxnet", "error: option '--versus <peers>' argument 'mxnet' is invalid. expected one of jax, torch."],
    ["--sweep W", "error: option '--sweep <names>' argument 'W' is invalid. expected one of N, T, batch, heads, threads."],
    ["--threads 0", "error: option '--threads <n>' argument '0' is invalid. expected a whole number, 1 or more."],
    ["--threads 1.5", "error: option '--threads <n>' argument '1.5' is invalid. expected a whole number, 1 or more."],
    ["--seconds soon", "error: option '--seconds <s>' argument 'soon' is invalid. expected a number, 0 or more."],
    ["--profile --sweep N", "error: option '--profile' cannot be used with option '--sweep <names>'"],
    ["--versus jax --roofline", "error: option '--versus <peers>' cannot be used with option '--roofline'"],
    ["--json --markdown", "error: option '--json' cannot be used with option '--markdown'"],
    ["--check", "error: option '--check' says how to use --versus, which is missing"],
    ["--alone", "error: option '--alone' says how to use --target webgpu, which is missing"],
    ["--node node", "error: option '--node' says how to use --versus, which is missing"],
    ["--fast", "error: unknown option '--fast'"],
    ["copy", "error: too many arguments. Expected 0 arguments but got 1."],
  ])("%s", (line, message) => {
    expect(() => options(line)).toThrow();
    expect(said.trim()).toBe(message);
  }); // prettier-ignore
});
