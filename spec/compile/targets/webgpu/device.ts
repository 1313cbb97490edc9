// The device of a spec file, made before its tests are collected; destroyed when they are done.

import { afterAll } from "vitest";
import type { WebGPU } from "../../../../compile/index.ts";
import { deviceOrReason } from "./adapter.ts";

const made = await deviceOrReason();

/** Null where tests must be skipped; the reason has been printed. */
export const gpu: WebGPU | null = typeof made === "string" ? null : made;

/** Puts the reason, if tests are skipped, into a suite's title. */
export const titled = (title: string): string => (typeof made === "string" ? `${title} (skipped: ${made})` : title);

if (typeof made === "string") process.stderr.write(`Skipped, since there is no WebGPU: ${made}\n`);

afterAll(() => gpu?.destroy());
