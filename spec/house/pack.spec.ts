// What is published works where nothing else is: packed, installed into an empty folder, imported from plain JavaScript,
// and type-checked as the two usual kinds of project do.

import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root } from "./modules.ts";

let folder = "";
let consumer = "";
let packed: readonly string[] = [];

const execute = promisify(execFile);

/** The environment without what npm and vitest tell their own children. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^(npm_(?!config_(registry|cache|cafile|https?_proxy))|NODE_OPTIONS|VITEST)/i.test(name),
  ),
);

/** Runs a tool; its output, or an error with all it said. */
async function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  try {
    const { stdout } = await execute(command, args, { cwd, env: environment, encoding: "utf8", maxBuffer: 2 ** 26 });
    return stdout;
  } catch (error) {
    const { stdout, stderr } = error as { readonly stdout: string; readonly stderr: string };
    throw new Error(`${command} ${args.join(" ")} failed:\n${stdout}${stderr}`, { cause: error });
  }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "engram-pack-"));
  consumer = join(folder, "consumer");
  mkdirSync(consumer);
  // With its build, which `prepack` runs.
  await run("npm", ["pack", "--pack-destination", folder], root);
  const [tarball] = readdirSync(folder).filter((name) => name.endsWith(".tgz"));
  packed = (await run("tar", ["-tzf", tarball!], folder)).trim().split("\n");
  writeFileSync(join(consumer, "package.json"), JSON.stringify({ private: true, type: "module" }));
  const quietly = ["--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts"];
  await run("npm", ["install", join(folder, tarball!), ...quietly], consumer);
}, 600_000);

afterAll(() => {
  if (folder) rmSync(folder, { recursive: true, force: true });
});

describe("the package", () => {
  it("holds the build and what a reader needs, and no sources or tests", () => {
    for (const file of [
      "README.md",
      "CHANGELOG.md",
      "ARCHITECTURE.md",
      "LICENSE",
      "dist/src/index.js",
      "dist/compile/index.d.ts",
      "dist/properties/index.js",
    ]) {
      expect(packed).toContain(`package/${file}`);
    }
    const strangers = packed.filter(
      (file) =>
        !/^package\/(dist\/(compile|src|properties)\/.*\.(js|d\.ts|js\.map)|package\.json|[A-Z]+(\.md)?)$/.test(file),
    );
    expect(strangers).toEqual([]);
    expect(packed.filter((file) => /\.(spec|property)\./.test(file))).toEqual([]);
  });

  it("needs nothing that is for its developers", async () => {
    await expect(run("npm", ["ls", "vitest"], consumer)).rejects.toThrow("empty");
  });

  it("is imported from plain JavaScript by all three names, compiles and computes", async () => {
    const script = `
      import * as tf from "@tensorflow/tfjs-core";
      import * as engram from "engram";
      import { grad, jit, random } from "engram/compile";
      import * as properties from "engram/properties";

      const norm = jit((x) => tf.sqrt(tf.sum(tf.square(x))));
      const x = tf.tensor1d([3, 4]);
      const machine = engram.dnc({
        inputSize: 2, outputSize: 3, locations: 4, wordSize: 5, readHeads: 1, controller: { kind: "lstm", hidden: [6] },
      });
      const { output } = jit((params, state, input) => machine.step(params, state, input))(
        machine.init(random.key(0)), machine.initialState(1), tf.ones([1, 2]),
      );
      console.log(JSON.stringify({
        norm: norm(x).arraySync(), grad: jit(grad(norm))(x).arraySync(), output: output.shape, properties: Object.keys(properties).length > 0,
      }));`;
    writeFileSync(join(consumer, "use.js"), script);
    const lines = (await run(process.execPath, ["use.js"], consumer)).trim().split("\n");
    const result = JSON.parse(lines.find((line) => line.startsWith("{"))!) as Record<string, unknown>;
    expect(result.norm).toBeCloseTo(5, 5);
    expect((result.grad as number[])[0]).toBeCloseTo(0.6, 5);
    expect((result.grad as number[])[1]).toBeCloseTo(0.8, 5);
    expect(result).toMatchObject({ output: [1, 3], properties: true });
  });

  it.each([
    ["nodenext", "nodenext"],
    ["bundler", "esnext"],
  ])("has declarations that resolve with moduleResolution %s", async (moduleResolution, module) => {
    const code = `
      import * as tf from "@tensorflow/tfjs-core";
      import { dnc, type DncState } from "engram";
      import { grad, jit, type Jitted } from "engram/compile";
      import * as properties from "engram/properties";

      const f: Jitted<[x: tf.Tensor], tf.Tensor> = jit((x: tf.Tensor) => tf.sum(tf.square(x)));
      export const y: tf.Tensor = f(tf.tensor1d([3, 4]));
      export const gradient: { readonly w: tf.Tensor } = grad((p: { readonly w: tf.Tensor }) => tf.sum(p.w))({ w: y });
      export const state: DncState = dnc({
        inputSize: 2, outputSize: 3, locations: 4, wordSize: 5, readHeads: 1, controller: { kind: "lstm", hidden: [6] },
      }).initialState(1);
      // None of these is any:
      // @ts-expect-error
      export const wrong: string = f(tf.tensor1d([3, 4]));
      // @ts-expect-error
      dnc(3);
      // @ts-expect-error
      export const none: number = properties;`;
    writeFileSync(join(consumer, "use.ts"), code);
    const compilerOptions = {
      module,
      moduleResolution,
      strict: true,
      noEmit: true,
      target: "es2022",
      lib: ["es2023", "dom"],
      typeRoots: [join(root, "node_modules/@types")],
      types: ["node"],
    };
    writeFileSync(join(consumer, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["use.ts"] }));
    const tsc = join(root, "node_modules/typescript/lib/tsc.js");
    const output = await run(process.execPath, [tsc, "-p", "."], consumer).catch(
      (error: unknown) => (error as Error).message,
    );
    // Declarations are checked too: tfjs-core's own do not pass, ours must.
    const ours = output.split("\n").filter((line) => /^(use\.ts|node_modules\/engram\/).*error/.test(line));
    expect(ours).toEqual([]);
  });
});
