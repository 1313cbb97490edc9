// Sums by subgroups: lanes that a device runs together, and that add up without a barrier. A subgroup's size and which lanes
// are in it are the device's secret, and differ from pipeline to pipeline: so lanes find out when a dispatch begins.

import type { Combiner } from "../../graph/graph.ts";
import type { DType } from "../../type.ts";

/** Sizes of a device's subgroups: what none is smaller than, and what most have. */
export interface Subgroups {
  readonly least: number;
  readonly usual: number;
}

/** What a module that names any of these begins with. */
export const subgroupDirectives = "enable subgroups;\n// Only whole subgroups go different ways.\ndiagnostic(off, subgroup_uniformity);\n"; // prettier-ignore

/** This lane's place in its subgroup, and how many it has; the subgroup's place in the workgroup, and how many that has. */
export const subgroupVariables = `var<private> subLane: i32;
var<private> subLanes: i32;
var<private> subPart: i32;
var<private> subParts: i32;
`;

export const usesSubgroups = (text: string): boolean => /\bsub(Lane|Part)s?\b/.test(text);

/** Sets the variables, by way of `scratchI32`: a subgroup's place is the number of first lanes before its own. */
export const subgroupLines = (lanes: number): readonly string[] => [
  "subLane = subgroupExclusiveAdd(1i);",
  "subLanes = subgroupAdd(1i);",
  "scratchI32[lane] = select(0i, 1i, subLane == 0i);",
  "workgroupBarrier();",
  "let first = subgroupBroadcastFirst(lane);",
  `for (var l = subLane; l < ${lanes}i; l += subLanes) { subParts += scratchI32[l]; subPart += select(0i, scratchI32[l], l < first); }`,
  "subPart = subgroupAdd(subPart);",
  "subParts = subgroupAdd(subParts);",
  "workgroupBarrier();",
];

const functions = {
  add: "subgroupAdd",
  multiply: "subgroupMul",
  maximum: "subgroupMax",
  minimum: "subgroupMin",
  and: "subgroupAnd",
  or: "subgroupOr",
} as const satisfies Record<Combiner, string>;

/** `x` of a subgroup's lanes, combined. Built-in maxima of floats know no NaN: these are of bits in the order of the numbers. */
export function subgroupCombined(combiner: Combiner, dtype: DType, x: string): string {
  switch (dtype) {
    case "float32":
      if (combiner === "maximum") return `floatOfKey(subgroupMax(keyOfFloat(${x}, 0x7fc00000i)))`;
      if (combiner === "minimum") return `floatOfKey(subgroupMin(keyOfFloat(${x}, -0x7fc00001i)))`;
      return `${functions[combiner]}(${x})`;
    case "int32":
      return `${functions[combiner]}(${x})`;
    case "bool":
      return `(${combiner === "add" || combiner === "or" || combiner === "maximum" ? "subgroupMax" : "subgroupMin"}(select(0i, 1i, ${x})) != 0i)`;
    default:
      return dtype satisfies never;
  }
}
