import { expect } from "bun:test";
import * as fs from "node:fs";
import * as net from "node:net";
import { run } from "../support/binary.ts";
import { folderWith } from "../support/cli.ts";
import { memoryLimit } from "../support/memory_limit.ts";
import { needs } from "../support/part.ts";
import { start } from "../support/running.ts";
import { cameOut, startWebhook, until, webhookGraph } from "../support/webhook.ts";

for (const files of [64, 128]) {
  needs("prlimit")(
    `with ${files} open files a run warns, lives through more connections than that, and loses nothing it took`,
    async () => {
      using folder = folderWith({ "g.yaml": webhookGraph() });
      const before = ["prlimit", `--nofile=${files}:${files}`];
      await using hook = await startWebhook(folder.folder, { before });
      expect((await hook.post(0)).status).toBe(202);
      const sockets = Array.from({ length: files * 2 }, () => {
        const socket = net.connect(hook.port, "127.0.0.1");
        socket.on("error", () => {});
        return socket;
      });
      const taken = [0];
      for (let i = 1; i <= 50; i++) if ((await hook.post(i)).status === 202) taken.push(i);
      for (const socket of sockets) socket.destroy();
      // When they have gone it takes packets as before.
      await until(async () => (await hook.post(100)).status === 202);
      taken.push(100);
      await until(() => taken.every((i) => cameOut(folder.folder).includes(i)));
      const { code, stderr, report } = await hook.stop();
      expect([code, report.status]).toEqual([0, "ok"]);
      expect(stderr).toMatch(
        new RegExp(
          `warn  this process may have ${files} files open, and 4096 are asked for: .*; raise the hard limit, which is ${files} \\(ulimit -Hn, or LimitNOFILE= of its service\\)`,
        ),
      );
    },
    60_000,
  );
}

/** Holds all that comes, for the packet it cannot stand. */
const HUNGRY = `import { ANY, defineNode, port, v } from "schnitzel";
const held: Uint8Array[] = [];
export const Hungry = defineNode({
  name: "hungry",
  kind: "transform",
  doc: "Allocates without end for number 3.",
  config: v.strictObject({}),
  inputs: { in: port(ANY, "In.") },
  outputs: { out: port(ANY, "Out.") },
  examples: [],
  create: () => ({
    process(packet, emit) {
      if (packet.packet_id === "p3") for (;;) held.push(new Uint8Array(8 * 1024 * 1024).fill(1));
      emit.out(packet);
    },
  }),
});
`;
const NUMBERS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
const PACKETS = NUMBERS.map((i) => `{ packet_id: p${i}, source_id: s, payload: { i: ${i} } }`).join(", ");
const GRAPH = `version: 2
name: yard
nodes:
  - { id: src, plugin: static_source, config: { packets: [${PACKETS}] } }
  - { id: bad, plugin: "hungry:Hungry" }
  - { id: out, plugin: jsonl_sink, config: { path: out.jsonl, body: payload, flush_ms: 0 } }
edges: [{ from: src, to: bad, durable: { max_attempts: 2, backoff_ms: 10 } }, { from: bad, to: out }]
`;

needs("memory_limit")(
  "a packet for which a node allocates without end takes the process along, twice, and is then a dead letter, alone",
  async () => {
    using folder = folderWith({ "g.yaml": GRAPH, "plugins/hungry.ts": HUNGRY });
    fs.chmodSync(folder.at("plugins/hungry.ts"), 0o644);
    using limit = memoryLimit(400 * 1_024 * 1_024);
    const codes: number[] = [];
    for (let life = 0; life < 6; life++) {
      const args = ["run", "g.yaml", "--state-dir", "state"];
      await using program = start(args, {
        cwd: folder.folder,
        env: { ALLOW_ALL_PLUGINS: "true" },
        before: limit.before,
      });
      const { code } = await program.ended();
      codes.push(code);
      if (code === 0) break;
    }
    expect(codes).toEqual([137, 137, 0]);
    const peek = await run(["queue", "peek", "yard", "--state-dir", "state", "--dead", "--json"], {
      cwd: folder.folder,
    });
    expect(JSON.parse(peek.stdout).rows).toEqual([expect.objectContaining({ key: "p3", attempts: 2 })]);
    expect([...new Set(cameOut(folder.folder))]).toEqual(NUMBERS.filter((i) => i !== 3));
  },
  120_000,
);
