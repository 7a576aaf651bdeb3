import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { IMPORT_LINES } from "../../src/control/index.ts";
import type { Queue } from "../../src/store/index.ts";
import { entry, letter, packet, queueSetup } from "../support/queues.ts";

const entries = (count: number) => Array.from({ length: count }, (_, at) => entry(at + 1));
const seqs = ({ rows }: { rows: { seq: number }[] }) => rows.map(({ seq }) => seq);
const keysOf = async (queue: Queue) => (await queue.scan(0, 10_000)).map(({ key }) => key);
const deadKeys = async (queue: Queue) => (await queue.dead(0, 10_000)).map(({ key }) => key);
/** Changes a byte behind SQLite's back, as a failing disk does. */
function flip(file: string, text: string) {
  const bytes = fs.readFileSync(file);
  bytes[bytes.indexOf(text) + 2] = 0x62;
  fs.writeFileSync(file, bytes);
}
const INPUTS = new Map([
  ["alarms", ["in"]],
  ["join", ["left", "right"]],
]);

describe("queue.ls", () => {
  test("tells of every queue what waits, what is dead and how old it is", async () => {
    await using made = await queueSetup();
    await made.queue.enqueue(entries(3));
    await made.letters.setAside([letter(1, "alarms", made.clock.nowMs())]);
    const [edge, letters] = await made.ask("ls");
    expect(edge).toMatchObject({ name: "detect.out->alarms.in", ready: 3, leased: 0, dead: 0, degraded: false });
    expect(letters).toMatchObject({ name: "dead_letters", ready: 0, dead: 1 });
  });

  test("takes an edge without its ports, and names what there is when it is another", async () => {
    await using made = await queueSetup();
    expect(await made.ask("ls", { queue: "detect->alarms" })).toHaveLength(1);
    await expect(made.ask("ls", { queue: "detect->alarm" })).rejects.toThrow("did you mean detect->alarms?");
  });

  test("refuses a name that could be two edges", async () => {
    await using made = await queueSetup(["a.x->b.in", "a.y->b.in"]);
    await expect(made.ask("ls", { queue: "a->b" })).rejects.toThrow("names 2 queues: there is a.x->b.in, a.y->b.in");
  });
});

describe("queue.peek", () => {
  test("shows the oldest rows, and says that there are more", async () => {
    await using made = await queueSetup();
    await made.queue.enqueue(entries(5));
    const shown = await made.ask("peek", { limit: 2 });
    expect([seqs(shown), shown.more]).toEqual([[1, 2], true]);
    expect(shown.rows[0]).toMatchObject({ key: "p1", payload: '{"at":1}', dead: false, attempts: 0 });
  });

  for (const [what, filter, expected] of [
    ["key", { key: "p3" }, [3]],
    ["kind", { kind: "event" }, [2, 4]],
    ["source", { source: "cam01" }, [1, 3, 5]],
    ["numbers", { from_seq: 2, to_seq: 3 }, [2, 3]],
    ["condition", { where: "payload.at > 3 && source_id == 'cam01'" }, [5]],
    ["all of them at once", { kind: "event", where: "payload.at > 2" }, [4]],
  ] as const) {
    test(`filters by ${what}`, async () => {
      await using made = await queueSetup();
      await made.queue.enqueue(entries(5));
      expect(seqs(await made.ask("peek", filter))).toEqual([...expected]);
    });
  }

  test("filters by the time a row was enqueued, bounds included", async () => {
    await using made = await queueSetup();
    const startMs = made.clock.nowMs();
    for (const at of [1, 2, 3]) {
      await made.queue.enqueue([entry(at)]);
      made.clock.advance(1_000);
    }
    expect(seqs(await made.ask("peek", { since_ms: startMs + 1_000 }))).toEqual([2, 3]);
    expect(seqs(await made.ask("peek", { until_ms: startMs + 1_000 }))).toEqual([1, 2]);
  });

  test("filters dead letters by node and by their last failure", async () => {
    await using made = await queueSetup();
    const nowMs = made.clock.nowMs();
    await made.letters.setAside([
      letter(1, "alarms", nowMs),
      letter(2, "enrich", nowMs),
      letter(3, "alarms", nowMs + 5),
    ]);
    const shown = await made.ask("peek", { dead: true, node: "alarms", since_ms: nowMs + 1 });
    expect(shown.rows).toMatchObject([
      { key: "p3@alarms.in", node: "alarms", error: "alarms refused it", attempts: 3 },
    ]);
  });

  test("finds a row behind thousands, and leaves rows that a condition cannot be asked of out, counted", async () => {
    await using made = await queueSetup();
    for (let at = 0; at < 3_000; at += 500) {
      await made.queue.enqueue(Array.from({ length: 500 }, (_, more) => entry(at + more)));
    }
    const shown = await made.ask("peek", { where: "payload.at == 2999 || payload.absent" });
    expect(seqs(shown)).toEqual([3_000]);
    expect(shown).toMatchObject({ unevaluated: 2_999, first_fault: expect.stringContaining("absent") });
  });

  test("refuses a condition that is none, and a limit beyond its bound", async () => {
    await using made = await queueSetup();
    await expect(made.ask("peek", { where: "payload.at >" })).rejects.toMatchObject({ code: "CONTROL_REQUEST" });
    await expect(made.ask("peek", { limit: 10_001 })).rejects.toThrow("limit");
  });
});

