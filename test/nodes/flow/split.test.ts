import { expect, test } from "bun:test";
import fc from "fast-check";
import { split } from "../../../src/nodes/flow/split.ts";
import { chunkParts, lineParts, listParts } from "../../../src/nodes/flow/split_parts.ts";
import { packet, startNode } from "../../support/node.ts";

const run = async (config: Record<string, unknown>, payload: unknown) => {
  const { process, emitted, node } = startNode(split, config);
  await process(packet({ payload, meta: { idempotency_key: "k", other: 1 } }));
  return { emitted, node, payloads: emitted.map(({ packet }) => packet.payload) };
};

test("split gives each part its place, the packet's time and source, and a key that is the same the next time", async () => {
  const [first, again] = [await run({ by: "list" }, ["a", "b"]), await run({ by: "list" }, ["a", "b"])];
  const facts = first.emitted.map(({ packet: { ts, source_id, meta } }) => ({ ts, source_id, meta }));
  expect(facts).toEqual(again.emitted.map(({ packet: { ts, source_id, meta } }) => ({ ts, source_id, meta })));
  expect(facts[1]).toEqual({
    ts: "2026-01-01T00:00:00.000Z",
    source_id: "test",
    meta: { other: 1, idempotency_key: "k/node/1", split: { id: "k", index: 1, count: 2 } },
  });
});

test("split makes parts only as they are asked for", () => {
  const { node } = startNode(split, { by: "list" });
  const list = new Proxy(
    Array.from({ length: 50_000 }, (_, at) => at),
    { get: (target, key) => (key === "3" ? expect.unreachable() : Reflect.get(target, key)) },
  );
  const made = node.process(packet({ payload: list }), {}, "in") as Iterator<{ payload: unknown }>;
  expect([made.next().value?.payload, made.next().value?.payload]).toEqual([0, 1]);
});

test.each([
  ["lines with \\r\\n", { by: "lines", size: 2 }, "a\r\nb\r\nc\r\n", ["a\r\nb", "c"]],
  ["empty lines in between", { by: "lines" }, "a\n\nb", ["a", "", "b"]],
  ["a text without a line end", { by: "lines", size: 5 }, "a\nb", ["a\nb"]],
  ["lists of two", { by: "list", size: 2 }, [1, 2, 3], [[1, 2], [3]]],
  ["every third item", { by: "list", step: 3 }, [1, 2, 3, 4], [1, 4]],
  ["bytes", { by: "chunk", size: 2 }, new Uint8Array([1, 2, 3]), [new Uint8Array([1, 2]), new Uint8Array([3])]],
  ["a character of two halves", { by: "chunk", size: 1 }, "a😀b", ["a", "😀", "b"]],
])("split by %s", async (_name, config, payload, parts) => {
  expect((await run(config, payload)).payloads).toEqual(parts);
});

test.each([
  ["list", []],
  ["lines", ""],
  ["chunk", ""],
])("split by %s sends an empty one by `empty`", async (by, payload) => {
  const { emitted } = await run({ by, size: 2 }, payload);
  expect(emitted.map(({ port }) => port)).toEqual(["empty"]);
});

test.each([
  [{ by: "list" }, "text", "expected a list there, got string"],
  [{ by: "lines", path: "log" }, { log: null }, 'cannot split "log" of the payload: expected a text there, got null'],
  [{ by: "chunk", size: 1, path: "a.b" }, { a: {} }, "got nothing"],
  [{ by: "list", max_parts: 2 }, [1, 2, 3], "it has 3 parts, at most 2 are allowed"],
])("split %j rejects %j", async (config, payload, why) => {
  await expect(run(config, payload)).rejects.toMatchObject({ name: "Rejected", message: expect.stringContaining(why) });
});

test("parts are as many as they say, in order, and hold everything", () => {
  const lengths = fc.record({
    length: fc.nat(40),
    size: fc.integer({ min: 1, max: 9 }),
    step: fc.integer({ min: 1, max: 9 }),
  });
  fc.assert(
    fc.property(lengths, ({ length, size, step }) => {
      const items = Array.from({ length }, (_, at) => at);
      for (const { count, values } of [
        listParts(items, { size, step }),
        lineParts(items.map((item) => `${item}\n`).join(""), { size, step }),
        chunkParts(String.fromCharCode(...items.map((item) => item + 48)), { size, step }),
      ]) {
        expect([...values]).toHaveLength(count);
      }
      const windows = [...listParts(items, { size, step }).values].map((part) => [part].flat() as number[]);
      for (const [at, window] of windows.entries()) expect(window[0]).toBe(at * step);
      // What reaches the end is the last: no window repeats a tail alone.
      if (step <= size) expect(new Set(windows.flat()).size).toBe(length);
      expect(windows.slice(0, -1).some((window) => window.at(-1) === length - 1 && step < size)).toBe(false);
    }),
  );
});
