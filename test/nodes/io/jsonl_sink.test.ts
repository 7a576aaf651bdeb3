import { afterEach, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import * as v from "valibot";
import type { Files, OpenFile } from "../../../src/node/index.ts";
import { jsonlSink } from "../../../src/nodes/io/jsonl_sink.ts";
import { WholeFloat } from "../../../src/packet/index.ts";
import { packet, startNode, testContext } from "../../support/node.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) fs.rmSync(folder, { recursive: true });
});

function folder() {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), "jsonl-sink-"));
  folders.push(made);
  return made;
}

/** A sink on `out.jsonl` in a new folder; `put` writes one payload. */
function setup(config: Record<string, unknown> = {}, base = folder()) {
  const context = testContext({ base, nodeId: "events" });
  const started = startNode(jsonlSink, { path: "out.jsonl", body: "payload", ...config }, context);
  const read = (file = "out.jsonl") => fs.readFileSync(path.join(base, file), "utf8");
  return {
    ...started,
    base,
    clock: context.clock,
    put: (payload: unknown) => started.process(packet({ payload })),
    read,
    files: () => fs.readdirSync(base).sort(),
  };
}

/** The disk with room for `quota.bytes` more bytes; a write beyond it takes what fits and throws ENOSPC. */
function limited(files: Files, quota: { bytes: number }): Files {
  const limit = (file: OpenFile): OpenFile => ({
    ...file,
    write(data) {
      const bytes = Buffer.from(data as Uint8Array);
      const taken = bytes.subarray(0, quota.bytes);
      quota.bytes -= taken.length;
      file.write(taken);
      if (taken.length < bytes.length) throw Object.assign(new Error("ENOSPC: no space left"), { code: "ENOSPC" });
      return bytes.length;
    },
  });
  return { ...files, open: (name, flags) => limit(files.open(name, flags)) };
}

test("jsonl_sink writes one packet per line", async () => {
  const { node, process, read } = setup({ body: "packet" });
  await process(packet({ payload: { name: "주차" } }));
  await node.close?.();
  expect(read()).toBe(
    '{"packet_id":"00000000-0000-7000-8000-000000000001","ts":"2026-01-01T00:00:00.000Z","kind":"raw",' +
      '"source_id":"test","payload":{"name":"주차"},"meta":{}}\n',
  );
  expect(node.metrics?.()).toMatchObject({ written_total: 1 });
});

test("jsonl_sink with spacing python writes as the predecessor did", async () => {
  const { node, put, read } = setup({ spacing: "python", ensure_ascii: true });
  await put({ a: [1, new WholeFloat(2)], name: "é", part: Number.NaN });
  await node.close?.();
  expect(read()).toBe('{"a": [1, 2.0], "name": "\\u00e9", "part": NaN}\n');
});

test("jsonl_sink escapes non-ASCII in compact spacing when asked", async () => {
  const { node, put, read } = setup({ ensure_ascii: true });
  await put({ name: "é😀" });
  await node.close?.();
  expect(read()).toBe('{"name":"\\u00e9\\ud83d\\ude00"}\n');
});

test("jsonl_sink appends to a file that exists and makes the folders of one that does not", async () => {
  const base = folder();
  for (const payload of [1, 2]) {
    const run = setup({ path: "deep/er/out.jsonl" }, base);
    await run.put(payload);
    await run.node.close?.();
  }
  expect(fs.readFileSync(path.join(base, "deep/er/out.jsonl"), "utf8")).toBe("1\n2\n");
});

test("jsonl_sink passes packets on only when forward is set", async () => {
  const open = setup({ forward: true });
  await open.process(packet("cam01"));
  expect(open.on("out")).toMatchObject([{ source_id: "cam01" }]);
  const quiet = setup();
  await quiet.put(1);
  expect(quiet.emitted).toEqual([]);
});

const loop: Record<string, unknown> = {};
loop.self = loop;

for (const [what, payload, where] of [
  ["a bigint", { n: 1n }, "payload.n as JSON: it is a bigint"],
  ["a function", { a: [() => 1] }, "payload.a[0] as JSON: it is a function"],
  ["a cycle", loop, "it is a cycle"],
  ["NaN", { deep: { x: Number.NaN } }, "payload.deep.x as JSON: it is NaN"],
  ["Infinity", Number.POSITIVE_INFINITY, "payload as JSON: it is Infinity"],
  ["bytes", { data: new Uint8Array(2) }, "payload.data as JSON: it is a Uint8Array"],
  ["a map object", new Map(), "payload as JSON: it is a Map"],
] as const) {
  test(`jsonl_sink refuses ${what} and says where it stands`, async () => {
    const { node, put, read } = setup();
    await expect(put(payload)).rejects.toThrow(where);
    await put("next");
    await node.close?.();
    expect(read()).toBe('"next"\n');
    expect(node.metrics?.()).toMatchObject({ written_total: 1 });
  });
}

