// In a browser as in Node: golden vectors, random programs and gradients, on WebGPU and by WebAssembly. Skipped, with the
// reason, where there is no Chromium.

import { createServer, mergeConfig, type ViteDevServer } from "vite";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import pageConfig from "../../examples/page/vite.config.ts";
import { root } from "../house/modules.ts";
import { launchChromium, noChromium } from "./chromium.ts";
import type { Tried } from "./tried.ts";

/** In the page. */
declare const tried: Tried;

describe.skipIf(noChromium)(`in a browser${noChromium}`, () => {
  let server: ViteDevServer;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    const own = { root: import.meta.dirname, configFile: false, cacheDir: `${root}/node_modules/.vite-spec`, optimizeDeps: { include: ["fast-check"] } } as const; // prettier-ignore
    server = await createServer(mergeConfig(pageConfig, { ...own, logLevel: "error", server: { port: 0, hmr: false, watch: null } })); // prettier-ignore
    await server.listen();
    browser = await launchChromium();
    page = await browser.newPage();
    page.setDefaultTimeout(240_000);
    await page.goto(server.resolvedUrls!.local[0]!);
    await page.waitForFunction(() => document.title === "ready");
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  it("there is an adapter, and threads may share memory", async () => {
    expect(await page.evaluate(() => tried.adapter())).not.toBe("");
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  });

  it("subgroups are asked for where the adapter has them, and sums are right", async () => {
    const { asked, sums } = await page.evaluate(() => tried.subgroups());
    expect(asked).toBe(true);
    expect(sums).toBeLessThan(1e-5);
  });

  it.each([
    ["access_r2_zero", "webgpu"],
    ["access_r2_zero", "wasm"],
    ["dnc_momentum_clipped", "wasm"],
    ["pieces", "wasm"],
  ] as const)("golden vectors: %s on %s", { timeout: 300_000 }, async (name, target) => {
    const { failures, compared, all } = await page.evaluate(([file, on]) => tried.golden(file, on), [name, target] as const); // prettier-ignore
    expect(failures).toEqual([]);
    expect(compared).toBe(all);
  });

  it.each([0, 1, 2])("random programs on WebGPU, kind %i", { timeout: 300_000 }, async (kind) => {
    expect(await page.evaluate((k) => tried.programs(k, 2016, 4), kind)).not.toBe("");
  });

  it("gradients of a DNC", { timeout: 300_000 }, async () => {
    const { webgpu, wasm } = await page.evaluate(() => tried.gradients());
    expect(webgpu).toBeLessThan(1e-4);
    expect(wasm).toBeLessThan(1e-4);
  });
});
