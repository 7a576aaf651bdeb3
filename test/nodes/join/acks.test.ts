import { expect, test } from "bun:test";
import * as fc from "fast-check";
import type { NodeDefinition } from "../../../src/node/index.ts";
import { joinById } from "../../../src/nodes/join/join_by_id.ts";
import { sensorFusion } from "../../../src/nodes/join/sensor_fusion.ts";
import { streamJoin } from "../../../src/nodes/join/stream_join.ts";
import type { StreamPacket } from "../../../src/packet/index.ts";
import { real, refusing, waiting } from "../../support/answers.ts";
import { run, sink } from "../../support/engine.ts";
import { packet } from "../../support/node.ts";

const facts = fc.array(fc.record({ key: fc.nat(4), ms: fc.nat(20_000), right: fc.boolean() }), { maxLength: 40 });
const iso = (ms: number) => new Date(Date.UTC(2026, 0, 1) + ms).toISOString();
const made = (list: readonly { key: number; ms: number }[], side: string) =>
  list.map(({ key, ms }, at) => packet({ packet_id: `${side}${at}`, source_id: side, ts: iso(ms), payload: { key } }));

interface Case {
  definition: NodeDefinition;
  config: Record<string, unknown>;
  ports: readonly [string, string];
  /** A packet that made another leave early answers for it, too. */
  leaveEarly?: boolean;
  /** Each key once at each side: the same part again takes the place of the first. */
  once?: boolean;
}

/** Each source hears of each packet once: of those of a key that is refused that they failed, and of no others. */
async function checkAcks({ definition, config, ports, leaveEarly = false, once = false }: Case) {
  await fc.assert(
    fc.asyncProperty(facts, fc.nat(4), async (given, bad) => {
      const first = new Map(given.toReversed().map((one) => [`${one.key} ${one.right}`, one]));
      const list = once ? [...first.values()] : given;
      const heard = new Map<string, string[]>();
      const left = made(
        list.filter(({ right }) => !right),
        "left",
      );
      const right = made(
        list.filter((one) => one.right),
        "right",
      );
      const nodes = [
        waiting("left", left, heard),
        waiting("right", right, heard),
        real("join", definition, config),
        refusing(({ payload }) => (payload as { key: number }).key === bad),
        sink("late"),
      ];
      const edges = [`left -> join.${ports[0]}`, `right -> join.${ports[1]}`, "join.out -> sink", "join.late -> late"];
      const late = nodes.at(-1) as ReturnType<typeof sink>;
      await run(nodes, edges);
      const all = [...left, ...right];
      const isRefused = ({ packet_id, payload }: StreamPacket) =>
        (payload as { key: number }).key === bad && !late.ids.includes(packet_id);
      expect([...heard.keys()].sort()).toEqual(all.map(({ packet_id }) => packet_id).sort());
      expect([...heard.values()].filter((answers) => answers.length > 1)).toEqual([]);
      const nacked = all.filter(({ packet_id }) => heard.get(packet_id)![0] === "nack");
      if (leaveEarly) expect(nacked).toEqual(expect.arrayContaining(all.filter(isRefused)));
      else expect(nacked).toEqual(all.filter(isRefused));
    }),
    { numRuns: 60 },
  );
}

const JOIN = { key: "payload.key", within: "2s", mode: "full" };

test("stream_join answers for each packet once, when all pairs of it are done", () =>
  checkAcks({ definition: streamJoin, config: JOIN, ports: ["left", "right"] }));

test("stream_join answers for packets that leave early, too", () => {
  const config = { ...JOIN, max_packets: 5, max_per_key: 2 };
  return checkAcks({ definition: streamJoin, config, ports: ["left", "right"], leaveEarly: true });
});

test("join_by_id answers for each part once, when what was made of it is done", () =>
  checkAcks({
    definition: joinById,
    config: { key: "payload.key", parts: ["a", "b"] },
    ports: ["a", "b"],
    once: true,
  }));

test("sensor_fusion that waits answers for each event once", async () => {
  const heard = new Map<string, string[]>();
  const events = made(
    [3_000, 1_000, 2_000].map((ms, key) => ({ ms, key })),
    "e",
  );
  const readings = made(
    [2_100, 900].map((ms, key) => ({ ms, key })),
    "s",
  );
  const nodes = [
    waiting("events", events, heard),
    waiting("sensors", readings, heard),
    real("fusion", sensorFusion, { wait: true }),
    refusing(({ payload }) => (payload as { key: number }).key === 1),
  ];
  await run(nodes, ["events -> fusion.events", "sensors -> fusion.sensors", "fusion.out -> sink"]);
  expect([...heard].sort()).toEqual([
    ["e0", ["ack"]],
    ["e1", ["nack"]],
    ["e2", ["ack"]],
    ["s0", ["ack"]],
    ["s1", ["ack"]],
  ]);
});