test("jsonl_sink holds lines back for flush_ms", async () => {
  const { put, read, clock } = setup({ flush_ms: 50 });
  await put(1);
  clock.advance(49);
  expect(read()).toBe("");
  clock.advance(1);
  expect(read()).toBe("1\n");
});

test("jsonl_sink writes the lines it holds back when it is told to", async () => {
  const { put, read, node } = setup({ flush_ms: 50 });
  await put(1);
  node.flush!();
  expect(read()).toBe("1\n");
});

test("jsonl_sink writes every line at once when flush_ms is 0", async () => {
  const { put, read } = setup({ flush_ms: 0 });
  await put(1);
  expect(read()).toBe("1\n");
});

test("jsonl_sink holds back at most 64 Ki characters", async () => {
  const { put, read } = setup();
  for (let i = 0; i < 3; i++) await put("x".repeat(30_000));
  expect(read().length).toBe(2 * 30_003);
});

for (const [fsync, expected] of [
  ["never", 0],
  ["interval", 1],
  ["always", 3],
] as const) {
  test(`jsonl_sink with fsync ${fsync} syncs ${expected} times for three lines in a second`, async () => {
    const context = testContext({ base: folder() });
    let syncs = 0;
    const { files } = context;
    const counted: Files = {
      ...files,
      open(name, flags) {
        const file = files.open(name, flags);
        const sync = () => {
          syncs += 1;
          file.sync();
        };
        return { ...file, sync };
      },
    };
    const { process } = startNode(jsonlSink, { path: "o", fsync, flush_ms: 1 }, { ...context, files: counted });
    for (let i = 0; i < 3; i++) {
      await process(packet());
      context.clock.advance(300);
    }
    context.clock.advance(200);
    expect(syncs).toBe(expected);
  });
}

test("jsonl_sink begins a new file before max_bytes is passed and keeps max_files older ones", async () => {
  const { node, put, read, files } = setup({ max_bytes: 8, max_files: 2 });
  for (let i = 1; i <= 9; i++) await put(`${i}`);
  await node.close?.();
  expect(files()).toEqual(["out.jsonl", "out.jsonl.1", "out.jsonl.2"]);
  expect([read(), read("out.jsonl.1"), read("out.jsonl.2")]).toEqual(['"9"\n', '"7"\n"8"\n', '"5"\n"6"\n']);
  expect(node.metrics?.()).toMatchObject({ written_total: 9, rotated_files_total: 4, deleted_files_total: 2 });
});

test("jsonl_sink counts what an earlier run wrote towards max_bytes", async () => {
  const base = folder();
  fs.writeFileSync(path.join(base, "out.jsonl"), "1234567\n");
  const { node, put, read } = setup({ max_bytes: 8 }, base);
  await put(1);
  await node.close?.();
  expect([read(), read("out.jsonl.1")]).toEqual(["1\n", "1234567\n"]);
});

test("jsonl_sink never splits a line longer than max_bytes", async () => {
  const { node, put, read, files } = setup({ max_bytes: 4 });
  await put("long line");
  await put(1);
  await node.close?.();
  expect([read(), read("out.jsonl.1")]).toEqual(["1\n", '"long line"\n']);
  expect(files()).toEqual(["out.jsonl", "out.jsonl.1"]);
});

test("jsonl_sink begins a new file after max_age_sec, but not for an empty one", async () => {
  const { put, files, clock } = setup({ max_age_sec: 60 });
  clock.advance(60_000);
  expect(files()).toEqual(["out.jsonl"]);
  await put(1);
  clock.advance(60_000);
  expect(files()).toEqual(["out.jsonl", "out.jsonl.1"]);
});

test("jsonl_sink in atomic mode gives the file its name when it is complete", async () => {
  const { node, put, read, files } = setup({ atomic: true, flush_ms: 0 });
  await put(1);
  expect(files()).toEqual(["out.jsonl.tmp"]);
  await node.close?.();
  expect(files()).toEqual(["out.jsonl"]);
  expect(read()).toBe("1\n");
});

