// Random programs on the device: what the graph means, however they are scheduled. Few of them, since the device may be a
// processor that plays one; RUNS=200 tries more.

import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import fc from "fast-check";
import { beforeAll, describe, test } from "vitest";
import { programKinds } from "../../../../properties/laws/programKinds.ts";
import { deviceAgrees } from "./deviceAgrees.ts";
import { gpu, titled } from "./device.ts";

beforeAll(async () => {
  await tf.setBackend("cpu");
});

describe.skipIf(!gpu)(titled("on the device"), () => {
  test.each(programKinds)("$what", async ({ program, tolerance }) => {
    await fc.assert(
      fc.asyncProperty(program, (example) => deviceAgrees(example, tolerance)),
      { numRuns: Number(process.env.RUNS ?? 8) },
    );
  });
});
