import { expect } from "bun:test";
import * as fs from "node:fs";
import { folderWith } from "../support/cli.ts";
import { fillUp, ownDisk } from "../support/own_disk.ts";
import { needs } from "../support/part.ts";
import { type SinkServer, sinkServer } from "../support/sink_server.ts";
import { startWebhook, until, WEBHOOK_QUEUE, type Webhook } from "../support/webhook.ts";
import { ext4, tmpfs } from "./store_place.ts";

const MIB = 1_024 * 1_024;
/** A hundred of these fill a disk. */
const TEXT = "x".repeat(200_000);

const graph = (sink: SinkServer, durable: string) => `version: 2
name: yard
nodes:
  - { id: hook, plugin: http_source, config: { listen: "127.0.0.1:0", ack_timeout_ms: 2000 } }
  - { id: out, plugin: http_sink, config: { url: "${sink.url}" }, runtime: { concurrency: 8, delivery: { backoff_max_ms: 200 } } }
edges: [{ from: hook, to: out, durable: ${durable} }]
`;

const postLarge = (hook: Webhook, i: number) =>
  hook.postBody(JSON.stringify({ i, text: TEXT }), { "idempotency-key": `k${i}` });

/** Posts until it hears something else than 202; gives what was taken and what it heard then. */
async function postUntilRefused(hook: Webhook, from: number) {
  const taken: number[] = [];
  for (let i = from; ; i++) {
    const answer = await postLarge(hook, i);
    if (answer.status !== 202) return { taken, answer };
    taken.push(i);
    if (taken.length > 1_000) throw new Error("the disk does not become full");
  }
}

const unseen = (sink: SinkServer, taken: readonly number[]) => taken.filter((i) => !new Set(sink.taken).has(i));

for (const [name, disk, state] of [
  ["memory", tmpfs("48m"), "disk/state"],
  ["an ext4 disk", ext4(48), "disk/on/state"],
] as const) {
  const part = name === "memory" ? "mount" : "power_cut";
  needs(part)(
    `another program fills ${name}: senders hear 503, what waits is delivered from the full disk, and new rows are taken when there is room`,
    async () => {
      await using sink = sinkServer(false);
      using folder = folderWith({ "g.yaml": graph(sink, "{ min_free: 4MiB }") });
      await using own = await ownDisk(disk, folder.at("disk"));
      await using hook = await startWebhook(folder.folder, { before: own.before, state });
      const taken: number[] = [];
      for (let i = 0; i < 50; i++) if ((await postLarge(hook, i)).status === 202) taken.push(i);
      expect(taken.length).toBe(50);
      const filler = own.inside(folder.at(`${state}/../filler`));
      expect(fillUp(filler)).toBeGreaterThan(MIB);
      // What its log has room for is still taken, until it looks at the disk again.
      const { taken: late, answer } = await postUntilRefused(hook, 1_000);
      taken.push(...late);
      expect([answer.status, late.length < 20]).toEqual([503, true]);
      const denied = await Promise.all(Array.from({ length: 10 }, (_, at) => postLarge(hook, 100 + at)));
      expect(new Set(denied.map(({ status, retryAfter }) => `${status} ${Number(retryAfter) > 0}`))).toEqual(
        new Set(["503 true"]),
      );
      // Of both, which one comes first.
      const why = /durable edge hook\.out->out\.in takes nothing: it is full \((min_free|disk)\)/;
      await until(async () => why.test((await hook.ready()).text));
      sink.here = true;
      await until(() => unseen(sink, taken).length === 0, 30_000);
      fs.rmSync(filler);
      await until(async () => (await postLarge(hook, 200)).status === 202, 30_000);
      await until(() => sink.taken.includes(200));
      const { code, report, stderr } = await hook.stop();
      expect([code, report.edges[0].durable]).toEqual([
        0,
        expect.objectContaining({ ready: 0, dead: 0, tail_lost: 0, damaged: 0, full: null }),
      ]);
      expect(stderr).toMatch(/(warn|error) +queue \S+: .*takes no rows.*; make room there/);
      expect(stderr).toMatch(/there is room again.* it takes rows/);
    },
    90_000,
  );
}

needs("mount")(
  "a backlog that fills the disk itself stops at min_free, survives a kill there, and leaves when the sink is back",
  async () => {
    await using sink = sinkServer(false);
    using folder = folderWith({ "g.yaml": graph(sink, "{ min_free: 8MiB }") });
    await using own = await ownDisk(tmpfs("48m"), folder.at("disk"));
    const options = { before: own.before, state: "disk/state" };
    const all: number[] = [];
    {
      await using hook = await startWebhook(folder.folder, options);
      const { taken, answer } = await postUntilRefused(hook, 0);
      expect([answer.status, Number(answer.retryAfter) > 0]).toEqual([503, true]);
      expect(taken.length).toBeGreaterThan(50);
      all.push(...taken);
      process.kill(hook.program.pid, "SIGKILL");
    }
    await using hook = await startWebhook(folder.folder, options);
    // Some more find room where the log was.
    all.push(...(await postUntilRefused(hook, 100_000)).taken);
    sink.here = true;
    await until(() => unseen(sink, all).length === 0, 30_000);
    await until(async () => (await postLarge(hook, 200_000)).status === 202, 30_000);
    await until(() => sink.taken.includes(200_000));
    const { code, report } = await hook.stop();
    expect([code, report.edges[0].durable]).toEqual([
      0,
      expect.objectContaining({ ready: 0, dead: 0, tail_lost: 0, full: null }),
    ]);
  },
  90_000,
);

needs("mount")(
  "an empty queue whose file holds the room that the disk lacks gives it back, and takes packets",
  async () => {
    await using sink = sinkServer(false);
    using folder = folderWith({ "g.yaml": graph(sink, "{ min_free: 8MiB }") });
    await using own = await ownDisk(tmpfs("80m"), folder.at("disk"));
    const options = { before: own.before, state: "disk/state" };
    {
      await using hook = await startWebhook(folder.folder, options);
      for (let i = 0; i < 100; i++) expect((await postLarge(hook, i)).status).toBe(202);
      sink.here = true;
      await until(() => sink.taken.length >= 100);
      expect((await hook.stop()).code).toBe(0);
    }
    const file = own.inside(folder.at(`disk/state/${WEBHOOK_QUEUE}`));
    expect(fs.statSync(file).size).toBeGreaterThan(16 * MIB);
    const filler = own.inside(folder.at("disk/filler"));
    fs.truncateSync(filler, fillUp(filler) - MIB);
    await using again = await startWebhook(folder.folder, options);
    await until(async () => (await postLarge(again, 200)).status === 202, 20_000);
    await until(() => sink.taken.includes(200));
    expect((await again.stop()).code).toBe(0);
    expect(fs.statSync(file).size).toBeLessThan(2 * MIB);
  },
  60_000,
);
