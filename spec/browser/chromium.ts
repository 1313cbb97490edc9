// Chromium for tests, with a processor to play the GPU.

import { existsSync } from "node:fs";
import { chromium, type Browser } from "playwright-core";

const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);

/** Why tests are skipped, for a suite's title; empty where they are not. */
export const noChromium = executablePath ? "" : " (skipped: no Chromium in /usr/bin; on Debian, apt install chromium)";
if (noChromium) process.stderr.write("Tests in a browser are skipped: there is no Chromium in /usr/bin.\n");

const withWebGPU = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--disable-gpu-watchdog"];

/** @param webgpu false: as on a machine without a GPU, where Chromium offers no adapter */
export const launchChromium = ({ webgpu = true }: { readonly webgpu?: boolean } = {}): Promise<Browser> =>
  chromium.launch({
    executablePath: executablePath!, // tests that come here are not skipped
    args: ["--no-sandbox", ...(webgpu ? withWebGPU : [])],
  });
