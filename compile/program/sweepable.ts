// What a kernel computes at each point of its loops, as parts of a sweep: its axes in the order in which what it reads
// lies in memory, those of size 1 left out.

import { constantIndex, axisIndex, type Affine, type Scalar } from "../kernels/scalar.ts";
import type { Kernel, SweepPart } from "../kernels/kernel.ts";
import { flatten } from "../kernels/nodes.ts";
import { sizeOf, type Shape } from "../type.ts";
import { composeIndex, loadsOf, withIndices } from "./compose.ts";

/** Whether a target's lanes run along the innermost reduced axis of a kernel, or of a product along k; null if that is not
 *  for a sweep to do. A sweep keeps to it: the order in which terms are summed must not depend on what shares a sweep. */
export type LanesAlong = (kernel: Kernel) => boolean | null;

export interface SweepRules {
  readonly along: LanesAlong;
  /** Tensors of fewer points stay in the second cache between the kernels that read them: these are faster alone. */
  readonly leastPoints: number;
}

export interface Sweepable {
  readonly shape: Shape;
  readonly parts: readonly SweepPart[];
}

/** A product's side with so few rows is a sum for each of them. */
const fewRows = 8;

/** How a kernel of at least so many points goes in a sweep; null if it does not. */
export function sweepable(kernel: Kernel, { along, leastPoints }: SweepRules): Sweepable | null {
  const swept = inSweep(kernel, along);
  return swept && sizeOf(swept.shape) >= leastPoints ? swept : null;
}

function inSweep(kernel: Kernel, along: LanesAlong): Sweepable | null {
  const { form } = kernel;
  switch (form.form) {
    case "map": {
      const axes = Array.from(form.shape.keys());
      const part = {
        result: 0,
        at: axes.map((axis) => axisIndex(axis)),
        combiner: null,
        body: form.body,
        factor: null,
      };
      return inOrder(kernel, form.shape, axes, [part]);
    }
    case "reduce": {
      const lanes = along(kernel);
      if (lanes === null) return null;
      const at = form.shape.map((_, axis) => axisIndex(axis));
      const part = { result: 0, at, combiner: form.combiner, body: form.body, factor: null };
      const sizes = [...form.shape, ...form.reduced];
      const swept = inOrder(kernel, sizes, orderOf(kernel, sizes, [form.body]), [part]);
      return swept && reducesRightly(swept, lanes) ? swept : null;
    }
    case "contract": {
      const lanes = along(kernel);
      const swept = lanes === null ? null : sweptProduct(kernel, form);
      return swept && reducesRightly(swept, lanes!) ? swept : null;
    }
    default:
      return null;
  }
}

/** A product of a matrix and a few rows. */
function sweptProduct(
  kernel: Kernel,
  { batch, m, n, k, lhs, rhs }: Extract<Kernel["form"], { form: "contract" }>,
): Sweepable | null {
  const left = sizeOf(m) >= sizeOf(n); // the matrix
  const [free, few, matrix, other] = left ? [m, n, lhs, rhs] : [n, m, rhs, lhs];
  const rows = sizeOf(few);
  if (rows > fewRows || few.filter((size) => size > 1).length > 1) return null; // rows of one axis, one stride apart
  const [b, f] = [batch.length, batch.length + free.length];
  const sizes = [...batch, ...free, ...k];
  const here = (count: number, from = 0): Affine[] => Array.from({ length: count }, (_, i) => axisIndex(from + i));
  const fewAxes = here(few.length, sizes.length);
  const moving = here(free.length, b);
  const part: SweepPart = {
    result: 0,
    at: [...here(b), ...(left ? [...moving, ...fewAxes] : [...fewAxes, ...moving])],
    combiner: "add",
    body: matrix,
    factor: { rows: few, body: withIndices(other, [...here(b), ...fewAxes, ...here(k.length, f)]) },
  };
  const swept = inOrder(kernel, sizes, orderOf(kernel, sizes, [matrix]), [part]);
  // Lanes along the columns of the result want the matrix on the right.
  const across = swept?.parts[0]!.at.some((index) => index.coefficients[swept.shape.length - 1]);
  return across && left && rows > 1 ? null : swept;
}

