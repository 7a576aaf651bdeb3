import { expect } from "bun:test";
import * as fs from "node:fs";
import { binary } from "../support/binary.ts";
import { folderWith } from "../support/cli.ts";
import { type OwnDisk, ownDisk } from "../support/own_disk.ts";
import { needs } from "../support/part.ts";
import { sinkServer } from "../support/sink_server.ts";
import { cameOut, startWebhook, until, webhookGraph } from "../support/webhook.ts";
import { ext4 } from "./store_place.ts";

/** As after an error: `mount -o remount,ro` would wait for the files that the run has open. */
async function turnReadOnly(own: OwnDisk, at: string) {
  const { stdout } = await own.sh(`findmnt -n -o SOURCE '${at}'`);
  fs.writeFileSync(`/sys/fs/ext4/${stdout.trim().replace("/dev/", "")}/trigger_fs_error`, "1");
}

needs("power_cut")(
  "on a disk that turns read-only nobody hears 202, the run lives on and ends in order, and the next one delivers all",
  async () => {
    await using sink = sinkServer(false);
    const graph = webhookGraph({ hook: "ack_timeout_ms: 1500", durable: "{ min_free: 1MiB }" }).replace(
      /\{ id: out, .*\}\n/,
      `{ id: out, plugin: http_sink, config: { url: "${sink.url}" }, runtime: { delivery: { backoff_max_ms: 200 } } }\n`,
    );
    // Beside it an edge that keeps nothing.
    const ticks = `  - { id: tick, plugin: generate_source, config: { rate: 50 } }
  - { id: mem, plugin: jsonl_sink, config: { path: mem.jsonl, body: payload, flush_ms: 0 } }
edges: [{ from: tick, to: mem }, `;
    using folder = folderWith({ "g.yaml": graph.replace("edges: [", ticks) });
    await using own = await ownDisk(ext4(64, "loop,errors=remount-ro"), folder.at("disk"));
    const options = { before: own.before, state: "disk/on/state", flags: ["--drain-seconds", "1"] };
    {
      await using hook = await startWebhook(folder.folder, options);
      for (let i = 0; i < 20; i++) expect((await hook.post(i)).status).toBe(202);
      await turnReadOnly(own, folder.at("disk/on"));
      const denied = await Promise.all(Array.from({ length: 10 }, (_, at) => hook.post(100 + at)));
      expect(denied.map(({ status, retryAfter }) => [status, Number(retryAfter) > 0])).toEqual(
        Array(10).fill([503, true]),
      );
      await until(async () => (await hook.ready()).text.includes("takes nothing: its writes fail"));
      expect((await hook.ready()).status).toBe(503);
      const ticked = cameOut(folder.folder, "mem.jsonl").length;
      await until(() => cameOut(folder.folder, "mem.jsonl").length > ticked + 20);
      const { code, stderr, report } = await hook.stop();
      expect([code, report.status, report.edges[1].durable.degraded]).toEqual([0, "degraded", true]);
      expect(stderr).toContain("disk I/O error; look at the disk: it failed to read or write");
    }
    const started = await own.sh(`'${binary()}' run g.yaml --state-dir disk/on/state`);
    expect([started.code, started.stderr]).toEqual([
      3,
      expect.stringMatching(
        /^QUEUE_UNOPENABLE: cannot write in folder \S+: .*; its disk is read-only: mount it writable, or name another folder\n$/,
      ),
    ]);
    await own.sh(
      `umount '${folder.at("disk/on")}' && mount -o loop '${folder.at("disk/disk")}' '${folder.at("disk/on")}'`,
    );
    sink.here = true;
    await using hook = await startWebhook(folder.folder, options);
    await until(() => new Set(sink.taken).size === 20);
    expect((await hook.stop()).code).toBe(0);
  },
  60_000,
);
