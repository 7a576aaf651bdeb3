import { afterEach, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import * as zlib from "node:zlib";
import * as v from "valibot";
import type { Files, SourceInstance, SourceYield } from "../../../src/node/index.ts";
import { fileSource } from "../../../src/nodes/io/file_source.ts";
import type { StreamPacket } from "../../../src/packet/index.ts";
import { runSource, testContext } from "../../support/node.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) fs.rmSync(folder, { recursive: true });
});

/** A new folder with these files. */
function folder(files: Record<string, string | Uint8Array> = {}) {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), "file-source-"));
  folders.push(made);
  for (const [name, content] of Object.entries(files)) fs.writeFileSync(path.join(made, name), content);
  return made;
}

const read = (base: string, config: Record<string, unknown>) =>
  runSource(fileSource, { format: "lines", ...config }, { context: testContext({ base, nodeId: "in" }) });

const lines = (packets: readonly StreamPacket[]) => packets.map((packet) => (packet.payload as { line: string }).line);

const issues = (config: Record<string, unknown>) =>
  fileSource.check(v.parse(fileSource.config, { path: "in", format: "lines", ...config })).map(({ path }) => path[0]);

test("file_source reads a file to its end", async () => {
  const base = folder({ "in.log": "a\nb\nc" });
  expect(lines((await read(base, { path: "in.log" })).packets)).toEqual(["a", "b", "c"]);
});

test("file_source names file and line of a bad record", async () => {
  const base = folder({ "in.csv": "a,b\n1,2\n3\n" });
  const { context } = await read(base, { path: "in.csv", format: "csv" });
  const file = path.join(base, "in.csv");
  expect(context.rejected).toEqual([
    { record: { file, line: 3, text: "3" }, reason: `${file}:3 the record has 1 fields, not 2` },
  ]);
});

test("file_source reads synchronously, an array of packets per chunk", () => {
  const base = folder({ "in.log": "0123456789abcde\n".repeat(10_000) });
  const source = fileSource.create(
    v.parse(fileSource.config, { path: "in.log", format: "lines" }),
    testContext({ base }),
  );
  const run = (source as SourceInstance).run(new AbortController().signal) as Iterable<StreamPacket[]>;
  // The last one is the end of the file, which may bring the rest of a line.
  expect([...run].map((packets) => packets.length)).toEqual([...Array<number>(9).fill(1_024), 784, 0]);
});

test("file_source comes back after every chunk, also where nothing can be read, so that others have their turn", () => {
  const base = folder({ "zeros.log": new Uint8Array(10 * 16_384), "bad.log": "{\n".repeat(5 * 16_384) });
  for (const path of ["zeros.log", "bad.log"]) {
    const config = v.parse(fileSource.config, { path, format: "jsonl", max_line_bytes: 64 });
    const source = fileSource.create(config, testContext({ base })) as SourceInstance;
    const run = source.run(new AbortController().signal) as Iterable<StreamPacket[]>;
    expect([...run]).toEqual(Array(11).fill([]));
  }
});

test("file_source begins the file again when it is restarted", async () => {
  const base = folder({ "in.csv": "a\n1\n" });
  const config = v.parse(fileSource.config, { path: "in.csv", format: "csv" });
  const source = fileSource.create(config, testContext({ base })) as SourceInstance;
  const run = () => [...(source.run(new AbortController().signal) as Iterable<StreamPacket[]>)].flat();
  expect([run(), run()]).toMatchObject([[{ payload: { a: "1" } }], [{ payload: { a: "1" } }]]);
});

for (const [what, name, reason] of [
  ["a file that is missing", "none.log", /node "in" cannot open .*none\.log: ENOENT.*check the path/],
  ["a folder", "folder.log", /node "in" cannot (open|read) .*folder\.log: EISDIR.*this is a folder/],
  ["a packed file that is missing", "none.gz", /node "in" cannot open .*none\.gz: ENOENT/],
  ["a packed file that is cut off", "cut.gz", /node "in" cannot unpack .*cut\.gz: unexpected end of file/],
  ["a file that is not packed", "plain.gz", /node "in" cannot unpack .*plain\.gz: incorrect header/],
] as const) {
  test(`file_source names node and path of ${what}`, async () => {
    const packed = zlib.gzipSync("x\n".repeat(1_000));
    const base = folder({ "cut.gz": packed.subarray(0, packed.length - 9), "plain.gz": "plain\n" });
    fs.mkdirSync(path.join(base, "folder.log"));
    await expect(read(base, { path: name })).rejects.toThrow(reason);
  });
}

test("file_source unpacks gzip, also of several members", async () => {
  const packed = Buffer.concat([zlib.gzipSync("a\nb\n"), zlib.gzipSync("c\n")]);
  const base = folder({ "in.log.gz": packed, "packed.log": packed });
  expect(lines((await read(base, { path: "in.log.gz" })).packets)).toEqual(["a", "b", "c"]);
  expect(lines((await read(base, { path: "packed.log", compression: "gzip" })).packets)).toEqual(["a", "b", "c"]);
});