test("jsonl_sink in atomic mode moves the result of an earlier run aside", async () => {
  const base = folder();
  for (const payload of [1, 2]) {
    const run = setup({ atomic: true }, base);
    await run.put(payload);
    await run.node.close?.();
  }
  const { read } = setup({}, base);
  expect([read(), read("out.jsonl.1")]).toEqual(["2\n", "1\n"]);
});

test("jsonl_sink in atomic mode publishes an empty result for a run without packets", async () => {
  const { node, read } = setup({ atomic: true });
  await node.close?.();
  expect(read()).toBe("");
});

test("jsonl_sink in atomic mode publishes at every rotation and leaves no empty file behind", async () => {
  const { node, put, read, files, clock } = setup({ atomic: true, max_age_sec: 10 });
  await put(1);
  clock.advance(10_000);
  expect(read()).toBe("1\n");
  await node.close?.();
  expect(files()).toEqual(["out.jsonl"]);
});

test("jsonl_sink goes on behind what a crash left in the atomic file", async () => {
  const base = folder();
  fs.writeFileSync(path.join(base, "out.jsonl.tmp"), '"kept"\n"half');
  const { node, put, read } = setup({ atomic: true }, base);
  await put(1);
  await node.close?.();
  expect(read()).toBe('"kept"\n"half\n1\n');
});

test("jsonl_sink ends a line that a crash cut off, logs and counts it", async () => {
  const base = folder();
  fs.writeFileSync(path.join(base, "out.jsonl"), '{"a":1}\n{"a":');
  const { node, put, read, context } = setup({}, base);
  await put({ a: 3 });
  await node.close?.();
  expect(read()).toBe('{"a":1}\n{"a":\n{"a":3}\n');
  expect(node.metrics?.()).toMatchObject({ torn_lines_total: 1 });
  expect(context.logged).toMatchObject([{ level: "warn", fields: { path: path.join(base, "out.jsonl") } }]);
});

test("jsonl_sink names the node and the path when it cannot open its file", () => {
  const base = folder();
  fs.mkdirSync(path.join(base, "out.jsonl"));
  expect(() => setup({}, base)).toThrow(/node "events" cannot open for writing .*out\.jsonl: EISDIR.*name a file/);
});

test("jsonl_sink refuses lines while a real disk is full", async () => {
  const { put } = setup({ path: "/dev/full", flush_ms: 0 });
  await expect(put(1)).rejects.toThrow(/node "events" cannot write to \/dev\/full: ENOSPC.*make room on the disk/);
});

test("jsonl_sink neither loses nor doubles an accepted line when the disk fills up and is freed again", async () => {
  const base = folder();
  const context = testContext({ base });
  const quota = { bytes: 70_000 };
  const sink = startNode(
    jsonlSink,
    { path: "out.jsonl", body: "payload" },
    {
      ...context,
      files: limited(context.files, quota),
    },
  );
  const accepted: number[] = [];
  const refused: number[] = [];
  for (let i = 0; i < 30_000; i++) {
    if (i === 25_000) quota.bytes = Number.POSITIVE_INFINITY;
    await sink.process(packet({ payload: i })).then(
      () => accepted.push(i),
      () => refused.push(i),
    );
  }
  await sink.node.close?.();
  const lines = fs.readFileSync(path.join(base, "out.jsonl"), "utf8").trimEnd().split("\n");
  expect(lines.map(Number)).toEqual(accepted);
  // From the first refusal on nothing more is held back until there is room.
  expect(refused).toEqual(Array.from({ length: 25_000 - refused[0]! }, (_, i) => refused[0]! + i));
});

test("jsonl_sink completes a line of which the disk took a part", async () => {
  const base = folder();
  const context = testContext({ base });
  const quota = { bytes: 4 };
  const sink = startNode(
    jsonlSink,
    { path: "out.jsonl", body: "payload", flush_ms: 0 },
    {
      ...context,
      files: limited(context.files, quota),
    },
  );
  await sink.process(packet({ payload: "first" }));
  expect(context.logged).toMatchObject([{ level: "error", message: "the disk took a part of a line" }]);
  await expect(sink.process(packet({ payload: "second" }))).rejects.toThrow("ENOSPC");
  quota.bytes = 1_000;
  await sink.process(packet({ payload: "third" }));
  expect(fs.readFileSync(path.join(base, "out.jsonl"), "utf8")).toBe('"first"\n"third"\n');
});

