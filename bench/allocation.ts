// node --import tsx -C engram-source bench/allocation.ts
//
// Where sorting the free list overtakes comparing all pairs: microseconds a row of the batch, on one thread, in Markdown.

import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { allocationWeighting } from "engram";
import { jit, random, valueAndGrad } from "engram/compile";
import { digits, markdownTable, type Column } from "./table.ts";

type Form = "compare" | "sort";

/** Usage of all rows together, so that small ones are not timed by the clock's own steps. */
const elements = 4096;

function microseconds(locations: number, form: Form, train: boolean): number {
  const rows = Math.max(1, Math.floor(elements / locations));
  const draw = (key: number) => random.uniform(random.key(key), [rows, locations]) as tf.Tensor2D;
  const [usage, weights] = [draw(1), draw(2)];
  const loss = (u: tf.Tensor2D): tf.Scalar => tf.sum(tf.mul(allocationWeighting(u, { form }), weights));
  const f = train ? jit(valueAndGrad(loss)) : jit(loss);
  return (1000 * f.compile(usage).profile().ms) / rows; // a profile is of one thread
}

const columns: readonly Column<number>[] = [
  { title: "locations", of: String },
  ...([false, true] as const).flatMap((train) =>
    (["compare", "sort"] as const).map((form) => ({
      title: `${form}, ${train ? "with gradient" : "forward"}`,
      of: (locations: number) => digits(microseconds(locations, form, train)),
    })),
  ),
];

console.log(markdownTable(columns, [16, 64, 128, 256, 512, 1024, 2048, 4096]));
