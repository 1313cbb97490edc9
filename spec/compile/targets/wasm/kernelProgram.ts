// Programs of one kernel, for the specs of this folder.

import type { Kernel } from "../../../../compile/kernels/kernel.ts";
import type { Address, Program } from "../../../../compile/program/program.ts";
import { sizeOf } from "../../../../compile/type.ts";

export const at = (buffer: number, offset = 0): Address => ({ base: { buffer }, offset, strides: [] });

/** The kernel's operands are the program's inputs, its results the outputs. */
export function kernelProgram(kernel: Kernel): Program {
  const types = [...kernel.operands, ...kernel.results];
  let start = 0;
  const buffers = types.map(({ shape }) => {
    const buffer = { start, bytes: 4 * sizeOf(shape) };
    start += Math.ceil(buffer.bytes / 64) * 64;
    return buffer;
  });
  const places = types.map((type, buffer) => ({ address: at(buffer), type }));
  return {
    kernels: [kernel],
    buffers,
    pointers: 0,
    loops: 0,
    instructions: [{ kind: "call", kernel: 0, addresses: places.map((place) => place.address) }],
    inputs: places.slice(0, kernel.operands.length),
    outputs: places.slice(kernel.operands.length),
    constants: [],
    bytes: start,
  };
}
