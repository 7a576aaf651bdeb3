import { expect, test } from "bun:test";
import { packets, run, sink, source } from "../support/engine.ts";

test("a tap hears every packet in the order the graph gets them, and which source has ended", async () => {
  const heard: string[] = [];
  const end = sink("end");
  const tap = {
    sent: (node: string, packet: { packet_id: string }) => void heard.push(`${node} ${packet.packet_id}`),
    ended: (node: string) => void heard.push(`${node} ended`),
  };
  await run([source("a", packets(2, "a")), source("b", packets(1, "b")), end], ["a -> end", "b -> end"], { tap });
  expect(heard).toEqual(["a a0", "b b0", "a a1", "b ended", "a ended"]);
  expect(end.ids).toEqual(["a0", "b0", "a1"]);
});
