// The dispatches of a run, in order: steps with loops that the host counts unrolled, and long loops cut so that no dispatch
// takes longer than a budget.

import type { Step } from "./schedule.ts";
import { maximumAround, sliceWords, type Shader } from "./shader.ts";

/** A step with its modules. */
export type ReadyStep<Module> =
  | { readonly kind: "team"; readonly step: Extract<Step, { kind: "team" }>; readonly modules: readonly Module[] }
  | { readonly kind: "grid"; readonly step: Extract<Step, { kind: "grid" }>; readonly modules: readonly Module[] }
  | {
      readonly kind: "repeat";
      readonly step: Extract<Step, { kind: "repeat" }>;
      readonly body: readonly ReadyStep<Module>[];
    };

export interface Dispatch<Module> {
  readonly module: Module;
  /** Words for its uniform buffer. */
  readonly words: Int32Array;
  /** Elementary operations. */
  readonly work: number;
}

/** @param most operations of all rows together that one dispatch may have */
export function dispatchesOf<Module extends Pick<Shader, "moves">>(
  steps: readonly ReadyStep<Module>[],
  pointers: readonly [number, number],
  most: number,
): Dispatch<Module>[] {
  const dispatches: Dispatch<Module>[] = [];
  const indices = new Map<number, number>();
  let side = 0;
  const push = (module: Module, around: readonly number[], begin: number, end: number, work: number): void => {
    const words = new Int32Array(sliceWords);
    words.set([begin, end, pointers[side]!, pointers[1 - side]!]);
    around.slice(0, maximumAround).forEach((loop, i) => (words[4 + i] = indices.get(loop)!));
    dispatches.push({ module, words, work });
    if (module.moves) side = 1 - side;
  };
  const visit = (list: readonly ReadyStep<Module>[]): void => {
    for (const ready of list) {
      switch (ready.kind) {
        case "grid":
          for (const module of ready.modules) push(module, ready.step.around, 0, 1, ready.step.work);
          break;
        case "team": {
          const { around, list: instructions, sliced, rows, work } = ready.step;
          const loop = instructions.at(-1)!;
          const count = sliced && loop.kind === "loop" ? loop.count : 1;
          const each = Math.max(1, Math.min(count, Math.floor(most / (work * rows))));
          // Parts of about the same size.
          const parts = Math.ceil(count / each);
          for (let part = 0; part < parts; part++) {
            const [begin, end] = [Math.round((part * count) / parts), Math.round(((part + 1) * count) / parts)];
            for (const module of ready.modules) push(module, around, begin, end, work * rows * (end - begin));
          }
          break;
        }
        case "repeat": {
          const { loop, count, reverse } = ready.step.loop;
          for (let i = 0; i < count; i++) {
            indices.set(loop, reverse ? count - 1 - i : i);
            visit(ready.body);
          }
          break;
        }
        default:
          ready satisfies never;
      }
    }
  };
  visit(steps);
  return dispatches;
}
