// How the threads of a run meet: main asks for help with a section and waits for its parts, the others serve. Waiting threads
// look for a while, then sleep. Where the machine has other things to do, and a thread that has a part no core, main goes on
// alone for a time: results are the same.

import type { Instruction, Program } from "../../program/program.ts";
import { sumOver } from "../../program/uses.ts";
import { workOf } from "../../program/work.ts";
import { Code } from "./code.ts";
import type { Func } from "./encode.ts";
import { controls, helpedAsleep } from "./memory.ts";

/** Rounds that a waiting thread looks again before it sleeps, at least, and about how many of them take a microsecond. */
const [patience, roundsPerMicrosecond] = [20_000, 2500];

/** Sections that main does alone before it asks again; and how many before that it wakes the others, which takes them a while. */
const restFor = 1024;
export const wakeUp = 8;

/** What a section that main lost patience in weighs against one where it did not, and how much of it is too much: one
 *  in ten or so. A system pauses threads now and then, one section in thousands; where others want its cores, many in a row. */
const [weight, mostWaits] = [16, 160];

/** Operations and bytes that a slow kernel gets through in a microsecond. */
const workPerMicrosecond = 4000;

/** Rounds for which main has patience with a section's parts: about as long as the longest takes. */
export function patienceFor({ kernels }: Program, parts: readonly (readonly Instruction[])[]): number {
  const work = parts.map((part) =>
    sumOver(part, (one) => {
      if (one.kind !== "call") return 0;
      const { flop, bytes } = workOf(kernels[one.kernel]!);
      return flop + bytes;
    }),
  );
  const rounds = (roundsPerMicrosecond * Math.max(...work)) / workPerMicrosecond;
  return Math.ceil(Math.min(patience + rounds, 2 ** 31 - 1));
}

/** `wait(helped, patience)`: waits until so many parts are done. Returns for how many sections to go on alone: some, where it has
 *  lost patience too often, which it tells the caller of `main`, too. */
export function emitWait(parts: number): Func {
  const code = new Code("wait", { params: ["i32", "i32"], results: ["i32"] });
  const [helped, tries] = [0, 1];
  const [done, lost, waits, rest] = [code.local("i32"), code.local("i32"), code.local("i32"), code.local("i32")];
  code.op("block").op("loop");
  code.i32(controls.done).op("i32.atomic.load", 2, 0).tee(done).i32(parts).op("i32.ge_s").op("br_if", 1);
  code.get(tries).op("if");
  code.get(tries).i32(-1).op("i32.add").set(tries);
  code.op("else").i32(weight).set(lost);
  // A thread that may not sleep, as a page's own, goes on looking.
  code.get(helped).i32(helpedAsleep).op("i32.eq").op("if");
  code.i32(controls.done).get(done).op("i64.const", -1).op("memory.atomic.wait32", 2, 0).op("drop");
  code.op("end").op("end").op("br", 0).op("end").op("end");
  code.i32(controls.waits).op("i32.load", 2, 0).tee(waits).get(lost).op("i32.add");
  code.get(waits).i32(0).op("i32.gt_s").op("i32.sub").tee(waits);
  code.i32(mostWaits).op("i32.gt_s").tee(rest).op("if");
  code.i32(0).set(waits).i32(restFor).set(rest);
  code.i32(controls.crowded).i32(1).op("i32.store", 2, 0);
  code.op("end").i32(controls.waits).get(waits).op("i32.store", 2, 0).get(rest);
  return code.finish();
}

/** `serve(thread, generation)`: what another thread does during a run: waits for the generation to change, does its part
 *  of the section that stands there if it has one, says so; until there stands a negative one. */
export function emitServe(sections: readonly (readonly number[])[]): Func {
  const code = new Code("serve", { params: ["i32", "i32"], results: [] });
  const [thread, generation] = [0, 1];
  const [section, tries] = [code.local("i32"), code.local("i32")];
  const look = (): void => void code.i32(patience).set(tries);
  code.op("loop");
  look();
  code.op("block").op("loop");
  code.i32(controls.generation).op("i32.atomic.load", 2, 0).get(generation).op("i32.ne").op("br_if", 1);
  code.get(tries).op("if");
  code.get(tries).i32(-1).op("i32.add").set(tries);
  code.op("else");
  code.i32(controls.generation).get(generation).op("i64.const", -1).op("memory.atomic.wait32", 2, 0).op("drop");
  look();
  code.op("end").op("br", 0).op("end").op("end");
  code.get(generation).i32(1).op("i32.add").set(generation);
  code
    .i32(controls.section)
    .op("i32.atomic.load", 2, 0)
    .tee(section)
    .i32(0)
    .op("i32.lt_s")
    .op("if")
    .op("return")
    .op("end");
  sections.forEach((parts, s) => {
    code.get(section).i32(s).op("i32.eq").op("if");
    parts.forEach((part, p) => {
      code
        .get(thread)
        .i32(p + 1)
        .op("i32.eq")
        .op("if")
        .op("call", part)
        .op("end");
    });
    code.op("end");
  });
  code.i32(controls.done).i32(1).op("i32.atomic.rmw.add", 2, 0).op("drop");
  code.i32(controls.done).i32(1).op("memory.atomic.notify", 2, 0).op("drop");
  code.op("br", 0).op("end");
  return code.finish();
}
