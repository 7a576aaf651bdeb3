import { Database } from "bun:sqlite";
import { afterAll, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import * as v from "valibot";
import { failureKind } from "../../../src/node/index.ts";
import { lookupJoin } from "../../../src/nodes/join/lookup_join.ts";
import { macrotask } from "../../support/engine.ts";
import { temporaryFolder } from "../../support/folder.ts";
import { refused } from "../../support/network.ts";
import { packet, startNode, testContext } from "../../support/node.ts";

const folder = temporaryFolder();
afterAll(() => folder[Symbol.dispose]());
let made = 0;

/** A context whose files lie in a folder of their own. */
function setUp() {
  const base = path.join(folder.path, String(made++));
  fs.mkdirSync(base);
  const context = testContext({ base });
  const write = (name: string, text: string) => fs.writeFileSync(path.join(base, name), text);
  return { base, context, write };
}

const asking = (id: unknown) => packet({ payload: { id } });
const TABLE = { table: { path: "t.csv", key: "id" }, key: "payload.id" };

describe("lookup_join in a table", () => {
  const rowsOf = async (name: string, text: string, config: Record<string, unknown>, ids: readonly unknown[]) => {
    const { context, write } = setUp();
    write(name, text);
    const { process, on } = startNode(lookupJoin, { table: { path: name, ...config }, key: "payload.id" }, context);
    for (const id of ids) await process(asking(id));
    return on("out").map(({ payload }) => (payload as { lookup?: unknown }).lookup ?? null);
  };

  test("finds rows of CSV, typed, with quotes, line ends and a byte order mark", async () => {
    const text = '\ufeffid,name,n\r\n7,"a ""b""\n c",1.5\r\n8,,\r\n\r\n';
    const columns = { n: { type: "number", empty: null } };
    expect(await rowsOf("t.csv", text, { key: "id", columns }, [7, "7", "8", 9])).toEqual([
      { id: "7", name: 'a "b"\n c', n: 1.5 },
      { id: "7", name: 'a "b"\n c', n: 1.5 },
      { id: "8", name: "", n: null },
      null,
    ]);
  });

  test("finds rows of a JSON list, a JSON map and JSON lines", async () => {
    expect(await rowsOf("t.json", '[{"id":7,"x":1}]', { key: "id" }, [7])).toEqual([{ id: 7, x: 1 }]);
    expect(await rowsOf("t.json", '{"7":"seven"}', {}, [7, "constructor"])).toEqual(["seven", null]);
    expect(await rowsOf("t.jsonl", '{"id":"a"}\n\n{"id":"b"}', { key: "id" }, ["b"])).toEqual([{ id: "b" }]);
  });

  test.each([
    ["no file", "t.csv", undefined, "there is no such file at"],
    ["an empty file", "t.csv", "", "it is empty"],
    ["a row too short", "t.csv", "id,x\n1\n", "line 2: the record has 1 fields, not 2"],
    ["an open quote", "t.csv", 'id\n"1\n', "line 2: a quoted field is not closed"],
    ["a value of another type", "t.csv", "id,n\n1,many\n", 'line 2: column "n" must be a decimal number'],
    ["a key twice", "t.csv", "id,n\n1,2\n1,3\n", 'line 3 has the key "1" of line 2 again'],
    ["a row without key", "t.csv", "id,n\n,3\n", "line 2 has no key"],
    ["no column of that name", "t.csv", "ID,n\n1,3\n", 'config.table.key has "id"'],
    ["bytes that are no text", "t.csv", "id,n\n\xff\xfe,3\n", "it is not valid UTF-8"],
    ["a list without key", "t.json", '["x"]', "item 1 has no key"],
    ["half a file", "t.json", '[{"id":1', "JSON"],
    ["half a line", "t.jsonl", '{"id":1}\n{"id"', "line 2 is not JSON"],
  ])("does not start with %s", (_, name, text, message) => {
    const { context, base } = setUp();
    if (text !== undefined) fs.writeFileSync(path.join(base, name), Buffer.from(text, "latin1"));
    const columns = name.endsWith(".csv") && text?.startsWith("id,n") ? { n: "number" } : {};
    const config = { table: { path: name, key: "id", columns }, key: "payload.id" };
    expect(() => startNode(lookupJoin, config, context)).toThrow(message);
  });

  test("reads the table again when it has changed, and keeps the old rows while it is broken or gone", async () => {
    const { context, write, base } = setUp();
    write("t.csv", "id,x\n1,old\n");
    const { process, on, node } = startNode(lookupJoin, TABLE, context);
    const ask = async () => {
      await process(asking(1));
      return (on("out").at(-1)!.payload as { lookup: { x: string } }).lookup.x;
    };
    write("t.csv", "id,x\n1,newer\n");
    expect(await ask()).toBe("old");
    context.clock.advance(1_000);
    expect(await ask()).toBe("newer");
    write("t.csv", 'id,x\n1,"half');
    context.clock.advance(1_000);
    expect([await ask(), node.metrics!()]).toEqual([
      "newer",
      expect.objectContaining({ reload_failed_total: 1, reloads_total: 1 }),
    ]);
    context.clock.advance(1_000);
    await ask();
    expect(node.metrics!().reload_failed_total).toBe(1);
    fs.rmSync(path.join(base, "t.csv"));
    context.clock.advance(1_000);
    expect([await ask(), node.metrics!().reload_failed_total]).toEqual(["newer", 2]);
    expect(context.logged.filter(({ level }) => level === "warn").map(({ message }) => message)).toEqual([
      "keeping the rows read before: the table cannot be read as it is now",
      "keeping the rows read before: the table cannot be read as it is now",
    ]);
    write("t.csv", "id,x\n1,back again\n");
    context.clock.advance(1_000);
    expect(await ask()).toBe("back again");
  });

  test("puts the fields that are asked for where it is told to", async () => {
    const { context, write } = setUp();
    write("t.csv", "id,x,y\n1,a,b\n");
    const { process, on } = startNode(lookupJoin, { ...TABLE, into: "door.owner", fields: ["y", "z"] }, context);
    await process(packet({ payload: { id: 1, door: { open: true } } }));
    expect(on("out")[0]!.payload).toEqual({ id: 1, door: { open: true, owner: { y: "b" } } });
  });

  test.each([
    ["pass", "out"],
    ["missed", "missed"],
  ])("with on_miss: %s a packet without a row leaves by %s, marked", async (on_miss, port) => {
    const { context, write } = setUp();
    write("t.csv", "id\n1\n");
    const { process, emitted, node } = startNode(lookupJoin, { ...TABLE, on_miss }, context);
    await process(asking(2));
    expect(emitted.map((one) => [one.port, one.packet.meta])).toEqual([[port, { partial: true, lookup: "missed" }]]);
    expect(node.metrics!()).toMatchObject({ missed_total: 1, found_total: 0, table_rows: 1 });
  });

  test("with on_miss: dead_letter it throws", async () => {
    const { context, write } = setUp();
    write("t.csv", "id\n1\n");
    const { process } = startNode(lookupJoin, { ...TABLE, on_miss: "dead_letter" }, context);
    await expect(process(asking(2))).rejects.toThrow("nothing was found");
  });

  test.each([[Number.NaN], [null], [true], [[1]]])("throws for the key %p", async (id) => {
    const { context, write } = setUp();
    write("t.csv", "id\n1\n");
    const { process } = startNode(lookupJoin, TABLE, context);
    await expect(process(asking(id))).rejects.toThrow("must give text or a finite number");
  });
});

describe("lookup_join at a server", () => {
  const start = (config: Record<string, unknown> = {}, http: Record<string, unknown> = {}) => {
    const { context } = setUp();
    const url = "http://127.0.0.1:9/things/{{payload.id}}?v=1";
    const node = startNode(lookupJoin, { http: { url, ...http }, ...config }, context);
    const metas = () =>
      node
        .on("out")
        .map(({ payload, meta }) => [(payload as { lookup?: unknown }).lookup ?? null, meta.lookup ?? null]);
    return { ...node, network: context.network, clock: context.clock, metas };
  };

  test("asks once for an address, remembers the answer for its time, and then asks again", async () => {
    const { process, network, clock, metas, node } = start();
    network.answer = () => Response.json({ at: network.sent.length });
    for (const id of ["a/b", "a/b", 7]) await process(asking(id));
    clock.advance(60_000);
    await process(asking("a/b"));
    expect(network.sent.map(({ url, method }) => [method, url])).toEqual([
      ["GET", "http://127.0.0.1:9/things/a%2Fb?v=1"],
      ["GET", "http://127.0.0.1:9/things/7?v=1"],
      ["GET", "http://127.0.0.1:9/things/a%2Fb?v=1"],
    ]);
    expect(metas()).toEqual([
      [{ at: 1 }, null],
      [{ at: 1 }, null],
      [{ at: 2 }, null],
      [{ at: 3 }, null],
    ]);
    expect(node.metrics!()).toMatchObject({ cache_hits_total: 1, cache_misses_total: 3, cache_answers: 2 });
    await node.close!();
  });

  test("asks once for packets that ask for the same at the same time", async () => {
    const { process, network, node } = start();
    network.answer = () => Response.json(1);
    await Promise.all([process(asking(1)), process(asking(1)), process(asking(1))]);
    expect(network.sent).toHaveLength(1);
    await node.close!();
  });

  test.each([404, 410])("takes %i for a miss and remembers it for a while", async (status) => {
    const { process, network, clock, metas, node } = start();
    network.answer = () => new Response("no", { status });
    for (const _ of [1, 2]) await process(asking(1));
    clock.advance(10_000);
    await process(asking(1));
    expect([network.sent.length, metas()]).toEqual([
      2,
      [
        [null, "missed"],
        [null, "missed"],
        [null, "missed"],
      ],
    ]);
    await node.close!();
  });

  test.each([
    ["a refused connection", () => Promise.reject(refused()), "ECONNREFUSED"],
    ["500", () => new Response("boom", { status: 500 }), "answered 500: boom"],
    ["503", () => new Response("later", { status: 503 }), "answered 503"],
    [
      "a redirect",
      () => new Response("", { status: 302, headers: { location: "http://10.0.0.1/" } }),
      "redirects are not followed",
    ],
    ["garbage", () => new Response("<html>"), "the answer is not JSON"],
    ["JSON without a bottom", () => new Response("[".repeat(100_000) + "]".repeat(100_000)), "max_response_bytes"],
    ["JSON nested too deep", () => new Response("[".repeat(1_000) + "]".repeat(1_000)), "nested too deep"],
    ["an answer too long", () => new Response(JSON.stringify("x".repeat(70_000))), "more than max_response_bytes"],
  ] as const)("passes a packet at %s as partial, and does not ask again at once", async (_, answer, message) => {
    const { process, network, metas, node, context } = start();
    network.answer = answer as () => Response;
    for (const _ of [1, 2]) await process(asking(1));
    expect(metas()).toEqual([
      [null, "failed"],
      [null, "failed"],
    ]);
    expect([network.sent.length, node.metrics!().lookup_errors_total]).toEqual([1, 1]);
    expect(JSON.stringify(context.logged)).toContain(message);
    await node.close!();
  });

  test("gives up after its time, and the packet goes on", async () => {
    const { process, network, clock, metas, node } = start({}, { timeout: "2s" });
    network.answer = () => new Promise<Response>(() => {});
    const processed = process(asking(1));
    await macrotask();
    clock.advance(2_500);
    await processed;
    expect(metas()).toEqual([[null, "failed"]]);
    await node.close!();
  });

  test("lets an old answer stand in while nobody can be asked, marked as stale", async () => {
    const { process, network, clock, metas, node } = start();
    network.answer = () => Response.json("old");
    await process(asking(1));
    network.answer = () => Promise.reject(refused());
    clock.advance(60_000);
    for (const _ of [1, 2]) await process(asking(1));
    network.answer = () => Response.json("new");
    clock.advance(10_000);
    await process(asking(1));
    expect(metas()).toEqual([
      ["old", null],
      ["old", "stale"],
      ["old", "stale"],
      ["new", null],
    ]);
    expect([network.sent.length, node.metrics!().stale_total]).toEqual([3, 2]);
    await node.close!();
  });

  test("with when_away: wait the packet fails as one that may be tried again, and nothing is remembered", async () => {
    const { process, network, node, metas } = start({ when_away: "wait" });
    network.answer = () => Promise.reject(refused());
    const error = await process(asking(1)).then(
      () => undefined,
      (thrown: Error) => thrown,
    );
    expect(failureKind(error!)).toBe("unavailable");
    network.answer = () => Response.json(1);
    await process(asking(1));
    expect(metas()).toEqual([[1, null]]);
    await node.close!();
  });

  test("keeps at most max_answers, and counts those that made room", async () => {
    const { process, network, node } = start({ cache: { max_answers: 10 } });
    network.answer = () => Response.json(1);
    for (let id = 0; id < 100; id++) await process(asking(id));
    expect(node.metrics!()).toMatchObject({ cache_answers: 10, cache_evictions_total: 90 });
    await node.close!();
  });

  test("keeps at most max_bytes", async () => {
    const { process, network, node } = start({ cache: { max_bytes: 10_000 } });
    network.answer = () => Response.json("x".repeat(1_000));
    for (let id = 0; id < 100; id++) await process(asking(id));
    expect(node.metrics!().cache_bytes).toBeLessThanOrEqual(10_000);
    await node.close!();
  });

  test("does not ask at a metadata service, nor whom egress does not allow", async () => {
    expect(() => start({}, { url: "http://169.254.169.254/latest/{{payload.id}}" })).toThrow("egress allows none");
    expect(() => start({}, { egress: { allow: ["10.0.0.0/8"] } })).toThrow("egress allows none");
    const { process, network, metas, node } = start({}, { url: "http://inside.example/{{payload.id}}" });
    network.names.set("inside.example", ["169.254.169.254"]);
    await process(asking(1));
    expect([network.sent, metas()]).toEqual([[], [[null, "failed"]]]);
    await node.close!();
  });

  test("connects to the address that was checked, under the server's name", async () => {
    const { process, network, node } = start(
      {},
      { url: "http://inside.example:81/{{payload.id}}", headers: { "x-token": "t" } },
    );
    network.names.set("inside.example", ["10.0.0.7"]);
    network.answer = () => Response.json(1);
    await process(asking(1));
    const [{ url, headers }] = network.sent as [(typeof network.sent)[number]];
    expect([url, headers.host, headers["x-token"]]).toEqual(["http://10.0.0.7:81/1", "inside.example:81", "t"]);
    await node.close!();
  });

  test("throws for a packet that has no address", async () => {
    const { process, node } = start();
    await expect(process(packet({ payload: {} }))).rejects.toThrow("payload.id");
    await expect(process(asking(".."))).rejects.toThrow('it is ".."');
    await node.close!();
  });
});

describe("lookup_join in SQLite", () => {
  const QUERY = "SELECT * FROM things WHERE id = ?";
  const start = (prepare: (db: Database) => void = () => {}, query = QUERY) => {
    const { context, base } = setUp();
    const file = path.join(base, "t.db");
    const db = new Database(file, { create: true });
    db.run("CREATE TABLE things (id, name TEXT, big INTEGER, bytes BLOB)");
    prepare(db);
    const config = { sqlite: { path: "t.db", query }, key: "payload.id", cache: { ttl: "5s", negative_ttl: "5s" } };
    return { db, file, context, start: () => startNode(lookupJoin, config, context) };
  };

  test("finds rows by text and number, with whole numbers beyond 2^53 as text", async () => {
    const { db, start: begin } = start((db) => {
      db.run("INSERT INTO things VALUES (7, 'seven', 9007199254740993, NULL), ('7', 'text', 5, NULL)");
    });
    const { process, on, node } = begin();
    for (const id of [7, "7", 8]) await process(asking(id));
    expect(on("out").map(({ payload }) => (payload as { lookup?: unknown }).lookup ?? null)).toEqual([
      { id: 7, name: "seven", big: "9007199254740993", bytes: null },
      { id: "7", name: "text", big: 5, bytes: null },
      null,
    ]);
    await node.close!();
    db.close();
  });

  test("sees what another program writes once the answer is old", async () => {
    const { db, start: begin, context } = start();
    const { process, on, node } = begin();
    await process(asking(7));
    db.run("INSERT INTO things (id, name) VALUES (7, 'now')");
    await process(asking(7));
    context.clock.advance(5_000);
    await process(asking(7));
    expect(on("out").map(({ meta }) => meta.lookup ?? "found")).toEqual(["missed", "missed", "found"]);
    await node.close!();
    db.close();
  });

  test("passes packets while another process has the file locked, and finds rows again afterwards", async () => {
    const { db, start: begin, context } = start((db) => db.run("INSERT INTO things (id) VALUES (7)"));
    const { process, on, node } = begin();
    db.run("BEGIN EXCLUSIVE");
    await process(asking(7));
    db.run("COMMIT");
    context.clock.advance(5_000);
    await process(asking(7));
    expect(on("out").map(({ meta }) => meta.lookup ?? "found")).toEqual(["failed", "found"]);
    expect(JSON.stringify(context.logged)).toContain("another process was writing for more than 50 ms");
    await node.close!();
    db.close();
  });

  test("goes on with another file that takes the place of the first, and with the first when that is gone", async () => {
    const {
      db,
      file,
      start: begin,
      context,
    } = start((db) => db.run("INSERT INTO things (id, name) VALUES (7, 'old')"));
    const { process, on, node } = begin();
    db.close();
    const names = async () => {
      context.clock.advance(5_000);
      await process(asking(7));
      return (on("out").at(-1)!.payload as { lookup: { name: string } }).lookup.name;
    };
    fs.renameSync(file, `${file}.old`);
    expect(await names()).toBe("old");
    const other = new Database(file, { create: true });
    other.run("CREATE TABLE things (id, name TEXT)");
    other.run("INSERT INTO things VALUES (7, 'new')");
    other.close();
    expect(await names()).toBe("new");
    await node.close!();
  });

  test("cannot write", async () => {
    const { db, start: begin } = start(() => {}, "INSERT INTO things (id) VALUES (?) RETURNING id");
    const { process, on, node } = begin();
    await process(asking(7));
    expect(on("out")[0]!.meta.lookup).toBe("failed");
    expect(db.query("SELECT count(*) AS n FROM things").get()).toEqual({ n: 0 });
    await node.close!();
    db.close();
  });

  test.each([
    ["a query without a key", "SELECT * FROM things", "must have one parameter"],
    ["a query that is none", "SELEC * FROM things WHERE id = ?", "correct the query"],
    ["a table that is not there", "SELECT * FROM elsewhere WHERE id = ?", "no such table: elsewhere"],
  ])("does not start with %s", (_, query, message) => {
    const { db, start: begin } = start(() => {}, query);
    expect(begin).toThrow(message);
    db.close();
  });

  test("does not start without a file, or with one that is no database", () => {
    const { context, write } = setUp();
    const begin = () => startNode(lookupJoin, { sqlite: { path: "t.db", query: QUERY }, key: "payload.id" }, context);
    expect(begin).toThrow("there is no such file");
    write("t.db", "this is no database, and long enough to be looked at as one".repeat(100));
    expect(begin).toThrow("is it a SQLite database");
  });

  test("says of a column of bytes what to select instead", async () => {
    const { db, start: begin, context } = start((db) => db.run("INSERT INTO things (id, bytes) VALUES (7, x'ff')"));
    const { process, node } = begin();
    await process(asking(7));
    expect(JSON.stringify(context.logged)).toContain("select hex(");
    await node.close!();
    db.close();
  });
});

describe("the check of lookup_join finds", () => {
  test.each([
    ["nothing to look up in", { key: "payload.id" }, "one of table, http, sqlite"],
    [
      "two places",
      { key: "payload.id", table: { path: "a.csv", key: "id" }, sqlite: { path: "a", query: "q" } },
      "there are 2",
    ],
    ["no key", { table: { path: "a.csv", key: "id" } }, "key must be given"],
    [
      "a key beside an address",
      { http: { url: "http://a/{{payload.id}}" }, key: "payload.id" },
      "the address is the key",
    ],
    ["an address that is none", { http: { url: "ftp://a" } }, "must be http"],
    ["a place that is none", { http: { url: "http://a/{{payloud}}" } }, "unknown place"],
    ["a file of another kind", { key: "kind", table: { path: "a.xls", key: "id" } }, "must end in .csv"],
    ["a CSV file without key", { key: "kind", table: { path: "a.csv" } }, "must say which column"],
    [
      "columns of JSON",
      { key: "kind", table: { path: "a.json", key: "a", columns: { a: "string" } } },
      "columns belong",
    ],
    ["an expression that is none", { key: "payload.", table: { path: "a.csv", key: "id" } }, "not valid CEL"],
  ])("%s", (_, config, message) => {
    const issues = lookupJoin.check(v.parse(lookupJoin.config, config));
    expect(issues.map((issue) => issue.message).join("\n")).toContain(message);
  });
});
