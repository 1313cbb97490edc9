// The page in a browser: click start, and the loss falls. Skipped, with the reason, where there is no Chromium.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { createServer, type ViteDevServer } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchChromium, noChromium } from "../../browser/chromium.ts";
import { root } from "../../house/modules.ts";

describe.skipIf(noChromium)(`the page${noChromium}`, () => {
  let server: ViteDevServer;
  let browser: Browser;
  let url: string;

  beforeAll(async () => {
    server = await createServer({ configFile: join(root, "examples/page/vite.config.ts"), logLevel: "error", server: { port: 0, hmr: false, watch: null } }); // prettier-ignore
    await server.listen();
    url = server.resolvedUrls!.local[0]!;
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  /** Starts training, waits until the loss is well below the first, and returns what the page says it runs on. */
  async function trained(query: string, picture: string): Promise<string> {
    const page = await browser.newPage({ viewport: { width: 900, height: 700 } });
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    await page.goto(url + query);
    await page.locator("#start[data-ready]").click();
    await page.waitForFunction(
      () => {
        const { step, loss, first, failed } = document.getElementById("status")!.dataset;
        return failed !== undefined || (Number(step) >= 10 && Number(loss) < 0.85 * Number(first));
      },
      undefined,
      { timeout: 240_000 },
    );
    const folder = join(root, "runs");
    mkdirSync(folder, { recursive: true });
    await page.screenshot({ path: join(folder, picture) });
    const status = page.locator("#status");
    expect(await status.getAttribute("data-failed"), await status.textContent() ?? "").toBeNull(); // prettier-ignore
    expect(errors).toEqual([]);
    // It may have learned all there is by now, and then there is nothing to stop.
    const stop = page.locator("#stop");
    if (await stop.isEnabled()) await stop.click({ timeout: 5_000 }).catch(() => {});
    const words = (await page.locator("#target").textContent()) ?? "";
    await page.close();
    return words;
  }

  it("trains on WebGPU", { timeout: 300_000 }, async () => {
    expect(await trained("", "page-webgpu.png")).toMatch(/^Running on WebGPU \(.+\)$/);
  });
  it("trains in WebAssembly with threads where WebGPU is passed over", { timeout: 300_000 }, async () => {
    expect(await trained("?target=wasm", "page-wasm.png")).toMatch(
      /^Running on WebAssembly, \d+ threads \(as asked\)$/,
    );
  });
});
