// The table of all primitives. Total: an operation of `Attrs` without an entry, or an entry without a rule, does not compile.

import type { Attrs, Op } from "../graph/graph.ts";
import { broadcastInDim } from "./broadcast_in_dim.ts";
import { checkpoint, customVjp, fused } from "./call.ts";
import { compare } from "./compare.ts";
import { concatenate } from "./concatenate.ts";
import { cond } from "./cond.ts";
import { constant } from "./constant.ts";
import { optimizationBarrier, stopGradient } from "./control.ts";
import { bitcastConvert, convert } from "./convert.ts";
import { cumulative } from "./cumulative.ts";
import { dotGeneral } from "./dot_general.ts";
import { dynamicSlice } from "./dynamic_slice.ts";
import { dynamicUpdateSlice } from "./dynamic_update_slice.ts";
import * as elementwise from "./elementwise.ts";
import { gather } from "./gather.ts";
import { halfToFloat } from "./half_to_float.ts";
import { iota } from "./iota.ts";
import { pad } from "./pad.ts";
import type { Primitive } from "./primitive.ts";
import { reduce } from "./reduce.ts";
import { reshape } from "./reshape.ts";
import { reverse } from "./reverse.ts";
import { rngBitGenerator, rngFoldIn, rngSplit } from "./rng.ts";
import { scan } from "./scan.ts";
import { scatter } from "./scatter.ts";
import { select } from "./select.ts";
import { slice } from "./slice.ts";
import { sort } from "./sort.ts";
import { transpose } from "./transpose.ts";

export const primitives: { readonly [K in Op]: Primitive<Attrs[K]> } = {
  negate: elementwise.negate,
  abs: elementwise.abs,
  sign: elementwise.sign,
  floor: elementwise.floor,
  ceil: elementwise.ceil,
  round_nearest_even: elementwise.roundNearestEven,
  sqrt: elementwise.sqrt,
  rsqrt: elementwise.rsqrt,
  exponential: elementwise.exponential,
  exponential_minus_one: elementwise.exponentialMinusOne,
  log: elementwise.log,
  log_plus_one: elementwise.logPlusOne,
  logistic: elementwise.logistic,
  tanh: elementwise.tanh,
  sine: elementwise.sine,
  cosine: elementwise.cosine,
  tan: elementwise.tan,
  asin: elementwise.asin,
  acos: elementwise.acos,
  atan: elementwise.atan,
  sinh: elementwise.sinh,
  cosh: elementwise.cosh,
  asinh: elementwise.asinh,
  acosh: elementwise.acosh,
  atanh: elementwise.atanh,
  erf: elementwise.erf,
  not: elementwise.not,
  add: elementwise.add,
  subtract: elementwise.subtract,
  multiply: elementwise.multiply,
  divide: elementwise.divide,
  remainder: elementwise.remainder,
  maximum: elementwise.maximum,
  minimum: elementwise.minimum,
  power: elementwise.power,
  atan2: elementwise.atan2,
  and: elementwise.and,
  or: elementwise.or,
  xor: elementwise.xor,
  shift_left: elementwise.shiftLeft,
  shift_right_logical: elementwise.shiftRightLogical,
  compare,
  select,
  convert,
  bitcast_convert: bitcastConvert,
  half_to_float: halfToFloat,
  constant,
  iota,
  rng_bit_generator: rngBitGenerator,
  rng_split: rngSplit,
  rng_fold_in: rngFoldIn,
  broadcast_in_dim: broadcastInDim,
  reshape,
  transpose,
  slice,
  pad,
  concatenate,
  reverse,
  reduce,
  dot_general: dotGeneral,
  cumulative,
  sort,
  gather,
  scatter,
  dynamic_slice: dynamicSlice,
  dynamic_update_slice: dynamicUpdateSlice,
  stop_gradient: stopGradient,
  optimization_barrier: optimizationBarrier,
  scan,
  cond,
  checkpoint,
  custom_vjp: customVjp,
  fused,
};