describe("queue.show", () => {
  test("gives one row whole", async () => {
    await using made = await queueSetup();
    await made.queue.enqueue([entry(1, { payload: { text: "x".repeat(1_000) } })]);
    const shown = await made.ask("show", { queue: "detect->alarms", seq: 1 });
    expect(shown).toMatchObject({
      seq: 1,
      key: "p1",
      packet: { packet_id: "p1", payload: { text: "x".repeat(1_000) } },
    });
  });

  test("says of a row and of a letter whether its checksum is right", async () => {
    await using made = await queueSetup(["a.out->b.in", "dead_letters"]);
    await made.queue.enqueue(entries(2));
    await made.letters.setAside([letter(1, "alarms", 5), letter(2, "alarms", 5)]);
    await made.reopen((file) => flip(file, '{"at":2}'));
    const crc = async (args: object) => (await made.ask("show", args)).crc;
    expect([await crc({ queue: "a->b", seq: 1 }), await crc({ queue: "a->b", seq: 2 })]).toEqual(["ok", "wrong"]);
    const dead = { queue: "dead_letters", dead: true };
    expect([await crc({ ...dead, seq: 1 }), await crc({ ...dead, seq: 2 })]).toEqual(["ok", "wrong"]);
  });

  test("gives a dead letter with its error and stack, and says where to look for one that is not there", async () => {
    await using made = await queueSetup();
    await made.letters.setAside([letter(1, "alarms", 5)]);
    const { seq } = (await made.letters.dead(0, 1))[0]!;
    const shown = await made.ask("show", { queue: "dead_letters", dead: true, seq });
    expect(shown).toMatchObject({ node: "alarms", port: "in", error: "alarms refused it", stack: "at process" });
    await expect(made.ask("show", { queue: "dead_letters", seq })).rejects.toThrow("--dead looks among dead letters");
  });
});