test("file_source does not unpack a .gz file when compression is none", async () => {
  const base = folder({ "in.gz": "plain\n" });
  expect(lines((await read(base, { path: "in.gz", compression: "none" })).packets)).toEqual(["plain"]);
});

test("file_source unpacks a long file in bounded pieces and in order", async () => {
  const rows = Array.from({ length: 200_000 }, (_, i) => `row ${i}`);
  const base = folder({ "in.gz": zlib.gzipSync(`${rows.join("\n")}\n`) });
  const config = v.parse(fileSource.config, { path: "in.gz", format: "lines" });
  const source = fileSource.create(config, testContext({ base })) as SourceInstance;
  const sizes: number[] = [];
  const all: string[] = [];
  for await (const item of source.run(new AbortController().signal) as AsyncIterable<StreamPacket[]>) {
    sizes.push(item.length);
    all.push(...lines(item));
  }
  expect(all).toEqual(rows);
  expect(Math.max(...sizes)).toBeLessThan(20_000);
});

test("file_source check refuses to follow a packed file and to start at the end of one it does not follow", () => {
  expect(issues({ path: "in.gz", follow: true })).toEqual(["follow"]);
  expect(issues({ start: "end" })).toEqual(["start"]);
  expect(issues({ follow: true, start: "end" })).toEqual([]);
});

// follow

const POLL_MS = 250;

/** A followed file that a test writes to; `poll` lets one poll pass and gives back the lines that came. */
function follow(base: string, config: Record<string, unknown> = {}, wrap: (files: Files) => Files = (files) => files) {
  const context = testContext({ base, nodeId: "tail" });
  const parsed = v.parse(fileSource.config, { path: "app.log", format: "lines", follow: true, ...config });
  const source = fileSource.create(parsed, { ...context, files: wrap(context.files) }) as SourceInstance;
  const abort = new AbortController();
  let fresh: StreamPacket[] = [];
  const done = (async () => {
    for await (const item of source.run(abort.signal) as AsyncIterable<SourceYield>)
      fresh.push(...(item as StreamPacket[]));
  })();
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const file = path.join(base, "app.log");
  return {
    context,
    source,
    file,
    append: (text: string) => fs.appendFileSync(file, text),
    async poll() {
      await turn();
      context.clock.advance(POLL_MS);
      await turn();
      const packets = fresh;
      fresh = [];
      return packets;
    },
    async pollLines() {
      return lines(await this.poll());
    },
    async stop() {
      abort.abort();
      await done;
      await source.close?.();
    },
  };
}

test("file_source follows a log that really rotates, without losing or doubling a line", async () => {
  const base = folder({ "app.log": "1\n2\n" });
  const log = follow(base);
  expect(await log.pollLines()).toEqual(["1", "2"]);
  log.append("3\n4 ha");
  expect(await log.pollLines()).toEqual(["3"]);
  log.append("lf\n5\n");
  expect(await log.pollLines()).toEqual(["4 half", "5"]);

  // logrotate with create: renamed, made anew; the writer goes on in the old file for a moment.
  const writer = fs.openSync(log.file, "a");
  fs.renameSync(log.file, `${log.file}.1`);
  expect(await log.pollLines()).toEqual([]);
  fs.writeFileSync(log.file, "8\n");
  fs.writeSync(writer, "6\n");
  expect(await log.pollLines()).toEqual(["6"]);
  fs.writeSync(writer, "7");
  fs.closeSync(writer);
  expect(await log.pollLines()).toEqual(["7", "8"]);

  // A second rotation, of a file that is read to its end.
  fs.renameSync(`${log.file}.1`, `${log.file}.2`);
  fs.renameSync(log.file, `${log.file}.1`);
  fs.writeFileSync(log.file, "9\n");
  await log.pollLines();
  expect(await log.pollLines()).toEqual(["9"]);

  // logrotate with copytruncate: same file, cut to nothing.
  fs.copyFileSync(log.file, `${log.file}.1`);
  fs.truncateSync(log.file);
  log.append("10\n");
  expect(await log.pollLines()).toEqual(["10"]);

  // Cut, and grown past the old size before anybody looked.
  fs.truncateSync(log.file);
  log.append("11\n12\n13\n14\n");
  expect(await log.pollLines()).toEqual(["11", "12", "13", "14"]);

  await log.stop();
  expect(log.context.rejected).toEqual([]);
  expect(log.source.metrics?.()).toEqual({
    records_total: 14,
    rejected_total: 0,
    rotations_total: 2,
    truncations_total: 2,
  });
  expect(log.context.clock.pending).toBe(0);
});

test("file_source waits for a file that is missing, says so once, and reads it from the beginning", async () => {
  const log = follow(folder(), { start: "end" });
  await log.poll();
  await log.poll();
  expect(log.context.logged).toMatchObject([{ level: "warn", fields: { path: log.file } }]);
  log.append("first\n");
  expect(await log.pollLines()).toEqual(["first"]);
  await log.stop();
});

