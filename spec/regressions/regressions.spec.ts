// Programs that once broke a law, shrunk by fast-check, one a file as it printed itself: they keep all laws now.

import { readdirSync, readFileSync } from "node:fs";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { beforeAll, describe, test } from "vitest";
import { checkGraph } from "../../compile/graph/check.ts";
import { parseProgram } from "../../properties/arbitraries/programText.ts";
import { everyLaw } from "../../properties/laws/everyLaw.ts";

const folder = new URL("./", import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith(".txt"));

beforeAll(async () => {
  await tf.setBackend("cpu");
});

describe("regressions", () => {
  test.each(files)("%s", (name) => {
    const program = parseProgram(readFileSync(new URL(name, folder), "utf8"));
    checkGraph(program.graph);
    everyLaw(program);
  });
});
