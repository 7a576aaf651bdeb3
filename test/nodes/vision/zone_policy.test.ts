import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { zonePolicy } from "../../../src/nodes/vision/zone_policy.ts";
import { WholeFloat } from "../../../src/packet/index.ts";
import { packet, startNode, testContext } from "../../support/node.ts";

const SQUARE = [
  [0, 0],
  [10, 0],
  [10, 10],
  [0, 10],
];
const ZONE = { zone_id: "Z1", polygon: SQUARE };
const NOWHERE = { zone_id: "", inside: false };

const event = (bbox: unknown = { x1: 2, y1: 2, x2: 4, y2: 4 }, event_type = "ZONE_INTRUSION") =>
  packet({ kind: "event", payload: { event_type, bbox, zone: "old" } });

type Started = ReturnType<typeof startNode>;

async function zoneOf({ process, on }: Started, incoming = event()) {
  await process(incoming);
  return (on("out").at(-1)!.payload as { zone: unknown }).zone;
}

const inline = (zones: unknown[], more: Record<string, unknown> = {}) => startNode(zonePolicy, { zones, ...more });
const issuesOf = (config: Record<string, unknown>) => zonePolicy.check(v.parse(zonePolicy.config, config));

test("zone_policy overwrites the event's zone and keeps the packet's id", async () => {
  const started = inline([ZONE]);
  expect(await zoneOf(started)).toEqual({ zone_id: "Z1", inside: true });
  expect(started.on("out")[0]!.packet_id).toBe(event().packet_id);
});

test("zone_policy takes the first zone that fits", async () => {
  expect(await zoneOf(inline([{ zone_id: "A", polygon: SQUARE }, ZONE]))).toEqual({ zone_id: "A", inside: true });
});

test("zone_policy passes disabled zones over", async () => {
  expect(await zoneOf(inline([{ ...ZONE, enabled: false }]))).toEqual(NOWHERE);
});

test("zone_policy takes points as maps and numbers written as floats", async () => {
  const polygon = SQUARE.map(([x, y]) => ({ x, y: new WholeFloat(y!) }));
  expect(await zoneOf(inline([{ zone_id: "Z1", polygon }]))).toEqual({ zone_id: "Z1", inside: true });
});

test.each([
  ["missing", undefined],
  ["empty", {}],
  ["without y2", { x1: 1, y1: 1, x2: 2 }],
  ["with a null corner", { x1: 1, y1: 1, x2: 2, y2: null }],
])("zone_policy puts an event whose box is %s in no zone", async (_name, bbox) => {
  const { x1: _, ...rest } = { x1: 0 };
  const incoming = packet({ kind: "event", payload: bbox === undefined ? rest : { bbox } });
  expect(await zoneOf(inline([ZONE]), incoming)).toEqual(NOWHERE);
});

test.each([
  ["a box that is text", event("2,2,4,4"), "payload.bbox must be a map, got string"],
  ["a corner that is text", event({ x1: "2", y1: 2, x2: 4, y2: 4 }), 'payload.bbox.x1 must be a number, got "2"'],
  ["a payload that is no map", packet({ kind: "event", payload: [] }), "the payload must be an event, got a list"],
])("zone_policy fails on %s", async (_name, incoming, message) => {
  await expect(inline([ZONE]).process(incoming)).rejects.toThrow(message);
});

test("zone_policy looks up the bottom centre unless the rule for the type says bbox_center", async () => {
  const tall = { x1: 2, y1: 2, x2: 4, y2: 14 };
  const started = inline([ZONE], { rule_map: { FIRE_DETECTED: "bbox_center" } });
  expect(await zoneOf(started, event(tall))).toEqual(NOWHERE);
  expect(await zoneOf(started, event(tall, "FIRE_DETECTED"))).toEqual({ zone_id: "Z1", inside: true });
});