/** The axes by how far apart elements lie in the load that moves along most of them; null if none moves along all. */
function orderOf(kernel: Kernel, sizes: Shape, bodies: readonly Scalar[]): readonly number[] | null {
  const wide = Array.from(sizes.keys()).filter((axis) => sizes[axis]! > 1);
  for (const load of loadsOf(bodies)) {
    const position = flatPosition(load.index, kernel.operands[load.operand]!.shape);
    if (position && wide.every((axis) => (position.coefficients[axis] ?? 0) > 0)) {
      return wide.sort((a, b) => position.coefficients[b]! - position.coefficients[a]!);
    }
  }
  return null;
}

/** The parts with their axes in `order`. Null if lanes along the last of them would not load neighbours. */
function inOrder(
  kernel: Kernel,
  sizes: Shape,
  order: readonly number[] | null,
  parts: readonly SweepPart[],
): Sweepable | null {
  if (!order || sizeOf(sizes) === 0 || kernel.results.some(({ dtype }) => dtype !== "float32")) return null;
  const kept = order.filter((axis) => sizes[axis]! > 1);
  if (kept.length < 2) return null;
  const few = Array.from({ length: parts[0]!.factor?.rows.length ?? 0 }, (_, i) => axisIndex(kept.length + i));
  const indices = [...sizes.map((size, axis) => (size > 1 ? axisIndex(kept.indexOf(axis)) : constantIndex(0))), ...few];
  const turned = parts.map((part): SweepPart => ({
    ...part,
    at: part.at.map((index) => composeIndex(index, indices)),
    body: withIndices(part.body, indices),
    factor: part.factor && { ...part.factor, body: withIndices(part.factor.body, indices) },
  }));
  const last = kept.length - 1;
  const near = loadsOf(turned.map(({ body }) => body)).every(({ operand, index }) => {
    const position = flatPosition(index, kernel.operands[operand]!.shape);
    return position !== null && [0, 1, undefined].includes(position.coefficients[last]);
  });
  const stored = turned.every(({ result, at }) =>
    [0, 1, undefined].includes(flatPosition(at, kernel.results[result]!.shape)!.coefficients[last]),
  );
  return near && stored ? { shape: kept.map((axis) => sizes[axis]!), parts: turned } : null;
}

/** Whether sums run as the lanes want: over the last axis alone; or over others than the last, a product's over the one
 *  before it, which strips are made of. */
function reducesRightly({ shape, parts }: Sweepable, along: boolean): boolean {
  const last = shape.length - 1;
  return parts.every(({ at, factor }) => {
    const reduced = Array.from(shape.keys()).filter((axis) => !at.some((index) => index.coefficients[axis]));
    if (along) return reduced.length === 1 && reduced[0] === last;
    return factor ? reduced.length === 1 && reduced[0] === last - 1 : reduced.length > 0 && !reduced.includes(last);
  });
}

/** The same with axes split, so that it has this shape; null if none of its axes are those of the shape, several taken as one. */
export function inShape({ shape, parts }: Sweepable, finer: Shape): Sweepable | null {
  const indices: Affine[] = [];
  let axis = 0;
  for (const size of shape) {
    const first = axis;
    let points = 1;
    while (axis < finer.length && points < size) points *= finer[axis++]!;
    if (points !== size) return null;
    const coefficients = new Array<number>(axis).fill(0);
    for (let d = axis - 1, stride = 1; d >= first; stride *= finer[d--]!) coefficients[d] = stride;
    indices.push({ offset: 0, coefficients });
  }
  if (axis !== finer.length) return null;
  const few = Array.from({ length: parts[0]!.factor?.rows.length ?? 0 }, (_, i) => axisIndex(finer.length + i));
  const all = [...indices, ...few];
  return {
    shape: finer,
    parts: parts.map((part) => ({
      ...part,
      at: part.at.map((index) => composeIndex(index, all)),
      body: withIndices(part.body, all),
      factor: part.factor && { ...part.factor, body: withIndices(part.factor.body, all) },
    })),
  };
}

/** The expressions that a part is computed from. */
export const bodiesOf = ({ body, factor }: SweepPart): readonly Scalar[] => (factor ? [body, factor.body] : [body]);

/** Position in a row-major tensor, in elements; null where an index is computed. */
export function flatPosition(index: readonly (Affine | Scalar)[], shape: Shape): Affine | null {
  const { affine, terms } = flatten(index, shape);
  return terms.length === 0 ? affine : null;
}
