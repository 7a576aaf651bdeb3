import { describe, expect, test } from "bun:test";
import { Rejected, Unavailable } from "../../src/node/index.ts";
import { delivering } from "../support/delivery.ts";

/** An outside that refuses until it is healed, and counts who is with it at once. */
function shut(options: Parameters<typeof delivering>[1] = {}, seed = 1) {
  const state = { away: true, error: new Unavailable("connection refused") as Error, now: 0, most: 0 };
  const process = async () => {
    state.now += 1;
    state.most = Math.max(state.most, state.now);
    const { away, error } = state;
    await run.sleep(10);
    state.now -= 1;
    if (away) throw error;
  };
  const run = delivering(process, options, { seed });
  return { ...run, state };
}

describe("the circuit", () => {
  test("opens after five failures in a row, whichever packets they were of, and says so once", async () => {
    const { send, pass, calls, logged, metric, node } = shut();
    for (const id of ["a", "b", "c", "d", "e"]) void send(id);
    await pass(11);
    expect(calls).toHaveLength(5);
    expect(metric("delivery_circuit")).toBe(1);
    expect(node.circuitOpen).toBe(true);
    expect(logged).toEqual([
      {
        level: "warn",
        message: "the outside does not take packets: only probes go out until it does",
        fields: { failures: 5, error: "connection refused" },
      },
    ]);
    await pass(600_000);
    expect(logged).toHaveLength(1);
    expect(metric("delivery_outages_total")).toBe(1);
    expect(metric("delivery_outage_seconds_total")).toBeCloseTo(600, 0);
  });

  test("lets one probe through at a time, never more than 5 s after the last, and none before its time", async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const { send, pass, calls, state } = shut({}, seed);
      for (let at = 0; at < 16; at++) void send(`p${at}`);
      await pass(20);
      const opened = calls.length;
      expect(opened).toBe(16);
      state.most = 0;
      await pass(300_000);
      expect(state.most).toBe(1);
      const probes = calls.slice(opened);
      const gaps = probes.slice(1).map(({ atMs }, at) => atMs - probes[at]!.atMs);
      // 10 ms for the probe itself. The mean of full jitter is half its bound.
      expect(Math.max(...gaps)).toBeLessThanOrEqual(5_010);
      expect(probes.length).toBeGreaterThan(90);
      expect(probes.length).toBeLessThan(160);
    }
  });

  test("probes with the packet that was tried least, so no single one keeps it shut", async () => {
    const { send, pass, calls } = shut();
    for (let at = 0; at < 5; at++) void send(`p${at}`);
    await pass(11);
    await pass(60_000);
    const probes = calls.slice(5).map(({ id }) => id);
    for (let at = 0; at + 5 <= probes.length; at += 5) expect(new Set(probes.slice(at, at + 5)).size).toBe(5);
  });

  test("closes with the first probe that gets through, and all that wait go on at once", async () => {
    const { send, pass, calls, ended, state, logged, metric } = shut();
    for (let at = 0; at < 16; at++) void send(`p${at}`);
    await pass(60_000);
    const before = calls.length;
    state.away = false;
    state.most = 0;
    await pass(5_010);
    // The probe alone, and the other 15 when it was back.
    expect(Object.values(ended).filter(({ error }) => error === undefined)).toHaveLength(16);
    expect(calls.length - before).toBe(16);
    expect(calls.slice(before + 1).every(({ atMs }) => atMs === calls[before]!.atMs + 10)).toBe(true);
    expect(logged.map(({ level }) => level)).toEqual(["warn", "info"]);
    expect(logged[1]).toMatchObject({ message: "the outside takes packets again", fields: { waiting: 15 } });
    expect(metric("delivery_recovery_ms")!).toBeLessThanOrEqual(5_010);
  });

  test("once closed lets nobody wait for a backoff from before", async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const { send, pass, ended, state } = shut({}, seed);
      for (const id of ["a", "b"]) void send(id);
      await pass(600_000);
      state.away = false;
      await pass(6_000);
      const [first, second] = Object.values(ended).map(({ atMs }) => atMs);
      expect(second).toBe(first! + 10);
    }
  });

  test("takes a rejection for an answer", async () => {
    const { send, pass, state, metric } = shut();
    void send("a");
    await pass(60_000);
    state.error = new Rejected("400");
    await pass(5_010);
    expect(metric("delivery_circuit")).toBe(0);
  });

  test("counts from anew after a success", async () => {
    let count = 0;
    const { send, pass, metric } = delivering(async () => {
      count += 1;
      if (count % 5 !== 0) throw new Unavailable("503");
    });
    for (let at = 0; at < 100; at++) {
      void send(`p${at}`);
      await pass(10_000);
    }
    expect(metric("delivery_outages_total")).toBe(0);
  });

  test("opens for ordinary failures too, so that an outside that answers 500 does not use up all that come", async () => {
    const run = delivering(async () => {
      throw new Error("500");
    });
    for (let at = 0; at < 1_000; at++) {
      void run.send(`p${at}`);
      await run.pass(60);
    }
    // A minute: three tries each, one every 2.5 s on average.
    expect(Object.keys(run.ended).length).toBeLessThan(20);
  });

  test("off never opens", async () => {
    const { send, pass, metric } = shut({ circuit: undefined });
    void send("a");
    await pass(600_000);
    expect(metric("delivery_circuit")).toBe(0);
    expect(metric("delivery_outages_total")).toBe(0);
  });

  test("does not close for what began before it opened", async () => {
    const late: (() => void)[] = [];
    const { send, pass, metric, ended } = delivering((one) =>
      one.packet_id === "slow"
        ? new Promise<void>((resolve) => void late.push(resolve))
        : Promise.reject(new Unavailable("connection refused")),
    );
    void send("slow");
    for (let at = 0; at < 5; at++) void send(`p${at}`);
    await pass(1);
    expect(metric("delivery_circuit")).toBe(1);
    late[0]!();
    await pass(0);
    expect(ended.slow!.error).toBeUndefined();
    expect(metric("delivery_circuit")).toBe(1);
    // Had it closed, all that wait would have been tried, and opened it again.
    expect(metric("delivery_outages_total")).toBe(1);
    expect(metric("delivery_tries_total")).toBe(6);
  });

  test("closes again for an outside that has become slower than a probe may take", async () => {
    let mode: "away" | "slow" = "away";
    const run = delivering(async () => {
      if (mode === "away") throw new Unavailable("connection refused");
      await run.sleep(8_000);
    });
    void run.send("a");
    await run.pass(60_000);
    mode = "slow";
    await run.pass(60_000);
    expect(run.metric("delivery_circuit")).toBe(0);
    expect(run.ended.a!.error).toBeUndefined();
  });
});