test("zone_policy counts a diamond's lowest corner as inside; boundary legacy does not", async () => {
  const diamond = {
    zone_id: "D",
    polygon: [
      [5, 0],
      [10, 5],
      [5, 10],
      [0, 5],
    ],
  };
  const lowest = event({ x1: 4, y1: 0, x2: 6, y2: 10 });
  expect(await zoneOf(inline([diamond]), lowest)).toEqual({ zone_id: "D", inside: true });
  expect(await zoneOf(inline([diamond], { boundary: "legacy" }), lowest)).toEqual(NOWHERE);
});

test("zone_policy counts events and hits", async () => {
  const started = inline([ZONE]);
  await zoneOf(started);
  await zoneOf(started, event({ x1: 50, y1: 50, x2: 60, y2: 60 }));
  expect(started.node.metrics!()).toEqual({ processed_total: 2, inside_total: 1, zones: 1 });
});

test.each([
  [{}, []],
  [{ zones: [ZONE], source: "file" }, ["source"]],
  [{ zones: [{ ...ZONE, polygon: SQUARE.slice(2) }] }, ["zones", 0, "polygon"]],
  [{ zones: [{ ...ZONE, polygon: [...SQUARE, ["a", 1]] }] }, ["zones", 0, "polygon", 4]],
  [{ zones: [ZONE, { polygon: SQUARE }] }, ["zones", 1, "zone_id"]],
  [{ zones: [{ ...ZONE, enabeld: false }] }, ["zones", 0, "enabeld"]],
  [{ zones: ["Z1"] }, ["zones", 0]],
  [{ source: "fiel" }, ["source"]],
  [{ source: "file" }, ["file_path"]],
  [{ source: "file", file_path: "z.yaml", cache_ttl_sec: 0 }, ["cache_ttl_sec"]],
  [{ source: "api" }, ["api_cfg"]],
  [{ source: "api", api_cfg: { base_url: "backend" } }, ["api_cfg", "base_url"]],
  [{ source: "api", api_cfg: { base_url: "http://b", get_path_template: "/{site_id}" } }, ["site_id"]],
  [{ source: "api", api_cfg: { base_url: "http://b", get_path: "/x" } }, ["api_cfg", "get_path"]],
  [{ zones: [ZONE], rule_map: { A: "center" } }, ["rule_map", "A"]],
])("zone_policy refuses %j and points at the fault", (config, path) => {
  expect(issuesOf(config)[0]).toMatchObject({ path });
});

test("zone_policy suggests the source that was meant", () => {
  expect(issuesOf({ source: "fiel" })[0]).toMatchObject({ hint: 'did you mean "file"?' });
});

test.each([
  [{ source: "fiel" }],
  [{}],
  [{ source: "file", file_path: "missing.yaml" }],
  [{ source: "file", file_path: "zones.txt" }],
  [{ zones: [{ zone_id: "Z1", polygon: [[0, 0]] }] }],
  [{ source: "api", api_cfg: { base_url: "http://b" }, cache_ttl_sec: 0 }],
])("zone_policy when lenient has no zones for %j, as the predecessor", async (config) => {
  expect(issuesOf({ ...config, lenient: true })).toEqual([]);
  expect(await zoneOf(startNode(zonePolicy, { ...config, lenient: true }))).toEqual(NOWHERE);
});

test("zone_policy when lenient takes enabled by truthiness, so the text false is true", async () => {
  const zones = [{ ...ZONE, enabled: "false", colour: "red" }];
  expect(await zoneOf(inline(zones, { lenient: true }))).toEqual({ zone_id: "Z1", inside: true });
  expect(await zoneOf(inline([{ ...ZONE, enabled: 0 }], { lenient: true }))).toEqual(NOWHERE);
});

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function zoneFile(name: string, text: string, more: Record<string, unknown> = {}) {
  const base = mkdtempSync(join(tmpdir(), "zones-"));
  folders.push(base);
  const write = (content: string) => writeFileSync(join(base, name), content);
  write(text);
  const start = () => startNode(zonePolicy, { source: "file", file_path: name, ...more }, testContext({ base }));
  return { start, write };
}

