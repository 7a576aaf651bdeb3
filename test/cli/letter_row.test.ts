import { describe, expect, test } from "bun:test";
import { letterRow } from "../../src/cli/letter_row.ts";
import type { DeadLetter } from "../../src/observe/index.ts";
import type { StreamPacket } from "../../src/packet/index.ts";
import { entryCodec, MAX_KEY_BYTES } from "../../src/store/index.ts";
import { packet } from "../support/queues.ts";

const AT = "2026-01-01T00:00:00.000Z";
const letter = (fields: Partial<StreamPacket>): DeadLetter => ({
  ...{ packet: packet(1, fields), node_id: "check", port: "in", reason: "no" },
  ...{ attempts: 1, first_at: AT, at: AT },
});
const long = (name: string) => name.repeat(1_100);
const bytes = (text: string) => Buffer.byteLength(text);

describe("a dead letter becomes a row", () => {
  test("also when its key and its packet_id are too long: both are hashed, the payload is kept, and it says so", () => {
    const row = letterRow(letter({ packet_id: long("p"), source_id: long("s"), kind: long("k"), payload: { i: 7 } }));
    expect(
      [bytes(row.key), bytes(row.packet_id), bytes(row.source_id), bytes(row.kind)].map((n) => n <= 1_024),
    ).toEqual([true, true, true, true]);
    expect(row.packet_id).toMatch(/^sha256:[0-9a-f]{64}$/);
    const kept = entryCodec.decode(row);
    expect(kept.payload).toEqual({ i: 7 });
    expect(kept.meta.not_kept).toContain("its idempotency key must be at most 1024 bytes, this one has 1100");
    expect(letterRow(letter({ packet_id: long("q") })).key).not.toBe(letterRow(letter({ packet_id: long("r") })).key);
  });

  test.each([
    ["a key of 1,100 bytes", { meta: { idempotency_key: long("k"), a: 1 } }, { at: 1 }],
    ["an empty key", { meta: { idempotency_key: "", a: 1 } }, { at: 1 }],
    ["an empty packet_id", { packet_id: "", meta: { a: 1 } }, { at: 1 }],
  ] as const)("with its payload and its other meta, when it has %s", (_, fields, payload) => {
    const kept = entryCodec.decode(letterRow(letter(fields)));
    expect(kept.payload).toEqual(payload);
    expect(kept.meta.a).toBe(1);
  });

  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  const hostile = {
    get at() {
      throw undefined;
    },
  };
  test.each([
    ["a payload that JSON cannot hold", { payload: 1n }, /bigint/],
    ["a cycle in it, and a long packet_id", { payload: cycle, packet_id: long("p") }, /cycle/],
    ["a payload whose reading throws", { payload: hostile }, /./],
    ["17 MB", { payload: "x".repeat(17_000_000), packet_id: long("p") }, /at most/],
    ["meta that JSON cannot hold", { meta: { at: 1n } }, /bigint/],
    ["a long key and 17 MB", { payload: "x".repeat(17_000_000), meta: { idempotency_key: long("k") } }, /at most/],
  ] as const)("without it, when it has %s, and names the reason", (_, fields, reason) => {
    const row = letterRow(letter(fields as Partial<StreamPacket>));
    expect(bytes(row.packet_id)).toBeLessThanOrEqual(MAX_KEY_BYTES);
    expect(bytes(row.key)).toBeLessThanOrEqual(MAX_KEY_BYTES);
    const { not_kept } = entryCodec.decode(row).payload as { not_kept: string };
    expect(not_kept).toMatch(reason);
    expect(not_kept.length).toBeLessThanOrEqual(1_024);
  });
});

describe("the key of a letter", () => {
  const keyOf = (fields: Partial<StreamPacket>) => letterRow(letter(fields)).key;

  test("has the input, the packet's key and its id where that is another", () => {
    expect(keyOf({})).toBe("p1@check.in");
    expect(keyOf({ meta: { idempotency_key: "p1" } })).toBe("p1@check.in");
    expect(keyOf({ meta: { idempotency_key: "left" } })).toBe("left/p1@check.in");
  });

  test("stays within its bound, and differs for different keys", () => {
    const [left, right] = ["l", "r"].map((end) =>
      keyOf({ meta: { idempotency_key: "k".repeat(1_000) + end }, packet_id: long("p").slice(0, 900) }),
    );
    expect(bytes(left!)).toBeLessThanOrEqual(MAX_KEY_BYTES);
    expect(left).toMatch(/^sha256:[0-9a-f]{64}@check\.in$/);
    expect(left).not.toBe(right);
  });
});
