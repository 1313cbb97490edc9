// The page in a browser: click start, and the loss falls, on WebGPU and on what stands in for it. Skipped, with the reason,
// where there is no Chromium.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { createServer, type ViteDevServer } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchChromium, noChromium } from "../../browser/chromium.ts";
import { root } from "../../house/modules.ts";

let server: ViteDevServer;
let url: string;

beforeAll(async () => {
  server = await createServer({ configFile: join(root, "examples/page/vite.config.ts"), logLevel: "error", server: { port: 0, hmr: false, watch: null } }); // prettier-ignore
  await server.listen();
  url = server.resolvedUrls!.local[0]!;
});
afterAll(() => server?.close());

interface Trained {
  /** What the page says it runs on. */
  readonly words: string;
  /** Threads beside the page's own. */
  readonly workers: number;
  readonly isIsolated: boolean;
}

/** Starts training in a new page, and waits until the loss is well below the first.
 *  @param picture a screenshot's name in the folder `runs`
 *  @param prepare what the page must find when it loads */
async function trained(
  browser: Browser,
  query: string,
  picture: string,
  prepare?: (page: Page) => Promise<void>,
): Promise<Trained> {
  const page = await browser.newPage({ viewport: { width: 900, height: 700 } });
  await prepare?.(page);
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
  const [workers, isIsolated] = [page.workers().length, await page.evaluate(() => crossOriginIsolated)];
  await page.close();
  return { words, workers, isIsolated };
}

/** In the page: the devices that it made, and the steps that it told of, and when. */
declare const watched: {
  readonly devices: { destroy: () => void }[];
  readonly steps: number[];
  readonly times: number[];
};

function watchDevices(): void {
  const mine: typeof watched = { devices: [], steps: [], times: [] };
  Object.assign(globalThis, { watched: mine });
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = async function (...args) {
    const device = await requestDevice.apply(this, args);
    mine.devices.push(device);
    return device;
  };
  new MutationObserver(() => {
    const step = Number(document.getElementById("status")?.dataset["step"]);
    if (!(step > 0) || step === mine.steps.at(-1)) return;
    mine.steps.push(step);
    mine.times.push(performance.now());
  }).observe(document, { subtree: true, attributes: true, attributeFilter: ["data-step"] });
}

/** The page as a server sends it that knows nothing of isolation. */
const withoutIsolation = async (page: Page): Promise<void> => {
  await page.route("**/*", async (route) => {
    if (route.request().resourceType() !== "document") return route.continue();
    const response = await route.fetch();
    const headers = Object.entries(response.headers()).filter(([name]) => !name.startsWith("cross-origin-"));
    return route.fulfill({ response, headers: Object.fromEntries(headers) });
  });
};

describe.skipIf(noChromium)(`the page, where there is WebGPU${noChromium}`, () => {
  let browser: Browser;
  beforeAll(async () => void (browser = await launchChromium()));
  afterAll(() => browser?.close());

  it("trains on it", { timeout: 300_000 }, async () => {
    const { words } = await trained(browser, "", "page-webgpu.png");
    expect(words).toMatch(/^Running on WebGPU \(.+\)$/);
  });

  it("goes on from its last save where the device is lost", { timeout: 300_000 }, async () => {
    const page = await browser.newPage();
    page.setDefaultTimeout(60_000);
    await page.addInitScript(watchDevices);
    await page.goto(url);
    await page.locator("#start[data-ready]").click();
    await page.waitForFunction(() => performance.now() - (watched.times[0] ?? Infinity) > 3500);
    await page.evaluate(() => watched.devices.at(-1)!.destroy());
    await page.waitForFunction(() => {
      const { failed } = document.getElementById("status")!.dataset;
      const drop = watched.steps.findIndex((step, i) => i > 0 && step <= watched.steps[i - 1]!);
      return failed !== undefined || (drop > 0 && watched.steps.at(-1)! > drop); // further than before
    });
    expect(await page.locator("#status").getAttribute("data-failed"), await page.locator("#status").textContent() ?? "").toBeNull(); // prettier-ignore
    const { steps, devices } = await page.evaluate(() => ({ steps: watched.steps, devices: watched.devices.length }));
    const lost = steps.findIndex((step, i) => i > 0 && step <= steps[i - 1]!);
    expect(devices).toBe(2);
    expect(steps.slice(0, lost)).toEqual(Array.from({ length: lost }, (_, i) => i + 1));
    expect(steps[lost]).toBeGreaterThan(1);
    expect(steps[lost]).toBeLessThanOrEqual(lost + 1);
    expect(steps.slice(lost)).toEqual(steps.slice(lost).map((_, i) => steps[lost]! + i));
    expect(await page.locator("#target").textContent()).toMatch(/^Running on WebGPU/);
    await page.close();
  });

  it("trains in WebAssembly where that is asked", { timeout: 300_000 }, async () => {
    const { words } = await trained(browser, "?target=wasm", "page-wasm-asked.png");
    expect(words).toMatch(/^Running on WebAssembly, \d+ threads \(as asked\)$/);
  });
});

describe.skipIf(noChromium)(`the page, where there is no WebGPU${noChromium}`, () => {
  let browser: Browser;
  beforeAll(async () => void (browser = await launchChromium({ webgpu: false })));
  afterAll(() => browser?.close());

  it("trains in WebAssembly, with the threads it tells of", { timeout: 300_000 }, async () => {
    const { words, workers, isIsolated } = await trained(browser, "", "page-wasm-threads.png");
    expect(isIsolated).toBe(true);
    expect(words).toBe(`Running on WebAssembly, ${workers + 1} threads (there is no WebGPU here)`);
    expect(workers).toBeGreaterThan(0);
  });

  it("trains on one thread where memory cannot be shared", { timeout: 300_000 }, async () => {
    const { words, workers, isIsolated } = await trained(browser, "", "page-wasm-alone.png", withoutIsolation);
    expect(isIsolated).toBe(false);
    expect(words).toBe("Running on WebAssembly, one thread (there is no WebGPU here; without cross-origin isolation there are no threads)"); // prettier-ignore
    expect(workers).toBe(0);
  });
});