test.each([
  ["z.json", JSON.stringify([ZONE])],
  ["z.json", JSON.stringify({ zones: [ZONE] })],
  ["z.yml", "- { zone_id: Z1, polygon: [[0, 0], [10, 0], [10, 10], [0, 10]] }"],
])("zone_policy reads %s with %s", async (name, text) => {
  expect(await zoneOf(zoneFile(name, text).start())).toEqual({ zone_id: "Z1", inside: true });
});

test.each([
  ["zones.txt", "", "its name must end in .yaml, .yml or .json"],
  ["zones.json", "{", 'cannot read zones from "zones.json"'],
  ["zones.json", '{"zone": []}', "expected a list of zones"],
  ["zones.json", '[{"zone_id": "a", "polygon": [[0, 0]]}]', "zones[0].polygon: a polygon needs at least three points"],
])("zone_policy does not start with a file %s that holds %p", (name, text, message) => {
  expect(zoneFile(name, text).start).toThrow(message);
});

test("zone_policy does not start when its file is missing, and says where it looked", () => {
  const start = () => startNode(zonePolicy, { source: "file", file_path: "z.yaml" }, testContext({ base: "/nowhere" }));
  expect(start).toThrow("there is no such file at /nowhere/z.yaml");
});

test("zone_policy reads its file again after cache_ttl_sec", async () => {
  const { start, write } = zoneFile("z.json", JSON.stringify([ZONE]));
  const started = start();
  write("[]");
  expect(await zoneOf(started)).toEqual({ zone_id: "Z1", inside: true });
  started.context.clock.advance(30_000);
  expect(await zoneOf(started)).toEqual(NOWHERE);
});

test("zone_policy keeps the zones it has when the file has become unreadable, and counts it", async () => {
  const { start, write } = zoneFile("z.json", JSON.stringify([ZONE]));
  const started = start();
  write("[{");
  started.context.clock.advance(30_000);
  expect(await zoneOf(started)).toEqual({ zone_id: "Z1", inside: true });
  expect(started.node.metrics!()).toMatchObject({ refresh_failed_total: 1, zones: 1 });
});

/** The message of the error a promise ends with. */
const faultOf = (promise: Promise<unknown>) =>
  promise.then(
    () => "none",
    (error: Error) => error.message,
  );

/** A backend that answers when the test says so. */
function backend(more: Record<string, unknown> = {}) {
  const asked: { url: string; answer(body: unknown, status?: number): Promise<void>; fail(): Promise<void> }[] = [];
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  const fetch = (url: string, { signal }: { signal: AbortSignal }) =>
    new Promise<Response>((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
      asked.push({
        url,
        answer(body, status = 200) {
          resolve(Response.json(body, { status }));
          return settle();
        },
        fail() {
          reject(new Error("connection refused"));
          return settle();
        },
      });
    });
  const context = { ...testContext(), fetch: fetch as unknown as typeof globalThis.fetch };
  const api_cfg = { base_url: "http://backend.example/", get_path_template: "/sites/{site_id}/{camera_id}/zones" };
  const config = { source: "api", site_id: "S 1", camera_id: "cam01", api_cfg, ...more };
  const started = startNode(zonePolicy, config, context);
  return { asked, started, clock: context.clock };
}

test("zone_policy asks the address with site and camera filled in", async () => {
  const { asked, started } = backend();
  const first = zoneOf(started);
  await asked[0]!.answer([ZONE]);
  expect(asked[0]!.url).toBe("http://backend.example/sites/S%201/cam01/zones");
  expect(await first).toEqual({ zone_id: "Z1", inside: true });
});

