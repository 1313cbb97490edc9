// Loop forms: what primitives lower to and targets emit. A form says which elements are computed from which,
// over which axes; how loops are ordered, tiled, vectorised or run in parallel is the target's affair.
// All tensors are contiguous, row-major; an element takes 4 bytes whatever its dtype (a bool is 0 or 1).

import type { Combiner } from "../graph/graph.ts";
import type { Shape, TensorType } from "../type.ts";
import type { Affine, Scalar } from "./scalar.ts";

/** `result[at(i)] = body(i)` for i in `shape`: one block of a result that is put together from several. */
export interface Piece {
  readonly shape: Shape;
  readonly body: Scalar;
  /** One index a dimension of the result, affine in the piece's axes. */
  readonly at: readonly Affine[];
}

export type LoopForm =
  /** The result has the bytes of operand `operand`: nothing is computed. */
  | { readonly form: "alias"; readonly operand: number }
  /** `result[i] = body(i)`, i over `shape`, the result's own shape. */
  | { readonly form: "map"; readonly shape: Shape; readonly body: Scalar }
  /** Every element of the result is `fill` where no piece writes it. Pieces do not overlap. `fill` is null where pieces cover all. */
  | { readonly form: "pieces"; readonly fill: number | null; readonly pieces: readonly Piece[] }
  /** `result[i] = combine over k of body(i, k)`: axes of `shape` first, then those of `reduced`. */
  | {
      readonly form: "reduce";
      readonly shape: Shape;
      readonly reduced: Shape;
      readonly combiner: Combiner;
      readonly body: Scalar;
    }
  /** `result[b, m, n] = Σ_k lhs(b, m, k) · rhs(b, n, k)`. Axes of lhs: batch, m, k; of rhs: batch, n, k. The result's
   *  shape is batch, then m, then n. */
  | {
      readonly form: "contract";
      readonly batch: Shape;
      readonly m: Shape;
      readonly n: Shape;
      readonly k: Shape;
      readonly lhs: Scalar;
      readonly rhs: Scalar;
    }
  /** Running combination along axis `dimension` of `shape`; `body` gives the element to combine. */
  | {
      readonly form: "running";
      readonly shape: Shape;
      readonly dimension: number;
      readonly combiner: "add" | "multiply";
      readonly exclusive: boolean;
      readonly reverse: boolean;
      readonly body: Scalar;
    }
  /** Two results: the elements of operand 0 sorted along its last axis, stably, NaN last; and the int32 positions they came from. */
  | { readonly form: "sort"; readonly shape: Shape; readonly descending: boolean }
  /** The result starts as operand 0; then, for i over `shape` in row-major order, where `inRange(i)`:
   *  `result[at(i)] combined with body(i)`. Indices may repeat; `set` keeps the last. */
  | {
      readonly form: "scatter";
      readonly combiner: "add" | "set";
      readonly shape: Shape;
      readonly inRange: Scalar;
      readonly at: readonly (Affine | Scalar)[];
      readonly body: Scalar;
    };

/** What a sweep computes of each point: `results[result][at(i)]`, combined over all points of one place. */
export interface SweepPart {
  readonly result: number;
  /** One index a dimension of the result; axes that none depends on are reduced. */
  readonly at: readonly Affine[];
  /** Null where there is one point a place. */
  readonly combiner: Combiner | null;
  readonly body: Scalar;
  /** Where the part is a product: the body times this, for each row of a few; their axes come behind the sweep's. */
  readonly factor: { readonly rows: Shape; readonly body: Scalar } | null;
}

/** Several maps, reductions and products in one walk over the points of `shape`: what they read in common is read once,
 *  and what one of them computes for another at the same point need not be stored. */
export interface Sweep {
  readonly form: "sweep";
  readonly shape: Shape;
  readonly parts: readonly SweepPart[];
}

/** Loop form of a primitive: `operand` numbers in it count the equation's inputs. */
export type Lowering<A> = (inputs: readonly TensorType[], attrs: A, results: readonly TensorType[]) => LoopForm;

/** A loop form on its own: after fusion, `operand` counts `operands`. */
export interface Kernel {
  /** For profiles and messages: names of the primitives in it. */
  readonly name: string;
  readonly form: Exclude<LoopForm, { readonly form: "alias" }> | Sweep;
  readonly operands: readonly TensorType[];
  readonly results: readonly TensorType[];
}
