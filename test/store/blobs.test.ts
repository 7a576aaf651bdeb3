import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import type { Blobs } from "../../src/node/index.ts";
import { failureKind, Unavailable } from "../../src/node/index.ts";
import type { BlobError, BlobStore } from "../../src/store/index.ts";
import { bytesOf, testBlobs, textOf, watchedDisk } from "../support/blobs.ts";

/** sha256 of "cat". */
const CAT = "77af778b51abd4a3c51c5ddd97204a9c3ae614ebccb75a606c3b6865aed6744e";

const filesIn = (folder: string): string[] =>
  fs.existsSync(folder)
    ? fs
        .readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
        .sort()
    : [];

/** The error of a call that must fail. */
const failure = (call: Promise<unknown>): Promise<BlobError> =>
  call.then(
    () => expect.unreachable("nothing failed"),
    (error) => error,
  );

/** The store is what nodes and durable edges expect. */
const asNodesSeeIt = (blobs: BlobStore): Blobs => blobs;

describe("a blob", () => {
  test("comes back as it was stored, and its reference says what it is", async () => {
    await using given = testBlobs();
    const blobs = asNodesSeeIt(given.blobs);
    const { ref } = await blobs.put(bytesOf("cat"), { contentType: "text/plain" });
    expect(ref).toEqual({
      scheme: "file",
      path: path.join(given.folder, "77", `${CAT.slice(2)}.3`),
      content_type: "text/plain",
      size_bytes: 3,
      sha256: CAT,
      owner: "blob_store",
    });
    expect(textOf(await blobs.read(ref))).toBe("cat");
    expect(fs.statSync(ref.path!).mode & 0o777).toBe(0o600);
  });

  test("of no bytes, and one of several slices in shared memory, come back as well", async () => {
    await using given = testBlobs();
    const shared = new Uint8Array(new SharedArrayBuffer(2_500_000)).fill(7);
    for (const bytes of [new Uint8Array(0), shared]) {
      const { ref } = await given.blobs.put(bytes);
      expect(ref.sha256).toBe(new Bun.CryptoHasher("sha256").update(bytes).digest("hex"));
      expect(Buffer.compare(await given.blobs.read(ref), bytes)).toBe(0);
    }
  });

  test("is stored once, however often and however much at once it comes", async () => {
    await using given = testBlobs();
    await Promise.all(Array.from({ length: 8 }, () => given.blobs.put(bytesOf("cat"))));
    await given.reopen().put(bytesOf("cat"));
    expect(filesIn(given.folder)).toEqual([path.join("77", `${CAT.slice(2)}.3`)]);
    expect(given.blobs.stats()).toMatchObject({ blobs: 1, bytes: 4_096, stored: 0, reused: 1 });
  });

  test("is on the disk with its name, and its folder's name, before its reference is given out", async () => {
    const { disk, calls } = watchedDisk();
    await using given = testBlobs({ disk });
    await given.blobs.put(bytesOf("dog"));
    calls.length = 0;
    await given.blobs.put(bytesOf("cat"));
    const shard = path.join(given.folder, "77");
    const [draft, file] = [path.join(given.folder, "tmp", "2"), path.join(shard, `${CAT.slice(2)}.3`)];
    expect(calls).toEqual([
      `stat ${file}`,
      // The bytes are synced in `write`; strace shows it, see the next test.
      `write ${draft}`,
      `makeFolder ${shard}`,
      `rename ${draft} ${file}`,
      `syncFolder ${shard}`,
      `syncFolder ${given.folder}`,
    ]);
  });

  test("that another process left without syncing its name is synced before it counts as there", async () => {
    const { disk, calls } = watchedDisk();
    await using given = testBlobs();
    await given.blobs.put(bytesOf("cat"));
    await given.reopen({ disk }).put(bytesOf("cat"));
    expect(calls.filter((call) => call.startsWith("write"))).toEqual([]);
    expect(calls.slice(-2)).toEqual([`syncFolder ${given.folder}/77`, `syncFolder ${given.folder}`]);
  });
});

