import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import * as fc from "fast-check";
import { failureKind } from "../../../src/node/index.ts";
import { bytesToRef } from "../../../src/nodes/net/bytes_to_ref.ts";
import { refToBytes } from "../../../src/nodes/net/ref_to_bytes.ts";
import type { PayloadRef } from "../../../src/packet/index.ts";
import { spill } from "../../../src/store/index.ts";
import { bytesOf, testBlobs, textOf } from "../../support/blobs.ts";
import { macrotask } from "../../support/engine.ts";
import { temporaryFolder } from "../../support/folder.ts";
import { packet, startNode, testContext } from "../../support/node.ts";

/** sha256 of "cat". */
const CAT = "77af778b51abd4a3c51c5ddd97204a9c3ae614ebccb75a606c3b6865aed6744e";

/** A node in a folder with `root/cat.txt` and, outside of its root, `secret.txt`. */
function started(config: Record<string, unknown> = { root: "root" }) {
  const folder = temporaryFolder();
  const at = (...names: string[]) => path.join(folder.path, ...names);
  fs.mkdirSync(at("root", "inner"), { recursive: true });
  fs.writeFileSync(at("root", "cat.txt"), "cat");
  fs.writeFileSync(at("secret.txt"), "cat");
  const context = testContext({ base: folder.path });
  const node = startNode(refToBytes, config, context);
  return {
    ...node,
    network: context.network,
    at,
    /** The text a reference leads to. */
    async read(ref: unknown): Promise<string> {
      await node.process(packet({ kind: "bytes_ref", payload: { ref } }));
      return textOf(node.emitted.at(-1)!.packet.payload as Uint8Array);
    },
    /** Kind and message of the error it leads to. */
    fault: (ref: unknown): Promise<[kind: string, message: string]> =>
      node.process(packet({ kind: "bytes_ref", payload: { ref } })).then(
        () => expect.unreachable("nothing failed"),
        (error) => [failureKind(error), error.message],
      ),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

describe("ref_to_bytes", () => {
  test("reads a file below its root, by a relative path and by an absolute one", async () => {
    using given = started();
    expect(await given.read({ scheme: "file", path: "cat.txt" })).toBe("cat");
    expect(await given.read({ scheme: "file", path: given.at("root", "cat.txt"), size_bytes: 3, sha256: CAT })).toBe(
      "cat",
    );
    expect(given.on("out").map(({ kind }) => kind)).toEqual(["bytes", "bytes"]);
    expect(given.node.metrics!()).toEqual({ read_total: 2, read_bytes_total: 6 });
  });

  test.each([
    ["a file outside", (at: At) => at("secret.txt"), "is not below"],
    ["a way up", () => "../secret.txt", "no .."],
    ["a way up and down again", () => "inner/../cat.txt", "no .."],
    ["the root", () => ".", "is not below"],
    ["a folder", () => "inner", "no regular file"],
    ["a NUL", () => "cat.txt\0.jpg", "no NUL"],
    ["nothing", () => "", "no NUL"],
    ["what is not there", () => "dog.txt", "BLOB_MISSING"],
  ] as [string, (at: At) => string, string][])("rejects %s", async (_, file, fact) => {
    using given = started();
    expect(await given.fault({ scheme: "file", path: file(given.at) })).toEqual([
      "rejected",
      expect.stringContaining(fact),
    ]);
    expect(given.emitted).toEqual([]);
  });

  test("follows no link out of its root, neither a file's nor a folder's", async () => {
    using given = started();
    fs.symlinkSync(given.at("secret.txt"), given.at("root", "link.txt"));
    fs.symlinkSync(given.at(), given.at("root", "up"));
    for (const file of ["link.txt", "up/secret.txt"]) {
      expect((await given.fault({ scheme: "file", path: file }))[0]).toBe("rejected");
    }
  });

  test("does not wait for the other end of a named pipe", async () => {
    using given = started();
    expect(Bun.spawnSync(["mkfifo", given.at("root", "pipe")]).exitCode).toBe(0);
    expect((await given.fault({ scheme: "file", path: "pipe" }))[1]).toContain("no regular file");
  });

  test("reads no file at all without a root, and any with the root /", async () => {
    using strict = started({});
    expect((await strict.fault({ scheme: "file", path: strict.at("root", "cat.txt") }))[1]).toContain("no root is set");
    using open = started({ root: "/" });
    expect(await open.read({ scheme: "file", path: open.at("secret.txt") })).toBe("cat");
    expect(await open.read({ scheme: "file", path: "secret.txt" })).toBe("cat");
  });

  test.each([
    [{ size_bytes: 4 }, "has 3 bytes and its reference says 4"],
    [{ sha256: CAT.replace("7", "8") }, `has sha256 ${CAT}`],
  ])("rejects bytes that are not what the reference says: %j", async (said, fact) => {
    using given = started();
    const found = await given.fault({ scheme: "file", path: "cat.txt", ...said });
    expect(found).toEqual(["rejected", expect.stringContaining(fact)]);
  });

  test("can insist on a sum, and on a size", async () => {
    using sum = started({ root: "root", require_sha256: true });
    expect((await sum.fault({ scheme: "file", path: "cat.txt" }))[1]).toContain("require_sha256");
    expect(await sum.read({ scheme: "file", path: "cat.txt", sha256: CAT })).toBe("cat");
    using small = started({ root: "root", max_bytes: 2 });
    for (const said of [{}, { size_bytes: 3 }]) {
      expect((await small.fault({ scheme: "file", path: "cat.txt", ...said }))[1]).toContain("max_bytes is 2");
    }
  });

  test.each(["s3", "nats"])("says that %s is not built in", async (scheme) => {
    using given = started();
    const found = await given.fault({ scheme, uri: `${scheme}://bucket/key` });
    expect(found).toEqual(["rejected", expect.stringContaining(`scheme ${scheme} is not built into this version`)]);
  });

  test.each([
    [null],
    ["cat.txt"],
    [{ scheme: "file" }],
    [{ scheme: "ftp", uri: "ftp://h/a" }],
    [{ scheme: "file", path: "cat.txt", size_bytes: -1 }],
    [{ scheme: "file", path: "cat.txt", sha256: "77" }],
    [{ scheme: "file", uri: "cat.txt" }],
    [{ scheme: "https", path: "cat.txt" }],
  ])("rejects %j as a reference", async (ref) => {
    using given = started();
    expect((await given.fault(ref))[0]).toBe("rejected");
  });

  test("puts back what bytes_to_ref and a durable edge took out", async () => {
    await using store = testBlobs();
    const context = { ...testContext(), blobs: store.blobs };
    const frame = { width: 2, height: 1, data: new Uint8Array([1, 2]) };
    const json = { text: "long".repeat(100) };
    const taken = startNode(bytesToRef, {}, context);
    await taken.process(packet({ kind: "frame", payload: frame }));
    const spilled = await spill(packet({ kind: "event", payload: json }), { overBytes: 100 }, store.blobs)!;
    const { process, on } = startNode(refToBytes, {}, context);
    for (const one of [...taken.on("out"), spilled.packet]) await process(one);
    expect(on("out").map(({ kind, payload }) => [kind, payload])).toEqual([
      ["frame", frame],
      ["event", json],
    ]);
    await taken.node.close!();
  });

  test("reads shared memory of ours and nothing else there", async () => {
    using given = started({});
    const taken = startNode(bytesToRef, { store: "shm" });
    await taken.process(packet({ kind: "bytes", payload: bytesOf("cat") }));
    const { ref } = taken.on("out")[0]!.payload as { ref: PayloadRef };
    expect(await given.read(ref)).toBe("cat");
    for (const file of [
      "/dev/shm/other",
      "/dev/shm/schnitzel-1-/../../etc/passwd",
      "/etc/passwd",
      "/tmp/schnitzel-1-a",
    ]) {
      expect((await given.fault({ scheme: "shm", path: file }))[1]).toContain("its name must be");
    }
    await taken.node.close!();
    expect((await given.fault(ref))[1]).toContain("BLOB_MISSING");
  });

  test("reads nothing outside its root, however the reference is made up", async () => {
    using given = started();
    fs.symlinkSync(given.at(), given.at("root", "up"));
    fs.writeFileSync(given.at("secret.txt"), "secret");
    const part = fc.constantFrom(
      "..",
      ".",
      "",
      "root",
      "inner",
      "up",
      "cat.txt",
      "secret.txt",
      "\0",
      "%2e%2e",
      given.at(),
    );
    const file = fc.oneof(
      fc.array(part, { maxLength: 6 }).map((parts) => parts.join("/")),
      fc.string(),
    );
    let read = 0;
    await fc.assert(
      fc.asyncProperty(file, fc.constantFrom("file", "shm"), async (name, scheme) => {
        try {
          expect(await given.read({ scheme, path: name })).toBe("cat");
          read += 1;
        } catch (error) {
          expect(failureKind(error as Error)).toBe("rejected");
        }
      }),
      { seed: 9, numRuns: 1_500, examples: [["cat.txt", "file"]] },
    );
    expect(read).toBeGreaterThan(3);
  });
});

describe("ref_to_bytes by HTTP", () => {
  const ref = { scheme: "https", uri: "https://store.example/a/cat?token=s3cret", size_bytes: 3, sha256: CAT };

  function served(
    config: Record<string, unknown> = {},
    answer: () => Response | Promise<Response> = () => new Response("cat"),
  ) {
    const given = started({ http: { allow: ["store.example", "10.0.0.0/8"], timeout_ms: 1_000 }, ...config });
    given.network.names.set("store.example", ["192.0.2.7"]);
    given.network.answer = answer;
    return given;
  }

  test("asks the address that was checked, by the server's name, and checks what comes", async () => {
    using given = served();
    expect(await given.read(ref)).toBe("cat");
    expect(given.network.sent).toMatchObject([
      { url: "https://192.0.2.7:443/a/cat?token=s3cret", method: "GET", headers: { host: "store.example" } },
    ]);
    expect((await given.fault({ ...ref, sha256: CAT.replace("7", "8") }))[1]).toContain(`has sha256 ${CAT}`);
  });

  test.each([
    ["a host that is not listed", "http://other.example/"],
    ["a port beside a listed one is another matter, and so is a name that ends alike", "http://evil-store.example/"],
    ["the metadata service", "http://169.254.169.254/latest/meta-data"],
    ["the metadata service, spelled as IPv6", "http://[::ffff:169.254.169.254]/"],
    ["the metadata service, spelled as a number", "http://2852039166/"],
    ["this machine", "http://127.0.0.1/"],
    ["a file", "file:///etc/passwd"],
    ["credentials", "http://user:secret@10.0.0.1/"],
    ["no address", "cat"],
  ])("rejects %s", async (_, uri) => {
    using given = served();
    given.network.names.set("other.example", ["192.0.2.7"]).set("evil-store.example", ["192.0.2.7"]);
    expect((await given.fault({ scheme: "http", uri }))[0]).toBe("rejected");
    expect(given.network.sent).toEqual([]);
  });

  test("rejects a listed name that points to a link-local address", async () => {
    using given = served();
    given.network.names.set("store.example", ["169.254.169.254"]);
    const [kind, message] = await given.fault(ref);
    expect([kind, message]).toEqual(["rejected", expect.stringContaining("169.254.169.254")]);
    expect(given.network.sent).toEqual([]);
  });

  test.each([
    [
      () => new Response("", { status: 302, headers: { location: "http://10.0.0.1/" } }),
      "rejected",
      "redirects are not followed",
    ],
    [() => new Response("gone", { status: 404 }), "rejected", "404: gone"],
    [() => new Response("", { status: 503, headers: { "retry-after": "7" } }), "unavailable", "503"],
    [() => new Response("x", { status: 500 }), "failed", "500"],
    [() => new Response("cat and dog"), "rejected", "max_bytes, which is 5"],
    [() => new Response(stream("cat", " and ", "dog")), "rejected", "max_bytes, which is 5"],
    [() => Promise.reject(Object.assign(new Error("no"), { code: "ECONNREFUSED" })), "unavailable", "ECONNREFUSED"],
  ] as [() => Response | Promise<Response>, string, string][])(
    "takes answer %# for what it is",
    async (answer, kind, fact) => {
      using given = served({ max_bytes: 5 }, answer);
      const found = await given.fault(ref);
      expect(found).toEqual([kind, expect.stringContaining(fact)]);
      expect(found[1]).not.toContain("s3cret");
    },
  );

  test("gives up on a server that does not answer in its time, and at the end of the run", async () => {
    for (const [end, fact] of [
      [(given: ReturnType<typeof served>) => given.context.clock.advance(1_200), "no answer within 1000 ms"],
      [(given: ReturnType<typeof served>) => given.node.close!(), "the run has ended"],
    ] as const) {
      using given = served({}, () => new Promise(() => {}));
      const fault = given.fault(ref);
      await macrotask();
      await end(given);
      expect(await fault).toEqual(["unavailable", expect.stringContaining(fact)]);
      await given.node.close!();
      expect(given.context.clock.pending).toBe(0);
    }
  });

  test("over a real connection follows no redirect, unpacks nothing and checks the sum", async () => {
    const paths: string[] = [];
    using server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch(request) {
        const { pathname } = new URL(request.url);
        paths.push(pathname);
        if (pathname === "/moved") return new Response(null, { status: 302, headers: { location: "/cat" } });
        const packed = pathname === "/packed";
        return new Response(packed ? Bun.gzipSync("cat") : "cat", {
          headers: packed ? { "content-encoding": "gzip" } : {},
        });
      },
    });
    const context = { ...testContext(), fetch: globalThis.fetch };
    const { node, process, on } = startNode(refToBytes, { http: { allow: [`127.0.0.1:${server.port}`] } }, context);
    const get = (at: string) =>
      process(
        packet({ payload: { ref: { scheme: "http", uri: `http://127.0.0.1:${server.port}${at}`, sha256: CAT } } }),
      );
    await get("/cat");
    await expect(get("/moved")).rejects.toThrow("redirects are not followed");
    await expect(get("/packed")).rejects.toThrow("its reference says");
    expect(on("out").map(({ payload }) => textOf(payload as Uint8Array))).toEqual(["cat"]);
    expect(paths).toEqual(["/cat", "/moved", "/packed"]);
    await node.close!();
  });

  test("is refused without a list, and a list has at least one host", async () => {
    using given = started();
    expect((await given.fault(ref))[1]).toContain("http.allow lists no host");
    expect(() => startNode(refToBytes, { http: { allow: [] } })).toThrow();
    expect(() => startNode(refToBytes, { http: { allow: ["http://a"] } })).toThrow();
  });
});

type At = (...names: string[]) => string;

function stream(...parts: string[]): ReadableStream {
  return new ReadableStream({
    pull(controller) {
      const part = parts.shift();
      if (part === undefined) controller.close();
      else controller.enqueue(bytesOf(part));
    },
  });
}
