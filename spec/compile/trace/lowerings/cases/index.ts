// All cases, by op.

import { arithmetic, logical } from "./arithmetic.ts";
import type { Cases } from "./case.ts";
import { evaluation, indexing } from "./indexing.ts";
import { basicMath } from "./math.ts";
import { fusedProducts, linearAlgebra, matrices } from "./matrices.ts";
import { allLosses, gradientKernels, networks, normalisation, pictures, signals } from "./normalisation.ts";
import { reductions, scans, segments } from "./reduction.ts";
import { creation, slicing, transformations } from "./shape.ts";

export const cases: Cases = {
  ...creation,
  ...transformations,
  ...slicing,
  ...indexing,
  ...matrices,
  ...arithmetic,
  ...basicMath,
  ...logical,
  ...reductions,
  ...scans,
  ...segments,
  ...normalisation,
  ...evaluation,
  ...linearAlgebra,
  ...allLosses,
  ...networks,
  ...fusedProducts,
  ...pictures,
  ...signals,
  ...gradientKernels,
};
