import { expect, test } from "bun:test";
import { printSink } from "../../../src/nodes/io/print_sink.ts";
import { WholeFloat } from "../../../src/packet/index.ts";
import { packet, startNode } from "../../support/node.ts";

async function printed(config: Record<string, unknown>, payload: unknown) {
  const { process, context } = startNode(printSink, config);
  await process(packet({ payload }));
  return context.written.join("");
}

test("print_sink prints the packet as one JSON line after the prefix", async () => {
  expect(await printed({ prefix: "> " }, { ok: true })).toBe(
    '> {"packet_id":"00000000-0000-7000-8000-000000000001","ts":"2026-01-01T00:00:00.000Z","kind":"raw",' +
      '"source_id":"test","payload":{"ok":true},"meta":{}}\n',
  );
});

test("print_sink in python format prints as the predecessor did", async () => {
  expect(await printed({ format: "python" }, { name: "주차", area: new WholeFloat(20), part: Number.NaN })).toBe(
    '{"packet_id": "00000000-0000-7000-8000-000000000001", "ts": "2026-01-01T00:00:00.000Z", "kind": "raw", ' +
      '"source_id": "test", "payload": {"name": "\\uc8fc\\ucc28", "area": 20.0, "part": NaN}, "meta": {}}\n',
  );
});

test("print_sink shows what JSON cannot hold as text", async () => {
  const loop: Record<string, unknown> = { big: 12n, part: Number.NaN, bytes: new Uint8Array(3) };
  loop.self = loop;
  expect(await printed({ format: "payload" }, loop)).toBe(
    '{"big":"12","part":"NaN","bytes":"[Uint8Array, 3 bytes]","self":"[cycle]"}\n',
  );
});

test("print_sink passes packets on only when forward is set", async () => {
  const quiet = startNode(printSink, {});
  await quiet.process(packet());
  expect(quiet.emitted).toEqual([]);
  const open = startNode(printSink, { forward: true });
  await open.process(packet("cam01"));
  expect(open.on("out")).toMatchObject([{ source_id: "cam01" }]);
});
