import { expect, test } from "bun:test";
import { redact } from "../../../src/nodes/flow/redact.ts";
import { packet, startNode } from "../../support/node.ts";

const salt = "0123456789abcdef";
const run = async (config: Record<string, unknown>, payload: unknown, meta = {}) => {
  const { process, on, node } = startNode(redact, config);
  const given = packet({ payload, meta });
  await process(given);
  return { given, got: on("out")[0]!, node };
};

test("redact masks by type, and keeps the shape of lists and maps", async () => {
  const payload = { a: { t: "x", n: 5, b: true, z: null, l: ["y", 1], m: { t: "w" }, f: new Uint8Array(3) }, c: 1 };
  const { got } = await run({ mask: ["payload.a"] }, payload);
  expect(got.payload).toEqual({
    a: { t: "***", n: 0, b: false, z: null, l: ["***", 0], m: { t: "***" }, f: new Uint8Array(0) },
    c: 1,
  });
});

test("redact hashes equal values to equal digests of their own type, and another salt to others", async () => {
  const { got } = await run({ hash: ["payload.*"], salt }, ["ada", "ada", 7, 8, true, "7"]);
  const [a, b, seven, eight, yes, text] = got.payload as unknown[];
  expect([a, yes]).toEqual([b, false]);
  expect(a).toMatch(/^[0-9a-f]{64}$/);
  expect(Number.isSafeInteger(seven) && seven !== eight).toBe(true);
  expect(typeof text).toBe("string");
  const other = await run({ hash: ["payload.*"], salt: `${salt}!` }, ["ada"]);
  expect((other.got.payload as unknown[])[0]).not.toBe(a);
});

test("redact removes keys and items, in meta too, and passes over what is not there", async () => {
  const config = { remove: ["payload.people.*.name", "payload.list.*", "meta.token", "payload.none.at.all"] };
  const payload = { people: [{ name: "a", age: 1 }, { age: 2 }], list: [1, 2], none: 3 };
  const { got, given, node } = await run(config, payload, { token: "t", keep: 1 });
  expect(got).toMatchObject({ packet_id: given.packet_id, ts: given.ts });
  expect([got.payload, got.meta]).toEqual([{ people: [{ age: 1 }, { age: 2 }], list: [], none: 3 }, { keep: 1 }]);
  expect(node.metrics!()).toEqual({ redacted_total: 4 });
});

test("redact hands on the packet itself when it has nothing to hide, and a whole payload as null", async () => {
  const { got, given } = await run({ remove: ["payload.x"] }, { y: 1 });
  expect(got).toBe(given);
  expect((await run({ remove: ["payload"] }, { y: 1 })).got.payload).toBeNull();
});

test.each([
  [{}, "names nothing"],
  [{ hash: ["payload.x"] }, "needs `salt`"],
  [{ mask: ["payload.x"], salt }, "not used without `hash`"],
])("redact refuses %j", (config, why) => {
  const options = { mask: [], hash: [], remove: [], ...config };
  expect(redact.check(options).map(({ message }) => message)).toEqual([expect.stringContaining(why)]);
});
