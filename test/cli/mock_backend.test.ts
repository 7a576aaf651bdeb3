import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as net from "node:net";
import { cli, folderWith } from "../support/cli.ts";
import { type Running, start } from "../support/running.ts";

interface Stats {
  posts: number;
  accepted: number;
  unique: number;
  duplicates: number;
  batches: number;
  out_of_order: number;
  missing: number;
  series: number;
  by_status: Record<string, number>;
  outages: number;
  last_outages: { mode: string; lasted_ms: number | null; recovered_ms: number | null }[];
}

/** A backend on a free port, and what one does with it. */
async function backend(cwd: string, ...flags: string[]) {
  const running = start(["mock-backend", "--listen", "127.0.0.1:0", "--json", ...flags], { cwd });
  const [, url, seed] = await running.saw(/\{"url":"([^"]+)","seed":(\d+)\}/);
  const post = async (body: string, headers: Record<string, string> = {}) => {
    try {
      const response = await fetch(`${url}/in`, { method: "POST", body, headers, redirect: "manual" });
      await response.text();
      return response;
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  return {
    running,
    url: url!,
    seed: Number(seed),
    post,
    /** What became of it: a status, or the code of an error. */
    outcome: async (...request: Parameters<typeof post>) => {
      const answer = await post(...request);
      return typeof answer === "string" ? answer : answer.status;
    },
    control: (change: unknown) =>
      fetch(`${url}/control`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(change),
      }),
    stats: async () => (await (await fetch(`${url}/stats`)).json()) as Stats,
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

const lastStats = async (running: Running, signal?: NodeJS.Signals) => {
  const { code, stdout, stderr } = await running.stop(signal);
  return { code, stderr, stats: JSON.parse(stdout.trimEnd().split("\n").at(-1)!) as Stats };
};

describe("mock-backend", () => {
  test("counts posts, keys and order, and prints them when it is stopped", async () => {
    using folder = folderWith({});
    await using one = await backend(folder.folder);
    const at = (source: string, seq: number) => JSON.stringify({ source, seq });
    for (const [source, seq] of [
      ["a", 0],
      ["a", 1],
      ["b", 5],
      ["a", 3],
      ["a", 2],
      ["a", 2],
      ["b", 8],
    ] as const) {
      expect(await one.outcome(at(source, seq))).toBe(200);
    }
    await one.post("1", { "idempotency-key": "k" });
    await one.post("2", { "idempotency-key": "k" });
    await one.post(`[${at("c", 1)},${at("c", 2)}]`, { "content-type": "application/json" });
    await one.post(`${at("c", 2)}\n${at("c", 3)}\n`, { "content-type": "application/x-ndjson" });
    const packet = { packet_id: "p", ts: "", kind: "raw", source_id: "d", payload: { seq: 7 }, meta: {} };
    await one.post(JSON.stringify(packet));
    const { code, stderr, stats } = await lastStats(one.running);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stats).toMatchObject({ posts: 12, batches: 2, accepted: 14, unique: 11, duplicates: 3, series: 4 });
    expect(stats).toMatchObject({ out_of_order: 1, missing: 2, by_status: { "200": 12 } });
  });

  test("breaks as its flags say, the same for the same seed", async () => {
    using folder = folderWith({});
    const flags = [
      "--seed",
      "7",
      "--status",
      "503:0.2,500:0.1",
      "--reset",
      "0.1",
      "--partial",
      "0.1",
      "--redirect",
      "0.1",
    ];
    const outcomes: unknown[][] = [];
    for (let round = 0; round < 2; round++) {
      await using one = await backend(folder.folder, ...flags, "--retry-after", "2");
      const seen: unknown[] = [];
      for (let at = 0; at < 100; at++) {
        const answer = await one.post("{}");
        if (typeof answer === "string") seen.push(answer);
        else {
          seen.push(answer.status);
          expect(answer.headers.get("retry-after")).toBe(answer.status >= 400 ? "2" : null);
          expect(answer.headers.has("location")).toBe(answer.status === 307);
        }
      }
      outcomes.push(seen);
      const { stats, stderr } = await lastStats(one.running, "SIGINT");
      const count = (what: unknown) => seen.filter((one) => one === what).length;
      expect(stats.by_status).toEqual({
        ...{ "200": count(200), "307": count(307), "500": count(500), "503": count(503) },
        ...{ reset: expect.any(Number), partial: expect.any(Number) },
      });
      expect(stats.by_status.reset! + stats.by_status.partial!).toBe(count("ECONNRESET"));
      // What it breaks on purpose is no error of its own.
      expect(stderr).toBe("");
    }
    expect(new Set(outcomes[0])).toEqual(new Set([200, 307, 500, 503, "ECONNRESET"]));
    expect(outcomes[1]).toEqual(outcomes[0]!);
  });

  test("changes while it runs, and tells how long an outage and the recovery took", async () => {
    using folder = folderWith({});
    await using one = await backend(folder.folder);
    expect((await one.control({ mode: "down" })).status).toBe(200);
    expect(await one.outcome("{}")).toBe("ECONNRESET");
    expect((await one.stats()).last_outages).toMatchObject([{ mode: "down", lasted_ms: null, recovered_ms: null }]);
    await one.control({ mode: "up", status: { 429: 1 } });
    expect(await one.outcome("{}")).toBe(429);
    await one.control({ status: {} });
    expect(await one.outcome("{}")).toBe(200);
    const [outage] = (await one.stats()).last_outages;
    expect(outage).toMatchObject({ lasted_ms: expect.any(Number), recovered_ms: expect.any(Number) });
  });

  test("hangs until the other side goes away", async () => {
    using folder = folderWith({});
    await using one = await backend(folder.folder, "--hang", "1");
    const asking = new AbortController();
    const hanging = fetch(one.url, { method: "POST", body: "{}", signal: asking.signal }).catch((error) => error.name);
    while ((await one.stats()).posts === 0) await Bun.sleep(5);
    asking.abort();
    expect(await hanging).toBe("AbortError");
    expect((await lastStats(one.running)).stats.by_status).toEqual({ hang: 1 });
  });

  test("carries out a script, in which it can close its port", async () => {
    const script = '{"at_sec": 0, "set": {"mode": "refuse"}}\n\n{"at_sec": 0.4, "set": {"mode": "up"}}\n';
    using folder = folderWith({ "outage.jsonl": script });
    await using one = await backend(folder.folder, "--script", "outage.jsonl");
    const { hostname, port } = new URL(one.url);
    const connects = () =>
      new Promise<boolean>((resolve) => {
        const socket = net.connect(Number(port), hostname, () => resolve(socket.end() !== undefined));
        socket.on("error", () => resolve(false));
      });
    while (await connects()) await Bun.sleep(5);
    while (!(await connects())) await Bun.sleep(5);
    expect(await one.outcome("{}")).toBe(200);
    expect((await one.stats()).last_outages).toMatchObject([{ mode: "refuse", recovered_ms: expect.any(Number) }]);
  });

  test("writes down what it took before it answers", async () => {
    using folder = folderWith({});
    await using one = await backend(
      folder.folder,
      "--record",
      "taken.jsonl",
      "--fsync",
      "--status",
      "500:0.5",
      "--seed",
      "1",
    );
    const taken: string[] = [];
    for (let at = 0; at < 20; at++) {
      const key = `k${at % 8}`;
      if ((await one.outcome("{}", { "idempotency-key": key })) === 200) taken.push(key);
      const lines = fs.existsSync(folder.at("taken.jsonl")) ? fs.readFileSync(folder.at("taken.jsonl"), "utf8") : "";
      expect(
        lines
          .split("\n")
          .filter(Boolean)
          .map((line) => JSON.parse(line).key),
      ).toEqual(taken);
    }
    expect(taken.length).toBeGreaterThan(new Set(taken).size);
  });

  test("answers nonsense at its control with what is wrong", async () => {
    using folder = folderWith({});
    await using one = await backend(folder.folder);
    for (const change of [
      { mode: "sideways" },
      { status: { 99: 1 } },
      { reset: 2 },
      { nope: 1 },
      7,
      { mode: "refuse" },
    ]) {
      expect((await one.control(change)).status).toBe(400);
    }
    const { message } = (await (await one.control({ status: 422 })).json()) as { message: string };
    expect(message).toStartWith("status: ");
    expect(message).toContain('{"status":{"503":0.1,"422":0.2}}');
    const simple = await fetch(`${one.url}/control`, { method: "POST", body: '{"mode":"down"}' });
    expect(simple.status).toBe(415);
    expect(await one.outcome("{}")).toBe(200);
  });
});

describe("mock-backend is not started by", () => {
  test.each([
    [["--listen", "8080"], 'must be host:port: current value is "8080"'],
    [["--listen", "0.0.0.0:8080"], "reached by other machines"],
    [["--status", "503:2"], 'cannot be read at "503:2"'],
    [["--latency", "50ms..5ms"], "must be a time or a range"],
    [["--reset", "1.5"], "share of all posts"],
    [["--script", "none.jsonl"], "cannot read --script none.jsonl"],
  ])("%p", async (flags, words) => {
    const { code, stderr } = await cli(["mock-backend", ...flags], { cwd: "/nonexistent" });
    expect([code, stderr]).toEqual([2, expect.stringContaining(words)]);
  });

  test.each([
    ['{"at_sec": 1, "set": {"mode": "nope"}}', "bad.jsonl:1 cannot be read at set.mode"],
    ['{"at_sec": 1, "set": {}}\n{', "bad.jsonl:2 is not JSON"],
  ])("the script %p", async (script, words) => {
    using folder = folderWith({ "bad.jsonl": script });
    const { code, stderr } = await cli(["mock-backend", "--script", "bad.jsonl"], { cwd: folder.folder });
    expect([code, stderr]).toEqual([2, expect.stringContaining(words)]);
  });

  test("a port that is in use", async () => {
    using folder = folderWith({});
    await using one = await backend(folder.folder);
    const { code, stderr } = await cli(["mock-backend", "--listen", new URL(one.url).host]);
    expect([code, stderr]).toEqual([3, expect.stringContaining("cannot start on 127.0.0.1")]);
  });
});
