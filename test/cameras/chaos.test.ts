import { expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { seededRandom } from "../../src/base/random.ts";
import { binary, ROOT } from "../support/binary.ts";
import { temporaryFolder } from "../support/folder.ts";
import { makeClip } from "../support/rtsp/clip.ts";
import type { Clip } from "../support/rtsp_server.ts";

const KILLS = 20;

/** The RTSP server as a process of its own, on a port that stays. */
async function serverProcess(clip: Clip, port = 0) {
  const child = Bun.spawn(
    [process.execPath, path.join(ROOT, "test/support/rtsp_server.ts"), JSON.stringify({ clip, port })],
    {
      stdout: "pipe",
    },
  );
  const { value } = await child.stdout.getReader().read();
  const url = new TextDecoder().decode(value).trim();
  return {
    url,
    port: Number(new URL(url).port),
    child,
    async kill() {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}

interface Seen {
  camera: string;
  epoch: number;
  idx: number;
  atMs: number;
}

/** The standalone binary on two cameras; what it prints of each picture. */
function watch(folder: string, urls: Readonly<Record<string, string>>) {
  const nodes = Object.entries(urls).flatMap(([id, url]) => [
    `  - { id: ${id}, plugin: rtsp_source, config: { url: "${url}", fps: 5, stall_sec: 3, timeout_sec: 2 } }`,
    `  - { id: ${id}_seen, plugin: mock_detector, runtime: { inbox: { capacity: 1, overflow: drop_oldest } } }`,
  ]);
  const edges = Object.keys(urls).flatMap((id) => [
    `  - { from: ${id}, to: ${id}_seen }`,
    `  - { from: ${id}_seen, to: out }`,
  ]);
  const graph = ["version: 2", "nodes:", ...nodes, "  - { id: out, plugin: print_sink }", "edges:", ...edges, ""];
  fs.writeFileSync(path.join(folder, "cameras.yaml"), graph.join("\n"));
  const child = Bun.spawn([binary(), "run", "cameras.yaml"], { cwd: folder, stdout: "pipe", stderr: "pipe" });
  const seen: Seen[] = [];
  let changed = () => {};
  const stderr = child.stderr.text();
  void (async () => {
    let rest = "";
    const decoder = new TextDecoder();
    for await (const piece of child.stdout) {
      const lines = (rest + decoder.decode(piece, { stream: true })).split("\n");
      rest = lines.pop()!;
      for (const { source_id, meta } of lines.map((line) => JSON.parse(line))) {
        seen.push({ camera: source_id, epoch: meta.epoch, idx: meta.frame_idx, atMs: performance.now() });
      }
      changed();
    }
    changed();
  })();
  return {
    child,
    seen,
    stderr,
    /** The first picture that is so, from now on; 20 s at most. */
    async next(holds: (picture: Seen) => boolean, what: string): Promise<Seen> {
      let from = seen.length;
      const endMs = performance.now() + 20_000;
      for (;;) {
        const found = seen.slice(from).find(holds);
        if (found !== undefined) return found;
        from = seen.length;
        if (performance.now() > endMs) throw new Error(`not within 20 s: ${what}`);
        await Promise.race([
          Bun.sleep(500),
          new Promise<void>((resolve) => {
            changed = resolve;
          }),
        ]);
      }
    },
  };
}

/** ffmpeg processes that have this port in their arguments. */
const ffmpegsOn = (port: number) =>
  Bun.spawnSync(["ps", "-eo", "args"])
    .stdout.toString()
    .split("\n")
    .filter((line) => line.includes("ffmpeg") && line.includes(`:${port}/`));

const quantile = (sorted: readonly number[], q: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!;

test(`a camera whose server is killed ${KILLS} times is found again each time, and another camera does not notice`, async () => {
  using folder = temporaryFolder();
  const clip = makeClip(folder.path, "yard");
  let [shaky, steady] = [await serverProcess(clip), await serverProcess(clip)];
  const { port } = shaky;
  const run = watch(folder.path, { shaky: shaky.url, steady: steady.url });
  try {
    await run.next(({ camera }) => camera === "shaky", "the first picture");
    await run.next(({ camera }) => camera === "steady", "the first picture");
    const fromMs = performance.now();
    // Uniform, 0 to 3 s: some outages are over before anybody has looked, most are not.
    const random = seededRandom(Number(process.env.SCHNITZEL_TEST_SEED ?? 4));
    const backMs: number[] = [];
    for (let kill = 0; kill < KILLS; kill++) {
      const epoch = run.seen.findLast(({ camera }) => camera === "shaky")!.epoch;
      await shaky.kill();
      await Bun.sleep(random.float() * 3_000);
      shaky = await serverProcess(clip, port);
      const upMs = performance.now();
      const first = await run.next((seen) => seen.camera === "shaky" && seen.epoch > epoch, `back after kill ${kill}`);
      backMs.push(first.atMs - upMs);
      expect(ffmpegsOn(port).length).toBe(1);
    }
    backMs.sort((a, b) => a - b);
    console.log(
      `first picture after: p50 ${Math.round(quantile(backMs, 0.5))} ms, p99 ${Math.round(quantile(backMs, 0.99))} ms`,
    );
    expect(backMs).toHaveLength(KILLS);
    expect(quantile(backMs, 0.5)).toBeLessThan(2_000);
    expect(quantile(backMs, 0.99)).toBeLessThan(15_000);
    const others = run.seen.filter(({ camera, atMs }) => camera === "steady" && atMs >= fromMs);
    expect(new Set(others.map(({ epoch }) => epoch))).toEqual(new Set([1]));
    const gaps = others.slice(1).map(({ atMs }, at) => atMs - others[at]!.atMs);
    expect(Math.max(...gaps)).toBeLessThan(1_500);
    expect(others.length).toBeGreaterThan(((performance.now() - fromMs) / 1_000) * 5 * 0.9);
  } finally {
    run.child.kill("SIGTERM");
    await run.child.exited;
    await shaky.kill();
    await steady.kill();
  }
  expect(run.child.exitCode).toBe(0);
  expect([...ffmpegsOn(port), ...ffmpegsOn(steady.port)]).toEqual([]);
}, 230_000);

test("a camera whose server is stopped (SIGSTOP) for 8 s is found again", async () => {
  using folder = temporaryFolder();
  const server = await serverProcess(makeClip(folder.path, "yard"));
  const run = watch(folder.path, { cam: server.url });
  try {
    await run.next(() => true, "the first picture");
    server.child.kill("SIGSTOP");
    await Bun.sleep(8_000);
    server.child.kill("SIGCONT");
    const upMs = performance.now();
    const first = await run.next(({ epoch, atMs }) => epoch > 1 && atMs > upMs, "pictures again");
    expect(first.atMs - upMs).toBeLessThan(15_000);
  } finally {
    run.child.kill("SIGTERM");
    await run.child.exited;
    await server.kill();
  }
  expect(ffmpegsOn(server.port)).toEqual([]);
}, 60_000);
