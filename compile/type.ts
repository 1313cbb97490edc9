// Types of tensors: a shape and one of three dtypes, in TensorFlow.js's names. Row-major layout throughout.

/** Element types. A `bool` is 0 or 1. */
export type DType = "float32" | "int32" | "bool";

export type Shape = readonly number[];

export interface TensorType {
  readonly shape: Shape;
  readonly dtype: DType;
}

export const tensorType = (shape: Shape, dtype: DType = "float32"): TensorType => ({ shape, dtype });

/** Number of elements of a shape; 1 for a scalar. */
export const sizeOf = (shape: Shape): number => shape.reduce((n, d) => n * d, 1);

/** Row-major strides, in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((d, i) => d === b[i]);

export const sameType = (a: TensorType, b: TensorType): boolean => a.dtype === b.dtype && sameShape(a.shape, b.shape);

const shortNames = { float32: "f32", int32: "i32", bool: "bool" } as const satisfies Record<DType, string>;

/** As it stands in printed graphs and error messages: `f32[16,8]`. */
export const showType = (type: TensorType): string => `${shortNames[type.dtype]}[${type.shape.join(",")}]`;

/** NumPy's broadcasting of two shapes; undefined where they do not agree. */
export function broadcastShapes(a: Shape, b: Shape): Shape | undefined {
  const rank = Math.max(a.length, b.length);
  const out: number[] = [];
  for (let i = 0; i < rank; i++) {
    const p = a[a.length - rank + i] ?? 1;
    const q = b[b.length - rank + i] ?? 1;
    if (p !== q && p !== 1 && q !== 1) return undefined;
    out.push(p === 1 ? q : p);
  }
  return out;
}

/** The numbers of a constant: one typed array a dtype, as tfjs keeps them. */
export type TypedValues = Float32Array | Int32Array | Uint8Array;

export function typedValues(dtype: DType, length: number): TypedValues {
  switch (dtype) {
    case "float32":
      return new Float32Array(length);
    case "int32":
      return new Int32Array(length);
    case "bool":
      return new Uint8Array(length);
    default:
      return dtype satisfies never;
  }
}

/** Every position of `shape` in row-major order. */
export function* pointsOf(shape: Shape): Generator<number[]> {
  const size = sizeOf(shape);
  const point = new Array<number>(shape.length).fill(0);
  for (let i = 0; i < size; i++) {
    yield [...point];
    for (let axis = shape.length - 1; axis >= 0 && ++point[axis]! === shape[axis]; axis--) point[axis] = 0;
  }
}
