import { expect, test } from "bun:test";
import type { NodeDefinition } from "../../src/node/index.ts";
import { debounce } from "../../src/nodes/flow/debounce.ts";
import { merge } from "../../src/nodes/flow/merge.ts";
import { throttle } from "../../src/nodes/flow/throttle.ts";
import { batch } from "../../src/nodes/time/batch.ts";
import { delay } from "../../src/nodes/time/delay.ts";
import { real, refusing, waiting } from "../support/answers.ts";
import { run, sink } from "../support/engine.ts";
import { packet } from "../support/node.ts";

type Given = readonly [id: string, key: string, second: number];

/** What the source of these packets heard of each when the sink refuses `bad`, or what was made of it. */
async function heardOf(
  definition: NodeDefinition,
  config: Record<string, unknown>,
  given: readonly Given[],
  bad: string,
) {
  const heard = new Map<string, string[]>();
  const packets = given.map(([packet_id, source_id, second]) =>
    packet({ packet_id, source_id, ts: new Date(second * 1_000).toISOString(), payload: packet_id }),
  );
  const keeper = real("k", definition, config);
  const others = keeper.outputs.slice(1);
  const isBad = ({ packet_id, source_id }: { packet_id: string; source_id: string }) =>
    [packet_id, source_id].includes(bad);
  await run(
    [waiting("s", packets, heard), keeper, refusing(isBad), ...others.map((id) => sink(id))],
    [`s -> k.${keeper.inputs[0]}`, "k.out -> sink", ...others.map((port) => `k.${port} -> ${port}`)],
  );
  expect([...heard.keys()].sort()).toEqual(given.map(([id]) => id));
  expect([...heard.values()].filter((answers) => answers.length > 1)).toEqual([]);
  return [...heard].filter(([, [answer]]) => answer === "nack").map(([id]) => id);
}

const FIVE: Given[] = ["p1", "p2", "p3", "p4", "p5"].map((id, at) => [id, "s", at]);
const OF_KEYS: Given[] = ["p1", "p2", "p3", "p4", "p5"].map((id, at) => [id, `key_${at}`, at]);

test.each([
  ["delay by packets", delay, { packets: 5 }, FIVE],
  ["delay by the clock", delay, { time: "1h" }, FIVE],
  ["delay in event time", delay, { event_time: "1h" }, FIVE],
  ["merge", merge, { inputs: ["a", "b"], by: "time" }, FIVE],
  ["throttle by the clock", throttle, { interval: "1h", mode: "trailing" }, OF_KEYS],
  ["throttle in event time", throttle, { interval: "1h", mode: "trailing", time: "event" }, OF_KEYS],
  ["debounce by the clock", debounce, { quiet: "1h" }, OF_KEYS],
  ["debounce in event time", debounce, { quiet: "1h", time: "event" }, OF_KEYS],
])(
  "%s lets go of many at once, and one that is refused takes no other with it",
  async (_, definition, config, given) => {
    expect(await heardOf(definition, config, given, "p3")).toEqual(["p3"]);
  },
);

test("batch lets go of many at once, and one that is refused fails those in it", async () => {
  const config = { key: { cel: "source_id" }, max_packets: 10 };
  const given: Given[] = [
    ["p1", "a", 0],
    ["p2", "b", 0],
    ["p3", "c", 0],
    ["p4", "b", 0],
  ];
  expect(await heardOf(batch, config, given, "b")).toEqual(["p2", "p4"]);
});

test.each([
  ["throttle", throttle, { interval: "1s", time: "event" }],
  ["debounce", debounce, { quiet: "1s", time: "event" }],
])("%s answers for what was due when another came, apart from that", async (_, definition, config) => {
  const given: Given[] = [
    ["p1", "s", 0],
    ["p2", "s", 0.5],
    ["p3", "s", 10],
  ];
  expect(await heardOf(definition, config, given, "p3")).toEqual(["p3"]);
});
