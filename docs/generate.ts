// Writes the pages of this folder that are generated from code.

import * as tf from "@tensorflow/tfjs-core";
import { writeFileSync } from "node:fs";
import { coverageTable } from "../compile/trace/coverageTable.ts";

// tfjs-core exports each kernel's name under itself.
const kernels = Object.entries(tf).flatMap(([name, value]) => (value === name ? [name] : []));
writeFileSync(new URL("traceable-ops.md", import.meta.url), coverageTable(kernels));
