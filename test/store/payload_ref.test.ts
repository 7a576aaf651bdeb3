import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { failureKind } from "../../src/node/index.ts";
import { isBytesRef, refOf, type StreamPacket } from "../../src/packet/index.ts";
import { entryCodec, restore, spill } from "../../src/store/index.ts";
import { bytesOf, testBlobs, textOf } from "../support/blobs.ts";
import { packet } from "../support/node.ts";

const OVER = { overBytes: 100 };
const refIn = ({ payload }: StreamPacket) => refOf(payload);

describe("spill()", () => {
  test("leaves a small payload in its row, up to the bound and not beyond", async () => {
    await using given = testBlobs();
    const fits = { text: "x".repeat(100 - '{"text":""}'.length) };
    expect(spill(packet({ payload: fits }), OVER, given.blobs)).toBeUndefined();
    const spilled = await spill(packet({ payload: { text: `${fits.text}x` } }), OVER, given.blobs);
    expect(refIn(spilled!.packet)).toMatchObject({
      content_type: "application/json",
      size_bytes: 101,
      stands_for: "json",
    });
  });

  test("counts bytes, not characters", async () => {
    await using given = testBlobs();
    expect(spill(packet({ payload: "é".repeat(60) }), OVER, given.blobs)).toBeDefined();
  });

  test("takes bytes of any size, and keeps everything else about the packet", async () => {
    await using given = testBlobs();
    const one = packet({ kind: "bytes", payload: bytesOf("cat"), meta: { idempotency_key: "k" } });
    const { packet: row } = (await spill(one, OVER, given.blobs))!;
    expect(row).toMatchObject({ ...one, payload: { ref: { scheme: "file", size_bytes: 3, owner: "blob_store" } } });
    expect(isBytesRef(row.payload)).toBe(true);
    expect(entryCodec.decode(entryCodec.encode(row))).toEqual({ ...row });
  });

  test("takes the pixels out of a frame and leaves the rest of it readable", async () => {
    await using given = testBlobs();
    const payload = { width: 2, height: 1, format: "gray8", stride: 2, data: new Uint8Array([1, 2]), frame_index: 7 };
    const { packet: row } = (await spill(packet({ kind: "frame", payload }), OVER, given.blobs))!;
    expect(row.payload).toMatchObject({ width: 2, frame_index: 7, ref: { stands_for: "field", field: "data" } });
    expect(row.payload).not.toHaveProperty("data");
    expect((await restore(row, given.blobs))!.payload).toEqual(payload);
  });

  test("takes the samples out of a sound, and puts them back as the numbers they were", async () => {
    await using given = testBlobs();
    const samples = Float32Array.from({ length: 9 }, (_, at) => Math.sin(at)).subarray(1);
    const payload = { sample_rate: 16_000, channels: 2, samples, sample_idx: 512 };
    const { packet: row } = (await spill(packet({ kind: "audio", payload }), OVER, given.blobs))!;
    expect(row.payload).toMatchObject({ sample_idx: 512, ref: { field: "samples", as: "float32", size_bytes: 32 } });
    const back = entryCodec.decode(entryCodec.encode(row));
    expect((await restore(back, given.blobs))!.payload).toEqual(payload);
  });

  test("tells what the bytes are when the payload does", async () => {
    await using given = testBlobs();
    const payload = { content_type: "image/jpeg", image: bytesOf("jpeg") };
    const { packet: row } = (await spill(packet({ payload }), OVER, given.blobs))!;
    expect(refIn(row).content_type).toBe("image/jpeg");
  });

  test.each([
    ["two fields of bytes", { left: bytesOf("a"), right: bytesOf("b") }, "payload.left and payload.right"],
    ["bytes in a list", [bytesOf("a")], "bytes in a list"],
    ["bytes beside a ref", { ref: "a", data: bytesOf("a") }, "payload.ref"],
    ["bytes further down", { a: { b: bytesOf("a") } }, "payload.a.b"],
    ["a bigint", { a: 1n }, "payload.a"],
    ["a cycle", cycle(), "a cycle"],
  ])("refuses %s and says where", async (_, payload, place) => {
    await using given = testBlobs();
    expect(() => spill(packet({ payload }), OVER, given.blobs)).toThrow(place);
  });

  test("holds a blob that the packet refers to already, and refuses one that is gone", async () => {
    await using given = testBlobs({ graceMs: 0 });
    const { ref, release } = await given.blobs.put(bytesOf("cat"));
    const one = packet({ payload: { ref } });
    const spilled = (await spill(one, OVER, given.blobs))!;
    expect(spilled.packet).toBe(one);
    release();
    given.clock.advance(1);
    expect(await given.blobs.sweep()).toBe(0);
    spilled.release();
    given.clock.advance(1);
    expect(await given.blobs.sweep()).toBe(1);
    const error = await spill(one, OVER, given.blobs)!.catch((thrown) => thrown);
    expect([error.code, failureKind(error)]).toEqual(["BLOB_MISSING", "rejected"]);
  });

  test("lets go of the blob when the packet is released", async () => {
    await using given = testBlobs();
    const { release } = (await spill(packet({ payload: bytesOf("cat") }), OVER, given.blobs))!;
    expect(given.blobs.stats().held).toBe(1);
    release();
    release();
    expect(given.blobs.stats().held).toBe(0);
  });
});

