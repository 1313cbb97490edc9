// Vectors to and from memory: neighbours, elements a stride apart or anywhere, all four lanes or the first few.

import type { Code, Local } from "./code.ts";

/** Pushes the address of a lane and returns the static offset that the access has to add. */
export type PushAddress = (lane: number) => number;

/** Pushes `lanes` elements from addresses `stride` elements apart (NaN: each at its own), zeros in the other lanes; one
 *  element in all lanes if `stride` is 0. */
export function emitLoad(code: Code, lanes: number, stride: number, at: PushAddress): void {
  if (stride === 0) code.op("v128.load32_splat", 2, at(0));
  else if (stride === 1 && lanes === 4) code.op("v128.load", 2, at(0));
  else if (stride === -1 && lanes === 4) {
    const vector = code.local("v128");
    code.op("v128.load", 2, at(3)).tee(vector).get(vector).shuffle(3, 2, 1, 0);
  } else {
    const pairs = stride === 1 && lanes >= 2;
    code.op(pairs ? "v128.load64_zero" : "v128.load32_zero", 2, at(0));
    if (lanes <= (pairs ? 2 : 1)) return;
    const vector = code.local("v128");
    code.set(vector);
    for (let lane = pairs ? 2 : 1; lane < lanes; lane++) {
      const offset = at(lane);
      code.get(vector).op("v128.load32_lane", 2, offset, lane).set(vector);
    }
    code.get(vector);
  }
}

/** Stores `lanes` lanes of what `push` leaves at addresses `stride` elements apart; one lane only if that is 0. */
export function emitStore(code: Code, lanes: number, stride: number, at: PushAddress, push: () => void): void {
  if (stride === 1 && lanes === 4) {
    const offset = at(0);
    push();
    code.op("v128.store", 2, offset);
    return;
  }
  const vector = code.local("v128");
  push();
  code.set(vector);
  const count = stride === 0 ? 1 : lanes;
  const pairs = stride === 1 && count >= 2;
  if (pairs) {
    const offset = at(0);
    code.get(vector).op("v128.store64_lane", 2, offset, 0);
  }
  for (let lane = pairs ? 2 : 0; lane < count; lane++) {
    const offset = at(lane);
    code.get(vector).op("v128.store32_lane", 2, offset, lane);
  }
}

/** Neighbours from `offset` beyond a pointer on. */
export const neighbours =
  (code: Code, pointer: Local, offset: number): PushAddress =>
  (lane) => {
    code.get(pointer);
    return offset + 4 * lane;
  };
