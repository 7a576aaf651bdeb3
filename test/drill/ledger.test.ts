import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { Ledger } from "../../src/drill/ledger.ts";
import { isIntact, keyOf, nameIn, payloadOf } from "../../src/drill/packet_key.ts";

const NOTHING_KEPT = { waiting: new Set<string>(), dead: new Set<string>() };
const key = (partition: number, number: number) => keyOf("run", { partition, number });

/** A ledger with packets posted and acknowledged, by number of packets in each partition. */
function acknowledged(...counts: number[]) {
  const ledger = new Ledger("run");
  for (const [partition, count] of counts.entries()) {
    for (let number = 0; number < count; number++) {
      ledger.post({ partition, number });
      ledger.acknowledge({ partition, number });
    }
  }
  return ledger;
}

describe("the ledger", () => {
  test("finds a lost packet and names it", () => {
    const ledger = acknowledged(3);
    for (const number of [0, 2]) ledger.deliver(key(0, number), true);
    expect(ledger.account(NOTHING_KEPT)).toMatchObject({
      acknowledged: 3,
      delivered: 2,
      lost: 1,
      lostKeys: [key(0, 1)],
    });
  });

  test("calls lost neither what waits nor what is dead", () => {
    const kept = { waiting: new Set([key(0, 0)]), dead: new Set([key(0, 1)]) };
    expect(acknowledged(3).account(kept)).toMatchObject({ waiting: 1, dead: 1, lost: 1, lostKeys: [key(0, 2)] });
  });

  test("does not miss a packet that was posted and never acknowledged", () => {
    const ledger = new Ledger("run");
    ledger.post({ partition: 0, number: 0 });
    expect(ledger.account(NOTHING_KEPT)).toMatchObject({ posted: 1, acknowledged: 0, lost: 0 });
  });

  test("counts a second delivery as a duplicate, even an old one after a new one", () => {
    const ledger = acknowledged(2);
    for (const number of [0, 1, 0]) ledger.deliver(key(0, number), true);
    expect(ledger.account(NOTHING_KEPT)).toMatchObject({ delivered: 2, duplicated: 1, outOfOrder: 0 });
  });

  test("counts a first delivery after a later packet's as out of order, within a partition only", () => {
    const ledger = acknowledged(2, 2);
    for (const [partition, number] of [
      [0, 1],
      [1, 0],
      [0, 0],
      [1, 1],
    ] as const)
      ledger.deliver(key(partition, number), true);
    expect(ledger.account(NOTHING_KEPT)).toMatchObject({ delivered: 4, outOfOrder: 1 });
  });

  test.each(["", "run.0", "other.0.0", key(0, 2), key(7, 0)])(
    "counts %p, which nobody posted, as corrupt",
    (unknown) => {
      const ledger = acknowledged(2);
      ledger.deliver(unknown, true);
      expect(ledger.account(NOTHING_KEPT)).toMatchObject({ delivered: 0, corrupted: 1 });
    },
  );

  test("knows the backlog when a delivery overtakes the answer to its post", () => {
    const ledger = new Ledger("run");
    ledger.post({ partition: 0, number: 0 });
    ledger.deliver(key(0, 0), true);
    ledger.acknowledge({ partition: 0, number: 0 });
    expect(ledger.missing).toBe(0);
  });

  test("agrees with the books kept the slow way, whatever was planted", () => {
    fc.assert(fc.property(history(), compare), { numRuns: 300 });
  });
});

type Step = { partition: number; number: number; acknowledge: boolean; intact: boolean };

/** Any order of acknowledgements and deliveries of the packets of three partitions: losses, repeats, swaps. */
const history = () =>
  fc.array(
    fc.record({
      partition: fc.nat(2),
      number: fc.nat(9),
      acknowledge: fc.boolean(),
      intact: fc.boolean(),
    }),
    { maxLength: 120 },
  );

function compare(steps: readonly Step[]) {
  const ledger = new Ledger("run");
  for (let partition = 0; partition < 3; partition++) ledger.post({ partition, number: 9 });
  for (const { partition, number, acknowledge, intact } of steps) {
    if (acknowledge) ledger.acknowledge({ partition, number });
    else ledger.deliver(key(partition, number), intact);
  }
  const keysOf = (chosen: readonly Step[]) => chosen.map(({ partition, number }) => key(partition, number));
  const deliveries = steps.filter(({ acknowledge }) => !acknowledge);
  const firsts = deliveries.filter((step, at) => keysOf(deliveries).indexOf(key(step.partition, step.number)) === at);
  const late = firsts.filter(({ partition, number }, at) =>
    firsts.slice(0, at).some((before) => before.partition === partition && before.number > number),
  );
  const promised = new Set(keysOf(steps.filter(({ acknowledge }) => acknowledge)));
  const arrived = new Set(keysOf(deliveries));
  const lost = [...promised.difference(arrived)];
  expect(ledger.account(NOTHING_KEPT)).toMatchObject({
    acknowledged: promised.size,
    delivered: arrived.size,
    duplicated: deliveries.length - arrived.size,
    outOfOrder: late.length,
    corrupted: deliveries.filter(({ intact }) => !intact).length,
    lost: lost.length,
  });
  expect([...ledger.missingKeys()].sort()).toEqual(lost.sort());
  expect(ledger.missing).toBe(lost.length);
}

describe("a packet of the drill", () => {
  const name = { partition: 3, number: 41 };
  const sent = JSON.stringify(payloadOf("run", name, 64));

  test("is named by its key", () => {
    expect(nameIn("run", keyOf("run", name))).toEqual(name);
  });

  test("is intact as it was sent, and no longer after any one bit has flipped", () => {
    const own = keyOf("run", name);
    expect(isIntact(JSON.parse(sent), own)).toBe(true);
    const survived = [...Buffer.from(sent)].flatMap((byte, at) =>
      Array.from({ length: 8 }, (_, bit) => {
        const bytes = Buffer.from(sent);
        bytes[at] = byte ^ (1 << bit);
        return bytes.toString("latin1");
      }).filter((text) => parses(text) && isIntact(JSON.parse(text), own)),
    );
    expect(survived).toEqual([]);
  });

  test("is not intact under another packet's key", () => {
    expect(isIntact(JSON.parse(sent), keyOf("run", { partition: 3, number: 42 }))).toBe(false);
    expect(isIntact(undefined, keyOf("run", name))).toBe(false);
  });
});

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