describe("queue.replay", () => {
  test("tells what it would do, and changes nothing until it is to be done", async () => {
    await using made = await queueSetup(undefined, { inputs: INPUTS });
    await made.letters.setAside([letter(1, "alarms", 5), letter(2, "alarms", 5)]);
    const told = await made.ask("replay", { where: "payload.at == 2" });
    expect(told.applied).toBe(false);
    expect(told.queues[1]).toMatchObject({ queue: "dead_letters", matched: 1, changed: 0 });
    expect(await deadKeys(made.letters)).toEqual(["p1@alarms.in", "p2@alarms.in"]);
    const done = await made.ask("replay", { where: "payload.at == 2", apply: true });
    expect(done.queues[1]).toMatchObject({ matched: 1, changed: 1 });
    expect(await deadKeys(made.letters)).toEqual(["p1@alarms.in"]);
    expect(await keysOf(made.letters)).toEqual(["p2@alarms.in"]);
  });

  test("puts the dead letters of an edge back into it, with their attempts forgotten", async () => {
    await using made = await queueSetup(["a.out->b.in"], { maxAttempts: 1 });
    await made.queue.enqueue(entries(600));
    const leased = await made.queue.lease({ count: 600, holder: "b", leaseMs: 1_000 });
    await made.queue.nack(leased.map(({ seq, attempt }) => ({ seq, attempt, reason: "no", delayMs: 0 })));
    expect((await made.ask("replay", { apply: true })).queues).toMatchObject([{ matched: 600, changed: 600 }]);
    expect(made.queue.stats()).toMatchObject({ ready: 600, dead: 0 });
    expect((await made.queue.scan(0, 1))[0]).toMatchObject({ attempt: 0 });
  });

  test("refuses letters of a node that the graph lost, all of them, and names the ways out", async () => {
    await using made = await queueSetup(undefined, { inputs: INPUTS });
    await made.letters.setAside([letter(1, "alarms", 5), letter(2, "gone", 5), letter(3, "gone", 5)]);
    const replay = made.ask("replay", { apply: true });
    await expect(replay).rejects.toMatchObject({ code: "QUEUE_NODE_GONE" });
    await expect(replay).rejects.toThrow(
      "cannot replay 2 dead letters, as the graph has no such input any more: gone.in (2); send them elsewhere with --to NODE",
    );
    expect(await deadKeys(made.letters)).toHaveLength(3);
    expect((await made.ask("replay", { apply: true, node: "alarms" })).queues[1]).toMatchObject({ changed: 1 });
  });

  test("sends letters to another input with `to`, once each", async () => {
    await using made = await queueSetup(undefined, { inputs: INPUTS });
    await made.letters.setAside([letter(1, "gone", 5), letter(2, "gone", 5), letter(3, "join", 5, "left")]);
    const args = { apply: true, node: "gone", to: "join.left" };
    expect((await made.ask("replay", args)).queues).toMatchObject([{ queue: "dead_letters", matched: 2, changed: 2 }]);
    expect(await deadKeys(made.letters)).toEqual(["p3@join.left"]);
    expect((await made.letters.scan(0, 10)).map(({ key, packet_id }) => [key, packet_id])).toEqual([
      ["p1@join.left", "p1"],
      ["p2@join.left", "p2"],
    ]);
  });

  test("sends two letters of one packet to one input, and loses neither", async () => {
    await using made = await queueSetup(undefined, { inputs: INPUTS });
    const half = (node: string, payload: string) => ({ ...letter(1, node, 5), payload });
    await made.letters.setAside([half("gone", '"left"'), half("lost", '"right"')]);
    const { queues } = await made.ask("replay", { apply: true, to: "alarms" });
    expect(queues).toMatchObject([{ matched: 2, changed: 2 }]);
    expect((await made.letters.scan(0, 10)).map(({ payload }) => payload)).toEqual(['"left"', '"right"']);
    expect(await made.letters.dead(0, 10)).toEqual([]);
    expect(await made.letters.verify()).toEqual([]);
  });

  test("sends a letter also where its packet was delivered before, as a person said so", async () => {
    await using made = await queueSetup(undefined, { inputs: INPUTS });
    await made.letters.enqueue([{ ...entry(1), key: "p1@alarms.in" }]);
    await made.letters.ack(await made.letters.lease({ count: 1, holder: "x", leaseMs: 1_000 }));
    await made.letters.setAside([letter(1, "gone", 5)]);
    const { queues } = await made.ask("replay", { apply: true, to: "alarms" });
    expect(queues).toMatchObject([{ matched: 1, changed: 1 }]);
    expect(await deadKeys(made.letters)).toEqual([]);
    expect(await keysOf(made.letters)).toEqual(["p1@alarms.in"]);
  });

  for (const [to, message] of [
    ["alarm", "did you mean alarms?"],
    ["join", "the graph has no such input"],
    ["join.middle", "the graph has no such input"],
  ] as const) {
    test(`refuses to send letters to ${to}`, async () => {
      await using made = await queueSetup(undefined, { inputs: INPUTS });
      await made.letters.setAside([letter(1, "gone", 5)]);
      await expect(made.ask("replay", { apply: true, to })).rejects.toThrow(message);
    });
  }

  test("refuses another address for the letters of an edge", async () => {
    await using made = await queueSetup(undefined, { inputs: INPUTS });
    await expect(made.ask("replay", { queue: "detect->alarms", to: "alarms" })).rejects.toThrow("go back into it");
  });
});

