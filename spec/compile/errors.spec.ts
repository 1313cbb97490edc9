// Every mistake is answered by its own whole message, leaves no trace under way and no tensor behind.

import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  ConcretizationError,
  jit,
  LeakedTracerError,
  TypeMismatchError,
  type CodedError,
} from "../../compile/index.ts";
import { expectNumbers } from "./expectNumbers.ts";
import { mistakes } from "./mistakes/index.ts";

beforeEach(async () => {
  await tf.setBackend("cpu");
  tf.engine().startScope();
});
afterEach(() => tf.engine().endScope());

function failure(run: () => unknown): CodedError {
  try {
    run();
  } catch (error) {
    return error as CodedError;
  }
  throw new Error("no error");
}

describe("a mistake", () => {
  it.each(mistakes.map((mistake) => [mistake.title, mistake] as const))("%s", (_title, { run, message }) => {
    const error = failure(run);
    if (typeof message === "string") expect(error.message).toBe(message);
    else expect(error.message).toMatch(message);
    expect(error.code).toMatch(/^[a-z-]+$/);
    expect(tf.getBackend()).toBe("cpu");
    expectNumbers(jit((x: tf.Tensor) => tf.add(x, 1))(tf.scalar(1)), 2); // nothing is left half done
  });

  it("is caught by class where a program can go on", () => {
    const classes = { ConcretizationError, LeakedTracerError };
    for (const { error, run } of mistakes) {
      if (error in classes) expect(failure(run)).toBeInstanceOf(classes[error as keyof typeof classes]);
    }
    const carry = mistakes.find(({ error }) => error === "carryChanges")!;
    expect(failure(carry.run)).toBeInstanceOf(TypeMismatchError);
  });

  it("keeps the promise of an async read", async () => {
    let read: Promise<unknown> | undefined;
    jit((x: tf.Tensor) => {
      read = x.array();
      return x;
    })(tf.scalar(1));
    await expect(read).rejects.toThrow(ConcretizationError);
  });
});
