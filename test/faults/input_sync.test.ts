import { expect } from "bun:test";
import * as fs from "node:fs";
import { binary, runCommand } from "../support/binary.ts";
import { folderWith } from "../support/cli.ts";
import { inject } from "../support/injection.ts";
import { needs } from "../support/part.ts";
import { cameOut, startWebhook, until, webhookGraph } from "../support/webhook.ts";

const GENERATED = `version: 2
name: yard
nodes:
  - { id: src, plugin: generate_source, config: { count: 5 } }
  - { id: out, plugin: null_sink }
edges: [{ from: src, to: out, durable: true }]
`;

needs("slow_disk")(
  "a first start puts every folder and file it makes on the disk before the first packet is safe",
  async () => {
    using folder = folderWith({ "g.yaml": GENERATED });
    const calls = "trace=mkdir,mkdirat,openat,fsync,fdatasync,rename,renameat,renameat2,close";
    const { code } = await runCommand(
      ["strace", "-f", "-y", "-qq", "-o", "trace", "-e", calls, binary(), "run", "g.yaml", "--state-dir", "deep/state"],
      { cwd: folder.folder },
    );
    expect(code).toBe(0);
    const lines = fs.readFileSync(folder.at("trace"), "utf8").split("\n");
    const root = fs.realpathSync(folder.folder);
    const at = (pattern: RegExp, from = 0) => {
      const found = lines.findIndex((line, index) => index >= from && pattern.test(line));
      if (found === -1) throw new Error(`no line ${from}.. of the trace has ${pattern}`);
      return found;
    };
    const text = (name: string) => `${root}/${name}`.replaceAll(/[.+]/g, "\\$&");
    const synced = (name: string, from: number) => at(new RegExp(`f(data)?sync\\(\\d+<${text(name)}>`), from);
    // A folder is on the disk when the one it lies in is.
    for (const [made, within] of [
      ["deep", ""],
      ["deep/state", "deep"],
      ["deep/state/yard", "deep/state"],
      ["deep/state/yard/queues", "deep/state/yard"],
    ] as const) {
      const parent = within === "" ? "" : within;
      const makes = at(new RegExp(`mkdir(at)?\\(.*"${text(made)}"`));
      const name = parent === "" ? root.replaceAll(/[.+]/g, "\\$&") : text(parent);
      at(new RegExp(`f(data)?sync\\(\\d+<${name}>`), makes);
    }
    const queue = "deep/state/yard/queues/src.out+out.in.sqlite3";
    const creates = at(new RegExp(`openat\\(.*"${text(queue)}", .*O_CREAT`));
    const folderSynced = synced("deep/state/yard/queues", creates);
    const rowsSynced = synced(`${queue}-wal`, creates);
    expect(folderSynced).toBeLessThan(rowsSynced);
    // The name of the log as well, once it is made.
    synced("deep/state/yard/queues", at(new RegExp(`openat\\(.*"${text(queue)}-wal", .*O_CREAT`)));
  },
);

const HOOK = "max_in_flight: 64, ack_timeout_ms: 1500";
const FSYNC_FAILS = "fsync,fdatasync:error=EIO";

needs("slow_disk")(
  "an fsync that fails once costs no packet: its commit is made again, and every 202 is delivered",
  async () => {
    using folder = folderWith({ "g.yaml": webhookGraph({ hook: HOOK }) });
    await using hook = await startWebhook(folder.folder);
    expect((await hook.post(0)).status).toBe(202);
    await using injection = await inject(hook.program.pid, `${FSYNC_FAILS}:when=1`);
    const answers = await Promise.all([1, 2, 3, 4, 5].map((i) => hook.post(i)));
    // Whoever was in that commit is told to come again, and does.
    for (const { status, retryAfter } of answers) {
      if (status !== 202) expect([status, Number(retryAfter) > 0]).toEqual([503, true]);
    }
    for (const i of [1, 2, 3, 4, 5]) expect((await hook.post(i)).status).toBe(202);
    expect(injection.seen()).toContain("(INJECTED)");
    await until(() => cameOut(folder.folder).length >= 6);
    await injection.stop();
    const { code, report, stderr } = await hook.stop();
    expect([code, report.dead_letters.total, report.edges[0].durable.degraded]).toEqual([0, 0, false]);
    expect(stderr).toMatch(/error .*enqueue into hook\.out->out\.in fails and .* reason="QUEUE_UNWRITABLE: /);
    expect([...new Set(cameOut(folder.folder))].sort()).toEqual([0, 1, 2, 3, 4, 5]);
  },
  60_000,
);

needs("slow_disk")(
  "while every fsync fails nobody hears 202, the run goes on and says that it is degraded, and recovers by itself",
  async () => {
    using folder = folderWith({ "g.yaml": webhookGraph({ hook: HOOK }) });
    await using hook = await startWebhook(folder.folder);
    expect((await hook.post(0)).status).toBe(202);
    expect((await hook.ready()).status).toBe(200);
    const injection = await inject(hook.program.pid, FSYNC_FAILS);
    const denied = await Promise.all(Array.from({ length: 20 }, (_, at) => hook.post(at + 1)));
    expect(new Set(denied.map(({ status }) => status))).toEqual(new Set([503]));
    expect(denied.every(({ retryAfter }) => Number(retryAfter) >= 1)).toBe(true);
    await until(async () => (await hook.ready()).status === 503);
    expect((await hook.ready()).text).toContain("hook.out->out.in");
    await injection.stop();
    await until(async () => (await hook.ready()).status === 200);
    const again = await Promise.all(Array.from({ length: 21 }, (_, at) => hook.post(at + 1)));
    expect(again.map(({ status }) => status)).toEqual(Array(21).fill(202));
    await until(() => new Set(cameOut(folder.folder)).size === 22);
    const { code, report, stderr } = await hook.stop();
    expect([code, report.edges[0].durable.degraded, report.edges[0].durable.tail_lost]).toEqual([0, false, 0]);
    // Once per change, and not once per try.
    expect(stderr.split("\n").filter((line) => /fails and (is tried|senders)/.test(line)).length).toBeLessThan(6);
    expect(stderr).toContain("works again");
  },
  60_000,
);

needs("slow_disk")(
  "a run that starts while every fsync fails ends with code 3 and says what to look at",
  async () => {
    using folder = folderWith({ "g.yaml": webhookGraph() });
    const command = [
      "strace",
      "-f",
      "-qq",
      "-o",
      "/dev/null",
      "-e",
      "trace=fsync,fdatasync",
      "-e",
      `inject=${FSYNC_FAILS}`,
    ];
    const { code, stderr } = await runCommand([...command, binary(), "run", "g.yaml", "--state-dir", "state"], {
      cwd: folder.folder,
    });
    expect([code, stderr.trimEnd()]).toEqual([
      3,
      expect.stringMatching(/^QUEUE_UNOPENABLE: cannot .*state.*EIO.*; look at its disk, or name another folder$/),
    ]);
  },
  60_000,
);