describe("restore()", () => {
  test("leaves alone what no durable edge took out", async () => {
    await using given = testBlobs();
    const { ref } = await given.blobs.put(bytesOf("cat"));
    const foreign = { ref: { scheme: "file", path: "/a", stands_for: "payload" } };
    for (const payload of [null, 7, "ref", { ref: "a" }, { ref: null }, { ref }, foreign]) {
      expect(restore(packet({ payload }), given.blobs)).toBeUndefined();
    }
  });

  test("refuses JSON that is none", async () => {
    await using given = testBlobs();
    const { ref } = await given.blobs.put(bytesOf("{"));
    const call = restore(packet({ payload: { ref: { ...ref, stands_for: "json" } } }), given.blobs)!;
    expect(call).rejects.toThrow(`blob ${ref.sha256} is not the JSON it should be`);
    await call.catch(() => {});
  });

  test("gives back any payload exactly, by way of a row", async () => {
    await using given = testBlobs();
    const bytes = fc.uint8Array({ maxLength: 300 });
    const map = fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 4 });
    const withBytes = fc.tuple(map, fc.string(), bytes).map(([rest, key, data]) => {
      const { ref: _, ...others } = rest;
      return { ...others, [key === "ref" ? "data" : key]: data };
    });
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.jsonValue(), bytes, withBytes), async (payload) => {
        const one = packet({ payload });
        const spilled = await spill(one, OVER, given.blobs);
        const row = entryCodec.encode(spilled?.packet ?? one);
        const read = packet(entryCodec.decode(row));
        const back = ((await restore(read, given.blobs)) ?? read).payload;
        if (payload instanceof Uint8Array) expect(Buffer.compare(back as Uint8Array, payload)).toBe(0);
        // JSON has no -0, and keys of a map have no order.
        else expect(plain(back)).toEqual(plain(payload));
        expect(row.payload.length).toBeLessThan(2_000);
        spilled?.release();
      }),
      { seed: 11, numRuns: 300 },
    );
    expect(given.blobs.stats().held).toBe(0);
  });
});

test("no reference, however it is made up, reads a file outside the store or ends other than in a refusal", async () => {
  await using given = testBlobs();
  const { ref: good } = await given.blobs.put(bytesOf("cat"));
  const text = fc.oneof(
    fc.string(),
    fc.constantFrom("..", "/etc/passwd", "\0", good.path!, good.sha256!, "blob_store"),
  );
  const value = fc.oneof(text, fc.integer(), fc.double(), fc.constant(null), fc.constant(undefined), fc.object());
  const field = <Value>(right: Value) =>
    fc.oneof({ weight: 9, arbitrary: fc.constant(right) }, { weight: 1, arbitrary: value });
  const made = fc.record(
    {
      scheme: field("file"),
      path: field(good.path),
      owner: field("blob_store"),
      sha256: fc.oneof(
        field(good.sha256),
        fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: 64, maxLength: 64 }),
      ),
      size_bytes: field(3),
      stands_for: field("payload"),
      field: value,
      content_type: value,
    },
    { requiredKeys: [] },
  );
  let read = 0;
  await fc.assert(
    fc.asyncProperty(made, async (ref) => {
      try {
        const back = await restore(packet({ payload: { ref } }), given.blobs);
        if (back === undefined) return;
        expect(textOf(back.payload as Uint8Array)).toBe("cat");
        read += 1;
      } catch (error) {
        expect((error as Error).message).toMatch(/^BLOB_(REF|MISSING|DAMAGED)|^payload\.ref/);
      }
    }),
    { seed: 5, numRuns: 2_000 },
  );
  expect(read).toBeGreaterThan(50);
  expect(given.blobs.stats()).toMatchObject({ blobs: 1, damaged: 0, held: 1 });
});

function cycle() {
  const one: Record<string, unknown> = {};
  one.self = one;
  return one;
}

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null));
