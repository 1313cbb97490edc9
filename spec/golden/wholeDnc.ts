// `dnc*`: LSTM controller, access module and output layer over a sequence, with loss, gradients and some training steps.
import * as tf from "@tensorflow/tfjs-core";
import { scan, valueAndGrad } from "../../compile/index.ts";
import { dnc, type Dnc } from "../../src/dnc/dnc.ts";
import type { DncState } from "../../src/dnc/state.ts";
import { chain } from "../../src/train/optimiser.ts";
import { clipByGlobalNorm } from "../../src/train/clip.ts";
import { rmsProp } from "../../src/train/rmsProp.ts";
import { compareGradients, compareStates, readStates } from "./access.ts";
import type { Compile } from "./compile.ts";
import { metadataNumber, need, type Group, type GoldenFile } from "./goldenFile.ts";
import { conventionOf, dncParams, goldenMemoryState, memorySizes, memoryState } from "./layout.ts";
import { numbersFrom, type Ledger, type Numbers } from "./ledger.ts";

interface Batch {
  readonly inputs: tf.Tensor3D;
  readonly target: tf.Tensor3D;
  readonly mask: tf.Tensor2D;
}

function machineOf(file: GoldenFile, init: Group, { inputs, target }: Batch): Dnc {
  const { N, W, R, H } = memorySizes(init);
  const [, hidden] = need<tf.Tensor2D>(init, "hidden").shape;
  return dnc({
    inputSize: inputs.shape[2],
    outputSize: target.shape[2],
    locations: N,
    wordSize: W,
    readHeads: R,
    writeHeads: H,
    controller: { kind: "lstm", hidden: [hidden] },
    biases: true,
    clip: file.metadata["clip_value"] === undefined ? null : metadataNumber(file, "clip_value"),
    ...conventionOf(file.metadata["convention"]),
  });
}

const ourState = (init: Group): DncState => ({
  controller: { layers: [{ hidden: need(init, "hidden"), cell: need(init, "cell") }] },
  memory: memoryState(init),
  readVectors: need(init, "access_output"),
  bypassMask: null,
});

function theirState(state: DncState): Group {
  const layer = state.controller.layers[0];
  if (layer === undefined) throw new Error("the controller has no layer");
  return {
    ...goldenMemoryState(state.memory),
    hidden: layer.hidden,
    cell: layer.cell,
    access_output: state.readVectors,
  };
}

/** Outputs, the states called `kept` after each step, and the final state. */
function runSequence(
  machine: Dnc,
  params: Group,
  inputs: tf.Tensor3D,
  init: Group,
  kept: readonly string[],
): { outputs: tf.Tensor3D; states: Group; final: Group } {
  const { readHeads, writeHeads } = machine.config;
  const ours = dncParams(params, readHeads, writeHeads);
  const { carry, ys } = scan(
    (last: DncState, input: tf.Tensor) => {
      const { state, output } = machine.step(ours, last, input as tf.Tensor2D); // A slice of rank 3 in time.
      const all = theirState(state);
      return {
        carry: state,
        y: { outputs: output, states: Object.fromEntries(kept.map((name) => [name, need(all, name)])) },
      };
    },
    ourState(init),
    inputs,
  );
  const outputs: tf.Tensor = ys.outputs; // Stacked: one rank more than its type says.
  return { outputs: outputs as tf.Tensor3D, states: ys.states, final: theirState(carry) };
}

/** Sigmoid cross-entropy in nats, summed over outputs, times mask, summed over time, divided by the batch size. */
function lossOf(outputs: tf.Tensor3D, { target, mask }: Batch): tf.Scalar {
  const each = tf.sub(tf.softplus(outputs), tf.mul(outputs, target));
  return tf.div(tf.sum(tf.mul(tf.sum(each, 2), mask)), mask.shape[1]);
}

