import { afterAll, beforeAll, expect } from "bun:test";
import * as fs from "node:fs";
import * as net from "node:net";
import * as path from "node:path";
import { freePort } from "../graphs/example_project.ts";
import { binary } from "../support/binary.ts";
import { type Browser, chromium, type Page } from "../support/browser.ts";
import { temporaryFolder } from "../support/folder.ts";
import { needs } from "../support/part.ts";
import { start } from "../support/running.ts";

const FPS = 20;
// Large pictures, so that what nobody reads fills the buffers of a connection soon.
const GRAPH = `version: 2
nodes:
  - { id: scene, plugin: video_test_source, config: { fps: ${FPS}, pace: real_time, width: 1280, height: 720, boxes: 64 } }
  - { id: yard, plugin: live_view, config: { max_fps: ${FPS}, quality: 100 } }
edges:
  - { from: scene, to: yard }
`;
const TOKEN = "a-token-of-twenty-letters";

let browser: Browser;
const isThere = Bun.which("chromium") !== null;
beforeAll(async () => {
  // Built before the first test, which has a bound on its time.
  binary();
  if (isThere) browser = await chromium();
}, 120_000);
afterAll(() => browser?.[Symbol.asyncDispose]());

/** The binary at work with an HTTP endpoint. */
async function live(...flags: string[]) {
  const folder = temporaryFolder();
  fs.writeFileSync(path.join(folder.path, "scene.yaml"), GRAPH);
  fs.writeFileSync(path.join(folder.path, "token"), TOKEN, { mode: 0o600 });
  const port = freePort();
  const running = start(["run", "scene.yaml", "--http", `127.0.0.1:${port}`, ...flags], { cwd: folder.path });
  await running.saw(/http:\/\/127\.0\.0\.1/);
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    running,
    async [Symbol.asyncDispose]() {
      await running[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

/** Natural size of the only picture, once it has one, and how many different ones were then seen in a second. */
const seen = (page: Page) =>
  page.value<{ width: number; height: number; different: number }>(`(async () => {
    const next = () => new Promise(requestAnimationFrame);
    const endMs = performance.now() + 10_000;
    while (!document.images[0]?.naturalWidth && performance.now() < endMs) await next();
    const image = document.images[0];
    const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
    const draw = canvas.getContext("2d", { willReadFrequently: true });
    const different = new Set();
    while (different.size < 5 && performance.now() < endMs) {
      draw.drawImage(image, 0, 0);
      different.add(draw.getImageData(0, 0, canvas.width, canvas.height).data.reduce((sum, value, at) => (sum * 31 + value + at) | 0, 0));
      await next();
    }
    return { width: image.naturalWidth, height: image.naturalHeight, different: different.size };
  })()`);

const MOVES = { width: 1280, height: 720, different: 5 };

/** Starting, logging in and looking take a second each; a machine that does other things takes its time. */
const LIMIT_MS = 40_000;

needs("chromium")(
  "a browser at /live shows pictures that move",
  async () => {
    await using served = await live();
    const page = await browser.open(`${served.url}/live`);
    expect([page.status, await seen(page)]).toEqual([200, MOVES]);
  },
  LIMIT_MS,
);

needs("chromium")(
  "a browser logs in with the token as its password, and sees nothing without",
  async () => {
    await using served = await live("--http-token", "token");
    expect((await browser.open(`${served.url}/live`)).status).toBe(401);
    const page = await browser.open(`${served.url}/live`, { username: "anybody", password: TOKEN });
    expect([page.status, await seen(page)]).toEqual([200, MOVES]);
  },
  LIMIT_MS,
);

needs("chromium")(
  "a viewer that stops reading costs the graph no picture, and others see theirs",
  async () => {
    await using served = await live();
    const stopped = net.connect(served.port, "127.0.0.1", () =>
      stopped.write("GET /live/yard HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"),
    );
    stopped.pause();
    const page = await browser.open(`${served.url}/live`);
    const metric = async (name: string) => {
      const { metrics } = (await (await fetch(`${served.url}/report`)).json()) as { metrics: Record<string, number> };
      return metrics[`node.${name}`]!;
    };
    await until(async () => (await metric("yard.missed_total")) > 0);
    const [fromMs, from] = [performance.now(), await metric("yard.consumed")];
    expect(await seen(page)).toEqual(MOVES);
    await until(async () => performance.now() - fromMs > 2_000);
    const perSecond = ((await metric("yard.consumed")) - from) / ((performance.now() - fromMs) / 1_000);
    expect(perSecond).toBeGreaterThan(0.9 * FPS);
    stopped.destroy();
  },
  LIMIT_MS,
);

/** Asks again every 50 ms, for 20 s. */
async function until(holds: () => Promise<boolean>) {
  const endMs = performance.now() + 20_000;
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error("not within 20 s");
    await Bun.sleep(50);
  }
}
