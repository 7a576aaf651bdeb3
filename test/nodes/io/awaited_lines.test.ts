import { expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import type { Files, OpenFile } from "../../../src/node/index.ts";
import { jsonlSink } from "../../../src/nodes/io/jsonl_sink.ts";
import { printSink } from "../../../src/nodes/io/print_sink.ts";
import { awaited } from "../../support/awaited.ts";
import { temporaryFolder } from "../../support/folder.ts";
import { packet, startNode, testContext } from "../../support/node.ts";

/** A disk that has room for `quota.bytes` more, and counts what it was asked to force out. */
function watched(files: Files, quota: { bytes: number; syncs: number }): Files {
  const watch = (file: OpenFile): OpenFile => ({
    ...file,
    write(data) {
      const bytes = Buffer.from(data as Uint8Array);
      const taken = bytes.subarray(0, quota.bytes);
      quota.bytes -= taken.length;
      file.write(taken);
      if (taken.length < bytes.length) throw Object.assign(new Error("ENOSPC: no space left"), { code: "ENOSPC" });
      return bytes.length;
    },
    sync() {
      quota.syncs += 1;
      file.sync();
    },
  });
  return { ...files, open: (name, flags) => watch(files.open(name, flags)) };
}

/** A sink on `out.jsonl`; `put` writes a payload for which somebody waits, or nobody. */
function setup(config: Record<string, unknown> = {}, bytes = Number.POSITIVE_INFINITY) {
  const folder = temporaryFolder();
  const quota = { bytes, syncs: 0 };
  const context = testContext({ base: folder.path });
  const { context: waits } = awaited(context);
  let waiting = true;
  const { process, node } = startNode(
    jsonlSink,
    { path: "out.jsonl", body: "payload", ...config },
    { ...context, files: watched(context.files, quota), outcome: () => (waiting ? waits.outcome() : undefined) },
  );
  return {
    node,
    quota,
    clock: context.clock,
    put(payload: unknown, isAwaited = true) {
      waiting = isAwaited;
      return process(packet({ payload }));
    },
    read: () => fs.readFileSync(path.join(folder.path, "out.jsonl"), "utf8"),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

test("jsonl_sink has the line of a packet that somebody waits for in the file when it is done", async () => {
  using sink = setup();
  await sink.put(1, false);
  expect(sink.read()).toBe("");
  await sink.put(2);
  expect(sink.read()).toBe("1\n2\n");
});

for (const [fsync, syncs] of [
  ["always", 1],
  ["interval", 0],
  ["never", 0],
] as const) {
  test(`jsonl_sink with fsync ${fsync} has forced such a line out ${syncs} times by then`, async () => {
    using sink = setup({ fsync });
    await sink.put(1);
    expect([sink.read(), sink.quota.syncs]).toEqual(["1\n", syncs]);
  });
}

test("jsonl_sink fails a packet that somebody waits for and whose line the disk refuses", async () => {
  using sink = setup({}, 2);
  await sink.put(1);
  await expect(sink.put(2)).rejects.toThrow("ENOSPC");
  sink.quota.bytes = 9;
  await sink.put(2);
  expect([sink.read(), sink.node.metrics!().written_total]).toEqual(["1\n2\n", 2]);
});

test("jsonl_sink fails one of whose line the disk took a part, and completes that before it comes again", async () => {
  using sink = setup({}, 3);
  await expect(sink.put("long")).rejects.toThrow("ENOSPC");
  sink.quota.bytes = 99;
  await sink.put("long");
  expect(sink.read()).toBe('"long"\n"long"\n');
});

test("jsonl_sink keeps the lines it had taken when one that somebody waits for is refused", async () => {
  using sink = setup({}, 0);
  await sink.put(1, false);
  await expect(sink.put(2)).rejects.toThrow("ENOSPC");
  sink.quota.bytes = 99;
  sink.clock.advance(1_000);
  expect(sink.read()).toBe("1\n");
});

test("print_sink writes at once for a packet that somebody waits for", async () => {
  const context = testContext();
  const { context: waits } = awaited(context);
  let flushed = 0;
  const flush = () => {
    flushed = context.written.length;
  };
  const io = { ...context.io, flush };
  for (const outcome of [context.outcome, waits.outcome]) {
    await startNode(printSink, {}, { ...context, io, outcome }).process(packet());
  }
  expect([flushed, context.written.length]).toEqual([2, 2]);
  const quiet = startNode(printSink, {}, { ...context, io });
  await quiet.process(packet());
  expect([flushed, context.written.length]).toEqual([2, 3]);
});
