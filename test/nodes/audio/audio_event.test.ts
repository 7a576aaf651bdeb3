import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import { audioEvent } from "../../../src/nodes/audio/audio_event.ts";
import { eventV02Parse } from "../../../src/nodes/vision/event_v02_parse.ts";
import { packet, startNode } from "../../support/node.ts";

const change = (fields: Record<string, unknown> = {}) =>
  packet({
    kind: "sound",
    source_id: "hall",
    payload: {
      ...{ sound: "speech", state: "start", confidence: 0.9, since_ts: "2026-01-01T00:00:00Z" },
      ...{ duration_sec: null, cut: false, ...fields },
    },
  });

async function events(config: Record<string, unknown>, ...changes: Record<string, unknown>[]) {
  const started = startNode(audioEvent, config);
  for (const fields of changes) await started.process(change(fields));
  return { ...started, out: started.on("out").map(({ payload }) => payload as Record<string, unknown>) };
}

describe("audio_event", () => {
  test("makes events of what has a type, with the severity of its entry", async () => {
    const sounds = [
      { sound: "glass", start_type: "GLASS_BROKEN", object_type: "window", severity: "HIGH" },
      { sound: "speech", end_type: "TALK_OVER" },
    ];
    const { out } = await events({ sounds }, { sound: "glass" }, {}, { state: "end", duration_sec: 3 });
    expect(out).toMatchObject([
      { event_type: "GLASS_BROKEN", object_type: "WINDOW", severity: "HIGH", sound: { name: "glass", state: "start" } },
      { event_type: "TALK_OVER", object_type: "SPEECH", severity: "LOW", sound: { duration_sec: 3 } },
    ]);
  });

  test("leaves out a sound without an entry, and names it once", async () => {
    const { out, context, node } = await events({}, { sound: "dog" }, { sound: "dog" }, { sound: "silence" });
    expect(out).toMatchObject([{ event_type: "SOUND_LOST", object_type: "SILENCE" }]);
    expect(context.logged).toEqual([
      {
        level: "warn",
        message: "a sound has no entry in sounds",
        fields: { sound: "dog", known: "speech, loud, silence" },
      },
    ]);
    expect(node.metrics!()).toEqual({ events_total: 1, unmapped_total: 2 });
  });

  test("gives one fact one key, and two sounds at one time two", async () => {
    const { on } = await events({}, {}, {}, { sound: "loud" });
    const keys = on("out").map(({ meta }) => meta.idempotency_key);
    expect(new Set(keys).size).toBe(2);
    expect(keys[0]).toBe(keys[1]);
  });

  test("makes events that event_v02_parse takes", async () => {
    const { on } = await events({}, {}, { state: "end", duration_sec: 2 });
    const parser = startNode(eventV02Parse, { verify_id: false });
    for (const { payload, ts } of on("out")) await parser.process(packet({ kind: "http", ts, payload }));
    expect(parser.emitted.map(({ port }) => port)).toEqual(["out", "out"]);
  });

  test.each([
    [{ sound: 7 }, "payload.sound must be a text, got number"],
    [{ state: "begun" }, 'payload.state must be start or end, got "begun"'],
    [{ confidence: null }, "payload.confidence must be a number, got null"],
  ])("refuses %j", async (fields, message) => {
    expect(events({}, fields)).rejects.toThrow(`cannot make an event of a sound: ${message}`);
  });

  test("refuses entries that make no event, and two for one sound", () => {
    const issues = (sounds: unknown) =>
      audioEvent.check(v.parse(audioEvent.config, { sounds })).map(({ message }) => message);
    expect(issues([{ sound: "a" }])).toEqual(["it makes no event: set start_type, end_type or both"]);
    const twice = { sound: "a", start_type: "A" };
    expect(issues([twice, twice])).toEqual(['"a" has an entry already']);
  });
});
