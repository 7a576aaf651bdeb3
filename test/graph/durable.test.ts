import { describe, expect, test } from "bun:test";
import { compile, found } from "../support/graph.ts";

const NODES = `nodes:
  - { id: c, plugin: counter }
  - { id: p, plugin: camera, config: { url: x } }
  - { id: w, plugin: webhook }
  - { id: l, plugin: limit, config: { limit: 1 } }
  - { id: s, plugin: show }
  - { id: b, plugin: backend }
`;
const graph = (edges: readonly string[], head = "") =>
  compile(`version: 2\n${head}${NODES}edges:\n${edges.map((edge) => `  - { ${edge} }\n`).join("")}`);
const REST = ["from: p, to: s", "from: w, to: s", "from: l, to: s"];

async function durable(edge: string, head = "") {
  const { plan, diagnostics } = await graph([edge, "from: c, to: l", ...REST], head);
  return { edge: plan?.edges[0], codes: diagnostics.map(({ code }) => code), diagnostics };
}

describe("a durable edge", () => {
  test("has the defaults that docs/graph.md states", async () => {
    const { edge, codes } = await durable("from: c, to: b, durable: true");
    expect(codes).toEqual([]);
    expect(edge!.durable).toEqual({
      durability: "full",
      partition_by: "source_id",
      ordered: true,
      max_bytes: 4 * 1024 ** 3,
      min_free: 64 * 1024 ** 2,
      overflow: "block",
      max_attempts: 5,
      backoff_ms: 500,
      backoff_max_ms: 10_000,
      remember_ms: 3_600_000,
      order: "oldest_first",
    });
  });

  test("takes sizes and times as people write them", async () => {
    const { edge } = await durable("from: c, to: b, durable: { max_bytes: 2GiB, max_age: 1.5h, remember_sec: 0 }");
    expect(edge!.durable).toMatchObject({ max_bytes: 2 * 1024 ** 3, max_age_ms: 5_400_000, remember_ms: 0 });
  });

  test("is none when it says false", async () => {
    expect((await durable("from: c, to: b, durable: false", "durable: sinks\n")).edge!.durable).toBeUndefined();
  });

  test.each([
    ["durable: yes please", "durable must be true, false, or a map"],
    ["durable: { max_byte: 1 }", "durable.max_byte is not known in durable"],
    ["durable: { max_age: 7 days }", "must be a time such as 90s, 12h or 7d"],
    ["durable: { partition_by: robot.id }", "must be source_id, kind, or a path"],
    ["durable: { max_attempts: 0 }", "must be >= 1"],
    ["durable: { overflow: drop }", '"block", "drop_newest", "drop_oldest"'],
    ["durable: true, payload_ref: { over: big }", "must be a number of bytes or a size"],
  ])("refuses %s", async (written, why) => {
    const { diagnostics } = await durable(`from: c, to: b, ${written}`);
    expect(diagnostics.map(({ message }) => message).join("\n")).toContain(why);
  });

  test("refuses a payload that cannot leave the process, at the word durable", async () => {
    const { diagnostics } = await graph(["from: p, to: s, durable: true", "from: c, to: l", ...REST.slice(1)]);
    expect(found(diagnostics)).toContain("PROFILE_MISMATCH@10:32");
  });

  test("takes such a payload when its bytes go into files", async () => {
    const edge = "from: p, to: s, durable: true, payload_ref: { over: 1KiB }";
    const { plan } = await graph([edge, "from: c, to: l", ...REST.slice(1), "from: c, to: b"]);
    expect(plan!.edges[0]!.payloadRefOver).toBe(1024);
  });

  test("has its file for itself", async () => {
    const one = (path: string) => `from: c, to: b, durable: { path: ${path} }`;
    const other = "from: c, to: s, durable: { path: ./q.sqlite3 }";
    const { diagnostics } = await graph([one("q.sqlite3"), other, "from: c, to: l", ...REST]);
    expect(diagnostics).toMatchObject([
      { code: "THING_SHARED", place: { line: 11 }, related: [{ place: { line: 10 } }] },
    ]);
  });
});

describe("durable: sinks", () => {
  test("makes every edge into an outside sink durable, and no other", async () => {
    const { plan } = await graph(["from: c, to: b", "from: c, to: l", ...REST], "durable: sinks\n");
    expect(plan!.edges.map(({ durable }) => durable !== undefined)).toEqual([true, false, false, false, false]);
  });
});

describe("a source whose senders wait", () => {
  const into = (edge: string, head = "") =>
    graph([edge, "from: l, to: b", "from: c, to: s", "from: p, to: s"], head).then(({ diagnostics }) =>
      found(diagnostics),
    );

  test("is advised a durable edge before a sink outside", async () => {
    expect(await into("from: w, to: l")).toEqual(["DURABLE_ADVISED@11:7"]);
  });

  test.each([
    ["the first edge keeps packets", "from: w, to: l, durable: true", ""],
    ["all sinks are durable", "from: w, to: l", "durable: sinks\n"],
  ])("is not when %s", async (_, edge, head) => {
    expect(await into(edge, head)).toEqual([]);
  });
});