describe("queue.purge", () => {
  test("removes what passes, after it was told what that is", async () => {
    await using made = await queueSetup();
    await made.queue.enqueue(entries(5));
    const args = { queue: "detect->alarms", kind: "event" };
    expect((await made.ask("purge", args)).queues).toMatchObject([
      { matched: 2, changed: 0, examples: [{ seq: 2 }, { seq: 4 }] },
    ]);
    expect(await keysOf(made.queue)).toHaveLength(5);
    expect((await made.ask("purge", { ...args, apply: true })).queues).toMatchObject([{ matched: 2, changed: 2 }]);
    expect(await keysOf(made.queue)).toEqual(["p1", "p3", "p5"]);
  });

  test("leaves a row that is being delivered", async () => {
    await using made = await queueSetup();
    await made.queue.enqueue(entries(2));
    await made.queue.lease({ count: 1, holder: "x", leaseMs: 1_000 });
    const { queues } = await made.ask("purge", { queue: "detect->alarms", apply: true });
    expect(queues).toMatchObject([{ matched: 2, changed: 1 }]);
    expect(await keysOf(made.queue)).toEqual(["p1"]);
  });

  test("wants one queue named, and stops at its limit", async () => {
    await using made = await queueSetup();
    await made.queue.enqueue(entries(3));
    await expect(made.ask("purge", { apply: true })).rejects.toThrow("name one queue");
    const { queues } = await made.ask("purge", { queue: "detect->alarms", apply: true, limit: 2 });
    expect(queues).toMatchObject([{ matched: 2, changed: 2, more: true }]);
  });
});

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Until drain has told what is left so many times, and waits. */
async function told(sent: readonly unknown[], times: number) {
  while (sent.length < times) await turn();
  await turn();
}

describe("queue.drain", () => {
  const done = async (queue: Queue, count: number) =>
    queue.ack(await queue.lease({ count, holder: "x", leaseMs: 1_000 }));

  test("waits until everything is delivered, and tells what is left meanwhile", async () => {
    await using made = await queueSetup();
    await made.queue.enqueue(entries(2));
    const drained = made.ask("drain");
    await told(made.sent, 1);
    await done(made.queue, 2);
    made.clock.advance(500);
    expect(await drained).toMatchObject({ drained: true, empty: true });
    expect(made.sent).toMatchObject([{ left: [{ queue: "detect.out->alarms.in", ready: 2 }, { ready: 0 }] }]);
  });

  test("waits for what was there, and not for what comes later", async () => {
    await using made = await queueSetup();
    await made.queue.enqueue(entries(700));
    await done(made.queue, 650);
    const drained = made.ask("drain");
    await told(made.sent, 1);
    await made.queue.enqueue([entry(701)]);
    await done(made.queue, 49);
    made.clock.advance(500);
    await told(made.sent, 2);
    await done(made.queue, 1);
    made.clock.advance(500);
    expect(await drained).toMatchObject({ drained: true, empty: false, left: [{ ready: 1 }, { ready: 0 }] });
    expect(made.sent).toHaveLength(2);
  });

  test("gives up after its time, and says what is left", async () => {
    await using made = await queueSetup();
    await made.queue.enqueue(entries(2));
    const drained = made.ask("drain", { timeout_ms: 700 });
    await told(made.sent, 1);
    made.clock.advance(500);
    await told(made.sent, 2);
    made.clock.advance(200);
    expect(await drained).toMatchObject({ drained: false, empty: false, left: [{ ready: 2 }, { ready: 0 }] });
  });
});

