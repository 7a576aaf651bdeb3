import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { bytesToRef } from "../../../src/nodes/net/bytes_to_ref.ts";
import { type PayloadRef, refOf, type StreamPacket } from "../../../src/packet/index.ts";
import { bytesOf, testBlobs } from "../../support/blobs.ts";
import { macrotask } from "../../support/engine.ts";
import { temporaryFolder } from "../../support/folder.ts";
import { packet, startNode, testContext } from "../../support/node.ts";

/** sha256 of "cat". */
const CAT = "77af778b51abd4a3c51c5ddd97204a9c3ae614ebccb75a606c3b6865aed6744e";
const cat = (fields: Parameters<typeof packet>[0] & object = {}) =>
  packet({ kind: "bytes", source_id: "cam01", packet_id: "p1", payload: bytesOf("cat"), ...fields });

function started(config: Record<string, unknown>, given: Partial<Parameters<typeof testContext>[0] & object> = {}) {
  const folder = temporaryFolder();
  const node = startNode(bytesToRef, config, testContext({ base: folder.path, nodeId: "keep", ...given }));
  const ref = (at = 0): PayloadRef => refOf(node.on("out")[at]!.payload);
  return { ...node, folder: folder.path, ref, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

describe("bytes_to_ref with files", () => {
  test("says what was written where, and keeps the packet's id", async () => {
    using given = started({ store: "file", dir: "out", content_type: "text/plain" });
    await given.process(cat({ meta: { a: 1 } }));
    const file = path.join(given.folder, "out", "cam01", "p1.bin");
    const [{ payload: _, ...fields }] = given.on("out") as [StreamPacket];
    expect(fields).toEqual({ packet_id: "p1", ts: cat().ts, kind: "bytes_ref", source_id: "cam01", meta: { a: 1 } });
    expect(given.ref()).toEqual({
      ...{ scheme: "file", path: file, content_type: "text/plain", size_bytes: 3, sha256: CAT, owner: "keep" },
    });
    expect(fs.readFileSync(file, "utf8")).toBe("cat");
    expect(fs.readdirSync(path.dirname(file))).toEqual(["p1.bin"]);
    expect(given.node.metrics!()).toEqual({ stored_total: 1, stored_bytes_total: 3 });
  });

  test("refers to the pixels of a frame and leaves the rest of it in the packet", async () => {
    using given = started({ store: "file", dir: "out", compute_sha256: false });
    const payload = { width: 2, height: 1, data: new Uint8Array([1, 2]) };
    await given.process(cat({ kind: "frame", payload }));
    expect(given.on("out")[0]).toMatchObject({ kind: "frame", payload: { width: 2, height: 1 } });
    expect(given.ref()).toMatchObject({ size_bytes: 2, stands_for: "field", field: "data" });
    expect(given.ref()).not.toHaveProperty("sha256");
  });

  test.each([
    ["climbs", "../../etc", "escape"],
    ["climbs within", "a/../b", "a"],
    ["is empty in the middle", "a//b", "a"],
    ["has a NUL", "a\0b", "a"],
    ["is longer than a name may be", "x".repeat(300), "x"],
  ])("refuses a name that %s, and leaves nothing behind", async (_, source_id) => {
    using given = started({ store: "file", dir: "out" });
    await expect(given.process(cat({ source_id }))).rejects.toThrow("BLOB_REF: cannot use");
    expect(given.emitted).toEqual([]);
    const left = fs.readdirSync(given.folder, { recursive: true, withFileTypes: true });
    expect(left.filter((entry) => entry.isFile())).toEqual([]);
  });

  test("takes a name that begins with a slash as one below its folder", async () => {
    using given = started({ store: "file", dir: "out" });
    await given.process(cat({ source_id: "/dev/video0" }));
    expect(given.ref().path).toBe(path.join(given.folder, "out", "dev", "video0", "p1.bin"));
  });

  test("does not write through a link in its folder, nor over what a link points to", async () => {
    using given = started({ store: "file", dir: "out" });
    const [out, outside] = [path.join(given.folder, "out"), path.join(given.folder, "outside")];
    fs.mkdirSync(out);
    fs.mkdirSync(outside);
    fs.symlinkSync(outside, path.join(out, "cam01"));
    await expect(given.process(cat())).rejects.toThrow("is a link");
    expect(fs.readdirSync(outside)).toEqual([]);
    fs.writeFileSync(path.join(outside, "kept"), "kept");
    fs.mkdirSync(path.join(out, "cam02"));
    fs.symlinkSync(path.join(outside, "kept"), path.join(out, "cam02", "p1.bin"));
    await given.process(cat({ source_id: "cam02" }));
    expect(fs.readFileSync(path.join(outside, "kept"), "utf8")).toBe("kept");
  });
});

describe("bytes_to_ref", () => {
  test.each([
    ["text", "cat"],
    ["a map without bytes", { a: 1 }],
    ["two fields of bytes", { a: bytesOf("a"), b: bytesOf("b") }],
    ["nothing", null],
  ])("rejects %s: another try cannot help", async (_, payload) => {
    using given = started({ store: "file", dir: "out" });
    const error = await given.process(cat({ payload })).catch((thrown) => thrown);
    expect([error.name, error.message]).toEqual(["Rejected", expect.stringContaining("packet p1")]);
  });

  test.each([
    [{ store: "file" }, "store"],
    [{ dir: "out" }, "dir"],
    [{ store: "file", dir: "out", filename: "{kind}/{packet_id}" }, "filename"],
  ])("does not take %j", (config, key) => {
    const parsed = { compute_sha256: true, max_bytes: 1, name_owner: true, store: "blobs", filename: "a", ...config };
    expect(bytesToRef.check(parsed).map((issue) => issue.path)).toEqual([[key]]);
  });

  test("says what to do when there is no blob store", () => {
    expect(() => startNode(bytesToRef)).toThrow("store: blobs needs a state directory");
  });

  test("keeps a blob for keep_sec, then leaves it to the sweep", async () => {
    await using store = testBlobs({ graceMs: 0 });
    const context = { ...testContext(), blobs: store.blobs };
    const { node, process, on } = startNode(bytesToRef, { keep_sec: 5 }, context);
    await process(cat());
    expect(on("out")[0]!.payload).toMatchObject({ ref: { owner: "blob_store", sha256: CAT } });
    for (const [advance, held] of [
      [4_999, 1],
      [1, 0],
    ] as const) {
      context.clock.advance(advance);
      expect(store.blobs.stats().held).toBe(held);
    }
    await process(cat());
    await node.close!();
    expect([store.blobs.stats().held, context.clock.pending]).toEqual([0, 0]);
  });

  test("fails as unavailable when the blob store is full", async () => {
    await using store = testBlobs({ maxBytes: 1 });
    const { process } = startNode(bytesToRef, {}, { ...testContext(), blobs: store.blobs });
    const error = await process(cat()).catch((thrown) => thrown);
    expect([error.name, error.code]).toEqual(["Unavailable", "BLOB_FULL"]);
  });
});

describe.skipIf(!fs.existsSync("/dev/shm"))("bytes_to_ref with shared memory", () => {
  test("keeps a file for its time, and none longer than the run", async () => {
    using given = started({ store: "shm", keep_sec: 2 });
    await given.process(cat());
    await given.process(cat());
    expect(given.ref()).toMatchObject({ scheme: "shm", size_bytes: 3, sha256: CAT, owner: "keep" });
    expect(given.ref().path).toStartWith(`/dev/shm/schnitzel-${process.pid}-keep-`);
    expect(fs.readFileSync(given.ref().path!, "utf8")).toBe("cat");
    given.context.clock.advance(1_999);
    expect(fs.existsSync(given.ref().path!)).toBe(true);
    given.context.clock.advance(1);
    expect(fs.existsSync(given.ref().path!)).toBe(false);
    await given.process(cat());
    await given.node.close!();
    expect(fs.existsSync(given.ref(2).path!)).toBe(false);
    expect(given.context.clock.pending).toBe(0);
  });

  test("waits while its memory is full, until a file's time is over", async () => {
    using given = started({ store: "shm", keep_sec: 2, max_bytes: 5 });
    await given.process(cat());
    const [second, third] = [given.process(cat()), given.process(cat())];
    await macrotask();
    expect(given.emitted).toHaveLength(1);
    given.context.clock.advance(2_000);
    await second;
    given.context.clock.advance(2_000);
    await third;
    expect(given.emitted).toHaveLength(3);
    await given.node.close!();
  });

  test("that waits is woken by the end of the run", async () => {
    using given = started({ store: "shm", max_bytes: 5 });
    await given.process(cat());
    const second = given.process(cat());
    await macrotask();
    await given.node.close!();
    await expect(second).rejects.toThrow("the run ended");
  });

  test("rejects what can never fit", async () => {
    using given = started({ store: "shm", max_bytes: 2 });
    await expect(given.process(cat())).rejects.toThrow("max_bytes is 2");
    await given.node.close!();
  });

  test("removes what a killed run left, and nothing of a living one", async () => {
    const child = Bun.spawnSync(["true"]);
    const [dead, alive] = [`/dev/shm/schnitzel-${child.pid}-x-1`, `/dev/shm/schnitzel-${process.ppid}-x-1`];
    for (const file of [dead, alive]) fs.writeFileSync(file, "left");
    try {
      using given = started({ store: "shm" });
      expect([fs.existsSync(dead), fs.existsSync(alive)]).toEqual([false, true]);
      await given.node.close!();
    } finally {
      for (const file of [dead, alive]) fs.rmSync(file, { force: true });
    }
  });

  test("cannot be led out of /dev/shm by a node's name", async () => {
    using given = started({ store: "shm" }, { nodeId: "../../tmp/x" });
    await given.process(cat());
    expect(path.dirname(given.ref().path!)).toBe("/dev/shm");
    await given.node.close!();
  });
});
