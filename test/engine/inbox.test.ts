import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { AckRoot } from "../../src/engine/ack.ts";
import { Inbox } from "../../src/engine/inbox.ts";
import type { InboxLimits } from "../../src/graph/plan.ts";
import { packetBytes, type StreamPacket } from "../../src/packet/index.ts";
import { packet } from "../support/node.ts";

interface Entry {
  packet: StreamPacket;
  root: AckRoot | undefined;
  edge: number;
  stampMs: number;
}

const WEIGHTS = { key: "group", values: { vip: 10, crowd: 0.5 }, fallback: 1 };

/** What an inbox is, said with an array. */
class Model {
  readonly limits: InboxLimits;
  entries: Entry[] = [];

  constructor(limits: InboxLimits) {
    this.limits = limits;
  }

  get bytes() {
    return this.entries.reduce((sum, entry) => sum + packetBytes(entry.packet), 0);
  }

  get full() {
    return this.entries.length >= this.limits.capacity || this.bytes >= this.limits.max_bytes;
  }

  evict(): Entry | undefined {
    if (this.limits.overflow === "drop_oldest") return this.entries.shift();
    if (this.limits.overflow !== "weighted_drop" || this.entries.length === 0) return undefined;
    const weights = this.entries.map(({ packet: { meta, payload } }) => {
      const group = (meta.group ?? (payload as { group?: string } | null)?.group) as keyof typeof WEIGHTS.values;
      return Object.hasOwn(WEIGHTS.values, String(group)) ? WEIGHTS.values[group] : WEIGHTS.fallback;
    });
    return this.entries.splice(weights.indexOf(Math.min(...weights)), 1)[0];
  }
}

const groups = fc.constantFrom("vip", "crowd", "other", "constructor", undefined);
const arbitraryPacket = fc
  .record({ id: fc.nat(), meta: groups, payload: groups, text: fc.string({ maxLength: 200 }) })
  .map(({ id, meta, payload, text }) =>
    packet({
      packet_id: `${id}`,
      meta: meta === undefined ? {} : { group: meta },
      payload: payload === undefined ? null : { group: payload, text },
    }),
  );
const actions = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ push: arbitraryPacket, edge: fc.nat(3), rooted: fc.boolean() }) },
    { weight: 2, arbitrary: fc.constant("shift" as const) },
  ),
  { maxLength: 200 },
);
const limits = fc.record({
  capacity: fc.integer({ min: 1, max: 40 }),
  max_bytes: fc.constantFrom(1, 1_000, 5_000, 1_000_000),
  overflow: fc.constantFrom("block", "drop_newest", "drop_oldest", "fail", "weighted_drop"),
  weights: fc.constant(WEIGHTS),
}) as fc.Arbitrary<InboxLimits>;

test("an inbox does what an array with the same limits does", () => {
  fc.assert(
    fc.property(limits, actions, (given, steps) => {
      const inbox = new Inbox(given);
      const model = new Model(given);
      let nowMs = 0;
      let peak = 0;
      for (const step of steps) {
        nowMs += 1;
        if (step === "shift") shiftBoth(inbox, model);
        else pushBoth(inbox, model, { packet: step.push, edge: step.edge, stampMs: nowMs, root: rootFor(step) });
        peak = Math.max(peak, model.entries.length);
        expect([inbox.count, inbox.bytes, inbox.full, inbox.peak]).toEqual([
          model.entries.length,
          model.bytes,
          model.full,
          peak,
        ]);
        expect(inbox.count).toBeLessThanOrEqual(given.capacity);
        expect(inbox.bytes - bytesOfNewest(model)).toBeLessThan(given.max_bytes);
      }
      while (model.entries.length > 0) shiftBoth(inbox, model);
    }),
    { numRuns: 500 },
  );
});

const rootFor = ({ push, rooted }: { push: StreamPacket; rooted: boolean }) =>
  rooted ? new AckRoot(push, () => {}) : undefined;

const bytesOfNewest = ({ entries }: Model) => (entries.length === 0 ? 1 : packetBytes(entries.at(-1)!.packet));

function shiftBoth(inbox: Inbox, model: Model) {
  const expected = model.entries.shift();
  if (expected === undefined) return;
  expect([inbox.headRoot, inbox.headEdge, inbox.headStampMs]).toEqual([expected.root, expected.edge, expected.stampMs]);
  expect(inbox.shift()).toBe(expected.packet);
}

function pushBoth(inbox: Inbox, model: Model, entry: Entry) {
  while (model.full) {
    const expected = model.evict();
    const evicted = inbox.evict();
    expect(evicted?.packet).toBe(expected?.packet as StreamPacket);
    expect([evicted?.root, evicted?.edge]).toEqual([expected?.root, expected?.edge]);
    if (expected === undefined) return;
  }
  model.entries.push(entry);
  inbox.push(entry.packet, entry.root, entry.stampMs, entry.edge);
}

test("weighted_drop gives up the lightest, the oldest of these, and never the newcomer", () => {
  const inbox = new Inbox({ capacity: 3, max_bytes: 1_000_000, overflow: "weighted_drop", weights: WEIGHTS });
  for (const group of ["vip", "crowd", "crowd"]) inbox.push(packet({ meta: { group } }), undefined, 0, 0);
  expect(inbox.evict()!.packet.meta.group).toBe("crowd");
  expect([inbox.shift(), inbox.shift()].map((one) => one.meta.group)).toEqual(["vip", "crowd"]);
});

test("a packet larger than the bound in bytes passes alone", () => {
  const inbox = new Inbox({ capacity: 10, max_bytes: 1_000, overflow: "block" });
  inbox.push(packet({ payload: new Uint8Array(5_000) }), undefined, 0, 0);
  expect(inbox.full).toBe(true);
  inbox.shift();
  expect(inbox).toMatchObject({ full: false, bytes: 0 });
});