test.skipIf(Bun.which("strace") === null)("the kernel sees write, fsync, rename, fsync, in that order", async () => {
  await using given = testBlobs();
  const script = `
    import { systemClock } from "${import.meta.dir}/../../src/base/clock.ts";
    import { BlobStore } from "${import.meta.dir}/../../src/store/index.ts";
    const blobs = new BlobStore(${JSON.stringify(given.folder)}, { clock: systemClock, onEvent() {} });
    await blobs.put(new TextEncoder().encode("cat"));
    await blobs.close();`;
  const file = path.join(given.path, "child.ts");
  const trace = path.join(given.path, "trace");
  fs.writeFileSync(file, script);
  const which = "-e trace=openat,pwrite64,write,fsync,fdatasync,rename,renameat,renameat2";
  const child = Bun.spawnSync(["strace", "-f", "-y", ...which.split(" "), "-o", trace, process.execPath, file]);
  expect(child.stderr.toString()).toBe("");
  const seen = fs
    .readFileSync(trace, "utf8")
    .split("\n")
    .flatMap(
      (line) => /^\d+ +(p?write|fsync|rename).*?(tmp\/1|blobs\/77|blobs)[>"]/.exec(line)?.slice(1).join(" ") ?? [],
    );
  expect(
    seen.slice(seen.findIndex((call) => call.endsWith("tmp/1"))).map((call) => call.replace(/^pwrite/, "write")),
  ).toEqual([
    "write tmp/1",
    "fsync tmp/1",
    // The new folder's own name.
    "fsync blobs",
    "rename tmp/1",
    "fsync blobs/77",
    "fsync blobs",
  ]);
});

describe("a damaged blob", () => {
  const flip = (file: string) => {
    const bytes = fs.readFileSync(file);
    bytes[1]! ^= 1;
    fs.writeFileSync(file, bytes);
  };

  test("is moved aside at the read that finds it, and named with both sums", async () => {
    await using given = testBlobs();
    const { ref } = await given.blobs.put(bytesOf("cat"));
    flip(ref.path!);
    const error = await failure(given.blobs.read(ref));
    const found = new Bun.CryptoHasher("sha256").update("c`t").digest("hex");
    expect(error.code).toBe("BLOB_DAMAGED");
    expect(error.message).toContain(`its sha256 is ${found} and should be ${CAT}`);
    expect(failureKind(error)).toBe("rejected");
    expect(filesIn(given.folder)).toEqual([path.join("damaged", `${CAT}.3.corrupt`)]);
    expect(given.blobs.stats()).toMatchObject({ damaged: 1, blobs: 0, bytes: 0 });
    expect(given.events).toMatchObject([{ level: "error", message: "a blob is damaged" }]);
    expect((await failure(given.blobs.read(ref))).code).toBe("BLOB_MISSING");
  });

  test("that was cut short is told by its size", async () => {
    await using given = testBlobs();
    const { ref } = await given.blobs.put(bytesOf("cat"));
    fs.truncateSync(ref.path!, 1);
    expect((await failure(given.blobs.read(ref))).message).toContain("it has 1 bytes and should have 3");
  });

  test("gives way to the right bytes when they are stored again", async () => {
    await using given = testBlobs();
    const { ref } = await given.blobs.put(bytesOf("cat"));
    flip(ref.path!);
    const again = await given.reopen().put(bytesOf("cat"));
    expect(textOf(await given.blobs.read(again.ref))).toBe("cat");
    expect(given.blobs.stats()).toMatchObject({ damaged: 1, stored: 1, blobs: 1, bytes: 4_096 });
  });

  test("is kept as one of at most 64", async () => {
    await using given = testBlobs();
    for (let at = 0; at < 66; at++) {
      const { ref } = await given.blobs.put(bytesOf(`blob ${at}`));
      flip(ref.path!);
      await failure(given.blobs.read(ref));
    }
    expect(filesIn(path.join(given.folder, "damaged"))).toHaveLength(64);
  });
});

describe("without room", () => {
  test("a blob over max_bytes is refused as unavailable, and taken once there is room again", async () => {
    await using given = testBlobs({ maxBytes: 8_192, graceMs: 0 });
    const [first] = [await given.blobs.put(bytesOf("one")), await given.blobs.put(bytesOf("two"))];
    const error = await failure(given.blobs.put(bytesOf("three")));
    expect(error).toMatchObject({ code: "BLOB_FULL", retryAfterMs: 1_000 });
    expect(failureKind(error)).toBe(failureKind(new Unavailable("")));
    expect(given.blobs.stats()).toMatchObject({ full: "max_bytes", refused: 1, blobs: 2 });
    first.release();
    given.clock.advance(1_000);
    await given.blobs.sweep();
    await given.blobs.put(bytesOf("three"));
    expect(given.blobs.stats()).toMatchObject({ full: undefined, blobs: 2, swept: 1 });
  });

  test("blobs that come at once cannot overrun max_bytes together, nor what was there before", async () => {
    await using given = testBlobs({ maxBytes: 5 * 4_096 });
    await given.blobs.put(bytesOf("before"));
    given.reopen();
    const all = await Promise.allSettled(Array.from({ length: 9 }, (_, at) => given.blobs.put(bytesOf(`${at}`))));
    expect(all.filter(({ status }) => status === "fulfilled")).toHaveLength(4);
    expect(given.blobs.stats()).toMatchObject({ bytes: 5 * 4_096, blobs: 5 });
  });

  test("min_free stays free", async () => {
    await using given = testBlobs({ minFreeBytes: Number.MAX_SAFE_INTEGER });
    expect((await failure(given.blobs.put(bytesOf("cat")))).message).toContain("must stay so");
  });

  test("a full disk is the same, and leaves neither a file nor a wrong count", async () => {
    let full = true;
    const { disk } = watchedDisk((call) => (full && call === "write" ? "ENOSPC" : undefined));
    await using given = testBlobs({ disk });
    const error = await failure(given.blobs.put(bytesOf("cat")));
    expect(error.code).toBe("BLOB_FULL");
    expect(failureKind(error)).toBe("unavailable");
    expect(given.blobs.stats()).toMatchObject({ full: "disk", blobs: 0, bytes: 0, held: 0 });
    expect(filesIn(given.folder)).toEqual([]);
    full = false;
    await given.blobs.put(bytesOf("cat"));
    expect(given.blobs.stats()).toMatchObject({ full: undefined, blobs: 1 });
  });

  test("a disk that fails is unavailable too, and says what to look at", async () => {
    const { disk } = watchedDisk((call) => (call === "syncFolder" ? "EIO" : undefined));
    await using given = testBlobs({ disk });
    const error = await failure(given.blobs.put(bytesOf("cat")));
    expect(error.code).toBe("BLOB_UNWRITABLE");
    expect(failureKind(error)).toBe("unavailable");
    expect(error.message).toContain(given.folder);
  });

  test("a disk that cannot be read fails the try, and not the packet for good", async () => {
    const { disk } = watchedDisk((call) => (call === "read" ? "EIO" : undefined));
    await using given = testBlobs({ disk });
    const { ref } = await given.blobs.put(bytesOf("cat"));
    const error = await failure(given.blobs.read(ref));
    expect(error.code).toBe("BLOB_UNREADABLE");
    expect(failureKind(error)).toBe("failed");
  });

  test("one blob over its own bound is rejected", async () => {
    await using given = testBlobs({ maxBlobBytes: 2 });
    const error = await failure(given.blobs.put(bytesOf("cat")));
    expect(error.code).toBe("BLOB_TOO_LARGE");
    expect(failureKind(error)).toBe("rejected");
  });
});

describe("a reference", () => {
  test.each([
    [{ scheme: "file", path: "/etc/passwd" }],
    [{ scheme: "file", path: "/etc/passwd", owner: "blob_store" }],
    [{ scheme: "file", owner: "blob_store", size_bytes: 3, sha256: `../../${CAT.slice(6)}` }],
    [{ scheme: "file", owner: "blob_store", size_bytes: 1.5, sha256: CAT }],
    [{ scheme: "file", owner: "blob_store", size_bytes: -3, sha256: CAT }],
    [{ scheme: "https", uri: "https://h/a", owner: "blob_store", size_bytes: 3, sha256: CAT }],
  ] as const)("%j leads nowhere", async (ref) => {
    await using given = testBlobs();
    expect((await failure(given.blobs.read(ref))).code).toBe("BLOB_REF");
  });

  test("is read by its sum, whatever path it tells: the state directory may have been moved", async () => {
    await using given = testBlobs();
    const { ref } = await given.blobs.put(bytesOf("cat"));
    expect(textOf(await given.blobs.read({ ...ref, path: "/etc/passwd" }))).toBe("cat");
  });

  test("to a link in the store does not follow it", async () => {
    await using given = testBlobs();
    const { ref } = await given.blobs.put(bytesOf("cat"));
    const elsewhere = path.join(given.path, "cat");
    fs.renameSync(ref.path!, elsewhere);
    fs.symlinkSync(elsewhere, ref.path!);
    expect((await failure(given.blobs.read(ref))).code).toBe("BLOB_MISSING");
  });
});

test("what a crash left half-written is removed, and counts for nothing", async () => {
  await using given = testBlobs();
  fs.mkdirSync(path.join(given.folder, "tmp"), { recursive: true });
  fs.writeFileSync(path.join(given.folder, "tmp", "7"), "half");
  await given.blobs.put(bytesOf("cat"));
  expect(filesIn(path.join(given.folder, "tmp"))).toEqual([]);
  expect(given.blobs.stats()).toMatchObject({ blobs: 1, bytes: 4_096 });
});

test("a store of 10,000 blobs is open at once, and its first blob waits for their names alone", async () => {
  const { disk, calls } = watchedDisk();
  await using given = testBlobs({ maxBytes: 10_001 * 4_096 });
  for (let at = 0; at < 10_000; at++) {
    const sum = new Bun.CryptoHasher("sha256").update(String(at)).digest("hex");
    const shard = path.join(given.folder, sum.slice(0, 2));
    fs.mkdirSync(shard, { recursive: true });
    fs.writeFileSync(path.join(shard, `${sum.slice(2)}.3`), "abc");
  }
  given.reopen({ disk });
  expect(calls).toEqual([]);
  await given.blobs.put(bytesOf("cat"));
  expect(given.blobs.stats()).toMatchObject({ blobs: 10_001, bytes: 10_001 * 4_096 });
  // One list of the root and of each of its 256 folders, and of the drafts; no look at a blob but the new one's.
  expect(calls.filter((call) => call.startsWith("list"))).toHaveLength(258);
  expect(calls.filter((call) => call.startsWith("stat"))).toHaveLength(1);
  expect((await failure(given.blobs.put(bytesOf("dog")))).code).toBe("BLOB_FULL");
}, 60_000);
