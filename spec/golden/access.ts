// `access_*`: the memory access module over a sequence, interface layers included; and `long`: 200 steps of it, the interface given.
import * as tf from "@tensorflow/tfjs-core";
import { scan, valueAndGrad } from "../../compile/index.ts";
import { checkDncConfig, type CompleteDncConfig } from "../../src/dnc/config.ts";
import { parseInterface } from "../../src/dnc/interface.ts";
import { applyLinear } from "../../src/dnc/linear.ts";
import { accessMemory } from "../../src/dnc/memory.ts";
import type { MemoryState } from "../../src/dnc/state.ts";
import type { Compile } from "./compile.ts";
import { need, type Group, type GoldenFile } from "./goldenFile.ts";
import { conventionOf, goldenMemoryState, interfaceLayer, joinInterface, memorySizes, memoryState } from "./layout.ts";
import { numbersFrom, type Ledger, type Numbers } from "./ledger.ts";
import { inTheirOrder, matchSlots } from "./slotOrder.ts";

/** Memory alone has no controller and no output: their sizes are of no account here. */
function memoryConfig(init: Group, convention: string | undefined): CompleteDncConfig {
  const { N, W, R, H } = memorySizes(init);
  const controller = { kind: "lstm", hidden: [1] } as const;
  const sizes = { inputSize: 1, outputSize: 1, locations: N, wordSize: W, readHeads: R, writeHeads: H, controller };
  return checkDncConfig({ ...sizes, ...conventionOf(convention) });
}

/** Interface vectors `[T, B, ·]` in, read vectors and all states after each step out. */
function accessSequence(
  config: CompleteDncConfig,
  init: MemoryState,
  xis: tf.Tensor3D,
): { outputs: tf.Tensor; states: Group } {
  const { ys } = scan(
    (state: MemoryState, xi: tf.Tensor) => {
      const next = accessMemory(config, state, parseInterface(config, xi as tf.Tensor2D)); // A slice of rank 3 in time.
      return { carry: next.state, y: { outputs: next.readVectors, states: goldenMemoryState(next.state) } };
    },
    init,
    xis,
  );
  return ys;
}

export function replayAccess(file: GoldenFile, ledger: Ledger, compile: Compile): void {
  const init = ledger.given("init.");
  const config = memoryConfig(init, file.metadata["convention"]);
  const { readHeads: R, writeHeads: H } = config;
  const loss = (
    params: Group,
    inputs: tf.Tensor3D,
    start: Group,
    cotangent: tf.Tensor,
  ): { value: tf.Scalar; aux: ReturnType<typeof accessSequence> } => {
    const [T, B, I] = inputs.shape;
    const xi = applyLinear(interfaceLayer(params, R, H), tf.reshape(inputs, [T * B, I]));
    const sequence = accessSequence(config, memoryState(start), tf.reshape(xi, [T, B, -1]));
    return { value: tf.sum(tf.mul(sequence.outputs, cotangent)), aux: sequence };
  };
  const run = compile((params: Group, inputs: tf.Tensor3D, start: Group, cotangent: tf.Tensor) => {
    const { aux, grad } = valueAndGrad(loss, { argnums: [0, 1, 2], hasAux: true })(params, inputs, start, cotangent);
    return { ...aux, params: grad[0], inputs: grad[1], init: grad[2] };
  });
  const result = run(ledger.given("params."), ledger.one("inputs") as tf.Tensor3D, init, ledger.one("cotangent"));

  ledger.compare("outputs", numbersFrom(result.outputs));
  compareStates(file, ledger, readStates(ledger.results("states."), result.states));
  compareGradients(ledger, "grad.params.", result.params);
  compareGradients(ledger, "grad.init.", result.init);
  if (ledger.results("grad.").includes("inputs")) ledger.compare("grad.inputs", numbersFrom(result.inputs), "gradient");
}

/** Each gradient of the file under `prefix`. From a zero state there are none by the initial state. */
export function compareGradients(ledger: Ledger, prefix: string, gradients: Group): void {
  for (const name of ledger.results(prefix))
    ledger.compare(prefix + name, numbersFrom(need(gradients, name)), "gradient");
}

/** Numbers of the states of those names. */
export function readStates(names: readonly string[], states: Group): ReadonlyMap<string, Numbers> {
  return new Map(names.map((name) => [name, numbersFrom(need(states, name))]));
}

/** `states.*`, and `final.*` where given; from a zero state up to the order of the slots. */
export function compareStates(
  file: GoldenFile,
  ledger: Ledger,
  states: ReadonlyMap<string, Numbers>,
  final: ReadonlyMap<string, Numbers> = new Map(),
): void {
  const histories = [...states].map(([state, ours]) => ({ state, ours, theirs: ledger.expected(`states.${state}`) }));
  const orders = file.fromZero ? matchSlots(histories) : null;
  for (const [state, ours] of states)
    ledger.compare(`states.${state}`, orders ? inTheirOrder(orders, state, ours, 1) : ours);
  for (const [state, ours] of final)
    ledger.compare(`final.${state}`, orders ? inTheirOrder(orders, state, ours, 0) : ours);
}

export function replayLong(file: GoldenFile, ledger: Ledger, compile: Compile): void {
  const init = ledger.given("init.");
  const found = ["released", "paper"].filter((convention) => ledger.results(`${convention}.`).length > 0);
  if (found.length === 0) throw new Error("holds results of neither convention");
  for (const convention of found) {
    const config = memoryConfig(init, convention);
    const run = compile((start: Group, parts: Group) => {
      const xis = joinInterface((name) => need<tf.Tensor3D>(parts, name), config.readHeads, config.writeHeads);
      return accessSequence(config, memoryState(start), xis);
    });
    const { outputs, states } = run(init, ledger.given("inputs."));
    ledger.compare(`${convention}.outputs`, numbersFrom(outputs));
    const steps = stepsKept(file, ledger, convention);
    for (const [name, all] of readStates(ledger.results(`${convention}.states.`), states)) {
      ledger.compare(`${convention}.states.${name}`, atSteps(all, steps));
    }
  }
}

/** After which steps, counted from 1, the file holds states: as its metadata says, or evenly spread up to the last. */
function stepsKept(file: GoldenFile, ledger: Ledger, convention: string): readonly number[] {
  const said = file.metadata["at"];
  if (said !== undefined) return JSON.parse(said) as number[]; // A list of whole numbers, as the layout has it.
  const length = ledger.expected(`${convention}.outputs`).shape[0] ?? 0;
  const count = ledger.expected(`${convention}.states.usage`).shape[0] ?? 1;
  return Array.from({ length: count }, (_, k) => ((k + 1) * length) / count);
}

function atSteps({ shape, data }: Numbers, steps: readonly number[]): Numbers {
  const size = data.length / (shape[0] ?? 1);
  const kept = steps.map((step) => [...data.subarray((step - 1) * size, step * size)]);
  return { shape: [steps.length, ...shape.slice(1)], data: Float64Array.from(kept.flat()) };
}
