// The total table: every tfjs kernel that traces, and what it is in primitives. A kernel that is missing here has its
// reason in ../coverage.ts.

import { arithmetic } from "./arithmetic.ts";
import { creation } from "./creation.ts";
import { indexing } from "./indexing.ts";
import type { TfjsLowering } from "./lowering.ts";
import { math } from "./math.ts";
import { normalisation } from "./normalisation.ts";
import { products } from "./product.ts";
import { reductions } from "./reduction.ts";
import { segments } from "./segment.ts";
import { shapes } from "./shape.ts";

export type { TfjsLowering };

export const tfjsLowerings: Readonly<Record<string, TfjsLowering>> = {
  ...arithmetic,
  ...creation,
  ...indexing,
  ...math,
  ...normalisation,
  ...products,
  ...reductions,
  ...segments,
  ...shapes,
};
