import { describe, expect, test } from "bun:test";
import { virtualClock } from "../../src/base/virtual_clock.ts";
import type { PacketFailure, SourceInstance } from "../../src/node/index.ts";
import type { StreamPacket } from "../../src/packet/index.ts";
import { Conductor, type Moment } from "../../src/trial/index.ts";
import { packet } from "../support/node.ts";

const moment = (atMs: number, node: string, id: string): Moment => ({
  atMs,
  node,
  packet: () => packet({ packet_id: id }),
});

/** Pulls as the engine does: the next packet of a source, and tells the tap that it was sent. */
function pull(source: SourceInstance) {
  const steps = (source.run(new AbortController().signal) as AsyncIterable<StreamPacket>)[Symbol.asyncIterator]();
  return async () => (await steps.next()) as IteratorResult<StreamPacket, undefined>;
}

describe("a conductor", () => {
  test("keeps the order between sources: the next one waits until the one before was taken", async () => {
    const clock = virtualClock();
    const conductor = new Conductor(["a", "b"], [moment(0, "a", "a0"), moment(0, "b", "b0")], { clock });
    const [a, b] = ["a", "b"].map((id) => pull(conductor.source(id, { acks: false })));
    const second = b!();
    let came = false;
    void second.then(() => {
      came = true;
    });
    const first = await a!();
    expect([first.value?.packet_id, came]).toEqual(["a0", false]);
    conductor.sent("a", first.value!);
    expect((await second).value?.packet_id).toBe("b0");
  });

  test("sends again what was not taken for now, after 1 s, and ends when all is answered", async () => {
    const clock = virtualClock();
    const conductor = new Conductor(["a"], [moment(0, "a", "a0"), { atMs: 0, node: "a" }], { clock });
    const source = conductor.source("a", { acks: true, resends: true });
    const next = pull(source);
    const first = (await next()).value!;
    conductor.sent("a", first);
    const failure: PacketFailure = { kind: "unavailable", error: new Error("full"), node: "x", port: "in" };
    source.nack!(first, "full", failure);
    const again = next();
    expect(clock.nextInMs).toBe(1_000);
    clock.advance(1_000);
    const second = (await again).value!;
    conductor.sent("a", second);
    const end = next();
    source.ack!(second);
    expect((await end).done).toBe(true);
  });

  test("does not send again what was refused for good", async () => {
    const clock = virtualClock();
    const conductor = new Conductor(["a"], [moment(0, "a", "a0")], { clock });
    const source = conductor.source("a", { acks: true, resends: true });
    const next = pull(source);
    const first = (await next()).value!;
    conductor.sent("a", first);
    const end = next();
    source.nack!(first, "bad", { kind: "rejected", error: new Error("bad"), node: "x", port: "in" });
    expect((await end).done).toBe(true);
  });
});
