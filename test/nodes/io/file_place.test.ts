import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import * as v from "valibot";
import type { SourceInstance } from "../../../src/node/index.ts";
import { fileSource } from "../../../src/nodes/io/file_source.ts";
import type { StreamPacket } from "../../../src/packet/index.ts";
import { temporaryFolder } from "../../support/folder.ts";
import { testContext } from "../../support/node.ts";

/** A run, as the engine makes one, that goes on from `left` and ends after `count` packets without a word. */
async function life(base: string, config: Record<string, unknown>, left: unknown, count: number) {
  const context = testContext({ base });
  const source = fileSource.create(v.parse(fileSource.config, config), context) as SourceInstance;
  if (left !== undefined) source.restore!(left);
  const stop = new AbortController();
  const items = source.run(stop.signal) as Iterable<StreamPacket[]> | AsyncIterable<StreamPacket[]>;
  const iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  const packets: StreamPacket[] = [];
  const tell = (taken: number) => structuredClone(source.snapshot!(taken));
  for (;;) {
    const before = packets.length === count ? tell(0) : undefined;
    const step = before ? undefined : await iterator.next();
    if (step === undefined || step.done) {
      await source.close?.();
      return { packets, left: before ?? tell(0), context };
    }
    const some = step.value.slice(0, count - packets.length);
    packets.push(...some);
    if (packets.length < count || some.length === 0) continue;
    const end = tell(some.length);
    stop.abort();
    await source.close?.();
    return { packets, left: end, context };
  }
}

const shown = (packets: readonly StreamPacket[]) =>
  packets.map(({ payload, meta }) => JSON.stringify([payload, meta.line]));

/** Some thousand rows, with quoted line feeds, bad rows, a line that is too long, bytes that are no UTF-8, no last line feed. */
function hardCsv(): Uint8Array {
  const rows = Array.from({ length: 3_000 }, (_, at) => {
    if (at % 97 === 0) return `${at},"two\nlines ${"é".repeat(at % 50)}",1\n`;
    if (at % 131 === 0) return `${at},bad\n`;
    if (at === 1_500) return `${at},${"x".repeat(9_000)},1\n`;
    return `${at},plain,${at % 7}\n`;
  });
  const text = new TextEncoder().encode(`\ufeffid,text,n\n${rows.join("")}9999,last,1`);
  // In the middle of a quoted field, too.
  for (let at = 20_000; at < text.length; at += 20_011) text[at] = 0xff;
  return text;
}

const CSV = { path: "in.csv", format: "csv", columns: { id: "integer", n: "integer" }, max_line_bytes: 4_096 };
const IDS = { ...CSV, columns: { id: "integer" } };

describe("file_source", () => {
  test.each([
    ["csv", CSV, hardCsv()],
    ["lines", { path: "in.csv", format: "lines" }, hardCsv()],
    ["csv without a header", { ...CSV, header: false, columns: { a: "string", b: "string", c: "string" } }, hardCsv()],
  ])(
    "goes on behind the last packet that was taken, wherever that was (%s)",
    async (_, config, content) => {
      using folder = temporaryFolder();
      fs.writeFileSync(path.join(folder.path, "in.csv"), content);
      const whole = await life(folder.path, config, undefined, Number.POSITIVE_INFINITY);
      expect(whole.packets.length).toBeGreaterThan(2_000);
      for (let count = 0; count < whole.packets.length; count += 37) {
        const first = await life(folder.path, config, undefined, count);
        const second = await life(folder.path, config, first.left, Number.POSITIVE_INFINITY);
        expect(shown([...first.packets, ...second.packets])).toEqual(shown(whole.packets));
      }
    },
    60_000,
  );

  test("sets no record aside again that a run before has set aside", async () => {
    using folder = temporaryFolder();
    fs.writeFileSync(path.join(folder.path, "in.csv"), "id\n1\nbad\n2\nworse\n3\n");
    const first = await life(folder.path, IDS, undefined, 2);
    const second = await life(folder.path, IDS, first.left, 9);
    expect([first.packets.length, second.packets.length]).toEqual([2, 1]);
    const rejected = [...first.context.rejected, ...second.context.rejected].map(({ reason }) =>
      reason.split(" ")[0]!.slice(-1),
    );
    // The second bad one stands behind what was taken: it was set aside with the packets that were yielded, and comes again.
    expect(rejected).toEqual(["3", "5", "5"]);
  });

  test("that has been read to its end gives nothing more", async () => {
    using folder = temporaryFolder();
    fs.writeFileSync(path.join(folder.path, "in.csv"), "id\n1\n2");
    const first = await life(folder.path, IDS, undefined, Number.POSITIVE_INFINITY);
    expect((await life(folder.path, IDS, first.left, 9)).packets).toEqual([]);
  });

  test("reads another file in its place from the beginning, and says so", async () => {
    using folder = temporaryFolder();
    const file = path.join(folder.path, "in.csv");
    fs.writeFileSync(file, "id\n1\n2\n3\n");
    const { left } = await life(folder.path, IDS, undefined, 2);
    fs.writeFileSync(file, "id\n7\n8\n9\n");
    const { packets, context } = await life(folder.path, IDS, left, 9);
    expect(packets.map(({ payload }) => payload)).toEqual([{ id: 7 }, { id: 8 }, { id: 9 }]);
    expect(context.logged[0]!.message).toContain("another file is in its place");
  });

  test("follows a file that was renamed while nothing ran: first its rest, then the new one", async () => {
    using folder = temporaryFolder();
    const file = path.join(folder.path, "in.log");
    const config = { path: "in.log", format: "lines", follow: true, poll_ms: 1 };
    fs.writeFileSync(file, "a\nb\n");
    const { left } = await life(folder.path, config, undefined, 1);
    fs.appendFileSync(file, "c\n");
    fs.renameSync(file, `${file}.1`);
    fs.writeFileSync(file, "d\ne\n");
    const context = testContext({ base: folder.path });
    const source = fileSource.create(v.parse(fileSource.config, config), context) as SourceInstance;
    source.restore!(left);
    const stop = new AbortController();
    const seen: string[] = [];
    const ticking = setInterval(() => context.clock.advance(1), 1);
    for await (const item of source.run(stop.signal) as AsyncIterable<StreamPacket[]>) {
      seen.push(...item.map(({ payload }) => (payload as { line: string }).line));
      if (seen.length >= 4) stop.abort();
    }
    clearInterval(ticking);
    await source.close?.();
    expect(seen).toEqual(["b", "c", "d", "e"]);
  });
});
