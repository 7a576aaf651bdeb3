import * as fs from "node:fs";
import * as path from "node:path";
import { systemClock } from "../base/clock.ts";
import { isLoopback, parseHostPort } from "../base/host_port.ts";
import { entropySeed, seededRandom } from "../base/random.ts";
import { defineCommand, type FlagValues, flag, UsageError } from "./command/index.ts";
import { EXIT } from "./exit.ts";
import { MockBackend } from "./mock_backend/backend.ts";
import { CHANGE_FORM, type Change } from "./mock_backend/behaviour.ts";
import { readLatency, readShare, readStatus } from "./mock_backend/read_flags.ts";
import { openRecord } from "./mock_backend/record.ts";
import { play, readScript } from "./mock_backend/script.ts";
import type { Terminal } from "./terminal.ts";

const FLAGS = {
  listen: flag.text("HOST:PORT", "Where to listen; 127.0.0.1:8080 unless given, port 0 takes a free one."),
  insecure: flag.toggle("Let other machines post here."),
  status: flag.text("LIST", "Statuses and their shares of all posts, such as 503:0.1,500:0.02."),
  latency: flag.text("RANGE", "Time before an answer, such as 20ms or 5ms..50ms."),
  reset: flag.amount("SHARE", "Share of posts whose connection is closed without an answer."),
  partial: flag.amount("SHARE", "Share of posts that are taken and whose answer breaks off."),
  hang: flag.amount("SHARE", "Share of posts that are never answered."),
  redirect: flag.amount("SHARE", "Share of posts that are answered with 307."),
  "retry-after": flag.text("TEXT", "Retry-After of every answer from 400 on: seconds or a date."),
  script: flag.text("FILE", 'Changes over time, a JSON line each: {"at_sec": 10, "set": {"mode": "down"}}.'),
  seed: flag.integer("N", "Seed of everything random; printed when it starts."),
  record: flag.text("FILE", "Append a JSON line for everything that is taken, before it is answered."),
  fsync: flag.toggle("With --record: wait for the disk before every answer."),
  json: flag.toggle("Print one line of JSON when it listens, and the counts as JSON at the end."),
};

type Given = FlagValues<typeof FLAGS>;

export const command = defineCommand({
  doc: `A server for demos and tests of what delivers by HTTP. Any POST, PUT or PATCH is taken; a key that comes again (Idempotency-Key, the packet's own, or source and seq of the payload) is a duplicate. GET /stats gives the counts, POST /control changes how it behaves, with a JSON object; what it does not name stays. Keys: ${CHANGE_FORM}. So {"mode":"down"} takes it down, {"mode":"up"} brings it back, and {"status":{"422":1}} refuses everything. A script can also set mode refuse, which closes the port. It runs until SIGINT or SIGTERM and then prints the counts.`,
  flags: FLAGS,
  examples: [
    ["schnitzel mock-backend", "Take everything on 127.0.0.1:8080."],
    ["schnitzel mock-backend --status 503:0.1 --latency 5ms..50ms --seed 7", "A slow one that is often busy."],
  ],
  exits: { [EXIT.precondition]: "The port is in use, or a file cannot be written." },
  async run({ flags, terminal }) {
    const listen = listenAddress(flags);
    const steps = flags.script === undefined ? [] : readScript(scriptText(flags.script, terminal), flags.script);
    const first = firstChange(flags);
    const seed = flags.seed ?? entropySeed();
    const file = flags.record === undefined ? undefined : path.resolve(terminal.cwd, flags.record);
    let backend: MockBackend;
    let record: ReturnType<typeof openRecord>;
    try {
      record = openRecord(file, flags.fsync);
      backend = new MockBackend({ listen, clock: systemClock, random: seededRandom(seed), record });
    } catch (error) {
      terminal.err(`cannot start on ${listen.hostname}:${listen.port}: ${(error as Error).message}\n`);
      return EXIT.precondition;
    }
    backend.change(first);
    const { url } = backend;
    terminal.out(flags.json ? `${JSON.stringify({ url, seed })}\n` : `listens on ${url}, seed ${seed}\n`);
    const callOff = play(steps, systemClock, (change) => backend.change(change));
    await signalled();
    callOff();
    await backend.stop();
    record.close();
    const stats = backend.stats();
    terminal.out(flags.json ? `${JSON.stringify(stats)}\n` : text(stats));
    return EXIT.ok;
  },
});

function listenAddress({ listen = "127.0.0.1:8080", insecure }: Given) {
  const parsed = parseHostPort(listen);
  if (parsed === undefined) {
    throw new UsageError(`--listen must be host:port: current value is "${listen}"`, "write --listen 127.0.0.1:8080");
  }
  if (isLoopback(parsed.hostname) || insecure) return parsed;
  throw new UsageError(`--listen ${listen} is reached by other machines, and anybody could post`, "add --insecure");
}

function scriptText(file: string, { cwd }: Terminal): string {
  try {
    return fs.readFileSync(path.resolve(cwd, file), "utf8");
  } catch (error) {
    throw new UsageError(`cannot read --script ${file}: ${(error as Error).message}`);
  }
}

function firstChange(flags: Given): Change {
  const { status, latency } = flags;
  return {
    reset: readShare("reset", flags.reset),
    partial: readShare("partial", flags.partial),
    hang: readShare("hang", flags.hang),
    redirect: readShare("redirect", flags.redirect),
    ...(status === undefined ? {} : { status: readStatus(status)! }),
    ...(latency === undefined ? {} : { latency_ms: readLatency(latency) }),
    retry_after: flags["retry-after"] ?? null,
  };
}

/** Resolves at the first SIGINT or SIGTERM. */
function signalled(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
}

function text(stats: ReturnType<MockBackend["stats"]>): string {
  const { behaviour: _, last_outages, by_status, ...counts } = stats;
  const statuses = Object.entries(by_status).map(([status, count]) => `  ${status}: ${count}`);
  const recovered = last_outages.map(({ recovered_ms }) => recovered_ms).filter((ms) => ms !== null);
  const slowest = recovered.length === 0 ? [] : [`slowest_recovery_ms: ${Math.max(...recovered)}`];
  const rows = Object.entries(counts).map(([name, value]) => `${name}: ${value}`);
  return `${[...rows, ...slowest, "by_status:", ...statuses].join("\n")}\n`;
}
