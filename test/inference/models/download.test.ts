import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { seededRandom } from "../../../src/base/random.ts";
import { type Download, download } from "../../../src/inference/index.ts";
import { type Answer, fileServer, rest } from "../../support/file_server.ts";
import { temporaryFolder } from "../../support/folder.ts";

const STALL_MS = 30_000;
const FILE = Uint8Array.from({ length: 5_000 }, (_, at) => at * 7);

/** Waits take no time; the time in which nothing comes passes when the test says so. */
function quickClock() {
  const stalls = new Set<() => void>();
  return {
    nowMs: () => 0,
    monotonicMs: () => 0,
    setTimer(run: () => void, delayMs: number) {
      if (delayMs === STALL_MS) stalls.add(run);
      else queueMicrotask(run);
      return () => void stalls.delete(run);
    },
    /** Nothing came for so long. */
    stall: () => {
      for (const run of [...stalls]) run();
    },
  };
}

async function setup(
  answer: (from: number, n: number) => Answer,
  options: Partial<Download> & { there?: Uint8Array } = {},
) {
  const folder = temporaryFolder();
  const server = fileServer(answer);
  const part = path.join(folder.path, "model.part");
  const { there, ...job } = options;
  if (there !== undefined) fs.writeFileSync(part, there);
  const clock = quickClock();
  // Cut only when the bytes have come: what a closed connection still holds may be lost with it.
  const onProgress = () => server.cut();
  const known = { url: server.url, part, bytes: FILE.length, random: seededRandom(1) };
  const done = download({ ...known, fetch, clock, onProgress, ...job });
  // Whoever looks at the outcome later gets it; until then it is nobody's failure.
  done.catch(() => {});
  return {
    ...{ done, clock, server, part },
    content: () => (fs.existsSync(part) ? new Uint8Array(fs.readFileSync(part)) : undefined),
    [Symbol.dispose]() {
      server[Symbol.dispose]();
      folder[Symbol.dispose]();
    },
  };
}

