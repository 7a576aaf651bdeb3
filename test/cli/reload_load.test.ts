import { expect, test } from "bun:test";
import * as fs from "node:fs";
import { folderWith } from "../support/cli.ts";
import { judge } from "../support/reload_judge.ts";
import { type Load, loadGraph, nextVersion, type Version } from "../support/reload_load.ts";
import { reportOf, running } from "../support/reloading.ts";
import { until } from "../support/webhook.ts";

/** Three seconds of packets, of which the reloads take less than one. The bench `reload` does a hundred, flat out. */
const LOAD: Load = { count: 6_000, rate: 2_000, maxBytes: "4MiB" };
/** Each kind of change, and what two of them leave changed again. */
const RELOADS = 10;

test("under load, on both sides of a durable edge: each packet comes once and in order, states and timers go on", async () => {
  using folder = folderWith({ "yard.yaml": loadGraph(LOAD, {}) });
  await using run = running(folder);
  const [, url] = await run.saw(/url=(http:\S+)/);
  const size = () => fs.statSync(folder.at("packets.jsonl"), { throwIfNoEntry: false })?.size ?? 0;
  let version: Version = {};
  for (let at = 1, last = 0; at <= RELOADS; at++) {
    // Packets go all their way between two of them.
    await until(() => size() > last);
    last = size();
    version = nextVersion(version, at);
    fs.writeFileSync(folder.at("yard.yaml"), loadGraph(LOAD, version));
    const answer = await (await fetch(`${url}/reload`, { method: "POST" })).json();
    expect(answer).toMatchObject({ outcome: "reloaded", generation: at });
  }
  const ended = await run.ended();
  expect(ended.code).toBe(0);
  expect(reportOf(ended).reloads).toMatchObject({ generation: RELOADS });
  const { batches, ...found } = await judge(folder.at, LOAD.count);
  expect(found).toEqual({ lost: 0, doubled: 0, disordered: 0, miscounted: 0, unfired: 0, faults: [] });
  // A timer of 50 ms fires many times in three seconds, for four streams.
  expect(batches).toBeGreaterThan(8);
}, 60_000);

test("the judge of a load finds each kind of fault", async () => {
  const packets = (numbers: readonly number[], more = {}) => numbers.map((i) => ({ s: "a", i, front: 0, ...more }));
  const batch = (numbers: readonly number[], reason: string) => ({
    key: "a",
    count: numbers.length,
    items: packets(numbers),
    reason,
  });
  const others = ["b", "c", "d"].flatMap((s) => [0, 1, 2].map((i) => ({ s, i })));
  const lists = ["b", "c", "d"].map((s) => ({
    key: s,
    count: 3,
    items: [0, 1, 2].map((i) => ({ s, i })),
    reason: "wait",
  }));
  const windowOf = (key: string, count = 3) => ({ key, count, min: 0, max: 2, sum: 3 });
  const windows = ["a", "b", "c", "d"].map((key) => windowOf(key));
  const text = (rows: readonly unknown[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join("");
  const verdict = async (
    own: readonly unknown[],
    lists_: readonly unknown[],
    windows_: readonly unknown[] = windows,
  ) => {
    using folder = folderWith({
      "packets.jsonl": text([...others, ...own]),
      "batches.jsonl": text([...lists, ...lists_]),
      "windows.jsonl": text(windows_),
    });
    const { faults } = await judge(folder.at, 3);
    return faults;
  };
  const good = [batch([0, 1, 2], "wait")];
  expect(await verdict(packets([0, 1, 2]), good)).toEqual([]);
  expect(await verdict(packets([0, 2]), good)).toEqual(["lost: packets: a/1 never came"]);
  expect(await verdict(packets([0, 1, 1, 2]), good)).toEqual(["doubled: packets: a/1 again"]);
  expect(await verdict(packets([0, 2, 1]), good)).toEqual(["disordered: packets: a/1 behind a/2"]);
  expect(await verdict([...packets([0], { front: 9 }), ...packets([1, 2], { front: 1 })], good)).toEqual([
    'disordered: a/1 went through "front" of reload 1 after 9',
    'disordered: a/2 went through "front" of reload 1 after 9',
  ]);
  expect(await verdict(packets([0, 1, 2]), [batch([0, 1], "wait")])).toEqual(["lost: batches: a/2 never came"]);
  expect(await verdict(packets([0, 1, 2]), [batch([0, 1, 2], "packets")])).toEqual([
    'unfired: batch of a with 3 packets left by "packets"',
  ]);
  expect(await verdict(packets([0, 1, 2]), good, [windowOf("a", 2), ...windows.slice(1)])).toEqual([
    "miscounted: window of a has 2 packets 0-2, and not 3: 0-2",
  ]);
  expect(await verdict(packets([0, 1, 2]), good, windows.slice(1))).toEqual([
    "miscounted: windows of a end before 0, and not 3",
  ]);
});