describe("queue.export and queue.import", () => {
  const linesOf = (items: readonly unknown[]) => items.map((item, at) => ({ at: at + 1, text: JSON.stringify(item) }));

  test("carry rows into another queue as they were, once", async () => {
    await using made = await queueSetup(["a.out->b.in", "c.out->d.in"]);
    await made.queue.enqueue([
      { ...entry(1), key: "own", partition: "yard" },
      entry(2, { payload: [1.5, "ü\n", null] }),
    ]);
    expect(await made.ask("export", { queue: "a->b" })).toMatchObject({ exported: 2, more: false });
    const args = { queue: "c->d", lines: linesOf(made.sent), apply: true };
    expect(await made.ask("import", args)).toMatchObject({ written: 2, duplicates: 0, faults: [] });
    expect(await made.ask("import", args)).toMatchObject({ written: 0, duplicates: 2 });
    const columns = async (queue: Queue) =>
      (await queue.scan(0, 9)).map(({ key, payload, meta, packet_id }) => ({ key, payload, meta, packet_id }));
    expect(await columns(made.queues[1]!.queue)).toEqual(await columns(made.queue));
  });

  test("carry dead letters with what is known of their failure", async () => {
    await using made = await queueSetup(["dead_letters", "other"]);
    await made.queue.setAside([letter(1, "alarms", 1_000)]);
    await made.ask("export", { queue: "dead_letters", dead: true });
    await made.ask("import", { queue: "other", dead: true, lines: linesOf(made.sent), apply: true });
    const { seq: _, enqueuedMs, ...copy } = (await made.queues[1]!.queue.dead(0, 1))[0]!;
    const { seq, enqueuedMs: __, ...original } = (await made.queue.dead(0, 1))[0]!;
    expect(copy).toEqual(original);
  });

  test("take plain packets, keyed as a sink would key them", async () => {
    await using made = await queueSetup();
    const lines = linesOf([packet(1), packet(2, { meta: { idempotency_key: "fact" } })]);
    await made.ask("import", { queue: "detect->alarms", lines, apply: true });
    expect(await keysOf(made.queue)).toEqual(["p1", "fact"]);
  });

  test("write nothing of lines of which one is bad, and name it", async () => {
    await using made = await queueSetup();
    const lines = [...linesOf([packet(1)]), { at: 2, text: "{" }, { at: 3, text: '{"packet_id":"x"}' }];
    const { faults, written } = await made.ask("import", { queue: "detect->alarms", lines, apply: true });
    expect(written).toBe(0);
    expect(faults).toMatchObject([
      expect.stringContaining("line 2: "),
      expect.stringContaining('line 3: it holds no packet: field "ts"'),
    ]);
    expect(await keysOf(made.queue)).toEqual([]);
  });

  test("write nothing until it is to be done", async () => {
    await using made = await queueSetup();
    const told = await made.ask("import", { queue: "detect->alarms", lines: linesOf([packet(1)]) });
    expect([told.read, await keysOf(made.queue)]).toEqual([1, []]);
  });

  test("refuse more lines at once than one transaction should have", async () => {
    await using made = await queueSetup();
    const lines = Array.from({ length: IMPORT_LINES + 1 }, (_, at) => ({ at, text: "{}" }));
    await expect(made.ask("import", { queue: "detect->alarms", lines })).rejects.toThrow("lines");
  });
});