describe("download()", () => {
  test("brings a file, and tells how much there is of it", async () => {
    const seen: [number, number | undefined][] = [];
    using at = await setup((from) => rest(FILE, from), { onProgress: (...told) => seen.push(told) });
    await at.done;
    expect(at.content()).toEqual(FILE);
    expect(seen.at(-1)).toEqual([FILE.length, FILE.length]);
  });

  test("goes on where the connection was cut, as often as it brings something", async () => {
    using at = await setup((from, n) => ({ ...rest(FILE, from), ...(n < 8 ? { cutAfter: 500 } : {}) }));
    await at.done;
    expect(at.content()).toEqual(FILE);
    expect(at.server.asked).toEqual([0, 500, 1_000, 1_500, 2_000, 2_500, 3_000, 3_500, 4_000]);
  });

  test("goes on from what an earlier command left", async () => {
    using at = await setup((from) => rest(FILE, from), { there: FILE.subarray(0, 4_999) });
    await at.done;
    expect({ asked: at.server.asked, content: at.content() }).toEqual({ asked: [4_999], content: FILE });
  });

  test("asks nobody when all of it is there", async () => {
    using at = await setup(() => ({ status: 404 }), { there: FILE });
    await at.done;
    expect(at.server.asked).toEqual([]);
  });

  test("starts anew with a server that knows no ranges", async () => {
    using at = await setup(() => ({ body: FILE }), { there: FILE.subarray(0, 100) });
    await at.done;
    expect({ asked: at.server.asked, content: at.content() }).toEqual({ asked: [100], content: FILE });
  });

  test("starts anew when what is there is no beginning of the file (416)", async () => {
    using at = await setup((from) => (from > 0 ? { status: 416 } : rest(FILE, from)), { there: FILE.subarray(0, 100) });
    await at.done;
    expect({ asked: at.server.asked, content: at.content() }).toEqual({ asked: [100, 0], content: FILE });
  });

  test("refuses a range that it did not ask for", async () => {
    using at = await setup(() => ({ ...rest(FILE, 7) }), { there: FILE.subarray(0, 100) });
    await expect(at.done).rejects.toThrow("it was asked for bytes from 100 and answered with bytes 7-4999/5000");
    expect(at.content()).toEqual(FILE.subarray(0, 100));
  });

  test("asks once for what is not there", async () => {
    using at = await setup(() => ({ status: 404 }));
    await expect(at.done).rejects.toThrow(`cannot download ${at.server.url}: the server answered 404 Not Found`);
    expect(at.server.asked).toEqual([0]);
  });

  test("asks a busy server again", async () => {
    using at = await setup((from, n) => (n < 4 ? { status: 503 } : rest(FILE, from)));
    await at.done;
    expect(at.server.asked).toHaveLength(5);
  });

  test("gives up when five tries in a row bring nothing, and says what is kept", async () => {
    using at = await setup((from, n) =>
      n === 0 ? { ...rest(FILE, 0), cutAfter: 10 } : { ...rest(FILE, from), cutAfter: 0 },
    );
    await expect(at.done).rejects.toThrow(
      /in 6 tries: .*; 10 bytes are kept in .*model.part, the same command goes on/,
    );
    expect(at.server.asked).toEqual([0, 10, 10, 10, 10, 10]);
  });

  test("gives up on a server that brings one byte at a time, in the end", async () => {
    using at = await setup((from) => ({ ...rest(FILE, from), cutAfter: 1 }));
    await expect(at.done).rejects.toThrow("in 100 tries");
    expect(at.content()).toEqual(FILE.subarray(0, 100));
  });

  test("takes a slow server's bytes as they come", async () => {
    using at = await setup((from) => ({ ...rest(FILE, from), bytewise: true }));
    await at.done;
    expect(at.content()).toEqual(FILE);
  });

  test("leaves a server that says nothing any more, and goes on with the next try", async () => {
    const { promise: stalled, resolve } = Promise.withResolvers<void>();
    using at = await setup((from, n) => ({ ...rest(FILE, from), ...(n === 0 ? { cutAfter: 2_000 } : {}) }), {
      stallMs: STALL_MS,
      onProgress: (done) => done === 2_000 && resolve(),
    });
    await stalled;
    at.clock.stall();
    await at.done;
    expect({ asked: at.server.asked, content: at.content() }).toEqual({ asked: [0, 2_000], content: FILE });
  });

  test("refuses more than it was told to expect", async () => {
    using at = await setup((from) => rest(FILE, from), { bytes: 4_000 });
    await expect(at.done).rejects.toThrow("it is longer than the 4000 bytes it should have");
    expect(at.content()!.length).toBeLessThanOrEqual(4_000);
  });

  test("takes the length from the server when nobody knows it", async () => {
    using at = await setup((from, n) => ({ ...rest(FILE, from), ...(n === 0 ? { cutAfter: 10 } : {}) }), {
      bytes: undefined,
    });
    await at.done;
    expect(at.content()).toEqual(FILE);
  });

  test("refuses a length that no model has, before a byte is written", async () => {
    using at = await setup((from) => ({ ...rest(FILE, from), headers: { "content-length": "9000000000000" } }), {
      bytes: undefined,
    });
    await expect(at.done).rejects.toThrow("the server says it has 9000000000000 bytes, at most 2147483648 are taken");
    expect({ asked: at.server.asked, content: at.content() }).toEqual({ asked: [0], content: undefined });
  });

  test("does not begin what the disk has no room for", async () => {
    using at = await setup((from) => rest(FILE, from), { bytes: undefined, spare: () => FILE.length - 1 });
    await expect(at.done).rejects.toThrow("5000 bytes are needed, and the disk has 4999 to spare");
    expect({ asked: at.server.asked, content: at.content() }).toEqual({ asked: [0], content: undefined });
  });

  test("ends when others fill the disk meanwhile, and keeps what it has", async () => {
    let asked = 0;
    // At the start, and before the first piece.
    const spare = () => (asked++ < 2 ? FILE.length : 0);
    using at = await setup((from) => ({ ...rest(FILE, from), ...(from === 0 ? { cutAfter: 2_000 } : {}) }), { spare });
    await expect(at.done).rejects.toThrow(
      /3000 bytes are needed, and the disk has 0 to spare; 2000 bytes are kept in .*model\.part/,
    );
    expect(at.content()).toEqual(FILE.subarray(0, 2_000));
  });

  test("tells that nobody listens", async () => {
    using folder = temporaryFolder();
    const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const url = `http://127.0.0.1:${listener.port}/x`;
    listener.stop(true);
    const part = path.join(folder.path, "x.part");
    const done = download({ url, part, bytes: 1, fetch, clock: quickClock(), random: seededRandom(1) });
    await expect(done).rejects.toThrow(`cannot download ${url} in 5 tries`);
  });
});
