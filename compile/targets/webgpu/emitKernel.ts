// The functions of a kernel: usually one; two where a second must wait for a first that fills or copies.

import type { Kernel } from "../../kernels/kernel.ts";
import { sizeOf } from "../../type.ts";
import { asReduce } from "../../program/compose.ts";
import { emitReduce } from "./emitReduce.ts";
import { emitRunning } from "./emitRunning.ts";
import { emitScatter, emitScatterBase } from "./emitScatter.ts";
import { emitSort } from "./emitSort.ts";
import { ceilDivide, fillText, mapText, pieceAt, rowMajor, signature, type KernelCode, type Team } from "./kernelCode.ts"; // prettier-ignore
import { allInArena, type Memories } from "./memory.ts";
import { emitProduct, worthTiling } from "./emitProduct.ts";

/** To be called one after the other, all invocations having met in between. `name` names the last. */
export function emitKernel(
  name: string,
  kernel: Kernel,
  team: Team,
  memories: Memories = allInArena(kernel),
): readonly KernelCode[] {
  const { form, operands, results } = kernel;
  const simple = (n: string, text: string, size: number): KernelCode => ({
    text: `${signature(n, kernel)} {\n${text}\n}`,
    scratch: { f32: 0, i32: 0 },
    groups: ceilDivide(size, team.lanes),
  });
  switch (form.form) {
    case "map":
      return [
        simple(
          name,
          mapText(team, operands, memories, form.shape, form.body, rowMajor(form.shape)),
          sizeOf(form.shape),
        ),
      ];
    case "pieces": {
      const { shape } = results[0]!;
      const text = form.pieces
        .map(
          (piece, i) =>
            `{\n${mapText(team, operands, memories, piece.shape, piece.body, pieceAt(piece.at, shape), `q${i}`)}\n}`,
        )
        .join("\n");
      const largest = Math.max(1, ...form.pieces.map((piece) => sizeOf(piece.shape)));
      const filled = form.fill === null ? [] : [simple(`${name}begin`, fillText(team, memories.results[0]!, results[0]!, form.fill), sizeOf(shape))]; // prettier-ignore
      return [...filled, simple(name, text, largest)];
    }
    case "reduce":
      return [emitReduce(name, kernel, form, team, memories)];
    case "contract":
      return [worthTiling(form, team) ? emitProduct(name, kernel, form, team, memories) : emitReduce(name, kernel, asReduce(form), team, memories)]; // prettier-ignore
    case "running":
      return [emitRunning(name, kernel, form, team, memories)];
    case "sort":
      return [emitSort(name, kernel, form, team, memories)];
    case "scatter":
      return [emitScatterBase(`${name}begin`, kernel, team, memories), emitScatter(name, kernel, form, team, memories)];
    case "sweep": // formed only for targets that say which way their lanes run
      throw new Error("internal: a sweep on WebGPU; please report this.");
    default:
      return form satisfies never;
  }
}

/** Names of the functions, in the order in which they are called. */
export const functionNames = (name: string, count: number): readonly string[] =>
  count === 2 ? [`${name}begin`, name] : [name];
