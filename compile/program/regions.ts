// Regions: runs of kernels in which everything stays within one row of a leading axis. Such a run goes block of rows by
// block of rows through all its kernels, so that what it computes is still in the core's own cache when it is read, and
// what only the run itself reads needs no more memory than one block. A block is an ordinary loop over the same kernels,
// made for fewer rows. Nothing here knows what the axis means: it is found in the kernels' indices.

import type { Kernel } from "../kernels/kernel.ts";
import { laterThan, scheduled } from "./order.ts";
import type { Address, Call, Instruction, UnplacedBuffer, UnplannedProgram } from "./program.ts";
import { bytesOf, rowBytes, rowsOf, stepped, withRows, type Rows } from "./rows.ts";
import { buffersAt, countUses, mapRuns, pointerTargets, withoutUnused } from "./uses.ts";

export interface RegionSizes {
  /** What a block should touch, in bytes. */
  readonly blockBytes: number;
  /** Runs that touch less than this in all rows are in cache anyway. */
  readonly leastBytes: number;
  /** A product with an operand this big that all rows share is better done for all rows at once. */
  readonly sharedBytes: number;
}

/** A block takes about half of a core's second-level cache. */
export const regionSizes: RegionSizes = { blockBytes: 256 * 1024, leastBytes: 512 * 1024, sharedBytes: 64 * 1024 };

/** The program with its regions made loops over blocks of rows. */
export function makeRegions(program: UnplannedProgram, sizes: RegionSizes = regionSizes): UnplannedProgram {
  const { blockBytes, leastBytes, sharedBytes } = sizes;
  const kernels = [...program.kernels];
  const buffers: UnplacedBuffer[] = [...program.buffers];
  const uses = countUses(program);
  const targets = pointerTargets(program);
  let loops = program.loops;

  /** Calls of which those that may join a region stand next to each other, where nothing they need stands between. */
  const gathered = (calls: readonly Call[]): readonly Call[] => {
    const kinds = calls.map((call) => joinable(call)?.count ?? 0);
    let kind = 0;
    const order = scheduled(laterThan(calls, program.kernels, targets), (ready) => {
      const next = ready.find((i) => kinds[i] === kind) ?? ready[0]!;
      kind = kinds[next]!;
      return next;
    });
    return order.map((i) => calls[i]!);
  };

  const regions = (calls: readonly Call[]): readonly Instruction[] => {
    const result: Instruction[] = [];
    let run: { readonly call: Call; readonly rows: Rows }[] = [];
    const close = (): void => {
      result.push(...block(run));
      run = [];
    };
    for (const call of gathered(calls)) {
      const rows = joinable(call);
      if (!rows) {
        close();
        result.push(call);
        continue;
      }
      if (run.length > 0 && run[0]!.rows.count !== rows.count) close();
      if (readsAcross(run, call, rows)) close();
      run.push({ call, rows });
    }
    close();
    return result;
  };

  const joinable = (call: Call): Rows | null => {
    const kernel = program.kernels[call.kernel]!;
    const rows = rowsOf(kernel);
    if (!rows || rows.numbered) return null;
    const shared = kernel.operands.some((type, i) => rows.operands[i] === 0 && bytesOf(type) > sharedBytes);
    return kernel.form.form === "contract" && shared ? null : rows;
  };

  const mayOverlap = (a: Address, b: Address): boolean => {
    const others = buffersAt(b, targets);
    return [...buffersAt(a, targets)].some((buffer) => others.has(buffer));
  };

  /** Whether a call reads otherwise than row by row what the run writes row by row. */
  const readsAcross = (run: readonly { readonly call: Call; readonly rows: Rows }[], call: Call, rows: Rows): boolean =>
    rows.operands.some((bytes, i) =>
      run.some(({ call: before, rows: written }) =>
        before.addresses
          .slice(written.operands.length)
          .some((result, j) => written.results[j] !== bytes && mayOverlap(call.addresses[i]!, result)),
      ),
    );

  const block = (run: readonly { readonly call: Call; readonly rows: Rows }[]): readonly Instruction[] => {
    if (run.length < 2) return run.map(({ call }) => call);
    const { count } = run[0]!.rows;
    const touched = new Map<string, number>();
    for (const { call, rows } of run) {
      const { operands, results } = program.kernels[call.kernel]!;
      [...operands, ...results].forEach((type, i) => {
        if (rowBytes(rows)[i] === 0) return;
        touched.set(JSON.stringify(call.addresses[i]), bytesOf(type));
      });
    }
    const all = [...touched.values()].reduce((sum, bytes) => sum + bytes, 0);
    if (all < leastBytes) return run.map(({ call }) => call);
    const size = blockSize(count, all / count, blockBytes);
    if (size === count) return run.map(({ call }) => call);

    const loop = loops++;
    const inside = countUses({ ...program, instructions: run.map(({ call }) => call), inputs: [], outputs: [] });
    const own = new Set<number>();
    for (const [buffer, n] of inside) {
      if (
        uses.get(buffer) === n &&
        isWrittenFirst(
          run.map(({ call }) => call),
          buffer,
          program.kernels,
        )
      )
        own.add(buffer);
    }
    const body = run.map(({ call, rows }): Call => {
      const kernel = program.kernels[call.kernel]!;
      const strides = rowBytes(rows);
      const addresses = call.addresses.map((address, i): Address => {
        const bytes = strides[i]! * size;
        if (bytes === 0) return address;
        if ("buffer" in address.base && own.has(address.base.buffer)) {
          buffers[address.base.buffer] = { ...buffers[address.base.buffer]!, bytes, loop };
          return address;
        }
        return stepped(address, loop, bytes);
      });
      return { kind: "call", kernel: kernels.push(withRows(kernel, rows, size)) - 1, addresses };
    });
    return [{ kind: "loop", loop, count: count / size, reverse: false, body }];
  };

  const instructions = mapRuns(program.instructions, regions);
  return { ...program, ...withoutUnused(kernels, instructions), buffers, loops };
}

/** The largest divisor of `count` whose block touches no more than a cache holds. */
function blockSize(count: number, rowBytes: number, blockBytes: number): number {
  for (let size = count; size > 1; size--) {
    if (count % size === 0 && size * rowBytes <= blockBytes) return size;
  }
  return 1;
}

/** A buffer is a run's own only if the run writes it before it reads it, at the buffer's very beginning. */
function isWrittenFirst(run: readonly Call[], buffer: number, kernels: readonly Kernel[]): boolean {
  for (const { kernel, addresses } of run) {
    const operands = kernels[kernel]!.operands.length;
    const at = addresses.findIndex(({ base }) => "buffer" in base && base.buffer === buffer);
    if (at < 0) continue;
    const { offset, strides } = addresses[at]!;
    return at >= operands && offset === 0 && strides.length === 0;
  }
  return false;
}