test("zone_policy lets the first events wait for the first answer, with one request", async () => {
  const { asked, started } = backend();
  const both = [started.process(event()), started.process(event())];
  expect(started.emitted).toEqual([]);
  await asked[0]!.answer([ZONE]);
  await Promise.all(both);
  expect(asked).toHaveLength(1);
  expect(started.on("out")).toHaveLength(2);
});

test("zone_policy fails on an event when no zones were ever fetched", async () => {
  const { asked, started } = backend();
  const first = faultOf(started.process(event()));
  await asked[0]!.fail();
  expect(await first).toContain("none were ever fetched");
});

test("zone_policy keeps the user, password and query of the address out of its messages", async () => {
  const api_cfg = { base_url: "http://user:secret@backend.example", get_path_template: "/zones?token=secret" };
  const { asked, started } = backend({ api_cfg });
  const first = faultOf(started.process(event()));
  await asked[0]!.fail();
  const message = await first;
  expect(message).toContain("http://backend.example/zones");
  expect(message + JSON.stringify(started.context.logged)).not.toContain("secret");
});

test("zone_policy goes on with stale zones while it asks again", async () => {
  const { asked, started, clock } = backend();
  const first = zoneOf(started);
  await asked[0]!.answer([ZONE]);
  await first;
  clock.advance(30_000);
  expect(await zoneOf(started)).toEqual({ zone_id: "Z1", inside: true });
  expect(asked).toHaveLength(2);
  await asked[1]!.answer([]);
  expect(await zoneOf(started)).toEqual(NOWHERE);
});

test.each([
  ["a refused connection", (request: ReturnType<typeof backend>["asked"][number]) => request.fail()],
  ["status 500", (request: ReturnType<typeof backend>["asked"][number]) => request.answer([], 500)],
  [
    "an answer that is no list",
    (request: ReturnType<typeof backend>["asked"][number]) => request.answer({ zones: [] }),
  ],
])("zone_policy keeps stale zones after %s", async (_name, misbehave) => {
  const { asked, started, clock } = backend();
  const first = zoneOf(started);
  await asked[0]!.answer([ZONE]);
  await first;
  clock.advance(30_000);
  await zoneOf(started);
  await misbehave(asked[1]!);
  expect(await zoneOf(started)).toEqual({ zone_id: "Z1", inside: true });
  expect(started.node.metrics!()).toMatchObject({ refresh_total: 1, refresh_failed_total: 1 });
});

test("zone_policy gives up on an answer after timeout_sec", async () => {
  const { started, clock } = backend();
  const first = faultOf(started.process(event()));
  clock.advance(3_000);
  expect(await first).toContain("no answer within 3 s");
  expect(clock.pending).toBe(0);
});

test("zone_policy pauses for error_backoff_sec after max_failures in a row", async () => {
  const { asked, started, clock } = backend({ lenient: true });
  for (const at of [0, 1, 2]) {
    await zoneOf(started);
    await asked[at]!.fail();
  }
  await zoneOf(started);
  clock.advance(4_999);
  await zoneOf(started);
  expect(asked).toHaveLength(3);
  clock.advance(1);
  await zoneOf(started);
  expect(asked).toHaveLength(4);
});

test("zone_policy when lenient does not wait: events are in no zone until the first answer", async () => {
  const { asked, started } = backend({ lenient: true });
  expect(await zoneOf(started)).toEqual(NOWHERE);
  await asked[0]!.answer([ZONE]);
  expect(await zoneOf(started)).toEqual({ zone_id: "Z1", inside: true });
});

test("zone_policy when lenient and cache_ttl_sec is 0 never asks", async () => {
  const { asked, started } = backend({ lenient: true, cache_ttl_sec: 0 });
  await zoneOf(started);
  expect(asked).toHaveLength(0);
});

test("zone_policy ends a request under way when it is closed", async () => {
  const { started, clock } = backend();
  const first = faultOf(started.process(event()));
  await started.node.close!();
  expect(await first).toContain("the node is closing");
  expect(clock.pending).toBe(0);
});
