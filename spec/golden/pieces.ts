// `pieces`: every addressing function by itself, with gradients by each input.
import * as tf from "@tensorflow/tfjs-core";
import { vjp } from "../../compile/index.ts";
import {
  allocationWeighting,
  allocationWeightings,
  nextUsage,
  retention,
  type AllocationOptions,
} from "../../src/dnc/allocation.ts";
import { contentWeighting, strengths } from "../../src/dnc/content.ts";
import { lstmLayer } from "../../src/dnc/controller.ts";
import { backwardWeightings, forwardWeightings, nextLinks, nextPrecedence } from "../../src/dnc/linkage.ts";
import { readWeighting } from "../../src/dnc/read.ts";
import { writeMemory, writeWeighting } from "../../src/dnc/write.ts";
import type { Compile } from "./compile.ts";
import { need, type Group } from "./goldenFile.ts";
import { lstmLayerParams, namedReadModes } from "./layout.ts";
import { numbersFrom, type Ledger } from "./ledger.ts";

type Piece = (inputs: Group) => Group;
type Strength = "softplus" | "oneplus";

const content =
  (kind: Strength): Piece =>
  (x) => ({
    weights: contentWeighting(need(x, "memory"), need(x, "keys"), strengths(need<tf.Tensor2D>(x, "strengths"), kind)),
  });

const usage =
  (gradient: "full" | "stopped"): Piece =>
  (x) => {
    const psi = retention(need(x, "free_gate"), need(x, "read_weights"));
    return { usage: nextUsage(need(x, "prev_usage"), need(x, "write_weights"), psi, gradient) };
  };

const allocation =
  (options: AllocationOptions): Piece =>
  (x) => ({
    allocation:
      "write_gates" in x
        ? allocationWeightings(need(x, "usage"), need(x, "write_gates"), options)
        : allocationWeighting(need(x, "usage"), options),
  });

const writing =
  (kind: Strength): Piece =>
  (x) => {
    const [allocationGate, writeGate] = [need<tf.Tensor2D>(x, "allocation_gate"), need<tf.Tensor2D>(x, "write_gate")];
    const beta = strengths(need<tf.Tensor2D>(x, "write_strengths"), kind);
    const byContent = contentWeighting(need(x, "memory"), need(x, "write_keys"), beta);
    const byAllocation = allocationWeightings(need(x, "usage"), tf.mul(allocationGate, writeGate));
    return { write_weights: writeWeighting(byAllocation, byContent, allocationGate, writeGate) };
  };

const memoryWrite: Piece = (x) => ({
  memory: writeMemory(need(x, "memory"), need(x, "write_weights"), need(x, "erase"), need(x, "write_vectors")),
});

const links: Piece = (x) => ({
  link: nextLinks(need(x, "prev_link"), need(x, "prev_precedence"), need(x, "write_weights")),
  precedence: nextPrecedence(need(x, "prev_precedence"), need(x, "write_weights")),
});

const directional: Piece = (x) => ({
  forward: forwardWeightings(need(x, "link"), need(x, "prev_read_weights")),
  backward: backwardWeightings(need(x, "link"), need(x, "prev_read_weights")),
});

const reading =
  (kind: Strength): Piece =>
  (x) => {
    const [link, last] = [need<tf.Tensor4D>(x, "link"), need<tf.Tensor3D>(x, "prev_read_weights")];
    const beta = strengths(need<tf.Tensor2D>(x, "read_strengths"), kind);
    const byContent = contentWeighting(need(x, "memory"), need(x, "read_keys"), beta);
    const modes = namedReadModes(need(x, "read_mode"));
    return {
      read_weights: readWeighting(modes, backwardWeightings(link, last), byContent, forwardWeightings(link, last)),
    };
  };

const lstm: Piece = (x) => {
  const hidden = need<tf.Tensor2D>(x, "hidden");
  const z = tf.concat([need<tf.Tensor2D>(x, "x"), hidden], 1);
  const next = lstmLayer(lstmLayerParams(need(x, "w"), need(x, "b")), { hidden, cell: need(x, "cell") }, z);
  return { hidden: next.hidden, cell: next.cell };
};

/** The ways in which we compute each piece: all must meet the vectors. `_writesK` after a name changes sizes alone. */
const pieces: { readonly [name: string]: readonly Piece[] } = {
  content_softplus: [content("softplus")],
  content_oneplus: [content("oneplus")],
  usage: [usage("full")],
  usage_stopped: [usage("stopped")],
  usage_zero_factors: [usage("full")],
  allocation: [allocation({ form: "compare" }), allocation({ form: "sort" })],
  allocation_exact: [allocation({ epsilon: 0 })],
  write_weighting_softplus: [writing("softplus")],
  write_weighting_oneplus: [writing("oneplus")],
  memory_write: [memoryWrite],
  memory_write_zero_factors: [memoryWrite],
  links: [links],
  directional: [directional],
  read_weighting_softplus: [reading("softplus")],
  read_weighting_oneplus: [reading("oneplus")],
  lstm: [lstm],
};

/** Every piece of the file: values, and gradients of `Σ out ∘ cotangent`. */
export function replayPieces(ledger: Ledger, names: Iterable<string>, compile: Compile): void {
  for (const name of new Set([...names].map((array) => array.split(".", 1)[0] ?? ""))) {
    const ways = pieces[name.replace(/_writes\d+$/, "")];
    if (ways === undefined) throw new Error(`unknown piece "${name}"`);
    for (const way of ways) replayPiece(ledger, name, way, compile);
  }
}

function replayPiece(ledger: Ledger, name: string, piece: Piece, compile: Compile): void {
  const run = compile((inputs: Group, cotangents: Group) => {
    const { value, pullback } = vjp(piece, inputs);
    return { value, gradients: pullback(cotangents)[0] };
  });
  const { value, gradients } = run(ledger.given(`${name}.in.`), ledger.given(`${name}.cotangent.`));
  for (const output of ledger.results(`${name}.out.`)) {
    ledger.compare(`${name}.out.${output}`, numbersFrom(need(value, output)));
  }
  for (const input of ledger.results(`${name}.grad.`)) {
    ledger.compare(`${name}.grad.${input}`, numbersFrom(need(gradients, input)), "gradient");
  }
}
