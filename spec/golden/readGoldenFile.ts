// Golden vectors from the disk.

import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { goldenFileOf, type GoldenFile } from "./goldenFile.ts";

/** @throws where the file cannot be read, and as `goldenFileOf` */
export const readGoldenFile = (path: string): GoldenFile => goldenFileOf(basename(path), readFileSync(path));
