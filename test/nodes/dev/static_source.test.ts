import { expect, test } from "bun:test";
import * as v from "valibot";
import { staticSource } from "../../../src/nodes/dev/static_source.ts";
import { WholeFloat } from "../../../src/packet/index.ts";
import { runSource, testContext } from "../../support/node.ts";

const outKinds = (config: Record<string, unknown>) =>
  staticSource.outputs(v.parse(staticSource.config, config)).out?.kinds;

test("static_source sends its packets in order and fills in what is left out", async () => {
  const { packets } = await runSource(
    staticSource,
    { packets: [{ payload: 1 }, { kind: "event", source_id: "cam" }] },
    {
      context: testContext({ nodeId: "seed" }),
    },
  );
  expect(packets).toMatchObject([
    { kind: "raw", source_id: "seed", payload: 1, ts: "2026-01-01T00:00:00.000Z", meta: {} },
    { kind: "event", source_id: "cam", payload: null },
  ]);
  expect(packets[0]!.packet_id < packets[1]!.packet_id).toBe(true);
});

test("static_source passes ts, meta and packet_id on as written", async () => {
  const written = { packet_id: "p1", ts: "2026-01-01T06:00:00+09:00", meta: { shift: "night" }, payload: {} };
  const { packets } = await runSource(staticSource, { packets: [written] });
  expect(packets[0]).toMatchObject(written);
});

test("static_source keeps a float that was written as 20.0", async () => {
  const { packets } = await runSource(staticSource, { packets: [{ payload: { area: new WholeFloat(20) } }] });
  expect((packets[0]!.payload as { area: unknown }).area).toBeInstanceOf(WholeFloat);
});

test("static_source declares the kinds it lists", () => {
  expect(outKinds({ packets: [{ kind: "foo" }, { kind: "bar" }, { kind: "foo" }] })).toEqual(["foo", "bar"]);
});

test("static_source declares any kind when the list is empty or declare_kinds is off", () => {
  expect(outKinds({ packets: [] })).toBe("*");
  expect(outKinds({ packets: [{ kind: "foo" }], declare_kinds: false })).toBe("*");
});

for (const [what, packets] of [
  ["a list that is missing", undefined],
  ["a list that is a map", { kind: "raw" }],
  ["an item that is not a map", ["raw"]],
  ["a key it does not know", [{ kind: "raw", url: "x" }]],
  ["a ts that is not text", [{ ts: 12 }]],
  ["a meta that is not a map", [{ meta: "night" }]],
] as const) {
  test(`static_source refuses ${what}`, () => {
    expect(v.safeParse(staticSource.config, { packets }).success).toBe(false);
  });
}