describe("when the run is stopped", () => {
  test("what waits for the outside ends at once as unavailable, the probe under way with its answer", async () => {
    const { send, pass, ended, stopping, clock, state } = shut();
    for (let at = 0; at < 5; at++) void send(`p${at}`);
    await pass(60_000);
    while (state.now === 0) await pass(1);
    stopping.abort();
    await pass(0);
    expect(Object.keys(ended)).toHaveLength(4);
    expect(Object.values(ended)[0]!.error).toMatchObject({ name: "Unavailable" });
    expect(Object.values(ended)[0]!.error!.message).toMatch(
      /^not delivered, as the run is ending, after \d+ tries in \d+ ms: connection refused$/,
    );
    await pass(10);
    expect(Object.keys(ended)).toHaveLength(5);
    expect(clock.pending).toBe(0);
  });

  test("new packets of an open circuit end at once", async () => {
    const { send, pass, ended, stopping } = shut();
    for (let at = 0; at < 5; at++) void send(`p${at}`);
    await pass(11);
    stopping.abort();
    void send("new");
    await pass(0);
    expect(ended.new!.error).toMatchObject({ name: "Unavailable" });
  });

  test("a packet in a short wait is tried again, one told to wait longer than 2 s is not", async () => {
    let tries = 0;
    const short = delivering(async () => {
      tries += 1;
      if (tries === 1) throw new Unavailable("503");
    });
    void short.send("a");
    await short.pass(0);
    short.stopping.abort();
    await short.pass(100);
    expect(short.ended.a!.error).toBeUndefined();
    const long = delivering(async () => {
      throw new Unavailable("503", { retryAfterMs: 3_000 });
    });
    void long.send("a");
    await long.pass(0);
    long.stopping.abort();
    await long.pass(0);
    expect(long.ended.a!.error).toMatchObject({ name: "Unavailable" });
  });

  test("nothing is held for longer than 2 s more, and what the rate spaces out goes on", async () => {
    const held = shut({ circuit: undefined });
    void held.send("a");
    await held.pass(10_000);
    held.stopping.abort();
    await held.pass(2_011);
    expect(held.ended.a!.error).toMatchObject({ name: "Unavailable" });
    const paced = delivering(async () => {}, { rate: { per_sec: 1, burst: 1 } });
    for (let at = 0; at < 8; at++) void paced.send(`p${at}`);
    paced.stopping.abort();
    await paced.pass(7_000);
    expect(Object.values(paced.ended).map(({ error }) => error)).toEqual(Array(8).fill(undefined));
  });

  test("a call under way has its time", async () => {
    const run = delivering(() => run.sleep(9_000));
    void run.send("a");
    await run.pass(1);
    run.stopping.abort();
    await run.pass(9_000);
    expect(run.ended.a!.error).toBeUndefined();
  });
});