export function replayDnc(file: GoldenFile, ledger: Ledger, compile: Compile): void {
  const init = ledger.given("init.");
  const params = ledger.given("params.");
  const batch: Batch = {
    inputs: ledger.one("inputs") as tf.Tensor3D,
    target: ledger.one("target") as tf.Tensor3D,
    mask: ledger.one("mask") as tf.Tensor2D,
  };
  const machine = machineOf(file, init, batch);
  const kept = ledger.results("states.");

  const loss = (
    p: Group,
    inputs: tf.Tensor3D,
    start: Group,
    target: tf.Tensor3D,
    mask: tf.Tensor2D,
  ): { value: tf.Scalar; aux: ReturnType<typeof runSequence> } => {
    const sequence = runSequence(machine, p, inputs, start, kept);
    return { value: lossOf(sequence.outputs, { inputs, target, mask }), aux: sequence };
  };
  const run = compile((p: Group, inputs: tf.Tensor3D, start: Group, target: tf.Tensor3D, mask: tf.Tensor2D) => {
    const { value, aux, grad } = valueAndGrad(loss, { argnums: [0, 1, 2], hasAux: true })(
      p,
      inputs,
      start,
      target,
      mask,
    );
    return { ...aux, loss: value, params: grad[0], inputs: grad[1], init: grad[2] };
  });
  const result = run(params, batch.inputs, init, batch.target, batch.mask);

  ledger.compare("outputs", numbersFrom(result.outputs));
  ledger.compare("loss", numbersFrom(result.loss));
  compareStates(file, ledger, readStates(kept, result.states), readStates(ledger.results("final."), result.final));
  compareGradients(ledger, "grad.params.", result.params);
  compareGradients(ledger, "grad.init.", result.init);
  if (ledger.results("grad.").includes("inputs")) ledger.compare("grad.inputs", numbersFrom(result.inputs), "gradient");

  if (ledger.results("train.").length > 0) replayTraining(file, ledger, compile, machine, params, init);
}

/** Each step's loss and gradient norm before the update, and all parameters after it. */
function replayTraining(
  file: GoldenFile,
  ledger: Ledger,
  compile: Compile,
  machine: Dnc,
  initial: Group,
  init: Group,
): void {
  const optimiser = chain(
    clipByGlobalNorm(metadataNumber(file, "max_grad_norm")),
    rmsProp({
      learningRate: metadataNumber(file, "learning_rate"),
      decay: metadataNumber(file, "decay"),
      momentum: metadataNumber(file, "momentum"),
      epsilon: metadataNumber(file, "epsilon"),
      initialMeanSquare: metadataNumber(file, "initial_mean_square"),
    }),
  );
  type OptimiserState = ReturnType<typeof optimiser.init>;
  const train = compile(
    (
      params: Group,
      memory: OptimiserState,
      start: Group,
      inputs: tf.Tensor3D,
      target: tf.Tensor3D,
      mask: tf.Tensor2D,
    ) => {
      const loss = (p: Group): tf.Scalar =>
        lossOf(runSequence(machine, p, inputs, start, []).outputs, { inputs, target, mask });
      const { value, grad } = valueAndGrad(loss)(params);
      const squares = Object.values(grad).map((g) => tf.sum(tf.square(g)));
      const { updates, state } = optimiser.update(grad, memory, params);
      const next = Object.fromEntries(
        Object.entries(params).map(([name, p]) => [name, tf.add(p, need(updates, name))]),
      );
      return { params: next, memory: state, loss: value, norm: tf.sqrt(tf.addN(squares)) };
    },
  );

  const batches = {
    inputs: ledger.one("train.inputs"),
    target: ledger.one("train.target"),
    mask: ledger.one("train.mask"),
  };
  const names = Object.keys(initial);
  const losses: number[] = [];
  const norms: number[] = [];
  const history = new Map<string, number[]>(names.map((name) => [name, []]));
  let [params, memory] = [initial, optimiser.init(initial)];
  const steps = batches.inputs.shape[0] ?? 0;
  for (let k = 0; k < steps; k++) {
    const at = <T extends tf.Tensor>(x: tf.Tensor): T => tf.squeeze(tf.slice(x, k, 1), [0]);
    const result = train(params, memory, init, at(batches.inputs), at(batches.target), at(batches.mask));
    ({ params, memory } = result);
    losses.push(...result.loss.dataSync());
    norms.push(...result.norm.dataSync());
    for (const name of names) history.get(name)?.push(...need(params, name).dataSync());
  }
  const stacked = (numbers: readonly number[], shape: readonly number[] = []): Numbers => ({
    shape: [steps, ...shape],
    data: Float64Array.from(numbers),
  });
  ledger.compare("train.losses", stacked(losses));
  ledger.compare("train.grad_norms", stacked(norms), "gradient");
  for (const name of ledger.results("train.params.")) {
    // Equal changes from equal beginnings: the difference of the changes is that of the parameters.
    ledger.compare(`train.params.${name}`, stacked(history.get(name) ?? [], need(initial, name).shape), "change");
  }
}