test("jsonl_sink gives back the lines that no disk took before the end, each as a dead letter", async () => {
  const base = folder();
  const context = testContext({ base });
  const files = limited(context.files, { bytes: 7 });
  const sink = startNode(jsonlSink, { path: "out.jsonl", body: "payload" }, { ...context, files });
  for (const payload of ["a", "bbb", "c"]) await sink.process(packet({ payload }));
  expect(() => sink.node.close?.()).toThrow("ENOSPC");
  expect(fs.readFileSync(path.join(base, "out.jsonl"), "utf8")).toBe('"a"\n"bb');
  expect(context.rejected).toMatchObject([
    { record: { file: "out.jsonl", line: '"bbb"' }, reason: expect.stringContaining("ENOSPC") },
    { record: { line: '"c"' } },
  ]);
  expect(sink.node.metrics?.()).toMatchObject({ written_total: 1 });
});

test("jsonl_sink does not write a line that it refused", async () => {
  const base = folder();
  const context = testContext({ base });
  const quota = { bytes: 0 };
  const files = limited(context.files, quota);
  const sink = startNode(jsonlSink, { path: "out.jsonl", body: "payload", flush_ms: 0 }, { ...context, files });
  await expect(sink.process(packet({ payload: "refused" }))).rejects.toThrow("ENOSPC");
  quota.bytes = 1_000;
  await sink.process(packet({ payload: "taken" }));
  expect(fs.readFileSync(path.join(base, "out.jsonl"), "utf8")).toBe('"taken"\n');
});

/** A sink whose files cannot be renamed until `repair`. */
function unrotatable(config: Record<string, unknown>) {
  const base = folder();
  const context = testContext({ base });
  let broken = true;
  const files: Files = {
    ...context.files,
    rename(from, to) {
      if (broken) throw Object.assign(new Error("EACCES: permission denied"), { code: "EACCES" });
      context.files.rename(from, to);
    },
  };
  const sink = startNode(jsonlSink, { path: "out.jsonl", body: "payload", ...config }, { ...context, files });
  return {
    context,
    close: () => sink.node.close?.(),
    put: (payload: unknown) => sink.process(packet({ payload })),
    read: (name: string) => fs.readFileSync(path.join(base, name), "utf8"),
    repair() {
      broken = false;
    },
  };
}

test("jsonl_sink refuses lines that a full file has no room for while it cannot be rotated", async () => {
  const { put, read, close, repair } = unrotatable({ max_bytes: 4 });
  await put(1);
  await put(2);
  await expect(put(3)).rejects.toThrow(/cannot rotate .*out\.jsonl: EACCES/);
  repair();
  await put(4);
  await close();
  expect([read("out.jsonl.1"), read("out.jsonl")]).toEqual(["1\n2\n", "4\n"]);
});

test("jsonl_sink goes on in an old file that cannot be rotated, logs it and rotates later", async () => {
  const { put, read, close, repair, context } = unrotatable({ max_age_sec: 10 });
  await put(1);
  context.clock.advance(10_000);
  expect(context.logged).toMatchObject([{ level: "error" }]);
  await put(2);
  context.clock.advance(1_000);
  expect(read("out.jsonl")).toBe("1\n2\n");
  repair();
  context.clock.advance(10_000);
  await put(3);
  await close();
  expect([read("out.jsonl.1"), read("out.jsonl")]).toEqual(["1\n2\n", "3\n"]);
});

test("jsonl_sink logs a failed write that nobody waits for and tries again", async () => {
  const base = folder();
  const context = testContext({ base });
  const quota = { bytes: 0 };
  const sink = startNode(
    jsonlSink,
    { path: "out.jsonl", body: "payload" },
    {
      ...context,
      files: limited(context.files, quota),
    },
  );
  await sink.process(packet({ payload: 1 }));
  context.clock.advance(200);
  expect(context.logged).toMatchObject([{ level: "error", message: "cannot write lines; trying again" }]);
  quota.bytes = 1_000;
  context.clock.advance(1_000);
  expect(fs.readFileSync(path.join(base, "out.jsonl"), "utf8")).toBe("1\n");
});

test("jsonl_sink closes twice without harm and leaves no timer", async () => {
  const { node, put, clock, read } = setup({ max_age_sec: 60 });
  await put(1);
  await node.close?.();
  expect(clock.pending).toBe(0);
  await node.close?.();
  expect(read()).toBe("1\n");
});

test("jsonl_sink refuses options it does not know", () => {
  expect(v.safeParse(jsonlSink.config, { path: "o", body: "both" }).success).toBe(false);
  expect(v.safeParse(jsonlSink.config, { path: "o", max_files: 0 }).success).toBe(false);
  expect(v.safeParse(jsonlSink.config, {}).success).toBe(false);
});
