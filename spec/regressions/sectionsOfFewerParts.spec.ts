// A section of fewer parts than there are threads woke as many threads as it had parts for others, whichever they were:
// one without a part could be woken in place of one with a part, which slept on, waited for by all. Nor was a thread
// without a part waited for: late, it found the next section in its place, and did its part there twice.

import { describe, expect, it } from "vitest";
import { GraphBuilder } from "../../compile/graph/build.ts";
import { lowerGraph } from "../../compile/program/lower.ts";
import type { Instruction } from "../../compile/program/program.ts";
import { compileWasm } from "../../compile/targets/wasm/wasm.ts";
import { sizeOf, tensorType } from "../../compile/type.ts";

const [few, many, long] = [tensorType([2, 4]), tensorType([6, 4]), tensorType([20_000])];

/** A section of six rows, then a loop whose step has a section of two, and one thread's work during which others fall asleep. */
function program(): ReturnType<GraphBuilder["graph"]> {
  const b = new GraphBuilder();
  const inputs = [few, many, long].map((type) => b.input(type));
  const [x, y, z] = [inputs[0]!, inputs[1]!, inputs[2]!];
  const rows = b.tanh(b.add(y, b.reverse(y, [1])));
  const body = b.subgraph([few, long], (inner, [p, q]) => {
    const [sorted] = inner.sort(inner.sine(q!), true);
    const top = inner.reshape(inner.slice(sorted, [0], [1]), []);
    return [inner.tanh(inner.add(p!, top)), sorted];
  });
  const results = b.emit("scan", [x, z], { body, constants: 0, carry: 2, length: 5, reverse: false });
  return b.graph(inputs, [rows, ...results]);
}

describe("sections of fewer parts than threads", () => {
  it("keep all threads in step", async () => {
    const graph = program();
    const shared = lowerGraph(graph, 3, { leastWork: 0, leastBytes: Infinity, blockBytes: 1, sharedBytes: 1 });
    const parts = (list: readonly Instruction[]): number[] =>
      list.flatMap((it) => (it.kind === "parallel" ? [it.parts.length] : it.kind === "loop" ? parts(it.body) : []));
    expect(new Set(parts(shared.instructions))).toEqual(new Set([2, 3]));

    const inputs = [few, many, long].map(({ shape }) =>
      Float32Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(i)),
    );
    const alone = compileWasm(lowerGraph(graph)).run(inputs);
    const together = compileWasm(shared);
    await new Promise((resolve) => setTimeout(resolve, 300)); // workers start while the event loop turns
    for (let run = 0; run < 5; run++) expect(together.run(inputs)).toEqual(alone);
  });
});
