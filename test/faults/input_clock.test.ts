import { expect } from "bun:test";
import * as fs from "node:fs";
import { thisMachine } from "../../src/drill/index.ts";
import { folderWith } from "../support/cli.ts";
import { needs } from "../support/part.ts";
import { sinkServer } from "../support/sink_server.ts";
import { startWebhook, until } from "../support/webhook.ts";

/** What fails waits half a second before it comes again, however the wall clock is set meanwhile. */
const graph = (url: string) => `version: 2
name: yard
nodes:
  - { id: hook, plugin: http_source, config: { listen: "127.0.0.1:0", ack_timeout_ms: 5000 } }
  - { id: out, plugin: http_sink, config: { url: "${url}" }, runtime: { delivery: off } }
edges: [{ from: hook, to: out, durable: { max_attempts: 1000, backoff_ms: 400, backoff_max_ms: 800, ordered: false } }]
`;

function clockOf(folder: string) {
  const file = `${folder}/clock`;
  const set = (to: string) => {
    // A half-written word would be another time.
    fs.writeFileSync(`${file}.new`, to);
    fs.renameSync(`${file}.new`, file);
  };
  set("+0");
  const env = {
    LD_PRELOAD: thisMachine(process.env).faketime!,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: "1",
    FAKETIME_DONT_FAKE_MONOTONIC: "1",
  };
  return { set, env };
}

needs("clock_jump")(
  "a clock that jumps back, ahead, to 2015 and runs ten times too fast holds nothing back, alive or after a restart",
  async () => {
    await using sink = sinkServer(false);
    using folder = folderWith({ "g.yaml": graph(sink.url) });
    const clock = clockOf(folder.folder);
    let posted = 0;
    for (const jump of ["-1h", "+1d", "@2015-01-01 00:00:00", "+0 x10", "+0"]) {
      for (const restarts of [false, true]) {
        clock.set("+0");
        sink.here = false;
        await using hook = await startWebhook(folder.folder, { env: clock.env });
        const from = posted;
        for (; posted < from + 5; posted++) expect((await hook.post(posted)).status).toBe(202);
        // Rows that failed have due-times on the disk now.
        await until(async () => (await hook.ready()).text !== "" && sink.refused > 10);
        sink.refused = 0;
        clock.set(jump);
        expect([jump, (await hook.post(posted)).status]).toEqual([jump, 202]);
        posted += 1;
        if (restarts) {
          process.kill(hook.program.pid, "SIGKILL");
          await using again = await startWebhook(folder.folder, { env: clock.env });
          const startedMs = performance.now();
          sink.here = true;
          await until(() => sink.taken.length >= posted, 15_000);
          expect(performance.now() - startedMs).toBeLessThan(15_000);
          expect((await again.stop()).code).toBe(0);
        } else {
          sink.here = true;
          await until(() => new Set(sink.taken).size === posted, 15_000);
          expect((await hook.stop()).code).toBe(0);
        }
        expect(new Set(sink.taken).size).toBe(posted);
      }
    }
  },
  180_000,
);