test("file_source goes on with the open file while nothing has its name", async () => {
  const log = follow(folder({ "app.log": "1\n" }));
  await log.poll();
  fs.renameSync(log.file, `${log.file}.1`);
  fs.appendFileSync(`${log.file}.1`, "2\n");
  expect(await log.pollLines()).toEqual(["2"]);
  await log.stop();
});

test("file_source starts behind the last whole line when start is end", async () => {
  const log = follow(folder({ "app.log": "old\nhalf" }), { start: "end" });
  expect(await log.pollLines()).toEqual([]);
  log.append(" line\nnew\n");
  expect(await log.pollLines()).toEqual(["half line", "new"]);
  await log.stop();
});

for (const [what, content] of [
  ["the end of a CSV file", "t,n\n2026-01-01,1\n2026-01-02,2\n"],
  ["the end of one that has only its header", "t,n\n"],
  ["an empty one", ""],
] as const) {
  test(`file_source knows the columns when it starts at ${what}`, async () => {
    const log = follow(folder({ "app.log": content }), { format: "csv", columns: { n: "number" }, start: "end" });
    expect(await log.poll()).toEqual([]);
    log.append(`${content === "" ? "t,n\n" : ""}2026-01-03,3\n`);
    expect(await log.poll()).toMatchObject([{ payload: { t: "2026-01-03", n: 3 } }]);
    await log.stop();
  });
}

test("file_source reads the header of every rotated CSV file", async () => {
  const log = follow(folder({ "app.log": "a,b\n1,2\n" }), { format: "csv" });
  await log.poll();
  fs.renameSync(log.file, `${log.file}.1`);
  log.append("b,a\n3,4\n");
  await log.poll();
  expect((await log.poll()).map((packet) => packet.payload)).toEqual([{ b: "3", a: "4" }]);
  await log.stop();
});

test("file_source sets a line aside whose rest was lost to truncation", async () => {
  const log = follow(folder({ "app.log": '{"a":1}\n{"a":' }), { format: "jsonl" });
  await log.poll();
  fs.truncateSync(log.file);
  log.append('{"b":1}\n');
  expect((await log.poll()).map((packet) => packet.payload)).toEqual([{ b: 1 }]);
  expect(log.context.rejected).toMatchObject([
    { record: { line: 2, text: '{"a":' }, reason: `${log.file}:2 the file was truncated before the line ended` },
  ]);
  await log.stop();
});

test("file_source sets a quoted field aside that was lost to truncation", async () => {
  const log = follow(folder({ "app.log": 'a,b\n1,"open\n' }), { format: "csv" });
  await log.poll();
  fs.truncateSync(log.file);
  log.append("a,b\n3,4\n");
  expect((await log.poll()).map((packet) => packet.payload)).toEqual([{ a: "3", b: "4" }]);
  expect(log.context.rejected).toMatchObject([
    { reason: `${log.file}:2 the file was truncated inside a quoted field` },
  ]);
  await log.stop();
});

test("file_source sets the half-written last line of a rotated file aside", async () => {
  const log = follow(folder({ "app.log": '{"a":' }), { format: "jsonl" });
  await log.poll();
  fs.renameSync(log.file, `${log.file}.1`);
  log.append("2\n");
  await log.poll();
  expect((await log.poll()).map((packet) => packet.payload)).toEqual([2]);
  expect(log.context.rejected).toMatchObject([{ record: { line: 1, text: '{"a":' } }]);
  await log.stop();
});

test("file_source in follow mode reads no chunk before somebody pulls", async () => {
  const base = folder({ "app.log": "0123456789abcde\n".repeat(20_000) });
  let reads = 0;
  const context = testContext({ base });
  const files: Files = {
    ...context.files,
    open(name, flags) {
      const file = context.files.open(name, flags);
      const read: typeof file.read = (buffer, position) => {
        reads += 1;
        return file.read(buffer, position);
      };
      return { ...file, read };
    },
  };
  const config = v.parse(fileSource.config, { path: "app.log", format: "lines", follow: true });
  const source = fileSource.create(config, { ...context, files }) as SourceInstance;
  const run = (source.run(new AbortController().signal) as AsyncIterable<SourceYield>)[Symbol.asyncIterator]();
  for (let pulls = 1; pulls <= 3; pulls++) {
    expect((await run.next()).value).toHaveLength(1_024);
    await new Promise((resolve) => setImmediate(resolve));
    expect(reads).toBe(pulls);
  }
  await run.return?.();
  await source.close?.();
});

test("file_source stops following when the run is stopped, in the middle of a wait", async () => {
  const log = follow(folder({ "app.log": "1\nhalf" }));
  expect(await log.pollLines()).toEqual(["1"]);
  await log.stop();
  expect(log.context.clock.pending).toBe(0);
  expect(log.context.rejected).toEqual([]);
});

test("file_source names node and path when the followed path is a folder", async () => {
  const base = folder();
  fs.mkdirSync(path.join(base, "app.log"));
  await expect(read(base, { path: "app.log", follow: true })).rejects.toThrow(/node "in" cannot (open|read) .*EISDIR/);
});
